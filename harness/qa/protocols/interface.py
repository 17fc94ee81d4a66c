"""What a protocol gets and gives: windows with their logits in, one prediction a question out."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from harness.errors import InvalidRunError

Array = npt.NDArray[Any]
Span = tuple[int, int]
"""First and last token of an answer, both inclusive, counted in the whole context."""

Found = TypeVar("Found")

_BLOCK = 256  # windows worked on at once: at 384 positions some 10 MB of temporary arrays


@dataclass(frozen=True, slots=True)
class Window:
    """One window: where its passage stands in the row (`first`, `length`) and in the context's tokens (`start`)."""

    row: int
    first: int
    length: int
    start: int


@dataclass(frozen=True, slots=True)
class EvaluationInput:
    """A question as the protocols see it: its context, start and end character (n, 2) of its tokens, its windows.

    `pieces` are the context's n tokens as the vocabulary writes them ("##ing"), empty where no protocol asks for them;
    `is_lower_cased` says that the tokenizer lower-cased the text and took its accents.
    """

    id: str
    context: str
    offsets: Array
    windows: tuple[Window, ...]
    pieces: Sequence[str] = ()
    is_lower_cased: bool = True


class Candidate(NamedTuple):
    """A possible answer; a span of None is no answer, and its score that of null."""

    span: Span | None
    score: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a question is answered with: `text`, "" for no answer, and its `span`, None where the text is no span.

    `span_over_null` is by how much the best span beats null, in logits: the protocol's own gap, negative where null
    is ahead. `n_best` holds the candidates as the protocol ranks them, null among them.
    """

    text: str
    span: Span | None
    span_over_null: float
    n_best: tuple[Candidate, ...]


Protocol = Callable[..., Mapping[str, Prediction]]
"""(asked, span logits (rows, T, 2) with start first, *, settings) to {question id: prediction}."""


def per_question(
    asked: Sequence[EvaluationInput], logits: Array, search: Callable[[Sequence[Window], Array], Sequence[Found]]
) -> Iterator[tuple[EvaluationInput, list[Found]]]:
    """Each question with what `search` finds in its windows, one thing a window.

    `search` gets many windows at once with their logits (B, T, 2), because one array operation over 256 windows
    costs little more than over one. Raises InvalidRunError naming a question whose logits are not finite.
    """
    windows = [(question.id, window) for question in asked for window in question.windows]
    blocks = (windows[start : start + _BLOCK] for start in range(0, len(windows), _BLOCK))
    found = itertools.chain.from_iterable(search([w for _, w in block], _logits_of(block, logits)) for block in blocks)
    for question in asked:
        yield question, list(itertools.islice(found, len(question.windows)))


def _logits_of(block: Sequence[tuple[str, Window]], logits: Array) -> Array:
    taken = np.asarray(logits[[window.row for _, window in block]])
    finite = np.isfinite(taken).all(axis=(1, 2))
    if not finite.all():
        question, window = block[int(np.argmin(finite))]
        raise InvalidRunError(
            f"question {question}: the logits of its window (row {window.row}) are not finite; "
            "the weights are broken, or overflow in this precision"
        )
    return taken


def in_passage(windows: Sequence[Window], positions: Array) -> Array:
    """True where a position (B, …) of a row holds a token of its window's passage."""
    shape = (len(windows), *[1] * (positions.ndim - 1))
    first = np.array([window.first for window in windows]).reshape(shape)
    length = np.array([window.length for window in windows]).reshape(shape)
    inside: Array = (positions >= first) & (positions < first + length)
    return inside
