"""Whether one run is no worse than another on the same questions, by a margin: one-sided, with 5 % error.

The questions are paired, which takes their difficulty out of the difference; those of one paragraph share theirs, so
the error is a bootstrap's over paragraphs. Two runs also differ as any two seeds do: unless both were scored with the
same weights, the spread of a seed is added for each. The run is

- pass where the difference's lower bound lies above -margin
- fail where its upper bound lies below -margin
- inconclusive between the two: one run of each can leave that open, however many questions there are
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.judge.estimate import half_width
from harness.judge.paired import Rows, mean_gains
from harness.plan.priors import EXPECTED


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """`difference` is run - baseline in points, `low` and `high` its one-sided bounds at 95 % each."""

    state: Literal["pass", "fail", "inconclusive"]
    difference: float
    low: float
    high: float
    margin: float


def compare(
    metric: str, baseline: Rows, run: Rows, *, margin: float, spread: float, spread_df: int = EXPECTED.df, seed: int
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
    half = half_width(math.sqrt(error**2 + 2 * spread**2), 1, spread_df if spread else len(gains) - 1)
    difference = 100.0 * float(gains.mean())
    low, high = difference - half, difference + half
    state: Literal["pass", "fail", "inconclusive"] = "inconclusive"
    if low > -margin:
        state = "pass"
    elif high < -margin:
        state = "fail"
    return NonInferiority(state, difference, low, high, margin)
