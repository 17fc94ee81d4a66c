"""The protocol `official-bert`: logits to predictions, as Google BERT's run_squad.py chooses them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.qa.protocols.final_text import basic_tokens, project, text_of
from harness.qa.protocols.interface import Array, EvaluationInput, Prediction, Span, Window
from harness.qa.protocols.official_bert import own_tokens, predict
from tests.qa.by_hand import CONTEXT, OFFSETS, WINDOW, logits_of, rows
from tests.qa.conftest import Dev, windowed

SETTINGS: dict[str, Any] = {"n_best_size": 20, "max_answer_length": 30, "null_score_diff_threshold": 0.0}
OWN = Path(__file__).parents[2] / "goldens"
GOLDEN = json.loads((OWN / "eval_official_bert.json").read_text(encoding="utf-8"))
OTHER = "_transformers_4.46.3"
BLOCKS = [(f"{block}_on_{windows}_windows", {}) for block in ("constructed", "teacher", "student")
          for windows in ("haystack", "run_qa")] + [
    ("constructed_on_haystack_windows_n_best_5_max_answer_length_8_threshold_1.5",
     {"n_best_size": 5, "max_answer_length": 8, "null_score_diff_threshold": 1.5}),
    ("constructed_on_run_qa_windows_n_best_1", {"n_best_size": 1}),
]  # fmt: skip

# --- bert-tensorflow 1.0.4 run_squad.py and transformers 4.46.3 squad_metrics.py, in tests/goldens ---


def text_at(asked: EvaluationInput, span: Span) -> str:
    starts = asked.offsets[:, 0]
    pieces = asked.pieces[span[0] : span[1] + 1]
    return text_of(asked.context, pieces, starts[span[0]], starts[span[1]], is_lower_cased=asked.is_lower_cased)


def compare(asked: EvaluationInput, one: Prediction, golden: dict[str, Any]) -> bool:
    """Checks one question against Google's program; True where transformers answers something else."""
    assert one.text == golden["pred_text"]
    assert -one.span_over_null == pytest.approx(golden["null_score_diff"], abs=1e-6)
    if "nbest_top3" in golden:
        texts = ["" if item.span is None else text_at(asked, item.span) for item in one.n_best]
        # A list of null alone has the word "empty" put before it in transformers.
        listed = list(dict.fromkeys(texts if len(texts) > 1 else ["empty", *texts]))
        assert listed[:3] == golden["nbest_top3"][: len(listed)]
    if f"pred_text{OTHER}" not in golden:
        return False
    # Only where the span starts inside a word: transformers looks for its pieces with the ## and gives whole words.
    assert one.span is not None
    assert asked.pieces[one.span[0]].startswith("##")
    assert one.text in golden[f"pred_text{OTHER}"]
    return True


@pytest.mark.parametrize(("block", "settings"), BLOCKS, ids=[block for block, _ in BLOCKS])
def test_every_answer_is_that_of_bert_tensorflow_1_0_4_golden(
    goldens: Path, haystack_dev: Dev, run_qa_dev: Dev, block: str, settings: Any
) -> None:
    kind = "haystack" if "haystack" in block else "run_qa"
    dev, logits = haystack_dev if kind == "haystack" else run_qa_dev, np.load(goldens / f"eval_logits_{kind}.npz")
    found = predict(dev.asked, logits[block.partition("_")[0]], **{**SETTINGS, **settings})
    expected = GOLDEN[block]["questions"]
    assert list(found) == [golden["qid"] for golden in expected]
    pairs = zip(dev.asked, expected, strict=True)
    assert sum(compare(asked, found[asked.id], golden) for asked, golden in pairs) > 0


@pytest.mark.parametrize(("kind", "settings"), [
    ("haystack", {"doc_stride": 48, "doc_stride_is": "step", "max_query_length": 64}),
    ("run_qa", {"doc_stride": 64, "doc_stride_is": "overlap", "max_query_length": 0}),
])  # fmt: skip
def test_answers_of_the_small_set_are_those_of_bert_tensorflow_1_0_4_golden(
    tmp_path: Path, kind: str, settings: Any
) -> None:
    dev = windowed(OWN, "dev.json", tmp_path, **settings)
    found = predict(dev.asked, np.load(OWN / f"eval_logits_{kind}.npz")["constructed"], **SETTINGS)
    expected = {golden["qid"]: golden for golden in GOLDEN[f"constructed_on_{kind}_windows"]["questions"]}
    for asked in dev.asked:
        compare(asked, found[asked.id], expected[asked.id])
    assert len(dev.asked) == 9


# --- by hand ---

PIECES = ("one", "two", "three", "four")


def ask(logits: Array, *windows: Window, pieces: Sequence[str] = PIECES, **options: Any) -> Prediction:
    asked = EvaluationInput("q", CONTEXT, OFFSETS, windows or (WINDOW,), pieces)
    return predict([asked], logits, **{**SETTINGS, **options})["q"]


