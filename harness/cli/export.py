"""harness export RUN --format NAME"""

import argparse
import json
from pathlib import Path

from harness.record import store
from harness.record.read import blaming_the_record

FORMATS = ("claims.jsonl", "eval-results", "model-index", "ro-crate")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run_folder", type=Path, metavar="RUN", help="folder of a finished run, or of a series of seeds")
    what = "a line a claim; the Hub's community evaluations; a card's index; RO-Crate 1.2 metadata"
    add("--format", choices=FORMATS, default=FORMATS[0], help=f"{what} (default: {FORMATS[0]})")
    add("--out", type=Path, metavar="FILE", help="write it there (default: print it)")


def run(arguments: argparse.Namespace) -> int:
    # Here, because the statistics of a verdict take longer to load than every other command to run.
    from harness.publish import model_card
    from harness.publish.export import FORMATS as WRITERS

    made = model_card.read(arguments.run_folder)
    with blaming_the_record(arguments.run_folder):
        text = WRITERS[arguments.format](made)
    if arguments.out is not None:
        store.write_text(arguments.out, text)
    if arguments.json:
        document = {"schema_version": store.SCHEMA_VERSION, "format": arguments.format, "text": text}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(text if arguments.out is None else arguments.out, end="" if arguments.out is None else "\n")
    return 0
