"""harness report RUN"""

import argparse
import json
from pathlib import Path

from harness.errors import PlanError
from harness.record import store
from harness.record.read import blaming_the_record

NAME = "report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_folder", type=Path, metavar="RUN", help="folder of a finished run, or of a series of seeds"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"where it goes (default: plots/{NAME} in RUN)")
    what = "the questions it was scored on, where they are not where the plan found them; shown with their passages"
    parser.add_argument("--eval", type=Path, metavar="FILE", help=what)


def run(arguments: argparse.Namespace) -> int:
    # Here, because its plots load numpy, scipy and matplotlib, which no other command needs at its start.
    from harness.report.html import report

    folder: Path = arguments.run_folder
    out = arguments.out or folder / store.PLOTS / NAME
    inside = folder.resolve()
    if out.resolve().is_relative_to(inside) and not out.resolve().is_relative_to(inside / store.PLOTS):
        raise PlanError([f"--out {out}: lies in the record, which then no longer follows from itself; leave it out"])
    with blaming_the_record(folder):
        html = report.render(folder, arguments.eval)
    store.write_text(out, html)
    if arguments.json:
        said = {"schema_version": store.SCHEMA_VERSION, "report": str(out), "n_bytes": len(html.encode())}
        print(json.dumps(said, indent=1))
    else:
        print(out)
    return 0
