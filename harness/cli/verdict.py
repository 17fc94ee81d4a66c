"""harness verdict RUN"""

import argparse
import json
import sys
from pathlib import Path

from harness.cli.show import subject_of
from harness.errors import EXIT_INVALID
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.read import blaming_the_record, require_finished, seeds_of
from harness.report.text import REPORTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_folder", type=Path, metavar="RUN", help="folder of a finished run, or of a series of seeds"
    )


def run(arguments: argparse.Namespace) -> int:
    """Exits with the verdict's own code, or 4 where it is not the recorded one."""
    # Here, because the statistics of a verdict take longer to load than every other command to run.
    from harness.judge import verdict

    record = Run.open(arguments.run_folder)
    runs = seeds_of(record)
    for one in runs:
        require_finished(one)
    is_series = record.has(store.SERIES)
    with blaming_the_record(record.folder):
        recorded = record.conclusion
        again = verdict.conclude(runs, is_sequential=is_series and record.series.is_sequential)
        subject = subject_of(runs[0].experiment, again, record)
        if arguments.json:
            document = {**json.loads(REPORTS["json"](subject)), "is_as_recorded": again == recorded}
            said = json.dumps(document, indent=1, ensure_ascii=False)
        else:
            said = REPORTS["text"](subject)
    print(said)
    if again == recorded:
        return again.judgement.exit_code
    name = store.SERIES if is_series else store.VERDICT
    print(f"harness: {record.folder / name}: {describe_difference(recorded, again)}", file=sys.stderr)
    return EXIT_INVALID


def describe_difference(recorded: Conclusion, again: Conclusion) -> str:
    """Where a recorded conclusion is not the one that follows from its record."""
    was, now = recorded.judgement, again.judgement
    if was.outcome != now.outcome:
        return f"says {was.outcome} ({was.reason}), the record comes to {now.outcome} ({now.reason})"
    before = {one.metric: one for one in was.verdicts}
    wrong = [one.metric for one in now.verdicts if before.get(one.metric) != one]
    what = f"the verdict on {', '.join(wrong)}" if wrong else "measurements, intervals or attributions"
    return f"says {was.outcome} as the record does, but {what} differ from what follows; `harness audit` shows where"