def test_text_is_whole_words_with_white_space_squeezed() -> None:
    assert ask(logits_of(s2=5, e3=5)).text == "three four"
    assert ask(logits_of(s2=5, e2=5)).span == (2, 2)


def test_the_text_wins_a_tie_with_null_and_the_threshold_is_for_null() -> None:
    assert ask(logits_of(null=10.0, s1=5, e1=5)).text == "two"
    assert ask(logits_of(null=10.5, s1=5, e1=5)).text == ""
    assert ask(logits_of(null=10.5, s1=5, e1=5), null_score_diff_threshold=0.5).text == "two"


def test_of_equal_logits_the_earlier_position_comes_first() -> None:
    assert ask(logits_of(s1=5, s2=5, e2=5)).span == (1, 2)


def test_the_smallest_null_of_all_windows_counts() -> None:
    windows = (WINDOW, Window(row=1, first=3, length=4, start=0))
    both = rows(logits_of(null=20, s0=6, e0=6), logits_of(null=11, s1=5, e1=5))
    assert ask(both, *windows).span_over_null == 1.0


def test_a_span_starts_where_its_window_shows_most_context() -> None:
    windows = (Window(row=0, first=3, length=3, start=0), Window(row=1, first=3, length=3, start=1))
    assert dict(own_tokens(windows)) == {0: (0, 2), 1: (2, 4)}
    # The best span of the first window starts at its last token, which is better seen in the second.
    last = logits_of(null=-99, s2=9, e2=9)
    assert ask(last, windows[0]).span == (2, 2)
    assert ask(rows(last, logits_of(null=-99, s0=1, e0=1)), *windows).span == (0, 2)
    # It may end there.
    assert ask(rows(logits_of(null=-99, s1=9, e2=9), logits_of(null=-99)), *windows).text == "two three"


def test_every_token_is_owned_by_the_window_that_shows_it_best() -> None:
    random = np.random.default_rng(5)
    for _ in range(50):
        window, step, n = (int(random.integers(*bounds)) for bounds in ((4, 12), (1, 5), (13, 40)))
        starts = [*range(0, n - window, step), n - window + int(random.integers(0, 3))]
        windows = [Window(row, 2, min(window, n - start), start) for row, start in enumerate(starts)]
        owned = dict(own_tokens(windows))
        for token in range(n):
            context = {
                w.row: min(token - w.start, w.start + w.length - 1 - token) + 0.01 * w.length
                for w in windows
                if w.start <= token < w.start + w.length
            }
            owner = max(context, key=lambda row: context[row])  # the first of equals
            assert [row for row, (first, end) in owned.items() if first <= token < end] == [owner]


def test_a_question_without_a_candidate_is_answered_empty_unless_null_is_above_the_threshold() -> None:
    nowhere = Window(row=0, first=3, length=0, start=0)
    assert ask(logits_of(null=-1), nowhere).text == "empty"
    assert ask(logits_of(null=1), nowhere).text == ""


def test_asked_without_pieces_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="question q was asked without the pieces"):
        ask(logits_of(s1=5, e1=5), pieces=())


@pytest.mark.parametrize(
    ("predicted", "original", "text"),
    [
        ("steve smith", "(Steve Smith's)", "Steve Smith"),
        ("cafe", "Café,", "Café"),
        ("a", "Bananas", "a"),  # where it occurs first
        ("[UNK]", "ﬃ‽", "ﬃ‽"),  # not found: the whole words
        ("œuvre", "l'œuvre.", "œuvre"),
        ("中", "中文", "中"),
        ("x", "x\u200by", "x\u200by"),  # an invisible character is lost, so the counts differ
    ],
)
def test_what_the_tokenizer_made_of_text_is_found_again_in_it(predicted: str, original: str, text: str) -> None:
    assert project(predicted, original, is_lower_cased=True) == text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It's $5, NOT\tfive", ["it", "'", "s", "$", "5", ",", "not", "five"]),
        ("Zoë—naïve", ["zoe", "—", "naive"]),
        ("東京 Tower", ["東", "京", "tower"]),
        ("a\u00a0b\u200bc\ufffd", ["a", "bc"]),
    ],
)
def test_text_is_cut_as_berts_basic_tokenizer_cuts_it(text: str, tokens: list[str]) -> None:
    assert basic_tokens(text, is_lower_cased=True) == tokens


def test_a_cased_tokenizer_keeps_case_and_accents() -> None:
    assert basic_tokens("Zoë It's", is_lower_cased=False) == ["Zoë", "It", "'", "s"]


def test_a_span_inside_a_word_gives_that_part_of_it() -> None:
    assert text_of("The Normans came.", ["##man", "##s"], 4, 4, is_lower_cased=True) == "mans"
    assert text_of("The Normans  came.", ["norman", "##s", "came"], 4, 13, is_lower_cased=True) == "Normans came"
