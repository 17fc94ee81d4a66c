"""Whether one run is no worse than another on the same questions, by a margin: one-sided, with 5 % error.

The questions are paired, which takes their difficulty out of the difference; those of one paragraph share theirs, so
the error is a bootstrap's over paragraphs. Two runs also differ as any two seeds do: unless both were scored with the
same weights, the spread of a seed is added for each. The run is

- pass where the difference's lower bound lies above -margin
- fail where its upper bound lies below -margin
- inconclusive between the two: one run of each can leave that open, however many questions there are; then it is said
  how many runs a side would decide if nothing else changed
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.judge.estimate import half_width
from harness.judge.paired import Rows, mean_gains


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """`difference` is run - baseline in points, `low` and `high` its one-sided bounds at 95 % each.

    `runs_needed` on either side until it is decided, None where `MOST_RUNS` would not do.
    """

    state: Literal["pass", "fail", "inconclusive"]
    difference: float
    low: float
    high: float
    margin: float
    runs_needed: int | None


MOST_RUNS = 20


def compare(
    metric: str,
    baseline: Rows,
    run: Rows,
    *,
    margin: float,
    spread: float,
    spread_df: int,
    seed: int,
) -> NonInferiority:
    """Compares the answers of two runs; raises ValueError where they are not of the same questions.

    `spread` is the standard deviation of a seed in points, 0 for two evaluations of the same weights; it is known as
    well as `spread_df` degrees of freedom tell it, so the bounds are Student's.
    """
    if not run or [one.id for one in baseline] != [one.id for one in run]:
        raise ValueError("the two runs do not answer the same questions")
    gains = np.array([b.score(metric) - a.score(metric) for a, b in zip(baseline, run, strict=True)])
    means = mean_gains(gains, [one.paragraph for one in run], seed)
    by_question = float(gains.std(ddof=1)) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    error = 100.0 * (by_question if means is None else float(means.std(ddof=1)))
    difference = 100.0 * float(gains.mean())
    low, high = _bounds(difference, error, spread, 1, spread_df if spread else len(gains) - 1)
    needed = (
        n_runs
        for n_runs in range(1, MOST_RUNS + 1)
        if spread and _state(*_bounds(difference, error, spread, n_runs, spread_df + 2 * (n_runs - 1)), margin)
        != "inconclusive"
    )  # fmt: skip
    state = _state(low, high, margin)
    return NonInferiority(state, difference, low, high, margin, next(needed, None) if state == "inconclusive" else 1)


def _bounds(difference: float, error: float, spread: float, n_runs: int, df: int) -> tuple[float, float]:
    """One-sided bounds of a difference between means of `n_runs` runs each; the questions stay the same ones."""
    half = half_width(math.sqrt(error**2 + 2 * spread**2 / n_runs), 1, df)
    return difference - half, difference + half


def _state(low: float, high: float, margin: float) -> Literal["pass", "fail", "inconclusive"]:
    return "pass" if low > -margin else "fail" if high < -margin else "inconclusive"
