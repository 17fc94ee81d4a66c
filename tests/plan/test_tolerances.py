"""How far a claim may be missed: as given, else one point, else three printed standard deviations."""

import math

import pytest

from harness.plan.options import Options
from tests.plan.cards import plan_of, problems_of, setting

CLAIM = '"f1": 76.36111895973675'


@pytest.mark.parametrize(
    ("claim", "tolerance", "origin"),
    [
        (CLAIM, 1.0, "assumed"),
        ('"f1": 76.36 ± 0.2', 1.0, "assumed"),
        ('"f1": 76.36 ± 0.5', 1.5, "derived"),
        ('"f1": 0.7636 ± 0.005', 1.5, "derived"),
    ],
)
def test_a_score_may_miss_by_one_point_or_three_printed_spreads(claim: str, tolerance: float, origin: str) -> None:
    found = setting(plan_of((CLAIM, claim)), "run", "tolerance.f1")
    assert (found.value, found.origin, found.unit) == (pytest.approx(tolerance, abs=1e-12), origin, "points")


def test_a_given_tolerance_beats_the_printed_spread() -> None:
    experiment = plan_of((CLAIM, '"f1": 76.36 ± 5'), options=Options(tolerance={"f1": 0.0}))
    assert setting(experiment, "run", "tolerance.f1").value == 0.0


def test_a_loss_may_miss_by_three_printed_spreads() -> None:
    found = setting(plan_of((CLAIM, '"prediction_layer_loss": 0.5 ± 0.1')), "run", "tolerance.prediction_layer_loss")
    assert (found.value, found.unit) == (pytest.approx(0.3, abs=1e-12), "loss")


def test_a_loss_without_a_spread_needs_a_tolerance() -> None:
    change = (CLAIM, '"prediction_layer_loss": 0.5')
    (problem,) = problems_of(change)
    assert problem.startswith("prediction_layer_loss (tinybert-6l.md:47): a loss claimed without")
    given = Options(tolerance={"prediction_layer_loss": 0.1})
    assert setting(plan_of(change, options=given), "run", "tolerance.prediction_layer_loss").value == 0.1


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_tolerance_is_a_finite_number_from_zero(value: float) -> None:
    (problem,) = problems_of(options=Options(tolerance={"f1": value}))
    assert problem.startswith("--tolerance f1=")
