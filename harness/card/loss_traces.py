"""The losses of a stage's first steps, which are the same on every machine because rounding has not had time to grow.

A card claims them as `<stage>_step_<n>`, a loss. They say whether a run does what the card's run did: another rate,
layer map, label or teacher shows within a few steps, long before and far more sharply than in the end of a training,
which is a draw.
"""

import re
from typing import NamedTuple

TOLERANCE = 1e-3  # of the claimed loss; measured between instruction sets and thread counts: below 1e-4
_NAME = re.compile(r"(?P<stage>intermediate_layer|prediction_layer|finetune)_step_(?P<step>[1-9]\d{0,2})")


class Point(NamedTuple):
    """One step of a stage, counted from 1."""

    stage: str
    step: int


def point_of(metric: str) -> Point | None:
    """The step that a metric is the loss of, None for any other metric."""
    found = _NAME.fullmatch(metric)
    return Point(found["stage"], int(found["step"])) if found else None
