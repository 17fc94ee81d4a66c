"""The protocol `run_qa`: logits to predictions, as transformers' question-answering example chooses them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.qa.protocols.interface import Array, Prediction, Window
from harness.qa.protocols.run_qa import characters, predict
from tests.qa.by_hand import WINDOW, logits_of, question, rows
from tests.qa.conftest import Dev

SETTINGS: dict[str, Any] = {"n_best_size": 20, "max_answer_length": 30, "null_score_diff_threshold": 0.0}

# --- transformers utils_qa 4.39.0.dev0 (and 4.18.0.dev0), as in shared/goldens/eval_run_qa.json ---


@pytest.mark.parametrize(
    ("block", "stored", "settings"),
    [
        ("student", "eval_logits_run_qa.npz", {}),
        ("teacher", "eval_logits_run_qa.npz", {}),
        ("constructed", "eval_logits_run_qa.npz", {}),
        (
            "constructed_n_best_5_max_answer_length_8_threshold_1.5",
            "eval_logits_run_qa.npz",
            {"n_best_size": 5, "max_answer_length": 8, "null_score_diff_threshold": 1.5},
        ),
        ("constructed_on_haystack_windows", "eval_logits_haystack.npz", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_answer_is_that_of_transformers_utils_qa_4_39_golden(
    goldens: Path, run_qa_dev: Dev, haystack_dev: Dev, golden_run_qa: Any, block: str, stored: str, settings: Any
) -> None:
    dev, expected = haystack_dev if "haystack" in stored else run_qa_dev, golden_run_qa[block]
    logits = np.load(goldens / stored)[block.partition("_")[0]]
    found = predict(dev.asked, logits, **{**SETTINGS, **settings})
    assert list(found) == [golden["qid"] for golden in expected["questions"]]
    for asked, golden in zip(dev.asked, expected["questions"], strict=True):
        one = found[asked.id]
        assert one.text == golden["pred_text"]
        assert -one.span_over_null == pytest.approx(golden["null_score_minus_best_span_score"], abs=1e-5)
        assert one.span is None or asked.context[slice(*characters(asked, one.span))] == one.text
        listed = [
            ("" if item.span is None else asked.context[slice(*characters(asked, item.span))], item.score)
            for item in one.n_best
        ]
        if golden["nbest_top3"][0]["text"] == "empty":  # listed there as a candidate of score 0
            listed.insert(0, ("empty", 0.0))
        assert len(listed) == golden["n_candidates_kept"]
        scores = np.array([score for _, score in listed])
        shares = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        for (text, score), share, item in zip(listed, shares, golden["nbest_top3"], strict=False):
            assert text == item["text"]
            assert score == pytest.approx(item["start_logit"] + item["end_logit"], abs=1e-5)
            assert share == pytest.approx(item["probability"], abs=1e-5)
    assert dev.official(dict(found)) == expected["official_evaluate_v2.0"]


# --- by hand ---


def ask(logits: Array, *windows: Window, **options: Any) -> Prediction:
    return predict([question(*windows or (WINDOW,))], logits, **{**SETTINGS, **options})["q"]


def test_text_runs_to_the_end_of_the_last_token_as_it_stands() -> None:
    assert ask(logits_of(s2=5, e3=5)).text == "three  four"
    found = ask(logits_of(s2=5, e2=5))
    assert (found.text, found.span) == ("three", (2, 2))


def test_the_text_wins_a_tie_with_null() -> None:
    assert ask(logits_of(null=10.0, s1=5, e1=5)).text == "two"
    assert ask(logits_of(null=10.5, s1=5, e1=5)).text == ""


def test_null_must_be_ahead_by_more_than_the_threshold() -> None:
    logits = logits_of(null=11.5, s1=5, e1=5)
    assert ask(logits, null_score_diff_threshold=1.5).text == "two"
    assert ask(logits, null_score_diff_threshold=1.25).text == ""
    assert ask(logits).span_over_null == -1.5


def test_the_smallest_null_of_all_windows_is_compared_with_the_best_span_of_all() -> None:
    windows = (WINDOW, Window(row=1, first=3, length=4, start=0))
    first, second = logits_of(null=20, s0=6, e0=6), logits_of(null=11, s1=5, e1=5)  # each prefers null
    assert ask(first).text == ask(second, WINDOW).text == ""
    assert ask(rows(first, second), *windows).text == "one"


def test_the_first_window_wins_a_tie_of_spans() -> None:
    windows = (WINDOW, Window(row=1, first=3, length=4, start=0))
    assert ask(rows(logits_of(s0=5, e0=5), logits_of(s1=5, e1=5)), *windows).text == "one"


def test_of_equal_logits_the_later_position_comes_first() -> None:
    assert ask(logits_of(s1=5, s2=5, e2=5)).span == (2, 2)


def test_a_span_is_in_order_and_no_longer_than_allowed() -> None:
    assert ask(logits_of(null=-99, s3=5, e0=6, e3=1)).span == (3, 3)
    logits = logits_of(null=-99, s0=5, e3=5, e1=1)
    assert ask(logits).span == (0, 3)
    assert ask(logits, max_answer_length=4).span == (0, 3)
    assert ask(logits, max_answer_length=3).span == (0, 1)


def test_only_the_best_starts_and_ends_of_all_positions_are_paired() -> None:
    logits = logits_of(null=-99, s1=5, e1=5, s0=4, e0=4)
    logits[0, 2, 0] = 6  # a position of the question takes one of the places
    assert ask(logits, n_best_size=1).text == "empty"
    assert ask(logits, n_best_size=2).span == (1, 1)


def test_a_question_without_a_candidate_is_answered_empty_unless_null_is_above_the_threshold() -> None:
    nowhere = Window(row=0, first=3, length=0, start=0)
    found = ask(logits_of(null=-1), nowhere)
    assert (found.text, found.span, found.span_over_null) == ("empty", None, 1.0)
    assert ask(logits_of(null=1), nowhere).text == ""
    assert ask(logits_of(null=1), nowhere, null_score_diff_threshold=1.0).text == "empty"
    assert predict([question()], logits_of(), **SETTINGS)["q"].text == "empty"


def test_null_is_listed_even_where_better_candidates_fill_the_list() -> None:
    found = ask(logits_of(null=-50, s0=5, e0=5, s1=4, e1=4), n_best_size=2)
    assert [one.span for one in found.n_best] == [(0, 0), (0, 1), None]


def test_many_windows_are_found_as_one_by_one() -> None:
    random = np.random.default_rng(3)
    logits = random.normal(size=(600, 8, 2)).astype(np.float32)
    every = [question(Window(row, 3, 4, 0), Window(row + 1, 3, 4, 0), name=str(row)) for row in range(0, 600, 2)]
    together = predict(every, logits, **SETTINGS)
    assert together == {one.id: predict([one], logits, **SETTINGS)[one.id] for one in every}


def test_without_version_2_every_question_is_answered(run_qa_dev: Dev, goldens: Path) -> None:
    logits = np.load(goldens / "eval_logits_run_qa.npz")["constructed"]
    with_null = predict(run_qa_dev.asked, logits, **SETTINGS)
    without = predict(run_qa_dev.asked, logits, **SETTINGS, version_2_with_negative=False)
    assert any(not one.text for one in with_null.values())
    assert all(one.text for one in without.values())
    assert all(without[name].text == one.text for name, one in with_null.items() if one.text)
