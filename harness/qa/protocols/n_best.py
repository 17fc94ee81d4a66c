"""The candidates of a window as BERT's programs find them: the n best starts paired with the n best ends."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.qa.protocols.interface import Array


class Pair(NamedTuple):
    """A start and an end, both positions of the row, with their logits; `score` is their sum in the logits' type."""

    start: int
    end: int
    score: float
    start_logit: float
    end_logit: float


def best_pairs(
    at: Array, logits: Array, may_start: Array, may_end: Array, *, max_answer_length: int, n_best_size: int
) -> list[list[Pair]]:
    """The `n_best_size` best legal pairs of each of B windows, best first; equal scores in the order of their ranks.

    `at` (B, n, 2) holds the positions of the n best starts and ends in the order of their ranks, `logits` (B, n, 2)
    their logits; `may_start` and `may_end` (B, n) say which of them may begin or end an answer. Length in tokens.
    """
    length = at[:, None, :, 1] - at[:, :, None, 0] + 1  # (B, n starts, n ends)
    legal = may_start[:, :, None] & may_end[:, None, :] & (length >= 1) & (length <= max_answer_length)
    scores = np.where(legal, logits[:, :, None, 0] + logits[:, None, :, 1], -np.inf)
    flat = scores.reshape(len(at), -1)
    order = np.argsort(-flat, axis=1, kind="stable")[:, :n_best_size]
    n_legal = np.minimum(legal.sum(axis=(1, 2)), order.shape[1]).tolist()
    of_start, of_end = np.divmod(order, at.shape[1])
    columns: Sequence[list[list[float]]] = [
        np.take_along_axis(array, index, 1).tolist()
        for array, index in (
            (at[:, :, 0], of_start),
            (at[:, :, 1], of_end),
            (flat, order),
            (logits[:, :, 0], of_start),
            (logits[:, :, 1], of_end),
        )
    ]
    return [
        [Pair(*pair) for pair in zip(*(column[:n] for column in own), strict=True)]
        for n, *own in zip(n_legal, *columns, strict=True)
    ]
