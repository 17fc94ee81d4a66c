"""Text augmentation against farm-haystack 1.26.4 (augment_squad), as in shared/goldens/augment.json.

The golden program ran with transformers 4.46.3 and its slow BERT tokenizer.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from harness.qa.squad import read_squad
from harness.train.augment.candidates import load_proposer, propose
from harness.train.augment.sampler import redrawn
from harness.train.augment.words import words_of
from harness.train.models.loading import load_tokenizer
from tests.train.augment.conftest import Build

CLOSE = 1e-5  # neighbours in a ranking nearer than this may come in either order: 17 of 1718 words


def contexts(goldens: Path) -> list[str]:
    return [paragraph.context for paragraph in read_squad(goldens / "augment_input.json")]


def test_golden_words_sources_and_positions_are_those_of_haystack_1_26_4(goldens: Path, golden: dict[str, Any]) -> None:
    """farm-haystack 1.26.4."""
    tokenizer = load_tokenizer(goldens / "mlm")
    in_glove = {line.split()[0] for line in (goldens / "glove.txt").read_text(encoding="utf-8").splitlines()}
    for context, expected in zip(contexts(goldens), golden["paragraphs"], strict=True):
        found = [
            (word.text, tokenizer.convert_ids_to_tokens(list(word.pieces)), word.source, word.position)
            for word in words_of(context, tokenizer, in_glove)
        ]
        assert found == [(w["word"], w["pieces"], w["source"], w.get("piece_position")) for w in expected["words"]]


@pytest.mark.parametrize("k", [5, 20])
def test_golden_candidates_are_those_of_haystack_1_26_4_in_order(goldens: Path, golden: dict[str, Any], k: int) -> None:
    """farm-haystack 1.26.4; where two scores are nearer than 1e-5 the order is left open."""
    proposer = load_proposer(
        goldens / "mlm",
        goldens / "glove.txt",
        word_possibilities=k,
        max_glove_words=100_000,
        device=torch.device("cpu"),
    )
    entries = [entry for words in propose(proposer, contexts(goldens)) for entry in words]
    expected = [word for paragraph in golden["paragraphs"] for word in paragraph["words"]]
    close = [min(word.get("min_gap_5", 1), word.get("min_gap_20", 1)) < CLOSE for word in expected]
    assert (len(entries), sum(close)) == (1718, 17)
    for entry, word, is_close in zip(entries, expected, close, strict=True):
        assert (entry.text, entry.source) == (word["word"], word["source"])
        if is_close and word[f"min_gap_{k}"] < CLOSE:
            assert len(set(entry.candidates) ^ set(word[f"candidates_{k}"])) <= 2  # at most the last one another
        else:
            assert list(entry.candidates) == word[f"candidates_{k}"]


@pytest.mark.parametrize("k", [5, 20])
def test_golden_seeded_texts_are_those_of_haystack_1_26_4(goldens: Path, build: Build, k: int) -> None:
    """farm-haystack 1.26.4 with random.seed(1234), 3 copies, probability 0.4."""
    paragraphs = list(read_squad(goldens / "augment_input.json"))
    random = Random(1234)
    table = build(paragraphs, word_possibilities=k)
    found = []
    for paragraph in paragraphs:
        number, row = table.place(paragraph.context)
        entries = table.shard(number).entries(row)
        found += [redrawn(entries, random, replace_probability=0.4) for _ in range(3)]
    expected = json.loads((goldens / f"augmented_wp{k}.json").read_text(encoding="utf-8"))
    assert found == [paragraph["context"] for article in expected["data"] for paragraph in article["paragraphs"]]


def test_golden_word_counts_are_those_of_haystack_1_26_4(goldens: Path, golden: dict[str, Any], build: Build) -> None:
    """farm-haystack 1.26.4."""
    assert build(list(read_squad(goldens / "augment_input.json"))).n_words == golden["counts"]
