"""harness verdict RUN"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness import record, store
from harness.errors import EXIT_INVALID
from harness.reports import REPORTS
from harness.reports.subject import Subject

if TYPE_CHECKING:
    from harness.conclusion import Conclusion

SERIES = "series.json"  # of harness.series, which loads torch
HELP = "work a finished run's verdict out again from its record, and compare it with the recorded one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_folder", type=Path, metavar="RUN", help="folder of a finished run, or of a series of seeds"
    )


def run(arguments: argparse.Namespace) -> int:
    """Exits with the verdict's own code, or 4 where it is not the recorded one."""
    # Here, because the statistics of a verdict take longer to load than every other command to run.
    from harness import conclusion

    folder: Path = arguments.run_folder
    runs, name = _runs_of(folder)
    for one in runs:
        record.require_finished(one)
    with record.following(folder):
        recorded, again = conclusion.read(folder, name), conclusion.conclude(runs)
    subject = Subject(
        experiment=record.read_experiment(runs[0]),
        judgement=again.judgement,
        attributions=again.attributions,
        record=str(folder),
        measurements=again.measurements,
    )
    if arguments.json:
        document = {**json.loads(REPORTS["json"](subject)), "is_as_recorded": again == recorded}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(REPORTS["text"](subject))
    if again == recorded:
        return again.judgement.exit_code
    print(f"harness: {folder / name}: {said_of(recorded, again)}", file=sys.stderr)
    return EXIT_INVALID


def _runs_of(folder: Path) -> tuple[list[Path], str]:
    """A run alone, or the runs that were judged together as a series of seeds, and the file with their verdict."""
    if not (folder / SERIES).exists():
        return [folder], "verdict.json"
    return [folder.parent / name for name in store.read_json(folder / SERIES)["runs"]], SERIES


def said_of(recorded: "Conclusion", again: "Conclusion") -> str:
    """Where a recorded conclusion is not the one that follows from its record."""
    was, now = recorded.judgement, again.judgement
    if was.outcome != now.outcome:
        return f"says {was.outcome} ({was.reason}), the record comes to {now.outcome} ({now.reason})"
    before = {one.metric: one for one in was.verdicts}
    wrong = [one.metric for one in now.verdicts if before.get(one.metric) != one]
    what = f"the verdict on {', '.join(wrong)}" if wrong else "measurements, intervals or attributions"
    return f"says {was.outcome} as the record does, but {what} differ from what follows; `harness audit` shows where"
