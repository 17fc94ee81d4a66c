"""Prints what a command found, in the form that was asked for."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.domain import Experiment
from harness.record import store
from harness.report.text import REPORTS
from harness.report.text.subject import Subject

if TYPE_CHECKING:
    from harness.judge.verdict import Conclusion


def show(arguments: argparse.Namespace, subject: Subject) -> None:
    print(REPORTS["json" if arguments.json else "text"](subject))


def subject_of(experiment: Experiment, concluded: "Conclusion", folder: Path, *, was_there: bool = False) -> Subject:
    """What a run came to, as a report shows it."""
    return Subject(
        experiment=experiment,
        judgement=concluded.judgement,
        attributions=concluded.attributions,
        operating=concluded.operating,
        measurements=concluded.measurements,
        record=str(folder),
        cost=store.read_json(folder / store.FORECAST) if (folder / store.FORECAST).exists() else None,
        was_there=was_there,
    )
