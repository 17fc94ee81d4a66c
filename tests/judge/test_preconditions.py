"""Preconditions: what makes a run invalid whatever it measured."""

from typing import Any

import pytest

from harness.card.never_answering import COUNTS
from harness.card.references import SQUAD2
from harness.judge.preconditions import failed, failed_over_seeds, floor_of, is_collapsed
from harness.qa import official_squad

DEV = COUNTS[f"{SQUAD2}:validation"]
GOOD = {
    "exact": 60.0, "f1": 70.0, "total": 10, "HasAns_exact": 50.0, "HasAns_f1": 66.66666666666667, "HasAns_total": 6,
    "NoAns_exact": 75.0, "NoAns_f1": 75.0, "NoAns_total": 4,
}  # fmt: skip


def test_scores_that_hold_together_fail_nothing() -> None:
    assert failed(GOOD) == []


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
    assert any(said in problem for problem in failed({**GOOD, **change}))


def test_data_that_are_known_have_their_number_of_questions() -> None:
    (problem,) = failed(GOOD, DEV)
    assert str(DEV) in problem
    n, has, no = DEV
    whole = {**GOOD, "total": n, "HasAns_total": has, "NoAns_total": no}
    whole["exact"] = (50.0 * has + 75.0 * no) / n
    whole["f1"] = (66.66666666666667 * has + 75.0 * no) / n
    assert failed(whole, DEV) == []
    short = {**whole, "total": n - 3, "HasAns_total": has - 3}
    assert any("(11870, 5925, 5945)" in problem for problem in failed(short, DEV))


def test_a_scorer_that_scores_wrong_fails_its_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    right = official_squad.summarise

    def wrong(scores: Any) -> dict[str, float]:
        return {**right(scores), "f1": 0.0}

    monkeypatch.setattr(official_squad, "summarise", wrong)
    assert any("self-test" in problem for problem in failed(GOOD))


def scores_of(has: float, no: float) -> dict[str, float]:
    """Scores on SQuAD 2.0's dev set of a model with this HasAns_f1 and NoAns_exact."""
    n, n_has, n_no = DEV
    both = (has * n_has + no * n_no) / n
    return {
        "exact": both, "f1": both, "total": n, "NoAns_total": n_no, "HasAns_total": n_has,
        "HasAns_f1": has, "NoAns_exact": no,
    }  # fmt: skip


def test_a_model_that_never_answers_is_collapsed_unless_the_card_claims_just_that() -> None:
    null = scores_of(0.0, 100.0)
    assert floor_of(null) == pytest.approx(50.0716, abs=1e-3)
    assert is_collapsed(null, claimed_exact=71.88)
    assert is_collapsed(null, claimed_exact=40.0)
    assert is_collapsed(null, claimed_exact=None)
    assert not is_collapsed(null, claimed_exact=50.07)


@pytest.mark.parametrize(("has", "no", "is_found"), [(0.9, 99.6, True), (30.0, 70.0, False), (0.0, 40.0, False)])
def test_a_model_that_answers_is_not_collapsed_though_it_scores_what_silence_does(
    has: float, no: float, is_found: bool
) -> None:
    assert is_collapsed(scores_of(has, no), claimed_exact=71.88) == is_found


def test_without_questions_that_have_no_answer_nothing_collapses_to_their_share() -> None:
    answerable = {"exact": 0.0, "f1": 0.0, "total": 10, "HasAns_total": 10, "HasAns_f1": 0.0}
    assert not is_collapsed(answerable, claimed_exact=80.0)


@pytest.mark.parametrize(
    ("seeds", "answers", "said"),
    [
        ((42, 43), ("ab", "ac"), []),
        ((42, 42), ("ab", "ac"), ["seeds 42, 42 are not distinct"]),
        ((42, 43, 44), ("ab", "ac", "ab"), ["seeds 42 and 44 have the same answer to every question: one is a copy"]),
    ],
)
def test_seeds_must_differ_and_so_must_their_answers(
    seeds: tuple[int, ...], answers: tuple[str, ...], said: list[str]
) -> None:
    assert failed_over_seeds(seeds, answers) == said
