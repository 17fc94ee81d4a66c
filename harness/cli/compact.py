"""harness compact RUN…"""

import argparse
import json
from pathlib import Path

from harness.record import compact, store
from harness.record.folder import Run
from harness.record.read import require_finished


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run_folders", type=Path, nargs="+", metavar="RUN", help="folder of a finished run")
    add("--expand", action="store_true", help="give every file its own name again, whole")


def run(arguments: argparse.Namespace) -> int:
    for folder in arguments.run_folders:
        require_finished(Run.open(folder))
    work = compact.expand if arguments.expand else compact.compact
    changes = [work(folder) for folder in arguments.run_folders]
    if arguments.json:
        document = {"schema_version": store.SCHEMA_VERSION, "changes": store.to_json(changes)}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        for one in changes:
            print(f"{one.run}: {one.bytes_before / 1e6:.2f} MB, now {one.bytes_after / 1e6:.2f} MB")
    return 0
