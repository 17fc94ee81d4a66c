"""harness badge RUN"""

import argparse
import dataclasses
import json
from pathlib import Path

from harness.record import store
from harness.record.read import blaming_the_record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = "folder of a finished run, or of a series of seeds"
    parser.add_argument("run_folder", type=Path, metavar="RUN", help=what)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there (default: print it)")


def run(arguments: argparse.Namespace) -> int:
    # Here, because it measures its texts with matplotlib, which no other command needs at its start.
    from harness.report import badge

    with blaming_the_record(arguments.run_folder):
        found = badge.badge_of(arguments.run_folder)
        svg = badge.to_svg(found)
    if arguments.out is not None:
        store.write_text(arguments.out, svg)
    if arguments.json:
        document = {"schema_version": store.SCHEMA_VERSION, **dataclasses.asdict(found), "svg": svg}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(svg if arguments.out is None else arguments.out, end="" if arguments.out is None else "\n")
    return 0
