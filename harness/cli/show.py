"""Prints what a command found, in the form that was asked for."""

import argparse
from typing import TYPE_CHECKING

from harness.domain import Experiment
from harness.record import store
from harness.report.text import REPORTS
from harness.report.text.subject import ReportData

if TYPE_CHECKING:  # a card and a plan are shown without what reads records
    from harness.record.folder import Run
    from harness.record.judgement import Conclusion


def show(arguments: argparse.Namespace, subject: ReportData) -> None:
    print(REPORTS["json" if arguments.json else "text"](subject))


def subject_of(
    experiment: Experiment, concluded: "Conclusion", record: "Run", *, was_there: bool = False
) -> ReportData:
    """What a run came to, or a series of seeds, as a report shows it; deviations are of the first seed."""
    # Here, because a card and a plan are shown without what reads records.
    from harness.record.read import seeds_of

    return ReportData(
        experiment=experiment,
        deviations=seeds_of(record)[0].deviations,
        judgement=concluded.judgement,
        attributions=concluded.attributions,
        operating=concluded.operating,
        measurements=concluded.measurements,
        record=str(record.folder),
        cost=record.plain(store.FORECAST) if record.has(store.FORECAST) else None,
        was_there=was_there,
    )
