"""The shelf of recipes: stage name -> the function that trains it.

`haystack` and `tinybert` are two variants of one method, with the same stages; `prediction` is its second stage alone;
`finetune` makes teachers.

A stage's settings are its function's keyword arguments. They have no defaults here: what a card leaves out is filled
from the program it was made with (`harness/plan/defaults/`), with version and symbol, so that no value is silent.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from harness.domain import Stage
from harness.train.recipes import finetune, haystack, tinybert
from harness.train.recipes.context import Common

RECIPES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "haystack": {
        "intermediate_layer": haystack.distil_intermediate_layers,
        "prediction_layer": haystack.distil_prediction_layer,
    },
    "tinybert": {
        "intermediate_layer": tinybert.distil_intermediate_layers,
        "prediction_layer": tinybert.distil_prediction_layer,
    },
    "prediction": {"prediction_layer": haystack.distil_prediction_layer},
    "finetune": {"finetune": finetune.finetune},
}


# The stages that match the teacher's logits, which are worked out once, before they begin.
READS_TEACHER_LOGITS = (haystack.distil_prediction_layer, tinybert.distil_prediction_layer)


def settings_of(stage: Callable[..., Any]) -> tuple[str, ...]:
    """The settings of a stage: its function's own keyword arguments, then those that all stages have."""
    own = inspect.signature(stage).parameters.values()
    return (*(one.name for one in own if one.kind is one.KEYWORD_ONLY), *sorted(Common.__required_keys__))


def arguments_of(function: Callable[..., Any], stage: Stage) -> dict[str, Any]:
    """The values of a planned stage that its function takes; those that not every stage has where they are stated."""
    optional = [name for name in sorted(Common.__optional_keys__) if name in stage]
    return {name: stage.value(name) for name in (*settings_of(function), *optional)}


PROJECTING = ("tinybert",)  # recipes that map the student's hidden states to the teacher's width
