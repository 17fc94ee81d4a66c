"""What a claim comes to, and the exit code of the card."""

import math
from dataclasses import replace

import pytest

from harness.domain import Claim, Measurement, Unit
from harness.judge.rules import RULES, judge
from harness.record.judgement import Rule


def claim(metric: str, value: float, unit: Unit = "points") -> Claim:
    return Claim(metric, value, unit, decimals=2, raw=f"{value}", line=1, dialect="test")


def measured(metric: str, value: float, unit: Unit = "points") -> Measurement:
    return Measurement(metric, value, unit, n=100, seed=42, signature="test")


@pytest.mark.parametrize(
    ("unit", "claimed", "value", "tolerance", "outcome", "exit_code"),
    [
        ("points", 76.0, 76.0, 0.0, "within_tolerance", 0),
        ("points", 76.0, 75.2, 1.0, "within_tolerance", 0),
        ("points", 76.0, 76.8, 1.0, "within_tolerance", 0),
        ("points", 76.36111895973675, 75.36111895973675, 1.0, "within_tolerance", 0),
        ("points", 71.87736882001179, 72.87736882001179, 1.0, "within_tolerance", 0),
        ("points", 0.3, 0.4, 0.1, "within_tolerance", 0),
        ("points", 76.0, 74.99999, 1.0, "not_reproduced", 1),
        ("points", 76.0, 77.00001, 1.0, "better", 0),
        ("points", 76.0, 79.0, 1.0, "better", 0),
        ("points", 76.0, 79.00001, 1.0, "not_reproduced", 1),
        ("points", 76.0, math.nan, 1.0, "not_reproduced", 1),
        ("loss", 0.5, 0.6, 0.1, "within_tolerance", 0),
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
    judgement = judge([claim("exact", 70), claim("f1", 76)], [measured("exact", 72)], {"exact": 1.0, "f1": 1.0})
    assert [verdict.outcome for verdict in judgement.verdicts] == ["better", "unmeasured"]
    assert judgement.verdicts[1].measured is None
    assert (judgement.outcome, judgement.exit_code) == ("not_reproduced", 1)
    assert judgement.reason == "not measured: f1"


@pytest.mark.parametrize(
    ("exact", "f1", "outcome"),
    [(70, 76, "within_tolerance"), (72, 76, "better"), (72, 60, "not_reproduced"), (60, 76, "not_reproduced")],
)
def test_the_worst_claim_decides_over_the_card(exact: float, f1: float, outcome: str) -> None:
    claims = [claim("exact", 70), claim("f1", 76)]
    assert judge(claims, [measured("exact", exact), measured("f1", f1)], {"exact": 1, "f1": 1}).outcome == outcome


@pytest.mark.parametrize("value", [76.0, 10.0, 99.0])
def test_a_limited_run_judges_nothing_whatever_it_measured(value: float) -> None:
    judgement = judge([claim("f1", 76)], [measured("f1", value)], {"f1": 1.0}, limited="run on 30 questions only")
    assert (judgement.outcome, judgement.exit_code) == ("limited", 4)
    assert "30 questions" in judgement.reason


def test_a_card_without_claims_is_measured_and_not_judged() -> None:
    judgement = judge([], [measured("f1", 76)], {})
    assert (judgement.outcome, judgement.exit_code) == ("measured", 0)
    assert judge([], [], {}, invalid=["questions are missing"]).exit_code == 4
    assert judge([], [measured("f1", 76)], {}, limited="8 questions").exit_code == 4


# --- rule equivalence: evaluation notes, section 3 ---


def of_seeds(*differences: float, rule: Rule = "equivalence", tolerance: float = 1.0) -> str:
    claimed = Claim("f1", 76.0, "points", decimals=10, raw="76", line=1, dialect="test")
    found = [Measurement("f1", 76.0 + d, "points", 100, 42 + i, "test") for i, d in enumerate(differences)]
    judgement = judge([claimed], found, {"f1": tolerance}, rule=rule)
    assert judgement.other is not None
    assert judgement.other.rule != rule
    return judgement.outcome


@pytest.mark.parametrize(
    ("differences", "outcome"),
    [
        ((0.0,), "inconclusive"),
        ((0.0, 0.0), "inconclusive"),
        ((-0.6,), "inconclusive"),
        ((-4.2,), "not_reproduced"),
        ((-4.1,), "inconclusive"),
        ((2.9,), "inconclusive"),
        ((3.1,), "not_reproduced"),
        ((0.6, 0.6, 0.6), "reproduced"),
        ((0.61, 0.61, 0.61), "inconclusive"),
        ((0.72,) * 5, "reproduced"),
        ((0.73,) * 5, "inconclusive"),
        ((1.4,) * 3, "better"),
        ((-1.4,) * 3, "not_reproduced"),
        ((math.nan,), "not_reproduced"),
    ],
)
def test_equivalence_wants_the_whole_interval_inside_the_tolerance(
    differences: tuple[float, ...], outcome: str
) -> None:
    assert of_seeds(*differences) == outcome


def test_inconclusive_has_an_exit_code_of_its_own() -> None:
    judgement = judge([claim("f1", 76.0)], [measured("f1", 76.7)], {"f1": 1.0}, rule="equivalence")
    assert (judgement.outcome, judgement.exit_code) == ("inconclusive", 3)
    assert judgement.reason == "not decided by so few seeds: f1"
    assert judgement.other is not None
    assert (judgement.other.rule, judgement.other.outcome) == ("tolerance", "within_tolerance")


def test_a_number_printed_with_few_digits_leaves_less_room() -> None:
    rough = Claim("f1", 76.0, "points", decimals=0, raw="76", line=1, dialect="test")
    of_three = [replace(measured("f1", 76.0), seed=seed) for seed in (1, 2, 3)]
    found = judge([rough], of_three, {"f1": 1.0}, rule="equivalence")
    assert found.outcome == "reproduced"
    (estimate,) = found.estimates
    assert estimate.interval is not None
    half = 2.353363 * 0.5 / 3  # of Student's t with three degrees of freedom, the prior's spread, no spread of its own
    assert estimate.interval[1] == pytest.approx(half + 0.5, abs=1e-6)
    assert judge([rough], of_three, {"f1": 0.89}, rule="equivalence").outcome == "inconclusive"


def test_several_seeds_are_judged_by_their_mean() -> None:
    found = [measured("f1", value) for value in (75.0, 76.0, 77.5)]
    (verdict,) = judge([claim("f1", 76.0)], found, {"f1": 1.0}).verdicts
    assert verdict.measured == pytest.approx(228.5 / 3)


def test_a_refused_claim_among_many_needs_more_evidence() -> None:
    names = ("exact", "f1", "HasAns_f1", "NoAns_f1")
    one = judge([claim("exact", 76.0)], [measured("exact", 71.5)], {"exact": 1.0}, rule="equivalence")
    found = [measured("exact", 71.5), *(measured(name, 76.0) for name in names[1:])]
    four = judge([claim(name, 76.0) for name in names], found, dict.fromkeys(names, 1.0), rule="equivalence")
    assert (one.outcome, four.outcome) == ("not_reproduced", "inconclusive")


def test_a_failed_precondition_judges_nothing_under_either_rule() -> None:
    found = judge([claim("f1", 76)], [measured("f1", 76)], {"f1": 1.0}, invalid=["nothing was evaluated"])
    assert (found.outcome, found.exit_code, found.reason) == ("invalid", 4, "nothing was evaluated")
    assert found.other is not None
    assert found.other.outcome == "invalid"


def test_one_claim_above_and_none_below_is_better_than_claimed() -> None:
    claims = [claim("exact", 71.88), claim("f1", 76.36)]
    found = [measured(name, value) for name, value in (("exact", 73.60), ("f1", 77.20)) for _ in range(3)]
    judgement = judge(claims, found, {"exact": 1.0, "f1": 1.0}, rule="equivalence")
    assert [verdict.outcome for verdict in judgement.verdicts] == ["better", "inconclusive"]
    assert (judgement.outcome, judgement.exit_code, judgement.reason) == ("better", 0, "above the claim: exact")
    assert [(verdict.rule, verdict.is_no_worse) for verdict in judgement.verdicts] == [(judgement.rule, True)] * 2
    low = [measured("exact", 73.60)] * 3 + [measured("f1", 75.6)] * 3
    assert judge(claims, low, {"exact": 1.0, "f1": 1.0}, rule="equivalence").outcome == "inconclusive"


def test_one_loss_of_unknown_spread_decides_nothing_by_equivalence() -> None:
    judgement = judge(
        [claim("x_loss", 0.5, "loss")], [measured("x_loss", 0.5, "loss")], {"x_loss": 0.1}, rule="equivalence"
    )
    assert judgement.outcome == "inconclusive"
    assert "nothing is known of how this number spreads" in judgement.verdicts[0].reason


@pytest.mark.parametrize(
    ("unit", "value", "is_no_worse"),
    [
        ("points", 75.5, True),
        ("points", 90.0, True),
        ("points", 92.0, False),
        ("points", 60.0, False),
        ("loss", 75.5, True),
        ("loss", 60, False),
    ],
)
def test_a_verdict_says_as_data_whether_it_is_no_worse_and_by_which_rule(
    unit: Unit, value: float, is_no_worse: bool
) -> None:
    (verdict,) = judge([claim("m", 76.0, unit)], [measured("m", value, unit)], {"m": 5.0}).verdicts
    assert (verdict.rule, verdict.is_no_worse) == ("tolerance", is_no_worse)
    (unmeasured,) = judge([claim("m", 76.0, unit)], [], {"m": 5.0}, rule="equivalence").verdicts
    assert (unmeasured.rule, unmeasured.is_no_worse) == ("equivalence", False)


def test_what_is_no_worse_does_not_hang_on_the_words_of_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    by_tolerance = RULES["tolerance"]
    found = lambda *given: (*by_tolerance(*given)[:2], "another sentence")  # noqa: E731
    monkeypatch.setattr("harness.judge.rules.RULES", {"tolerance": found, "equivalence": found})
    claims, values = [claim("a", 76.0), claim("b", 76.0)], [measured("a", 78.0), measured("b", 76.0)]
    assert judge(claims, values, {"a": 1.0, "b": 1.0}).outcome == "better"


# --- what a pass may say ---


def test_rule_tolerance_does_not_say_reproduced_however_many_seeds_there_are() -> None:
    for n in (1, 3, 5):
        assert of_seeds(*[0.1] * n, rule="tolerance") == "within_tolerance"


def test_a_score_far_above_its_claim_is_of_something_else() -> None:
    claims = [claim("exact", 71.9), claim("f1", 76.4)]
    for rule in RULES:
        found = judge(claims, [measured("exact", 90.0), measured("f1", 93.0)], {"exact": 1.0, "f1": 1.0}, rule=rule)
        assert (found.outcome, found.exit_code) == ("not_reproduced", 1)
        assert found.reason.startswith("far above the claim: exact, f1: another evaluation")
    mixed = judge(claims, [measured("exact", 90.0), measured("f1", 60.0)], {"exact": 1.0, "f1": 1.0})
    assert mixed.reason == "outside tolerance: exact, f1"


def test_seeds_that_spread_widely_need_more_to_be_far_above() -> None:
    wide = replace(claim("f1", 76.0), spread=2.0)
    assert judge([wide], [measured("f1", 81.9)], {"f1": 1.0}).outcome == "better"
    assert judge([wide], [measured("f1", 82.1)], {"f1": 1.0}).outcome == "not_reproduced"


def test_where_the_published_weights_miss_the_claim_nothing_is_said_of_training() -> None:
    for value in (76.0, 60.0):
        found = judge([claim("f1", 76)], [measured("f1", value)], {"f1": 1.0}, confounded="the evaluation differs")
        assert (found.outcome, found.exit_code, found.reason) == ("confounded", 3, "the evaluation differs")


def test_two_numbers_for_one_metric_are_two_claims_and_the_strictest_decides() -> None:
    two = [claim("f1", 76.0), replace(claim("f1", 78.5), line=40)]
    found = judge(two, [measured("f1", 76.2)], {"f1": 1.0})
    assert [(one.line, one.outcome) for one in found.verdicts] == [(1, "within_tolerance"), (40, "not_reproduced")]
    assert [(one.line, round(one.difference, 9)) for one in found.estimates] == [(1, 0.2), (40, -2.3)]
    assert (found.outcome, found.reason) == ("not_reproduced", "outside tolerance: f1")


def test_a_verdict_says_what_it_would_be_at_half_and_at_twice_the_prior() -> None:
    found = [replace(measured("f1", 76.3), seed=seed) for seed in (1, 2, 3)]
    judgement = judge([claim("f1", 76.0)], found, {"f1": 1.0}, rule="equivalence")
    said = {one.factor: one.outcome for one in judgement.at_priors}
    assert (judgement.outcome, said) == ("reproduced", {0.5: "reproduced", 2.0: "inconclusive"})
