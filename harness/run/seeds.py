"""Several seeds of one card: each a run of its own, all judged together.

results/<card>/series-<hash of the runs>/series.json names the runs and holds the verdict over them. The same command
finds the seeds that are finished and goes on with the rest.
"""

import dataclasses
from collections.abc import Callable

from harness.domain import Card, Experiment
from harness.judge import verdict
from harness.judge.error_rates import LOOKS
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import store
from harness.record.folder import Run
from harness.record.parts import RunSettings
from harness.run import launch, reproduce
from harness.run.context import RunOptions
from harness.run.reproduce import Outcome
from harness.train.progress import ProgressCallback


def reproduce_card(
    card: Card, options: Options, seeds: int | None, run_options: RunOptions, watch: ProgressCallback
) -> Outcome:
    """Plans a card and runs it: once, with as many seeds as asked, or with None until they decide."""
    experiment = plan(card, options)
    if seeds == 1:
        return reproduce.reproduce(experiment, run_options, watch)

    def plan_of(seed: int | None) -> Experiment:
        return experiment if seed is None else plan(card, dataclasses.replace(options, seed=seed))

    return reproduce_seeds(plan_of, seeds, run_options, watch)


def reproduce_seeds(
    plan_of: Callable[[int | None], Experiment], seeds: int | None, options: RunOptions, watch: ProgressCallback
) -> Outcome:
    """Runs as many seeds as asked, or with None until the first of `LOOKS` that decides, and judges them together.

    `plan_of` gives the experiment of a seed, None being the card's own.
    """
    outcomes: list[Outcome] = []
    first = plan_of(None)
    base = RunSettings.of(first).seed
    for number in range(seeds or LOOKS[-1]):
        experiment = plan_of(base + number) if number else first
        outcomes.append(reproduce.reproduce(experiment, options, watch))
        if number + 1 in ((seeds,) if seeds else LOOKS):
            concluded = verdict.conclude([Run.open(one.folder) for one in outcomes], is_sequential=seeds is None)
            if verdict.is_decided(concluded):
                break
    names = [outcome.folder.name for outcome in outcomes]
    folder = options.results / first.name / store.series_name(names)
    if launch.is_main_process():
        store.write_text(folder / store.SERIES, store.series_text(names, concluded, is_sequential=seeds is None))
    was_there = all(outcome.was_there for outcome in outcomes)
    return dataclasses.replace(outcomes[0], folder=folder, conclusion=concluded, was_there=was_there)
