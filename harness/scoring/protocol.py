"""What a protocol gets and gives: windows with their logits in, one predicted text a question out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Shape

import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Window:
    """One window: where its passage stands in the row (`first`, `length`) and in the context's tokens (`start`)."""

    row: int
    first: int
    length: int
    start: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the protocols see it: its context, the start character of each context token, its windows."""

    id: str
    context: str
    offsets: Array
    windows: tuple[Window, ...]


class Protocol(Shape):
    """Span logits (rows, T, 2) to {question id: text}, "" for no answer."""

    def __call__(
        self, asked: Sequence[Asked], logits: Array, *, no_ans_boost: float, max_answer_length: int
    ) -> Mapping[str, str]: ...
