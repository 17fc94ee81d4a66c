"""Several seeds of one card: each a run of its own, all judged together.

results/<card>/series-<hash>/series.json names the runs and holds the verdict over them. It is written after every
seed, so what is there is always the verdict over the seeds that are finished; the same command goes on with the rest.
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from harness import conclusion, launch, pipeline, store
from harness.conclusion import Conclusion
from harness.domain import Experiment
from harness.pipeline import Machine, Outcome
from harness.reports.progress import Watcher

MOST_LOOKS = 5  # seeds that --seeds auto runs at most
NAME = "series.json"


def reproduce_seeds(
    plan_of: Callable[[int | None], Experiment], seeds: int | None, machine: Machine, watch: Watcher
) -> Outcome:
    """Runs as many seeds as asked, or with None until the first look that decides, and judges them together.

    `plan_of` gives the experiment of a seed, None being the card's own. A look decides when rule `equivalence` comes
    to anything but inconclusive, whichever rule the verdict is by: rule `tolerance` would always stop at one.
    """
    outcomes: list[Outcome] = []
    first = plan_of(None)
    base = int(first.run.value("seed"))
    for number in range(seeds or MOST_LOOKS):
        experiment = plan_of(base + number) if number else first
        outcomes.append(pipeline.reproduce(experiment, machine, watch))
        machine = dataclasses.replace(machine, fresh=False) if outcomes[-1].was_there else machine
        concluded = _conclude(outcomes, machine.results)
        if seeds is None and _is_decided(concluded):
            break
    return dataclasses.replace(
        outcomes[0],
        folder=_folder(outcomes, machine.results),
        conclusion=concluded,
        was_there=all(outcome.was_there for outcome in outcomes),
    )


def _conclude(outcomes: Sequence[Outcome], results: Path) -> Conclusion:
    runs = [outcome.folder for outcome in outcomes]
    concluded = conclusion.conclude(runs)
    series = {"schema_version": store.SCHEMA_VERSION, "runs": [run.name for run in runs], **store.to_json(concluded)}
    if launch.is_main_process():
        store.write_json(_folder(outcomes, results) / NAME, series)
    return concluded


def _folder(outcomes: Sequence[Outcome], results: Path) -> Path:
    """Named by the first run, so that the seeds that join it later share its verdict."""
    first = outcomes[0]
    return results / first.experiment.name / f"series-{first.folder.name.rpartition('-')[2]}"


def _is_decided(concluded: Conclusion) -> bool:
    judgement = concluded.judgement
    by_rule = {judgement.rule: judgement.outcome}
    if judgement.other is not None:
        by_rule[judgement.other.rule] = judgement.other.outcome
    return by_rule["equivalence"] != "inconclusive"
