"""The protocol `haystack`: logits to predictions, as farm-haystack chooses them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.qa.protocols.haystack import best_spans, characters, predict
from harness.qa.protocols.interface import Array, Prediction, Window
from tests.qa.by_hand import CONTEXT, WINDOW, logits_of, question, rows
from tests.qa.conftest import Dev

SETTINGS: dict[str, Any] = {"no_ans_boost": 0.0, "max_answer_length": 1000, "ranking": "score"}

# --- farm-haystack 1.26.4, as in shared/goldens/eval_haystack.json ---

BLOCKS = [("student_stage2_a1.0_T1", "student"), ("teacher", "teacher"), ("constructed", "constructed")]


def as_pair(span: tuple[int, int] | None) -> list[int]:
    return list(span or (-1, -1))


@pytest.mark.parametrize(("block", "logits"), BLOCKS)
def test_every_answer_ranked_by_score_is_that_of_haystack_1_26_4_golden(
    goldens: Path, haystack_dev: Dev, golden_haystack: Any, block: str, logits: str
) -> None:
    expected = golden_haystack[block]
    found = predict(haystack_dev.asked, np.load(goldens / "eval_logits_haystack.npz")[logits], **SETTINGS)
    assert list(found) == [golden["qid"] for golden in expected["questions"]]
    for asked, golden in zip(haystack_dev.asked, expected["questions"], strict=True):
        one = found[asked.id]
        assert one.text == golden["pred_text"]
        assert as_pair(one.span) == golden["pred_token_span"]
        assert list(characters(asked, one.span) if one.span else (0, 0)) == golden["pred_char_span"]
        assert one.span_over_null == pytest.approx(golden["no_ans_gap"], abs=1e-5)
        assert one.n_best[0].score == pytest.approx(golden["pred_score"], abs=1e-5)
        cut = one.n_best[:4]  # FARMReader's top_k_per_candidate 3, plus one
        assert [as_pair(one.span) for one in cut] == [one["token_span"] for one in golden["nbest"]]
        assert [one.score for one in cut] == pytest.approx([one["score"] for one in golden["nbest"]], abs=1e-5)
        null = next((one.score for one in cut if one.span is None), None)
        assert null == pytest.approx(golden["no_answer_score"], abs=1e-5)
    assert haystack_dev.official(dict(found)) == expected["official_evaluate_v2.0"]


@pytest.mark.parametrize(("block", "logits"), BLOCKS)
def test_every_answer_ranked_by_confidence_is_that_of_haystack_1_26_4_golden(
    goldens: Path, haystack_dev: Dev, golden_haystack: Any, block: str, logits: str
) -> None:
    stored = np.load(goldens / "eval_logits_haystack.npz")[logits]
    found = predict(haystack_dev.asked, stored, **{**SETTINGS, "ranking": "confidence"})
    by_score = predict(haystack_dev.asked, stored, **SETTINGS)
    n_other = 0
    for golden in golden_haystack[block]["questions"]:
        # The golden holds the other answer only where there is one.
        text = golden.get("pred_text_when_ranked_by_confidence", golden["pred_text"])
        span = golden.get("pred_token_span_when_ranked_by_confidence", golden["pred_token_span"])
        assert (found[golden["qid"]].text, as_pair(found[golden["qid"]].span)) == (text, span)
        n_other += found[golden["qid"]].span != by_score[golden["qid"]].span
    assert n_other > 0


def test_every_window_has_the_best_span_of_haystack_1_26_4_golden(
    goldens: Path, haystack_dev: Dev, golden_haystack: Any
) -> None:
    logits = np.load(goldens / "eval_logits_haystack.npz")["constructed"]
    for asked, golden in zip(haystack_dev.asked, golden_haystack["constructed"]["questions"], strict=True):
        found = best_spans(asked.windows, logits[[window.row for window in asked.windows]], 1000)
        for window, best, expected in zip(asked.windows, found, golden["windows"], strict=True):
            assert best.span is not None
            assert [token - window.start + window.first for token in best.span] == expected["best_span_seq"]
            assert best.score == pytest.approx(expected["best_span_score"], abs=1e-5)
            assert best.null == pytest.approx(expected["null_score"], abs=1e-5)
            assert window.row == expected["row"]


def test_a_null_that_ties_with_the_best_span_wins_as_in_haystack_1_26_4_golden(golden_haystack: Any) -> None:
    ties = [golden for golden in golden_haystack["constructed"]["questions"] if golden.get("has_tie_null_vs_span")]
    assert len(ties) == 4  # the comparison of all questions above holds for each of them
    assert all(golden["pred_text"] == "" and golden["no_ans_gap"] == 0 for golden in ties)


# --- by hand ---


def ask(logits: Array, *windows: Window, **options: Any) -> Prediction:
    return predict([question(*windows or (WINDOW,))], logits, **{**SETTINGS, **options})["q"]


def test_text_runs_to_the_start_of_the_next_token_stripped() -> None:
    assert ask(logits_of(s0=5, e2=5)).text == "one two three"
    assert ask(logits_of(s3=5, e3=5)).text == "four"


def test_an_end_before_its_start_is_no_span() -> None:
    assert ask(logits_of(null=-99, s2=5, e0=5, e3=1)).text == "three  four"


def test_null_wins_a_tie() -> None:
    assert ask(logits_of(null=10.0, s1=5, e1=5)).text == ""
    assert ask(logits_of(null=9.5, s1=5, e1=5)).text == "two"


def test_a_boost_is_added_to_null() -> None:
    boosted = ask(logits_of(null=9.5, s1=5, e1=5), no_ans_boost=0.5)
    assert (boosted.text, boosted.span, boosted.span_over_null) == ("", None, 0.0)


def test_one_window_that_prefers_a_span_makes_the_question_answerable_by_the_best_span_of_all() -> None:
    first = logits_of(null=20, s0=6, e0=6)  # prefers null, but holds the best span
    windows = (WINDOW, Window(row=1, first=3, length=4, start=0))
    assert ask(rows(first, logits_of(null=0, s1=5, e1=5)), *windows).text == "one"
    assert ask(rows(first, logits_of(null=10, s1=5, e1=5)), *windows).text == ""


def test_the_first_window_wins_a_tie_of_spans() -> None:
    windows = (WINDOW, Window(row=1, first=3, length=4, start=0))
    assert ask(rows(logits_of(s0=5, e0=5), logits_of(s1=5, e1=5)), *windows).text == "one"


def test_a_span_of_two_windows_counts_once_with_its_better_score_in_the_place_of_the_first() -> None:
    windows = tuple(Window(row=row, first=3, length=4, start=0) for row in range(3))
    found = ask(rows(logits_of(s0=4, e0=4), logits_of(s1=6, e1=6), logits_of(s0=6, e0=6)), *windows)
    assert [one.span for one in found.n_best] == [(0, 0), (1, 1), None]
    assert [one.score for one in found.n_best] == [12, 12, 0]


def test_a_window_counts_its_tokens_from_its_own_start() -> None:
    found = ask(logits_of(s0=5, e0=5), Window(row=0, first=3, length=2, start=2))
    assert (found.text, found.span) == ("three", (2, 2))


def test_a_span_is_no_longer_than_allowed() -> None:
    logits = logits_of(null=-99, s0=5, e3=5, e1=1)
    assert ask(logits).text == CONTEXT.strip()
    assert ask(logits, max_answer_length=2).text == "one two"
    assert ask(logits, max_answer_length=4).text == CONTEXT.strip()


def test_a_length_limit_never_beats_the_best_span_within_it() -> None:
    random = np.random.default_rng(0)
    windows = [Window(row=row, first=2, length=9, start=0) for row in range(20)]
    for limit in (1, 2, 3, 5, 6, 7, 8, 9, 30):
        scores = random.normal(size=(20, 12, 2)).astype(np.float32)
        for one, best in zip(scores, best_spans(windows, scores, limit), strict=True):
            wanted = max((one[2 + i, 0] + one[2 + j, 1], (i, j)) for i in range(9) for j in range(i, min(9, i + limit)))
            assert (best.score, best.span) == wanted


@pytest.mark.parametrize(
    ("null", "span", "by_score", "by_confidence"),
    [
        (30.0, 15.5, "two", ""),  # 31 > 30, but 0.62 of the probability is less than the logistic of 30 / 8, 0.98
        (-9.0, -4.75, "", "two"),  # -9.5 < -9, but 0.42 of the probability is more than the logistic of -9 / 8, 0.25
        (-9.0, -1.0, "two", "two"),
    ],
)
def test_confidence_weighs_the_share_of_probability_against_the_logistic_of_null(
    null: float, span: float, by_score: str, by_confidence: str
) -> None:
    logits = logits_of(null=null, s1=span, e1=span)
    assert ask(logits).text == by_score
    assert ask(logits, ranking="confidence").text == by_confidence


def test_null_wins_a_tie_of_confidences() -> None:
    logits = logits_of(null=-6000, s1=0, e1=0)
    logits[0, 7] = 1000  # padding takes all of the probability, so that both confidences are 0
    assert ask(logits).text == "two"
    assert ask(logits, ranking="confidence").text == ""


def test_a_context_without_tokens_has_no_answer() -> None:
    found = ask(logits_of(null=-99), Window(row=0, first=3, length=0, start=0))
    assert (found.text, found.span, found.span_over_null) == ("", None, -900.0)
    assert predict([question()], logits_of(), **SETTINGS)["q"].text == ""
