"""Claim -> published weights -> our student: two hops with different causes, told apart.

The first hop (claim to published weights under our scoring) holds the way of scoring, the second (published weights to
our student, on the same questions) holds training alone. Paired by question; intervals by a bootstrap over paragraphs,
because the questions of one paragraph share its difficulty. Test: McNemar 1947, exact form.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.record.judgement import GapDecomposition, PairedDifference
from harness.record.parts import ScoredAnswer

DRAWS = 10_000
_CHUNK = 500  # draws at once: 1,204 paragraphs take 5 MB
Rows = Sequence[ScoredAnswer]


def decompose(
    metric: str, claimed: float, student: Rows, *, published: Rows | None, teacher: Rows | None, seed: int
) -> GapDecomposition:
    """One claim's two hops; `metric` is exact or f1, and the rows of all models are of the same questions."""
    ours = _mean(student, metric)
    taught = None if teacher is None else _mean(teacher, metric)
    return GapDecomposition(
        metric=metric,
        claimed=claimed,
        published=None if published is None else _mean(published, metric),
        teacher=taught,
        student=ours,
        training=None if published is None else paired_difference(metric, published, student, seed=seed),
        retention=100.0 * ours / taught if taught else None,
    )


def paired_difference(metric: str, first: Rows, second: Rows, *, seed: int) -> PairedDifference:
    """Compares two sets of answers; raises ValueError when they are not of the same questions in one order."""
    if [one.id for one in first] != [one.id for one in second]:
        raise ValueError("the two sets of answers are not of the same questions")
    gains = np.array([b.score(metric) - a.score(metric) for a, b in zip(first, second, strict=True)])
    gained = sum(b.exact > a.exact for a, b in zip(first, second, strict=True))
    lost = sum(b.exact < a.exact for a, b in zip(first, second, strict=True))
    return PairedDifference(
        metric=metric,
        first=_mean(first, metric),
        second=_mean(second, metric),
        difference=100.0 * float(gains.mean()),
        interval=_interval(gains, [one.paragraph for one in second], seed),
        gained=gained,
        lost=lost,
        p_value=mcnemar(gained, lost),
    )


def _mean(rows: Rows, metric: str) -> float:
    return 100.0 * sum(row.score(metric) for row in rows) / len(rows)


def _interval(gains: np.ndarray[Any, Any], paragraphs: Sequence[Any], seed: int) -> tuple[float, float] | None:
    """95 % of the mean gain, in points; None where there is but one paragraph."""
    means = mean_gains(gains, paragraphs, seed)
    if means is None:
        return None
    low, high = np.quantile(means, (0.025, 0.975))
    # Rounded: the last bits of a product of matrices differ from machine to machine, and a verdict is compared whole.
    return round(100.0 * float(low), 9), round(100.0 * float(high), 9)


def mean_gains(gains: np.ndarray[Any, Any], paragraphs: Sequence[Any], seed: int) -> np.ndarray[Any, Any] | None:
    """The mean gain over paragraphs drawn again with replacement, `DRAWS` times; None where there is but one."""
    if None in paragraphs or len(set(paragraphs)) == 1:
        return None
    _, where = np.unique(np.asarray(paragraphs), return_inverse=True)
    sums, sizes = np.bincount(where, weights=gains), np.bincount(where)
    random, n = np.random.default_rng(seed), len(sums)
    means = []
    for _chunk in range(DRAWS // _CHUNK):
        drawn = random.multinomial(n, np.full(n, 1.0 / n), size=_CHUNK)
        means.append((drawn @ sums) / (drawn @ sizes))
    return np.concatenate(means)


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value of `gained` against `lost` under even odds, in whole numbers; 1 where nothing flipped."""
    n, term, total = gained + lost, 1, 0
    for k in range(min(gained, lost) + 1):
        total += term
        term = term * (n - k) // (k + 1)
    return min(1.0, 2 * total / (1 << n))
