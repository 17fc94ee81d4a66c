"""Windows, answers and augmented copies of the small set of golden numbers, question by question.

farm-haystack 1.26.4 (features, haystack, augmentation) and transformers' utils_qa 4.39.0.dev0 (run_qa). What the
larger set holds beyond these is checked in tests/qa and tests/train/augment.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from harness.qa import token_index
from harness.qa.features import Features, build_features
from harness.qa.protocols import PROTOCOLS
from harness.qa.squad import read_squad
from harness.run.evaluate import asked_of, gold_spans
from harness.train.augment.sampler import redrawn
from harness.train.models.loading import load_tokenizer

GOLDENS = Path(__file__).parents[1] / "goldens"
WINDOWS: dict[str, dict[str, Any]] = {
    "haystack": {"doc_stride": 48, "doc_stride_is": "step", "max_query_length": 64},
    "run_qa": {"doc_stride": 64, "doc_stride_is": "overlap", "max_query_length": 0},
}


def golden(name: str) -> Any:
    return json.loads((GOLDENS / name).read_text(encoding="utf-8"))


def features_of(name: str, folder: Path, protocol: str, *, for_training: bool) -> Features:
    return build_features(
        read_squad(GOLDENS / name), load_tokenizer(GOLDENS / "student"), folder, max_seq_length=160,
        last_token="exact", for_training=for_training, **WINDOWS[protocol],
    )  # fmt: skip


def ids_of(features: Features) -> list[list[int]]:
    batch = features.batch(range(len(features)))
    pairs = zip(batch["input_ids"], batch["attention_mask"], strict=True)
    return [ids[: int(mask.sum())].tolist() for ids, mask in pairs]


def test_golden_training_windows_and_labels_are_those_of_haystack_1_26_4(tmp_path: Path) -> None:
    rows = golden("features.json")["train_small"]
    found = features_of("train_small.json", tmp_path, "haystack", for_training=True)
    assert ids_of(found) == [row["input_ids"] for row in rows]
    assert found.batch(range(len(found)))["labels"].tolist() == [row["labels"][0] for row in rows]
    assert len(rows) == 37


@pytest.mark.parametrize("protocol", WINDOWS)
def test_golden_evaluation_windows_are_those_of_haystack_1_26_4_and_run_qa_4_39(protocol: str, tmp_path: Path) -> None:
    rows = golden("features.json")["dev"] if protocol == "haystack" else golden("features_run_qa.json")["rows"]
    assert ids_of(features_of("dev.json", tmp_path, protocol, for_training=False)) == [row["input_ids"] for row in rows]


def test_golden_answers_and_token_scores_are_those_of_haystack_1_26_4(tmp_path: Path) -> None:
    paragraphs = list(read_squad(GOLDENS / "dev.json"))
    asked = asked_of(paragraphs, features_of("dev.json", tmp_path, "haystack", for_training=False))
    logits = np.load(GOLDENS / "eval_logits_haystack.npz")["constructed"]
    found = PROTOCOLS["haystack"](asked, logits, no_ans_boost=0.0, max_answer_length=1000, ranking="score")
    golds = gold_spans(paragraphs, asked, "exact")
    scores = token_index.score_questions(golds, {question: one.span for question, one in found.items()})
    questions = golden("eval_haystack.json")["constructed"]["questions"]
    assert [(q["qid"], q["pred_text"]) for q in questions] == [(name, one.text) for name, one in found.items()]
    assert [q["em"] for q in questions] == [scores[q["qid"]].exact for q in questions]
    assert [q["f1"] for q in questions] == pytest.approx([scores[q["qid"]].f1 for q in questions])
    assert {q["em"] for q in questions} == {0.0, 1.0}


def test_golden_answers_are_those_of_run_qa_4_39(tmp_path: Path) -> None:
    paragraphs = list(read_squad(GOLDENS / "dev.json"))
    asked = asked_of(paragraphs, features_of("dev.json", tmp_path, "run_qa", for_training=False))
    logits = np.load(GOLDENS / "eval_logits_run_qa.npz")["constructed"]
    found = PROTOCOLS["run_qa"](asked, logits, n_best_size=20, max_answer_length=30, null_score_diff_threshold=0.0)
    questions = golden("eval_run_qa.json")["constructed"]["questions"]
    assert [(q["qid"], q["pred_text"]) for q in questions] == [(name, one.text) for name, one in found.items()]
    assert {q["pred_text"] == "" for q in questions} == {True, False}


def test_golden_copies_are_those_of_haystack_1_26_4(tmp_path: Path) -> None:
    """python's random seeded with 1234, three copies of each paragraph, probability 0.4."""
    described = golden("augment.json")
    random, settings = Random(described["settings"]["python_random_seed"]), described["settings"]
    found = [
        redrawn(
            [(word["word"], tuple(word.get("candidates_5", ()))) for word in paragraph["words"]],
            random,
            replace_probability=settings["replace_probability"],
        )
        for paragraph in described["paragraphs"]
        for _ in range(settings["multiplication_factor"])
    ]
    assert found == golden("augmented_wp5.json")["contexts"]
    assert len(set(found)) == 6
