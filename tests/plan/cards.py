"""The target card with words of it changed, and the plan or the problems that come of it."""

from pathlib import Path

import pytest

from harness.card.read import parse
from harness.domain import Experiment, Setting
from harness.errors import PlanError
from harness.plan.experiment import plan
from harness.plan.options import Options

CARDS = Path(__file__).parents[2] / "cards"
OWN = Path(__file__).parents[1] / "cards"  # pocket cards of the tests' own, whose numbers no measurement changes


def plan_of(*changes: tuple[str, str], name: str = "tinybert-6l", options: Options | None = None) -> Experiment:
    """Plan of a card of ours in which the first `old` of each (old, new) is replaced."""
    path = OWN / f"{name}.md"
    text = (path if path.exists() else CARDS / f"{name}.md").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return plan(parse(Path(f"{name}.md"), text, ""), options or Options())


def problems_of(
    *changes: tuple[str, str], name: str = "tinybert-6l", options: Options | None = None
) -> tuple[str, ...]:
    with pytest.raises(PlanError) as raised:
        plan_of(*changes, name=name, options=options)
    return raised.value.problems


def setting(experiment: Experiment, section: str, name: str) -> Setting:
    (stage,) = (one for one in experiment.sections() if one.name == section)
    (found,) = (one for one in stage.settings if one.name == name)
    return found
