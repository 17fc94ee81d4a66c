"""The signature is the schema: a stage's keyword arguments are the settings that the plan resolves for it."""

import inspect
import typing
from collections.abc import Callable
from typing import Any

import pytest

from harness.plan.checks import CHOICES
from harness.plan.defaults import EVALUATIONS, PROGRAMS
from harness.plan.options import Options
from harness.plan.recipe_choice import PROGRAMS_OF, STAGES
from harness.qa.protocols import PROTOCOLS
from harness.qa.protocols import settings_of as settings_of_protocol
from harness.train.engine.optimiser import SCHEDULES
from harness.train.recipes import RECIPES, settings_of
from harness.train.recipes.context import Common
from harness.train.recipes.losses import LAYER_MAPS
from tests.plan.cards import plan_of

STAGES_OF_RECIPES = [(stage, function) for stages in RECIPES.values() for stage, function in stages.items()]
WITH_PROGRAM = [
    pytest.param(program, stage, function, id=f"{recipe}, {program}, {stage}")
    for recipe, stages in RECIPES.items()
    for program in PROGRAMS_OF[recipe]
    for stage, function in stages.items()
]


@pytest.mark.parametrize(("name", "stage", "function"), WITH_PROGRAM)
def test_a_stage_takes_exactly_the_settings_that_its_program_gives(
    name: str, stage: str, function: Callable[..., Any]
) -> None:
    program = PROGRAMS[name]
    given, taken = set(program.stages[stage]), set(settings_of(function))
    if "hard_label_weight" in taken:
        given.add("hard_label_weight")  # derived from the soft one
    assert taken <= given
    assert given - taken <= set(program.inert.get(stage, ()))


@pytest.mark.parametrize(
    ("card", "recipe"), [("tinybert-6l", None), ("tinybert-6l", "tinybert"), ("pocket", None), ("pocket-teacher", None)]
)
def test_a_planned_stage_can_be_called_with_its_arguments(card: str, recipe: str | None) -> None:
    experiment = plan_of(name=card, options=Options(recipe=recipe))
    for stage in experiment.stages:
        function = RECIPES[experiment.recipe][stage.name]
        inspect.signature(function).bind(object(), **{name: stage.value(name) for name in settings_of(function)})


def test_a_setting_of_a_stage_has_no_default_of_its_own() -> None:
    defaults = [
        (stage, parameter.name)
        for stage, function in STAGES_OF_RECIPES
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is not inspect.Parameter.empty
    ]
    assert defaults == []


def test_the_words_that_the_plan_allows_are_those_that_the_stages_know() -> None:
    hints = [typing.get_type_hints(function) for _, function in STAGES_OF_RECIPES] + [typing.get_type_hints(Common)]
    known = {
        name: set(typing.get_args(hint))
        for one in hints
        for name, hint in one.items()
        if typing.get_origin(hint) is typing.Literal
    }
    assert known["attention_probs"] - {"scores"} == set(CHOICES["attention_probs"])
    assert {name: set(CHOICES[name]) for name in known if name != "attention_probs"} == {
        name: words for name, words in known.items() if name != "attention_probs"
    }
    assert set(CHOICES["layer_map"]) == set(LAYER_MAPS)
    assert set(CHOICES["lr_schedule"]) == set(SCHEDULES)
    assert set(CHOICES["protocol"]) == set(PROTOCOLS) == set(EVALUATIONS)


def test_an_evaluation_has_exactly_the_settings_of_its_protocol_and_its_windows() -> None:
    windows = {"max_seq_length", "doc_stride", "doc_stride_is", "max_query_length", "last_token_labels"}
    for name, program in EVALUATIONS.items():
        assert set(program.stages["evaluation"]) == {
            *windows,
            "protocol",
            "eval_batch_size",
            *settings_of_protocol(name),
        }


def test_the_plan_knows_the_recipes_and_stages_that_can_be_run() -> None:
    assert {recipe: list(stages) for recipe, stages in STAGES.items()} == {
        recipe: list(stages) for recipe, stages in RECIPES.items()
    }
