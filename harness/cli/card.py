"""harness card RUN"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from harness.record import store
from harness.report.printable import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_folder", type=Path, metavar="RUN", help="folder of a finished run, or of a series of seeds"
    )
    what = "the model on the Hub that the card is for: its command then names that (default: the card's file)"
    parser.add_argument("--repo", metavar="ORG/NAME", help=what)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there (default: print it)")


def run(arguments: argparse.Namespace) -> int:
    # Here, because the statistics of a verdict take longer to load than every other command to run.
    from harness.publish import model_card
    from harness.publish.licences import licences_of

    if arguments.repo is not None:
        from harness.publish import upload  # it loads the Hub's client

        upload.check_repo_name("--repo", arguments.repo)
    made = model_card.read(arguments.run_folder)
    card = model_card.render(made, licences_of(made.experiment), repo=arguments.repo)
    for said in model_card.refused(card):
        print(printable(f"harness: the Hub would refuse this card, {said}"), file=sys.stderr)
    if arguments.out is not None:
        store.write_bytes(arguments.out, (card,), remedy="free the space, or give another file with --out FILE")
    if arguments.json:
        block = model_card.read_block(card.decode())
        document = {
            "schema_version": store.SCHEMA_VERSION,
            "card": card.decode(),
            "sha256": hashlib.sha256(card).hexdigest(),
            "block": store.to_json(block),
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
    elif arguments.out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(card)
        sys.stdout.flush()
    else:
        print(arguments.out)
    return 0
