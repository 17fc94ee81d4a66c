"""A claim against the mean of one or a few seeds: the difference, the spread of a seed, the interval.

One or three runs say little about their own spread, so it is moderated by a prior: what independent seeds of such
models differ by, worth `PRIOR_DF` runs. The prior is printed with every interval that rests on it. Method: moderated
variance as in limma (Smyth 2004), intervals as for two one-sided tests at 5 % (Schuirmann 1987).
"""

import itertools
import math
from collections.abc import Sequence

from scipy.special import stdtr, stdtrit

from harness.domain import Claim, Estimate

ALPHA = 0.05
PRIOR_DF = 4
PRIOR_SPREAD = 0.35  # points; expected of a six-layer student on SQuAD 2.0, not measured: see `Estimate.prior`
EXACT_DIGITS = 6  # a claim printed with as many decimals is not rounded to speak of
MOST_SEEDS = 20


def estimate(claim: Claim, values: Sequence[float], *, tolerance: float, churn: float = 0.0) -> Estimate:
    """The claim's difference from the mean of `values`, one a seed, in the claim's unit.

    `churn` is a floor for the spread of a seed: what the questions that flip between seeds alone would give.
    """
    n, mean = len(values), math.fsum(values) / len(values)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None
    prior = prior_of(claim)
    spread, df = moderated(sd, n, prior)
    spread = max(spread, churn)
    half = half_width(spread, n, df) + rounding_of(claim)
    difference = mean - claim.value
    error = spread / math.sqrt(n)
    reach = _quantile(1 - ALPHA / 2, df) * spread * math.sqrt(1 + 1 / n)
    return Estimate(
        metric=claim.metric,
        values=tuple(values),
        mean=mean,
        sd=sd,
        prior=prior,
        spread=spread,
        df=df,
        difference=difference,
        interval=(difference - half, difference + half),
        p_below=_tail((difference + rounding_of(claim) + tolerance), error, df),
        p_above=_tail(-(difference - rounding_of(claim) - tolerance), error, df),
        is_consistent=abs(difference) <= reach + rounding_of(claim),
        seeds_needed=seeds_needed(difference, spread, tolerance - rounding_of(claim), n, prior_df=df - n + 1),
    )


def prior_of(claim: Claim) -> float:
    """The spread of a seed that is expected before any was run: the card's own, where it prints one."""
    if claim.spread is not None:
        return claim.spread
    return PRIOR_SPREAD if claim.unit == "points" else 0.0


def moderated(sd: float | None, n: int, prior: float) -> tuple[float, int]:
    """Spread and degrees of freedom of n runs of standard deviation `sd`, and a prior worth PRIOR_DF more."""
    df = PRIOR_DF + n - 1
    return math.sqrt((PRIOR_DF * prior**2 + (n - 1) * (sd or 0.0) ** 2) / df), df


def half_width(spread: float, n: int, df: int) -> float:
    """Half of the 90 % interval of a mean over n seeds: what two one-sided tests at 5 % leave open."""
    return _quantile(1 - ALPHA, df) * spread / math.sqrt(n)


def rounding_of(claim: Claim) -> float:
    """Half a unit of the claim's last printed digit, in its unit: the true number may be that far from the printed."""
    return 0.5 * 10.0**-claim.decimals if claim.decimals < EXACT_DIGITS else 0.0


def churn_floor(outcomes: Sequence[Sequence[float]]) -> float:
    """Spread of a seed, in points, that its flipped questions alone would give; 0 for a single run.

    `outcomes` has the 0..1 score of each question for each run, in one order. Two runs that differ on a share q of N
    questions differ by a standard deviation of 100 x sqrt(q / N) when flips are independent; half of that variance is
    each run's. A floor: a shifted threshold moves many questions together.
    """
    pairs = list(itertools.combinations(outcomes, 2))
    if not pairs or not outcomes[0]:
        return 0.0
    n = len(outcomes[0])
    shares = [sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / n for one, other in pairs]
    return 100.0 * math.sqrt(math.fsum(shares) / len(shares) / (2 * n))


def seeds_needed(difference: float, spread: float, tolerance: float, n: int, *, prior_df: int) -> int | None:
    """Seeds in all until the interval would lie inside the tolerance if nothing else changed; None where none do."""
    for more in range(n, MOST_SEEDS + 1):
        if abs(difference) + half_width(spread, more, prior_df + more - 1) < tolerance:
            return more
    return None


def _quantile(probability: float, df: int) -> float:
    return float(stdtrit(df, probability))


def _tail(distance: float, error: float, df: int) -> float:
    """P(T <= distance / error); 0 or 1 where nothing spreads."""
    if error == 0:
        return float(distance > 0) if distance != 0 else 0.5
    return float(stdtr(df, distance / error))
