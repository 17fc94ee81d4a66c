"""exact and f1 over token positions, as farm-haystack's Evaluator gives them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.qa.features import LastToken
from harness.qa.protocols.haystack import predict
from harness.qa.protocols.interface import Window
from harness.qa.squad import Answer, Paragraph, Question
from harness.qa.token_index import score_questions, span_f1, summarise
from harness.run.evaluate import gold_spans
from tests.qa.by_hand import CONTEXT, question
from tests.qa.conftest import Dev
from tests.qa.protocols.test_haystack import BLOCKS

# --- farm-haystack 1.26.4, as in shared/goldens/eval_haystack.json ---

SETS: list[tuple[str, str, LastToken]] = [
    ("metrics_ranked_by_score(v1.1.0 rule)", "score", "exact"),
    ("metrics_ranked_by_confidence(1.26.4 default)", "confidence", "exact"),
    ("metrics_ranked_by_score_with_v1.1.0_gold_offsets", "score", "v1.1"),
]


@pytest.mark.parametrize(("metrics", "ranking", "last_token"), SETS)
@pytest.mark.parametrize(("block", "logits"), BLOCKS)
def test_every_score_is_that_of_haystack_1_26_4_golden(
    goldens: Path, haystack_dev: Dev, golden_haystack: Any, block: str, logits: str, metrics: str, ranking: str,
    last_token: LastToken,
) -> None:  # fmt: skip
    stored = np.load(goldens / "eval_logits_haystack.npz")[logits]
    found = predict(haystack_dev.asked, stored, no_ans_boost=0.0, max_answer_length=1000, ranking=ranking)
    golds = gold_spans(haystack_dev.paragraphs, haystack_dev.asked, last_token)
    scores = score_questions(golds, {name: one.span for name, one in found.items()})
    n_other = 0
    for golden in golden_haystack[block]["questions"]:
        one, release = scores[golden["qid"]], "_v1.1.0" if last_token == "v1.1" else ""
        spans = golden.get(f"gold_token_spans{release}", golden["gold_token_spans"])
        assert [list(span) for span in golds[one.id]] == sorted(spans)
        n_other += spans != golden["gold_token_spans"]
        if ranking == "score":
            wanted = [golden.get(f"{name}{release}", golden[name]) for name in ("em", "f1")]
            assert [one.exact, one.f1] == pytest.approx(wanted, abs=1e-12)
    assert (n_other > 0) == (last_token == "v1.1")
    expected, summary = golden_haystack[block][metrics], summarise(scores.values())
    for ours, theirs in (("", ""), ("text_answer_", "_text_answer"), ("no_answer_", "_no_answer")):
        assert summary[f"{ours}exact"] == pytest.approx(100 * expected[f"EM{theirs}"], abs=1e-10)
        assert summary[f"{ours}f1"] == pytest.approx(100 * expected[f"f1{theirs}"], abs=1e-10)
    assert summary["text_answer_total"] == expected["Total_text_answer"]
    assert summary["no_answer_total"] == expected["Total_no_answer"]


def test_odd_questions_have_the_gold_tokens_of_haystack_1_26_4_golden(goldens: Path, edge_cases: Dev) -> None:
    expected = json.loads((goldens / "edge_features.json").read_text(encoding="utf-8"))["questions"]
    golds = gold_spans(edge_cases.paragraphs, edge_cases.asked, "exact")
    assert list(golds) == [golden["qid"] for golden in expected if golden["kept"]]
    for golden in expected:
        if golden["kept"]:
            shifts = [(one["labels"], one["passage_start_t"] - one["seq_2_start_t"]) for one in golden["windows"]]
            spans = {(s + shift, e + shift) for labels, shift in shifts for s, e in labels if s > 0}
            assert set(golds[golden["qid"]]) == (spans or {(-1, -1)})


# --- by hand ---


@pytest.mark.parametrize(
    ("gold", "predicted", "f1"),
    [
        ((5, 8), (5, 8), 1.0),
        ((5, 8), (7, 10), 0.5),
        ((5, 8), (6, 6), 2 * 1 * 0.25 / 1.25),
        ((5, 8), (9, 12), 0.0),
        ((-1, -1), (-1, -1), 1.0),
        ((5, 8), (-1, -1), 0.0),
        ((-1, -1), (0, 3), 0.0),
    ],
)
def test_f1_is_the_overlap_of_two_ranges(gold: tuple[int, int], predicted: tuple[int, int], f1: float) -> None:
    assert span_f1(gold, predicted) == pytest.approx(f1, abs=1e-15)


@pytest.mark.parametrize(
    ("gold", "predicted", "f1"), [((0, 0), (0, 9), 1.0), ((0, 9), (0, 0), 1.0), ((0, 0), (1, 1), 0.0)]
)
def test_the_first_token_alone_is_compared_by_its_start(
    gold: tuple[int, int], predicted: tuple[int, int], f1: float
) -> None:
    assert span_f1(gold, predicted) == f1


def golds_of(windows: Sequence[Window], *answers: tuple[str, int], labels: LastToken = "exact") -> Any:
    asked = Question("q", "who ?", tuple(Answer(text, start) for text, start in answers))
    return gold_spans([Paragraph("T", CONTEXT, (asked,))], [question(*windows)], labels).get("q")


WHOLE = [Window(row=0, first=3, length=4, start=0)]
HALVES = [Window(row=0, first=3, length=2, start=0), Window(row=1, first=3, length=2, start=2)]


def test_gold_spans_are_those_that_a_window_holds_each_once() -> None:
    assert golds_of(WHOLE, ("two", 4), ("two", 4), ("one two", 0)) == [(0, 1), (1, 1)]
    assert golds_of(HALVES, ("four", 15)) == [(3, 3)]
    assert golds_of(HALVES, ("two three  four", 4), ("one", 0)) == [(0, 0)]
    assert golds_of(HALVES, ("two three  four", 4)) == [(-1, -1)]
    assert golds_of(WHOLE) == [(-1, -1)]


def test_an_answer_may_end_one_token_past_its_window() -> None:
    assert golds_of(HALVES, ("two three", 4)) == [(1, 2)]


def test_haystack_1_1_cannot_be_right_about_the_last_token() -> None:
    assert golds_of(WHOLE, ("three  four", 8), labels="v1.1") == [(2, 4)]
    assert golds_of(WHOLE, ("four", 15), labels="v1.1") == [(-1, -1)]


def test_six_answers_count_at_most() -> None:
    assert golds_of(WHOLE, *[("one", 0)] * 6, ("two", 4)) == [(0, 0)]


def test_a_question_whose_answer_is_not_at_its_offset_has_no_token_score() -> None:
    assert golds_of(WHOLE, ("two", 5)) is None


def test_groups_are_told_apart_by_their_gold_spans_and_empty_ones_left_out() -> None:
    scores = score_questions({"a": [(3, 4), (3, 6)], "b": [(1, 1)]}, {"a": (3, 6), "b": None, "c": (1, 1)})
    summary = summarise(scores.values())
    assert summary == {
        "exact": 50.0, "f1": 50.0, "total": 2,
        "text_answer_exact": 50.0, "text_answer_f1": 50.0, "text_answer_total": 2,
    }  # fmt: skip
    assert summarise(score_questions({"a": [(-1, -1)]}, {"a": None}).values())["no_answer_exact"] == 100.0
    assert summarise([]) == {}
