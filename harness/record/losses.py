"""train.jsonl: what a stage logged, a line a step."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from harness.record.parts import Step

_PLACE = ("step", "epoch", "learning_rate")  # of a line; all else in it is a term


def last_epoch(steps: Sequence[Step]) -> tuple[int, int]:
    """First and last step of the last epoch that was begun: a stage's one loss is the mean over these."""
    return min(one.step for one in steps if one.epoch == steps[-1].epoch), steps[-1].step


def lines_of(text: bytes) -> Iterator[tuple[int, Step | None]]:
    """Each line with its number from 1; None for one that is no step, as the last of a stopped run may be."""
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            plain = json.loads(line)
        except ValueError:
            plain = None
        is_step = isinstance(plain, dict) and isinstance(plain.get("step"), int)
        yield number, _step(plain) if is_step else None


def _step(plain: dict[str, Any]) -> Step:
    terms = {name: _number(value) for name, value in plain.items() if name not in _PLACE}
    return Step(plain["step"], plain.get("epoch"), _number(plain.get("learning_rate")), terms)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan
