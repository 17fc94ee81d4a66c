"""The shelf of recipes: stage name -> the function that trains it.

A stage's settings are its function's keyword arguments. They have no defaults here: what a card leaves out is filled
from the program it was made with (`harness/programs/`), with version and symbol, so that no value is silent.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.recipes import finetune, tinybert

RECIPES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "tinybert": {
        "intermediate_layer": tinybert.distil_intermediate_layers,
        "prediction_layer": tinybert.distil_prediction_layer,
    },
    "finetune": {"finetune": finetune.finetune},
}
