"""Preconditions: what makes a run invalid whatever it measured."""

from typing import Any

import pytest

from harness.judge.preconditions import DEV, failed, failed_over_seeds, is_collapsed
from harness.qa import official_squad

GOOD = {
    "exact": 60.0, "f1": 70.0, "total": 10, "HasAns_exact": 50.0, "HasAns_f1": 66.66666666666667, "HasAns_total": 6,
    "NoAns_exact": 75.0, "NoAns_f1": 75.0, "NoAns_total": 4,
}  # fmt: skip


def test_scores_that_hold_together_fail_nothing() -> None:
    assert failed(GOOD, is_dev_set=False) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"HasAns_total": 5}, "5 answerable and 4 unanswerable questions do not make 10"),
        ({"exact": 61.0}, "parts of exact do not recombine to 61.0"),
        ({"f1": 59.0, "HasAns_f1": 48.333333333333336}, "exact 60.0 is above f1 59.0"),
        ({"NoAns_f1": 80.0, "f1": 72.0}, "NoAns_exact and NoAns_f1 differ"),
        ({"total": 0, "HasAns_total": 0, "NoAns_total": 0}, "nothing was evaluated"),
    ],
)
def test_scores_that_do_not_hold_together_are_invalid(change: dict[str, float], said: str) -> None:
    assert any(said in problem for problem in failed({**GOOD, **change}, is_dev_set=False))


def test_a_dev_set_three_questions_short_is_invalid() -> None:
    (problem,) = failed(GOOD, is_dev_set=True)
    assert str(DEV) in problem
    n, has, no = DEV
    whole = {**GOOD, "total": n, "HasAns_total": has, "NoAns_total": no}
    whole["exact"] = (50.0 * has + 75.0 * no) / n
    whole["f1"] = (66.66666666666667 * has + 75.0 * no) / n
    assert failed(whole, is_dev_set=True) == []
    short = {**whole, "total": n - 3, "HasAns_total": has - 3}
    assert any("(11870, 5925, 5945)" in problem for problem in failed(short, is_dev_set=True))


def test_a_scorer_that_scores_wrong_fails_its_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    right = official_squad.summarise

    def wrong(scores: Any) -> dict[str, float]:
        return {**right(scores), "f1": 0.0}

    monkeypatch.setattr(official_squad, "summarise", wrong)
    assert any("self-test" in problem for problem in failed(GOOD, is_dev_set=False))


def test_a_model_that_never_answers_is_collapsed_unless_the_card_claims_just_that() -> None:
    null = {"exact": 50.0716, "f1": 50.0716, "total": 11_873, "NoAns_total": 5_945, "HasAns_total": 5_928}
    assert is_collapsed(null, claimed_exact=71.88)
    assert not is_collapsed(null, claimed_exact=50.07)
    assert not is_collapsed({**null, "f1": 60.0}, claimed_exact=71.88)


@pytest.mark.parametrize(
    ("seeds", "collapsed", "n_problems"),
    [((42,), (42,), 0), ((42, 43), (), 0), ((42, 42), (), 1), ((42, 43, 44), (43,), 1), ((1, 2, 3, 4, 5), (2,), 0)],
)
def test_seeds_must_differ_and_hold(seeds: tuple[int, ...], collapsed: tuple[int, ...], n_problems: int) -> None:
    assert len(failed_over_seeds(seeds, collapsed)) == n_problems
