"""harness verdict RUN…"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli.show import subject_of
from harness.errors import EXIT_INVALID, PlanError
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.read import blaming_the_record, require_distinct, require_finished, seeds_of
from harness.report.text import REPORTS
from harness.report.text.subject import ReportData


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    what = "folder of a finished run, or of a series of seeds; several runs of one card are judged together"
    add("runs", type=Path, nargs="+", metavar="RUN", help=what)
    add("--restate", action="store_true", help="write the verdict again, by the rules of this version of harness")


def run(arguments: argparse.Namespace) -> int:
    """Exits with the verdict's own code, or 4 where it is not the recorded one."""
    # Here, because the statistics of a verdict take longer to load than every other command to run.
    from harness.judge import verdict
    from harness.judge.audit import older_rules

    records = [Run.open(folder) for folder in arguments.runs]
    runs = [one for record in records for one in seeds_of(record)]
    for one in runs:
        require_finished(one)
    if len(records) > 1:
        return _together(arguments, runs)
    (record,) = records
    is_series = record.has(store.SERIES)
    with blaming_the_record(record.folder):
        again = verdict.conclude(runs, is_sequential=is_series and record.series.is_sequential)
        if arguments.restate:
            _restate(record, again)
            record = Run.open(record.folder)
        recorded = record.conclusion
        _show(arguments, subject_of(runs[0].experiment, again, record), is_as_recorded=again == recorded)
    if again == recorded:
        return again.judgement.exit_code
    name = store.SERIES if is_series else store.VERDICT
    why = older_rules(record, name) or describe_difference(recorded, again)
    print(f"harness: {record.folder / name}: {why}", file=sys.stderr)
    return EXIT_INVALID


def _together(arguments: argparse.Namespace, runs: Sequence[Run]) -> int:
    """Judges runs that no series holds, by what their card claims now."""
    from harness.judge import verdict
    from harness.run.find import as_claimed_now

    if arguments.restate:
        raise PlanError(["--restate: give one run, or one series"])
    require_distinct(runs)
    with blaming_the_record(", ".join(str(one.folder) for one in runs)):
        claimed = as_claimed_now(runs[0], None)
        found = verdict.conclude(runs, claimed=claimed)
        _show(arguments, subject_of(claimed, found, runs[0]))
    return found.judgement.exit_code


def _restate(record: Run, again: Conclusion) -> None:
    """Writes what follows from a record in place of what was written down."""
    if record.has(store.SERIES):
        series = record.series
        text = store.series_text(series.runs, again, is_sequential=series.is_sequential)
        store.write_text(record.folder / store.SERIES, text)
    else:
        store.write_text(record.folder / store.VERDICT, store.verdict_text(again))


def _show(arguments: argparse.Namespace, subject: ReportData, **more: bool) -> None:
    if arguments.json:
        print(json.dumps({**json.loads(REPORTS["json"](subject)), **more}, indent=1, ensure_ascii=False))
    else:
        print(REPORTS["text"](subject))


def describe_difference(recorded: Conclusion, again: Conclusion) -> str:
    """Where a recorded conclusion is not the one that follows from its record."""
    was, now = recorded.judgement, again.judgement
    if was.outcome != now.outcome:
        return f"says {was.outcome} ({was.reason}), the record comes to {now.outcome} ({now.reason})"
    before = {one.metric: one for one in was.verdicts}
    wrong = [one.metric for one in now.verdicts if before.get(one.metric) != one]
    what = f"the verdict on {', '.join(wrong)}" if wrong else "measurements, intervals or attributions"
    return f"says {was.outcome} as the record does, but {what} differ from what follows; `harness audit` shows where"
