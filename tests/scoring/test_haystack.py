"""The protocol `haystack`: logits to predicted texts, as farm-haystack chooses them."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness.data.features import build_features
from harness.data.squad import read_json
from harness.evaluation import asked_of
from harness.models import load_tokenizer
from harness.scoring.haystack import best_span, predict
from harness.scoring.official import score_questions, summarise
from harness.scoring.protocol import Array, Asked, Window

# --- farm-haystack 1.26.4, ranked by score (the rule of v1.1.0), as in shared/goldens/eval_haystack.json ---

Golds = list[tuple[str, list[str]]]


@pytest.fixture(scope="module")
def dev(goldens: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Asked], Golds]:
    paragraphs = list(read_json(goldens / "dev.json"))
    features = build_features(
        paragraphs, load_tokenizer(goldens / "student"), tmp_path_factory.mktemp("dev"),
        max_seq_length=160, doc_stride=48, max_query_length=64, for_training=False,
    )  # fmt: skip
    golds = [(q.id, [answer.text for answer in q.answers]) for p in paragraphs for q in p.questions]
    return asked_of(paragraphs, features), golds


@pytest.mark.parametrize(
    ("block", "logits"),
    [("student_stage2_a1.0_T1", "student"), ("teacher", "teacher"), ("constructed", "constructed")],
)
def test_every_answer_and_score_is_that_of_haystack(
    goldens: Path, dev: tuple[list[Asked], Golds], block: str, logits: str
) -> None:
    asked, golds = dev
    expected = json.loads((goldens / "eval_haystack.json").read_text(encoding="utf-8"))[block]
    found = predict(asked, np.load(goldens / "eval_logits_haystack.npz")[logits])
    assert found == {question["qid"]: question["pred_text"] for question in expected["questions"]}
    assert summarise(score_questions(golds, found)) == expected["official_evaluate_v2.0"]


def test_every_window_has_the_best_span_of_haystack(goldens: Path, dev: tuple[list[Asked], Golds]) -> None:
    expected = json.loads((goldens / "eval_haystack.json").read_text(encoding="utf-8"))["constructed"]["questions"]
    logits = np.load(goldens / "eval_logits_haystack.npz")["constructed"]
    for asked, question in zip(dev[0], expected, strict=True):
        for window, golden in zip(asked.windows, question["windows"], strict=True):
            span = best_span(logits[window.row], window, 1000)
            assert span is not None
            moved = [token - window.start + window.first for token in span[1:]]
            assert (window.row, moved) == (golden["row"], golden["best_span_seq"])
            assert span[0] == pytest.approx(golden["best_span_score"], abs=1e-5)


# --- by hand: "one two three four", passage from position 3 ---

CONTEXT = "one two three  four "
OFFSETS = np.array([0, 4, 8, 15], dtype=np.int32)
WINDOW = Window(row=0, first=3, length=4, start=0)


def logits_of(null: float = 0.0, **scores: float) -> Array:
    """One row of logits; s<i> and e<i> are the start and end logit of context token i, null that of [CLS]."""
    logits = np.full((1, 8, 2), -9.0, dtype=np.float32)
    logits[0, 0] = null / 2
    for name, score in scores.items():
        logits[0, 3 + int(name[1:]), "se".index(name[0])] = score
    return logits


def answer(logits: Array, windows: tuple[Window, ...] = (WINDOW,), **options: float) -> str:
    return predict([Asked("q", CONTEXT, OFFSETS, windows)], logits, **options)["q"]  # type: ignore[arg-type]


def test_text_runs_to_the_start_of_the_next_token_stripped() -> None:
    assert answer(logits_of(s0=5, e2=5)) == "one two three"
    assert answer(logits_of(s3=5, e3=5)) == "four"


def test_an_end_before_its_start_is_no_span() -> None:
    assert answer(logits_of(null=-99, s2=5, e0=5, e3=1)) == "three  four"


def test_null_wins_a_tie() -> None:
    assert answer(logits_of(null=10.0, s1=5, e1=5)) == ""
    assert answer(logits_of(null=9.5, s1=5, e1=5)) == "two"


def test_a_boost_is_added_to_null() -> None:
    assert answer(logits_of(null=9.5, s1=5, e1=5), no_ans_boost=0.5) == ""


def test_one_window_that_prefers_a_span_makes_the_question_answerable_by_the_best_span_of_all() -> None:
    first = logits_of(null=20, s0=6, e0=6)  # prefers null, but holds the best span
    second = logits_of(null=0, s1=5, e1=5)
    windows = (WINDOW, Window(row=1, first=3, length=4, start=0))
    assert answer(np.concatenate([first, second]), windows) == "one"
    assert answer(np.concatenate([first, logits_of(null=10, s1=5, e1=5)]), windows) == ""


def test_the_first_window_wins_a_tie_of_spans() -> None:
    windows = (WINDOW, Window(row=1, first=3, length=4, start=0))
    assert answer(np.concatenate([logits_of(s0=5, e0=5), logits_of(s1=5, e1=5)]), windows) == "one"


def test_a_window_counts_its_tokens_from_its_own_start() -> None:
    assert answer(logits_of(s0=5, e0=5), (Window(row=0, first=3, length=2, start=2),)) == "three"


def test_a_span_is_no_longer_than_allowed() -> None:
    logits = logits_of(null=-99, s0=5, e3=5, e1=1)
    assert answer(logits) == CONTEXT.strip()
    assert answer(logits, max_answer_length=2) == "one two"
    assert answer(logits, max_answer_length=4) == CONTEXT.strip()


def test_a_length_limit_never_beats_the_best_span_within_it() -> None:
    random = np.random.default_rng(0)
    for limit in (1, 2, 3, 5, 8):
        scores = random.normal(size=(12, 2)).astype(np.float32)
        window = Window(row=0, first=2, length=9, start=0)
        best = max(scores[2 + i, 0] + scores[2 + j, 1] for i in range(9) for j in range(i, min(9, i + limit)))
        span = best_span(scores, window, limit)
        assert span is not None
        assert span[0] == pytest.approx(best, abs=1e-6)


def test_a_context_without_tokens_has_no_answer() -> None:
    assert answer(logits_of(null=-99), (Window(row=0, first=3, length=0, start=0),)) == ""
