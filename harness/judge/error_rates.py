"""How often the rules would be right and wrong, by simulation: printed beside every verdict that rests on them.

A card's claim is taken for one draw of its own procedure, our seeds for draws of ours; `gap` is what separates the two
procedures on average. So a gap of 0 is a perfect reproduction, and one of the tolerance is where a rule should refuse.
"""

import math
from typing import Any

import numpy as np
from scipy.special import stdtrit

from harness.judge.estimate import ALPHA, half_width
from harness.plan.priors import EXPECTED
from harness.record.judgement import Estimate, Rates

DRAWS = 20_000
MOST_LOOKS = 5  # seeds that --seeds auto runs at most


def rates_of(found: Estimate, tolerance: float, *, is_sequential: bool = False) -> tuple[Rates, ...]:
    """How the rules do at this spread and number of seeds: for a perfect reproduction, and one off by the tolerance."""
    if found.prior is None:
        return ()
    return tuple(
        rates(
            metric=found.metric,
            spread=found.spread,
            gap=gap,
            n_seeds=MOST_LOOKS if is_sequential else len(found.values),
            tolerance=tolerance,
            prior=found.prior,
            prior_df=found.df - len(found.values) + 1,
            rounding=_rounding_of(found),
            is_sequential=is_sequential,
        )
        for gap in (0.0, -tolerance)
    )


def _rounding_of(found: Estimate) -> float:
    """What the claim's own rounding adds to either side of the interval, and so to each that is simulated."""
    if found.interval is None:
        return 0.0
    low, high = found.interval
    return max(0.0, round((high - low) / 2 - half_width(found.spread, len(found.values), found.df), 6))


def rates(
    *,
    metric: str = "",
    spread: float,
    gap: float,
    n_seeds: int,
    tolerance: float,
    prior: float = EXPECTED.spreads["f1"],
    prior_df: int = EXPECTED.df,
    rounding: float = 0.0,
    draws: int = DRAWS,
    claim_is_a_draw: bool = True,
    is_sequential: bool = False,
    seed: int = 0,
) -> Rates:
    """Simulates `draws` cards of one claim each; `spread` is the true standard deviation of a seed."""
    random = np.random.default_rng(seed)
    claims = random.normal(0.0, spread, draws) if claim_is_a_draw else np.zeros(draws)
    runs = random.normal(gap, spread, (draws, n_seeds))
    reproduced, refused = np.zeros(draws, dtype=bool), np.zeros(draws, dtype=bool)
    for n in range(1, n_seeds + 1) if is_sequential else (n_seeds,):
        difference = runs[:, :n].mean(axis=1) - claims
        half = _half_widths(runs[:, :n], prior, prior_df) + rounding
        is_open = ~(reproduced | refused)
        reproduced |= is_open & (np.abs(difference) + half < tolerance)
        refused |= is_open & (difference + half < -tolerance)
    return Rates(
        metric=metric,
        gap=gap,
        n_seeds=n_seeds,
        is_sequential=is_sequential,
        reproduced=float(reproduced.mean()),
        not_reproduced=float(refused.mean()),
        inconclusive=float((~reproduced & ~refused).mean()),
        within_tolerance=float((np.abs(difference) <= tolerance).mean()),
    )


def _half_widths(runs: Any, prior: float, prior_df: int) -> Any:
    """Half-width of the interval of each simulated card, from its own runs (draws, seeds) and the prior."""
    n = runs.shape[1]
    df = prior_df + n - 1
    variance = runs.var(axis=1, ddof=1) if n > 1 else np.zeros(len(runs))
    moderated = np.sqrt((prior_df * prior**2 + (n - 1) * variance) / df)
    return stdtrit(df, 1 - ALPHA) * moderated / math.sqrt(n)
