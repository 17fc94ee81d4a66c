"""The shelf of recipes: stage name -> the function that trains it.

`haystack` and `tinybert` are two flavours of one method, with the same stages; `finetune` makes teachers.

A stage's settings are its function's keyword arguments. They have no defaults here: what a card leaves out is filled
from the program it was made with (`harness/programs/`), with version and symbol, so that no value is silent.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.recipes import finetune, haystack, tinybert

RECIPES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "haystack": {
        "intermediate_layer": haystack.distil_intermediate_layers,
        "prediction_layer": haystack.distil_prediction_layer,
    },
    "tinybert": {
        "intermediate_layer": tinybert.distil_intermediate_layers,
        "prediction_layer": tinybert.distil_prediction_layer,
    },
    "finetune": {"finetune": finetune.finetune},
}

PROJECTING = ("tinybert",)  # recipes that map the student's hidden states to the teacher's width
