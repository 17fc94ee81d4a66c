"""Everything that a report shows, read from the folders of one finished run or of a series of seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.card.completeness import Completeness, completeness
from harness.domain import Card, Deviation, Experiment
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.parts import ScoredAnswer
from harness.record.read import require_finished, seeds_of
from harness.report.html import asked
from harness.report.html.asked import AskedQuestions


@dataclass(frozen=True, slots=True)
class PageData:
    """`runs` are all seeds, and what belongs to one run is of the first of them. `published` has the rows of the
    card's own weights, None where they were not scored; `asked` is None where the questions are not at hand."""

    folder: Path
    runs: tuple[Run, ...]
    experiment: Experiment
    seeds: tuple[int, ...]
    card: Card
    completeness: Completeness
    conclusion: Conclusion
    environment: Mapping[str, Any]
    deviations: tuple[Deviation, ...]
    inputs: Mapping[str, Any]
    rows: Sequence[ScoredAnswer]
    published: Sequence[ScoredAnswer] | None
    asked: AskedQuestions | None


def gather(folder: Path, questions: Path | None = None) -> PageData:
    """Reads a finished run or series; raises DataError for a folder that is none, StoreError for a broken one.

    `questions` is the file that the run was scored on, where it is not where the plan found it.
    """
    record = Run.open(folder)
    runs = seeds_of(record)
    for run in runs:
        require_finished(run)
    first = runs[0]
    card = first.card
    return PageData(
        folder=folder,
        runs=tuple(runs),
        experiment=first.experiment,
        seeds=tuple(run.settings.seed for run in runs),
        card=card,
        completeness=completeness(card),
        conclusion=record.conclusion,
        environment=first.plain("environment.json"),
        deviations=first.deviations,
        inputs=first.plain("inputs.json"),
        rows=first.evaluation.answers,
        published=first.published.answers if first.published else None,
        asked=asked.find(first, questions),
    )
