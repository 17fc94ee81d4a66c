"""A claim against the mean of one or a few seeds: the difference, the spread of a seed, the interval.

One or three runs say little about their own spread, so it is moderated by a prior (`plan/priors.py`): what the seeds of
another training differ by. It is printed with every interval that rests on it. Up to three runs cannot show that the
prior is wrong, so until then it counts as one degree of freedom, however well it is known where it was measured.
Method: moderated variance as in limma (Smyth 2004), intervals as for two one-sided tests at 5 % (Schuirmann 1987).
"""

import itertools
import math
from collections.abc import Sequence

from scipy.special import stdtr, stdtrit

from harness.card import loss_traces
from harness.domain import Claim
from harness.plan.priors import EXPECTED, PRIORS, Prior
from harness.record.judgement import Estimate

ALPHA = 0.05
FEW, DF_OF_FEW = 3, 1  # up to so many seeds the prior counts as so many degrees of freedom
FEWEST = 3  # seeds of which rule `equivalence` says reproduced
EXACT_DIGITS = 6  # a claim printed with as many decimals is not rounded to speak of
MOST_SEEDS = 20


def estimate(
    claim: Claim,
    values: Sequence[float],
    *,
    tolerance: float,
    churn: float = 0.0,
    prior: Prior = PRIORS[EXPECTED],
    alpha: float = ALPHA,
) -> Estimate:
    """The claim's difference from the mean of `values`, one a seed, in the claim's unit.

    `churn` is a floor for the spread of a seed: what the questions that flip between seeds alone would give. The
    interval is of 1 - 2 `alpha`: two one-sided tests.
    """
    n, mean, rounding = len(values), math.fsum(values) / len(values), rounding_of(claim)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None
    expected = prior.of(claim)
    spread, df = moderated(sd, n, expected, prior_df(n, prior.df))
    spread = _settled(max(spread, churn))
    difference, error = _settled(mean - claim.value), spread / math.sqrt(n)
    half = half_width(spread, n, df, alpha) + rounding if df else math.inf
    is_draw = loss_traces.point_of(claim.metric) is None  # the loss of a first step is none: one seed says all
    return Estimate(
        metric=claim.metric,
        values=tuple(values),
        mean=mean,
        sd=None if sd is None else _settled(sd),
        prior=expected,
        spread=spread,
        df=df,
        difference=difference,
        interval=(_settled(difference - half), _settled(difference + half)) if df else None,
        p_below=_settled(_tail(difference + rounding + tolerance, error, df)),
        p_above=_settled(_tail(tolerance + rounding - difference, error, df)),
        seeds_needed=_seeds_needed(difference, spread, tolerance, rounding, n, expected and prior.df) if is_draw else n,
        line=claim.line,
    )


def prior_df(n: int, known: int) -> int:
    """Degrees of freedom that a prior counts as beside n seeds, where it is known with `known`."""
    return min(known, DF_OF_FEW) if n <= FEW else known


def moderated(sd: float | None, n: int, prior: float | None, prior_df: int) -> tuple[float, int]:
    """Spread and degrees of freedom of n runs of standard deviation `sd`, and of a prior worth `prior_df` more."""
    if prior is None:
        return sd or 0.0, n - 1
    df = prior_df + n - 1
    return math.sqrt((prior_df * prior**2 + (n - 1) * (sd or 0.0) ** 2) / df), df


def half_width(spread: float, n: int, df: int, alpha: float = ALPHA) -> float:
    """Half of the interval of a mean over n seeds: what two one-sided tests at `alpha` leave open."""
    return _quantile(1 - alpha, df) * spread / math.sqrt(n)


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


def _seeds_needed(
    difference: float, spread: float, tolerance: float, rounding: float, n: int, known: float | None
) -> int | None:
    """Seeds in all until the interval would lie inside or outside the tolerance if nothing else changed.

    `known`: degrees of freedom of the prior, None or 0 where there is none.
    """
    for more in range(n, MOST_SEEDS + 1):
        df = (prior_df(more, int(known)) if known else 0) + more - 1
        if df > 0:
            half = half_width(spread, more, df) + rounding
            if (abs(difference) + half < tolerance and more >= FEWEST) or abs(difference) - half > tolerance:
                return more
    return None


def _settled(number: float) -> float:
    """Without the last bits, in which special functions and linear algebra differ from machine to machine."""
    return round(number, 9) if math.isfinite(number) else number


def _quantile(probability: float, df: int) -> float:
    return float(stdtrit(df, probability))


def _tail(distance: float, error: float, df: int) -> float:
    """P(T <= distance / error); undecided where nothing is known of the spread, 0 or 1 where nothing spreads."""
    if df == 0:
        return 0.5
    if error == 0:
        return float(distance > 0) if distance != 0 else 0.5
    return float(stdtr(df, distance / error))
