"""How often the rules would be right and wrong, by simulation: printed beside every verdict that rests on them.

A card's claim is taken for one draw of its own procedure, our seeds for draws of ours; `gap` is what separates the two
procedures on average. So a gap of 0 is a perfect reproduction, and one of the tolerance is where a rule should refuse.
"""

import math

import numpy as np
from scipy.special import stdtrit

from harness.domain import Estimate, Rates
from harness.verdict.estimate import ALPHA, PRIOR_DF, PRIOR_SPREAD

DRAWS = 20_000


def rates_of(found: Estimate, tolerance: float) -> tuple[Rates, ...]:
    """How the rules do at this spread and number of seeds: for a perfect reproduction, and one off by the tolerance."""
    return tuple(
        rates(
            metric=found.metric,
            spread=found.spread,
            gap=gap,
            n_seeds=len(found.values),
            tolerance=tolerance,
            prior=found.prior,
        )
        for gap in (0.0, -tolerance)
    )


def rates(
    *,
    metric: str = "",
    spread: float,
    gap: float,
    n_seeds: int,
    tolerance: float,
    prior: float = PRIOR_SPREAD,
    draws: int = DRAWS,
    claim_is_a_draw: bool = True,
    seed: int = 0,
) -> Rates:
    """Simulates `draws` cards of one claim each; `spread` is the true standard deviation of a seed."""
    random = np.random.default_rng(seed)
    claims = random.normal(0.0, spread, draws) if claim_is_a_draw else np.zeros(draws)
    runs = random.normal(gap, spread, (draws, n_seeds))
    difference = runs.mean(axis=1) - claims
    df = PRIOR_DF + n_seeds - 1
    variance = runs.var(axis=1, ddof=1) if n_seeds > 1 else np.zeros(draws)
    moderated = np.sqrt((PRIOR_DF * prior**2 + (n_seeds - 1) * variance) / df)
    half = stdtrit(df, 1 - ALPHA) * moderated / math.sqrt(n_seeds)
    reproduced = np.abs(difference) + half < tolerance
    refused = difference + half < -tolerance
    return Rates(
        metric=metric,
        gap=gap,
        n_seeds=n_seeds,
        reproduced=float(reproduced.mean()),
        not_reproduced=float(refused.mean()),
        inconclusive=float((~reproduced & ~refused).mean()),
        within_tolerance=float((np.abs(difference) <= tolerance).mean()),
    )
