"""Windows and labels: token for token those of farm-haystack, on memory-mapped files."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DataError
from harness.qa.features import (
    Array,
    Features,
    LastToken,
    StrideIs,
    build_features,
    token_spans,
    window_labels,
    window_starts,
)
from harness.qa.squad import Answer, Paragraph, Question, read_squad
from harness.train.models.loading import load_tokenizer

SETTINGS = {"max_seq_length": 160, "doc_stride": 48, "max_query_length": 64}


@pytest.fixture(scope="module")
def tokenizer(goldens: Path) -> Any:
    return load_tokenizer(goldens / "student")


def starts_of(tokenizer: Any, context: str) -> Array:
    encoded = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return np.array([start for start, _ in encoded["offset_mapping"]])


def labels_of(row: Any, starts: Array, answers: tuple[Answer, ...], last_token: LastToken) -> list[list[int]]:
    """All label rows of one window, six as Haystack has them: unused ones are [-1, -1]."""
    start, length, second = int(row["window_start"]), int(row["window_length"]), int(row["question_length"]) + 2
    spans = token_spans(answers, starts, last_token)
    labels = [list(label) for label in window_labels(spans, start, length, second)]
    return labels + [[-1, -1]] * (6 - len(labels))


def assert_row_is(features: Features, row: int, golden: dict[str, Any], labels: list[list[int]]) -> None:
    batch, n = features.batch([row]), golden["length"]
    assert batch["input_ids"][0].tolist() == golden["input_ids"] + [0] * (160 - n)
    assert batch["attention_mask"][0].tolist() == [1] * n + [0] * (160 - n)
    assert batch["labels"][0].tolist() == labels[0]
    assert features.rows[row]["window_start"] == golden["passage_start_t"]
    assert features.rows[row]["question_length"] + 2 == golden["seq_2_start_t"]


# farm-haystack 1.26.4 (labels of v1.1.0 where its offset function differs), as in shared/goldens/features.json.
@pytest.mark.parametrize("last_token", ["exact", "v1.1"])
@pytest.mark.parametrize("name", ["train", "dev", "train_small"])
def test_every_window_and_label_is_that_of_haystack_1_26_4_golden(
    goldens: Path, tmp_path: Path, tokenizer: Any, name: str, last_token: LastToken
) -> None:
    expected = json.loads((goldens / "features.json").read_text(encoding="utf-8"))[name]
    paragraphs = list(read_squad(goldens / f"{name}.json"))
    features = build_features(paragraphs, tokenizer, tmp_path, **SETTINGS, last_token=last_token, for_training=True)
    asked = {
        question.id: (starts_of(tokenizer, one.context), question.answers)
        for one in paragraphs
        for question in one.questions
    }
    assert [features.questions[index] for index in features.rows["question"]] == [row["qid"] for row in expected]
    assert features.dropped == ()
    key = "labels_v1.1.0" if last_token == "v1.1" else "labels"
    for row, golden in enumerate(expected):
        labels = golden.get(key, golden["labels"])
        assert_row_is(features, row, golden, labels)
        assert labels_of(features.rows[row], *asked[golden["qid"]], last_token) == labels
        segments = features.batch([row])["token_type_ids"][0].tolist()
        assert segments == golden["segment_ids"] + [0] * (160 - golden["length"])


# farm-haystack 1.26.4, each question alone, as in shared/goldens/edge_features.json.
@pytest.mark.parametrize("number", range(18))
def test_an_odd_question_is_kept_or_dropped_and_labelled_as_by_haystack_1_26_4_golden(
    goldens: Path, tmp_path: Path, tokenizer: Any, number: int
) -> None:
    expected = json.loads((goldens / "edge_features.json").read_text(encoding="utf-8"))["questions"][number]
    paragraph, question = [(p, q) for p in read_squad(goldens / "edge_cases.json") for q in p.questions][number]
    assert question.id == expected["qid"]
    alone = Paragraph(paragraph.title, paragraph.context, (question,))
    settings = {**SETTINGS, "last_token": "exact"}
    features = build_features([alone], tokenizer, tmp_path, **settings, for_training=True)
    assert features.dropped == (() if expected["kept"] else (question.id,))
    assert len(features) == len(expected.get("windows", ()))
    for row, golden in enumerate(expected.get("windows", ())):
        assert_row_is(features, row, golden, golden["labels"])
        starts = starts_of(tokenizer, paragraph.context)
        assert labels_of(features.rows[row], starts, question.answers, "exact") == golden["labels"]


# transformers run_qa, 4.39.0.dev0, as in shared/goldens/features_run_qa.json.
def test_every_window_and_offset_is_that_of_run_qa_4_39_golden(goldens: Path, tmp_path: Path, tokenizer: Any) -> None:
    expected = json.loads((goldens / "features_run_qa.json").read_text(encoding="utf-8"))["rows"]
    features = build_features(
        read_squad(goldens / "dev.json"), tokenizer, tmp_path, max_seq_length=160, doc_stride=64,
        doc_stride_is="overlap", max_query_length=0, for_training=False,
    )  # fmt: skip
    assert len(features) == len(expected)
    batch = features.batch(range(len(features)))
    for row, golden, ids, mask in zip(
        features.rows, expected, batch["input_ids"], batch["attention_mask"], strict=True
    ):
        assert features.questions[row["question"]] == golden["qid"]
        assert (ids[mask == 1].tolist(), mask.sum()) == (golden["input_ids"], golden["length"])
        first = int(row["question_length"]) + 2
        assert (first, first + int(row["window_length"]) - 1) == (golden["ctx_lo"], golden["ctx_hi"])
        start, n = int(row["context_start"]), int(row["window_length"])
        assert features.context_offsets[start : start + n].tolist() == golden["offsets"]


def test_a_stride_is_a_step_or_an_overlap_of_windows(tmp_path: Path, tokenizer: Any) -> None:
    asked = Paragraph("T", "king " * 30, (Question("q", "who ?", ()),))  # a window holds 20 - 2 - 3 = 15 tokens
    settings = {"max_seq_length": 20, "max_query_length": 0, "for_training": True}
    for meaning, starts in (("step", [0, 4, 8, 12, 16]), ("overlap", [0, 11, 22])):
        features = build_features([asked], tokenizer, tmp_path, **settings, doc_stride=4, doc_stride_is=meaning)
        assert features.rows["window_start"].tolist() == starts


@pytest.mark.parametrize(
    ("meaning", "stride", "length", "says"),
    [
        ("overlap", 15, 20, "leaves 15 tokens for its context of 30"),
        ("overlap", 4, 5, "leaves 0 tokens"),
        ("step", 4, 5, "leaves 0 tokens"),
    ],
)
def test_a_question_that_leaves_its_context_no_room_is_named_with_what_to_change(
    tmp_path: Path, tokenizer: Any, meaning: StrideIs, stride: int, length: int, says: str
) -> None:
    asked = Paragraph("T", "king " * 30, (Question("q7", "who ?", ()),))
    with pytest.raises(DataError, match=rf"question q7.*{says}.*raise max_seq_length, lower doc_stride {stride}"):
        build_features(
            [asked], tokenizer, tmp_path, max_seq_length=length, doc_stride=stride, doc_stride_is=meaning,
            max_query_length=0, for_training=False,
        )  # fmt: skip


def test_an_overlap_as_wide_as_the_window_is_no_matter_where_one_window_holds_all(
    tmp_path: Path, tokenizer: Any
) -> None:
    asked = Paragraph("T", "king " * 15, (Question("q", "who ?", ()),))
    features = build_features(
        [asked], tokenizer, tmp_path, max_seq_length=20, doc_stride=15, doc_stride_is="overlap", max_query_length=0,
        for_training=True,
    )  # fmt: skip
    assert features.rows["window_length"].tolist() == [15]


def test_evaluation_keeps_what_training_drops(goldens: Path, tmp_path: Path, tokenizer: Any) -> None:
    paragraphs = list(read_squad(goldens / "edge_cases.json"))
    features = build_features(paragraphs, tokenizer, tmp_path, **SETTINGS, for_training=False)
    assert features.questions == tuple(question.id for one in paragraphs for question in one.questions)
    assert features.dropped == ()
    assert not features.rows["label_start"].any()


def test_windows_cover_every_token_and_stop_at_the_end() -> None:
    random = np.random.default_rng(0)
    for n_tokens, window in random.integers((0, 1), (2000, 400), size=(300, 2)).tolist():
        stride = int(random.integers(1, window + 1))
        starts = list(window_starts(n_tokens, window, stride))
        covered = set(itertools.chain.from_iterable(range(start, min(start + window, n_tokens)) for start in starts))
        assert covered == set(range(n_tokens))
        assert starts == list(range(0, len(starts) * stride, stride))
        assert len(starts) == 1 or starts[-2] + window < n_tokens


def test_the_windows_of_a_question_hold_all_tokens_of_its_context(tmp_path: Path, tokenizer: Any) -> None:
    random = np.random.default_rng(1)
    for number, n_words in enumerate(random.integers(1, 300, size=12).tolist()):
        context = " ".join(random.choice(["old", "king", "river", "city"], size=n_words))
        folder = tmp_path / str(number)
        folder.mkdir()
        asked = Paragraph("T", context, (Question("q", "who is the old king ?", ()),))
        features = build_features(
            [asked], tokenizer, folder, max_seq_length=40, doc_stride=16, max_query_length=6, for_training=True
        )
        tokens = tokenizer(context, add_special_tokens=False, verbose=False)["input_ids"]
        seen: dict[int, int] = {}
        batch = features.batch(range(len(features)))
        for row, ids, mask in zip(features.rows, batch["input_ids"], batch["attention_mask"], strict=True):
            second = int(row["question_length"]) + 2
            passage = ids[second : mask.sum() - 1].tolist()
            seen.update({int(row["window_start"]) + index: token for index, token in enumerate(passage)})
        assert [seen[index] for index in range(len(tokens))] == tokens
        assert len(seen) == len(tokens)


@pytest.mark.parametrize(("limit", "kept"), [(7, 7), (0, 50)], ids=["at the limit", "never at 0"])
def test_a_long_question_is_cut(tmp_path: Path, tokenizer: Any, limit: int, kept: int) -> None:
    asked = Paragraph("T", "old king", (Question("q", "king " * 50, ()),))
    settings = {**SETTINGS, "max_query_length": limit}
    assert build_features([asked], tokenizer, tmp_path, **settings, for_training=True).rows["question_length"] == [kept]


def test_an_answer_that_is_not_at_its_offset_is_dropped_and_named(
    tmp_path: Path, tokenizer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    questions = (Question("bad", "who ?", (Answer("king", 3),)), Question("good", "who ?", (Answer("king", 4),)))
    features = build_features(
        [Paragraph("T", "The king", questions)], tokenizer, tmp_path, **SETTINGS, for_training=True
    )
    assert (features.questions, features.dropped) == (("good",), ("bad",))
    assert "1 question(s) dropped" in caplog.text
    assert caplog.text.rstrip().endswith(": bad")


@pytest.mark.parametrize(("last_token", "end"), [("exact", 2), ("v1.1", 3)])
def test_haystack_1_1_places_the_last_token_one_past_the_end(last_token: LastToken, end: int) -> None:
    offsets = np.array([0, 4, 8])
    assert token_spans([Answer("two six", 4), Answer("one", 0)], offsets, last_token) == [(1, end), (0, 0)]


@pytest.mark.parametrize(
    ("span", "label"),
    [((10, 19), (5, 14)), ((10, 20), (5, 15)), ((10, 21), (0, 0)), ((9, 12), (0, 0)), ((20, 20), (0, 0))],
    ids=["inside", "one past the window", "two past", "begins before", "begins behind"],
)
def test_an_answer_may_end_one_token_past_its_window(span: tuple[int, int], label: tuple[int, int]) -> None:
    assert window_labels([span], window_start=10, length=10, second=5) == [label]


def test_twenty_thousand_rows_lie_in_mapped_files_not_in_memory(tmp_path: Path, tokenizer: Any) -> None:
    context = "The old king of the city by the river"
    paragraphs = (
        Paragraph("T", f"{context} {number}", tuple(Question(f"{number}-{q}", "who ?", ()) for q in range(100)))
        for number in range(200)
    )
    features = build_features(paragraphs, tokenizer, tmp_path, **SETTINGS, for_training=True)
    assert len(features) == 20_000
    flat = (features.rows, features.context_ids, features.question_ids)
    assert [type(array) for array in flat] == [np.memmap] * 3
    assert (tmp_path / "context_offsets.bin").stat().st_size == 0  # only evaluation needs them
    on_disk = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert on_disk < 20_000 * 60  # padded to 160 in six int64 arrays they would be 7,680 bytes a row
    assert features.questions[12_345] == "123-45"
    assert tokenizer.decode(features.batch([12_345])["input_ids"][0], skip_special_tokens=True).endswith("123")
