"""The signature is the schema: a stage's keyword arguments are the settings that the plan resolves for it."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from harness.planning import STAGES
from harness.programs import PROGRAMS
from harness.recipes import RECIPES
from harness.recipes.workbench import Common
from tests.planning.cards import plan_of

STAGES_OF_RECIPES = [(stage, function) for stages in RECIPES.values() for stage, function in stages.items()]


def arguments_of(function: Callable[..., Any]) -> set[str]:
    kinds = {parameter.name: parameter.kind for parameter in inspect.signature(function).parameters.values()}
    names = {name for name, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY}
    return names | (Common.__required_keys__ if inspect.Parameter.VAR_KEYWORD in kinds.values() else set())


@pytest.mark.parametrize(("stage", "function"), STAGES_OF_RECIPES)
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: program.name)
def test_a_stage_takes_exactly_the_settings_that_its_program_gives(
    program: Any, stage: str, function: Callable[..., Any]
) -> None:
    settings = set(program.stages[stage]) - set(program.inert.get(stage, ()))
    if "soft_label_weight" in settings:
        settings.add("hard_label_weight")
    assert arguments_of(function) == settings


@pytest.mark.parametrize("card", ["tinybert-6l", "pocket", "pocket-teacher"])
def test_a_planned_stage_can_be_called_with_its_arguments(card: str) -> None:
    experiment = plan_of(name=card)
    for stage in experiment.stages:
        function = RECIPES[experiment.recipe][stage.name]
        assert set(stage.arguments()) == arguments_of(function)
        inspect.signature(function).bind(object(), **stage.arguments())


def test_a_setting_of_a_stage_has_no_default_of_its_own() -> None:
    defaults = [
        (stage, parameter.name)
        for stage, function in STAGES_OF_RECIPES
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is not inspect.Parameter.empty
    ]
    assert defaults == []


def test_the_plan_knows_the_recipes_and_stages_that_can_be_run() -> None:
    assert {recipe: list(stages) for recipe, stages in STAGES.items()} == {
        recipe: list(stages) for recipe, stages in RECIPES.items()
    }
