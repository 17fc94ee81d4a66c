"""What a claim comes to, and the exit code of the card."""

import math

import pytest

from harness.domain import Claim, Measurement, Unit
from harness.verdict import judge


def claim(metric: str, value: float, unit: Unit = "points") -> Claim:
    return Claim(metric, value, unit, decimals=2, raw=f"{value}", line=1, dialect="test")


def measured(metric: str, value: float, unit: Unit = "points") -> Measurement:
    return Measurement(metric, value, unit, n=100, seed=42, signature="test")


@pytest.mark.parametrize(
    ("unit", "claimed", "value", "tolerance", "outcome", "exit_code"),
    [
        ("points", 76.0, 76.0, 0.0, "reproduced", 0),
        ("points", 76.0, 75.2, 1.0, "reproduced", 0),
        ("points", 76.0, 76.8, 1.0, "reproduced", 0),
        ("points", 76.36111895973675, 75.36111895973675, 1.0, "reproduced", 0),
        ("points", 71.87736882001179, 72.87736882001179, 1.0, "reproduced", 0),
        ("points", 0.3, 0.4, 0.1, "reproduced", 0),
        ("points", 76.0, 74.99999, 1.0, "not_reproduced", 1),
        ("points", 76.0, 77.00001, 1.0, "better", 0),
        ("points", 76.0, math.nan, 1.0, "not_reproduced", 1),
        ("loss", 0.5, 0.6, 0.1, "reproduced", 0),
        ("loss", 0.5, 0.61, 0.1, "not_reproduced", 1),
        ("loss", 0.5, 0.39, 0.1, "not_reproduced", 1),
    ],
)
def test_a_claim_is_reproduced_up_to_its_tolerance_and_only_a_score_can_be_better(
    unit: Unit, claimed: float, value: float, tolerance: float, outcome: str, exit_code: int
) -> None:
    judgement = judge([claim("m", claimed, unit)], [measured("m", value, unit)], {"m": tolerance})
    assert (judgement.outcome, judgement.exit_code, judgement.verdicts[0].outcome) == (outcome, exit_code, outcome)


def test_a_difference_is_measured_minus_claimed() -> None:
    (verdict,) = judge([claim("f1", 76.0)], [measured("f1", 74.5)], {"f1": 1.0}).verdicts
    assert (verdict.claimed, verdict.measured, verdict.difference) == (76.0, 74.5, -1.5)
    assert verdict.reason.startswith("1.5 below the claim")


def test_what_was_not_measured_is_never_a_pass() -> None:
    judgement = judge([claim("exact", 70), claim("f1", 76)], [measured("exact", 99)], {"exact": 1.0, "f1": 1.0})
    assert [verdict.outcome for verdict in judgement.verdicts] == ["better", "unmeasured"]
    assert judgement.verdicts[1].measured is None
    assert (judgement.outcome, judgement.exit_code) == ("not_reproduced", 1)
    assert judgement.reason == "not measured: f1"


@pytest.mark.parametrize(
    ("exact", "f1", "outcome"),
    [(70, 76, "reproduced"), (80, 76, "better"), (80, 60, "not_reproduced"), (60, 76, "not_reproduced")],
)
def test_the_worst_claim_decides_over_the_card(exact: float, f1: float, outcome: str) -> None:
    claims = [claim("exact", 70), claim("f1", 76)]
    assert judge(claims, [measured("exact", exact), measured("f1", f1)], {"exact": 1, "f1": 1}).outcome == outcome


@pytest.mark.parametrize("value", [76.0, 10.0, 99.0])
def test_a_limited_run_judges_nothing_whatever_it_measured(value: float) -> None:
    judgement = judge([claim("f1", 76)], [measured("f1", value)], {"f1": 1.0}, limited="run on 30 questions only")
    assert (judgement.outcome, judgement.exit_code) == ("limited", 4)
    assert "30 questions" in judgement.reason


def test_a_card_without_claims_is_invalid() -> None:
    judgement = judge([], [measured("f1", 76)], {})
    assert (judgement.outcome, judgement.exit_code) == ("invalid", 4)
