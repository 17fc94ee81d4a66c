"""One question made by hand: "one two three four", its passage from position 3 of a row of eight."""

import numpy as np

from harness.qa.protocols.interface import Array, EvaluationInput, Window

CONTEXT = "one two three  four "
OFFSETS = np.array([(0, 3), (4, 7), (8, 13), (15, 19)], dtype=np.int32)
WINDOW = Window(row=0, first=3, length=4, start=0)


def question(*windows: Window, name: str = "q") -> EvaluationInput:
    return EvaluationInput(name, CONTEXT, OFFSETS, windows)


def logits_of(null: float = 0.0, **scores: float) -> Array:
    """One row of logits; s<i> and e<i> are the start and end logit of context token i, null that of [CLS]."""
    logits = np.full((1, 8, 2), -9.0, dtype=np.float32)
    logits[0, 0] = null / 2
    for name, score in scores.items():
        logits[0, 3 + int(name[1:]), "se".index(name[0])] = score
    return logits


def rows(*logits: Array) -> Array:
    return np.concatenate(logits)
