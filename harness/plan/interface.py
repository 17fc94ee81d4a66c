"""plan(): the experiment that a card describes, for programs; the command line takes the same options by name."""

from typing import Any

from harness.domain import Card, Experiment
from harness.plan import experiment
from harness.plan.options import Options


def plan(card: Card, **options: Any) -> Experiment:
    """Plan the experiment that a card describes: every setting with its origin; nothing is run.

    `options` are the fields of `harness.plan.options.Options`, as in `seed=43`, `teacher="other.md"`,
    `tolerance={"exact": 1.0}`, `settings={"prediction_layer.learning_rate": "1e-4"}`. Raises PlanError with all
    problems at once, TypeError for an option that there is not.
    """
    return experiment.plan(card, Options(**options))
