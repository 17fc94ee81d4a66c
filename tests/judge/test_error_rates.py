"""The table of operating characteristics (evaluation notes 3.6), recomputed with another seed."""

import math

import pytest

from harness.domain import Claim
from harness.judge.error_rates import rates, rates_of
from harness.judge.estimate import estimate
from harness.plan.priors import PRIORS
from tests.conftest import ROOT

DRAWS = 40_000
# (spread, gap) -> for 1, 3 and 5 seeds: reproduced, not reproduced, within tolerance; None where the table is silent.
Row = tuple[tuple[float, ...] | None, ...]
TABLE: dict[tuple[float, float], Row] = {
    (0.20, 0.0): ((0.63, 0.0, 1.0), (0.995, 0.0, 1.0), (1.0, 0.0, 1.0)),
    (0.35, 0.0): ((0.39, 0.001, 0.96), (0.87, 0.001, 0.99), (0.94, 0.001, 0.99)),
    (0.35, -0.5): (None, (0.60, 0.02, 0.89), (0.71, 0.02, 0.90)),
    (0.35, -1.0): (None, (0.17, 0.17, 0.50), (0.23, 0.23, 0.50)),
    (0.35, -2.0): ((0.0, 0.70, 0.02), (0.0, 0.93, 0.02), (0.0, 0.97, 0.02)),
    (0.50, 0.0): ((0.28, 0.007, 0.84), (0.65, 0.007, 0.92), (0.76, 0.007, 0.93)),
    (0.50, -2.0): (None, (0.007, 0.83, 0.04), (0.007, 0.88, 0.03)),
}


@pytest.mark.parametrize(("place", "row"), TABLE.items())
def test_the_rules_do_as_well_as_was_published(
    place: tuple[float, float], row: tuple[tuple[float, ...] | None, ...]
) -> None:
    spread, gap = place
    for n_seeds, expected in zip((1, 3, 5), row, strict=True):
        if expected is None:
            continue
        found = rates(spread=spread, gap=gap, n_seeds=n_seeds, tolerance=1.0, draws=DRAWS, seed=5)
        shares = (found.reproduced, found.not_reproduced, found.within_tolerance)
        for share, published in zip(shares, expected, strict=True):
            noise = 3 * math.sqrt(max(published * (1 - published), 1e-3) / DRAWS)  # of 40,000 draws, theirs and ours
            assert share == pytest.approx(published, abs=2**0.5 * noise + 0.005 + (0.015 if published == 0.02 else 0))
        assert found.reproduced + found.not_reproduced + found.inconclusive == pytest.approx(1.0)


@pytest.mark.parametrize(("n_seeds", "published"), [(1, 0.016), (3, 0.031), (5, 0.039)])
def test_a_true_mean_on_the_margin_is_called_reproduced_as_rarely_as_was_published(
    n_seeds: int, published: float
) -> None:
    found = rates(spread=0.35, gap=-1.0, n_seeds=n_seeds, tolerance=1.0, draws=DRAWS, claim_is_a_draw=False, seed=5)
    assert found.reproduced == pytest.approx(published, abs=0.004)
    assert found.within_tolerance == pytest.approx(0.5, abs=0.01)


# n_seeds -> at a gap of none: reproduced, within the tolerance; within it at a gap of the tolerance.
AT_MEASURED = {1: (0.0, 0.60, 0.46), 3: (0.08, 0.70, 0.48), 5: (0.25, 0.73, 0.48)}


@pytest.mark.parametrize(("n_seeds", "said"), AT_MEASURED.items())
def test_at_the_spread_that_was_measured_the_rules_do_as_the_readme_says(
    n_seeds: int, said: tuple[float, float, float]
) -> None:
    prior = PRIORS["measured-2026-11"]
    spread = prior.spreads["exact"]
    perfect, off = (
        rates(spread=spread, gap=gap, n_seeds=n_seeds, tolerance=1.0, prior=spread, prior_df=prior.df)
        for gap in (0.0, -1.0)
    )
    assert (perfect.reproduced, perfect.within_tolerance, off.within_tolerance) == pytest.approx(said, abs=0.006)
    row = " | ".join(f"{share:.0%}".replace("%", " %") for share in (said[1], said[2], said[0]))
    assert f"| {n_seeds} | {row} |" in (ROOT / "harness/judge/README.md").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_rates() -> None:
    assert rates(spread=0.3, gap=0.1, n_seeds=2, tolerance=1.0) == rates(spread=0.3, gap=0.1, n_seeds=2, tolerance=1.0)


@pytest.mark.parametrize(
    ("gap", "reproduced", "not_reproduced"), [(0.0, 0.95, 0.0), (-2.0, 0.0, 0.97), (-1.0, 0.27, 0.27)]
)
def test_looks_after_every_seed_decide_as_often_and_as_wrongly_as_was_published(
    gap: float, reproduced: float, not_reproduced: float
) -> None:
    found = rates(spread=0.35, gap=gap, n_seeds=5, tolerance=1.0, draws=DRAWS, is_sequential=True, seed=5)
    assert found.reproduced == pytest.approx(reproduced, abs=0.015)
    assert found.not_reproduced == pytest.approx(not_reproduced, abs=0.015)


def test_what_the_claim_s_rounding_leaves_no_room_for_is_never_simulated_to_pass() -> None:
    rates_by_digits = []
    for decimals in (2, 0):
        claim = Claim("f1", 78.0, "points", decimals=decimals, raw="78", line=1, dialect="test")
        perfect, _ = rates_of(estimate(claim, [78.0], tolerance=1.05), 1.05)
        rates_by_digits.append(perfect.reproduced)
    assert rates_by_digits[0] > 0.4
    assert rates_by_digits[1] == 0.0  # the interval alone is wider than the tolerance
