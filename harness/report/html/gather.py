"""Everything that a report shows, read from the folders of one finished run or of a series of seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.card.completeness import Completeness, completeness
from harness.card.read import read_card
from harness.domain import Card, Experiment
from harness.judge import verdict
from harness.judge.verdict import Conclusion
from harness.record import store
from harness.record.read import read_experiment, read_rows, require_finished, runs_of


@dataclass(frozen=True, slots=True)
class Gathered:
    """`runs` are all seeds, and what belongs to one run is of the first of them. `published` has the rows of the
    card's own weights, None where they were not scored."""

    folder: Path
    runs: tuple[Path, ...]
    experiment: Experiment
    seeds: tuple[int, ...]
    card: Card
    completeness: Completeness
    conclusion: Conclusion
    environment: Mapping[str, Any]
    inputs: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    published: Sequence[Mapping[str, Any]] | None


def gather(folder: Path) -> Gathered:
    """Reads a finished run or series; raises DataError for a folder that is none, StoreError for a broken one."""
    runs = runs_of(folder)
    for run in runs:
        require_finished(run)
    first = runs[0]
    card = read_card(first / "card.md")
    has_published = (first / store.PUBLISHED / "metrics.json").exists()
    experiments = [read_experiment(run) for run in runs]
    return Gathered(
        folder=folder,
        runs=tuple(runs),
        experiment=experiments[0],
        seeds=tuple(int(one.run.value("seed")) for one in experiments),
        card=card,
        completeness=completeness(card),
        conclusion=verdict.read(folder, store.VERDICT if runs == [folder] else store.SERIES),
        environment=store.read_json(first / "environment.json"),
        inputs=store.read_json(first / "inputs.json"),
        rows=read_rows(first / store.EVALUATION),
        published=read_rows(first / store.PUBLISHED) if has_published else None,
    )
