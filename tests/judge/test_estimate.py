"""Means over few seeds: spread with a prior, intervals, and how many seeds would settle a claim."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from harness.domain import Claim
from harness.judge.estimate import churn_floor, estimate, half_width, moderated, prior_df
from harness.plan.priors import EXPECTED, PRIORS

PRIOR_SPREAD, PRIOR_DF = PRIORS[EXPECTED].spreads["f1"], PRIORS[EXPECTED].df
CLAIM = Claim("f1", 76.0, "points", decimals=10, raw="76", line=1, dialect="test")
# Evaluation notes 3.6: |difference| that is still inside a tolerance of 1 when the seeds spread as a prior of 0.35 says
# that is known with four degrees of freedom.
ACCEPTED = {1: 0.25, 2: 0.50, 3: 0.61, 5: 0.71, 10: 0.80}


@pytest.mark.parametrize(("n", "accepted"), ACCEPTED.items())
def test_the_window_that_is_accepted_widens_with_the_seeds_as_published(n: int, accepted: float) -> None:
    assert 1.0 - half_width(0.35, n, 4 + n - 1) == pytest.approx(accepted, abs=0.006)


@pytest.mark.parametrize(("n", "df"), [(1, 1), (2, 1), (3, 1), (4, 3), (5, 3), (10, 3)])
def test_up_to_three_seeds_a_prior_counts_as_one_degree_of_freedom(n: int, df: int) -> None:
    """They cannot show that it is wrong: an interval of one seed is then nearly three times as wide as it was."""
    assert prior_df(n, known=3) == df
    assert prior_df(n, known=0) == 0
    assert estimate(CLAIM, [76.0] * n, tolerance=1.0).df == df + n - 1


def test_intervals_and_tests_are_those_of_a_t_distribution() -> None:
    values = (75.1, 75.9, 76.4)
    found = estimate(CLAIM, values, tolerance=1.0)
    sd, mean = float(np.std(values, ddof=1)), float(np.mean(values))
    spread = math.sqrt((PRIOR_SPREAD**2 + 2 * sd**2) / 3)
    error = spread / math.sqrt(3)
    low, high = stats.t.interval(0.9, 3, loc=mean - 76.0, scale=error)
    assert found.sd == pytest.approx(sd)
    assert (found.spread, found.df) == (pytest.approx(spread), 3)
    assert found.interval == (pytest.approx(low), pytest.approx(high))
    assert found.p_below == pytest.approx(stats.t.cdf((mean - 75.0) / error, 3))
    assert found.p_above == pytest.approx(stats.t.sf((mean - 77.0) / error, 3))


def test_an_interval_and_its_two_tests_say_the_same() -> None:
    random = np.random.default_rng(1)
    for values in random.normal(76, 0.8, (200, 3)):
        found = estimate(CLAIM, values.tolist(), tolerance=1.0)
        assert found.interval is not None
        assert (found.interval[1] < -1.0) == (found.p_below < 0.05)
        assert (found.interval[0] > 1.0) == (found.p_above < 0.05)


def test_the_card_s_own_spread_is_the_prior_where_it_prints_one() -> None:
    printed = Claim("f1", 76.0, "points", decimals=10, raw="76", line=1, dialect="test", spread=0.8)
    assert estimate(printed, [76.0], tolerance=1.0).prior == 0.8
    assert estimate(CLAIM, [76.0], tolerance=1.0).prior == PRIOR_SPREAD
    lucky = dataclasses.replace(printed, spread=0.02)  # which would narrow every interval to nothing
    assert estimate(lucky, [76.0], tolerance=1.0).prior == PRIOR_SPREAD


def test_one_seed_has_no_deviation_of_its_own_and_the_prior_s_spread() -> None:
    found = estimate(CLAIM, [75.0], tolerance=1.0)
    assert (found.sd, found.spread, found.df) == (None, PRIOR_SPREAD, 1)
    assert moderated(None, 1, 0.35, 4) == (0.35, 4)


@pytest.mark.parametrize(
    ("difference", "needed"), [(0.0, 3), (0.3, 3), (0.4, 4), (0.6, 6), (0.9, None), (1.0, None), (1.3, 9), (5.0, 1)]
)
def test_seeds_needed_are_those_at_which_the_interval_fits(difference: float, needed: int | None) -> None:
    found = estimate(CLAIM, [76.0 + difference], tolerance=1.0)
    assert found.seeds_needed == needed
    if needed is not None:
        reached = estimate(CLAIM, [76.0 + difference] * needed, tolerance=1.0, churn=PRIOR_SPREAD)
        assert reached.interval is not None
        assert reached.interval[1] < 1.0 or reached.interval[0] > 1.0


def test_flipped_questions_are_a_floor_for_the_spread() -> None:
    # 10 % of 11,873 questions flip: 0.29 points between two runs, 0.21 for each (evaluation notes 1.13).
    first = [1.0] * 11_873
    second = [0.0 if i % 10 == 0 else 1.0 for i in range(11_873)]
    assert churn_floor([first, second]) == pytest.approx(0.2052, abs=1e-3)
    assert churn_floor([first]) == 0.0
    assert estimate(CLAIM, [76.0, 76.0], tolerance=1.0, churn=0.6).spread == 0.6


LOSS = Claim("x_loss", 0.125, "loss", decimals=10, raw="0.125", line=1, dialect="test")


@pytest.mark.parametrize("claim", [LOSS, dataclasses.replace(LOSS, spread=0.0)])
def test_of_one_loss_whose_spread_nobody_knows_nothing_can_be_said(claim: Claim) -> None:
    found = estimate(claim, [0.13], tolerance=0.1)
    assert (found.prior, found.df, found.interval) == (None, 0, None)
    assert (found.p_below, found.p_above) == (0.5, 0.5)


def test_losses_without_a_prior_speak_for_themselves_alone() -> None:
    values = (0.05, 0.19)
    found = estimate(LOSS, values, tolerance=0.1)
    sd = float(np.std(values, ddof=1))
    assert (found.spread, found.df) == (pytest.approx(sd), 1)
    assert found.interval is not None
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * stats.t.ppf(0.95, 1) * sd / 2**0.5, abs=1e-6)


def test_a_printed_spread_of_nothing_is_no_prior_for_points_either() -> None:
    assert estimate(dataclasses.replace(CLAIM, spread=0.0), [76.0], tolerance=1.0).prior == PRIOR_SPREAD
