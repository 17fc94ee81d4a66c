"""How long scores and protocols take over the whole SQuAD 2.0 dev set, on one core.

python -m pytest -m bench tests/bench/test_scoring.py
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import BertTokenizerFast

from harness.plan.defaults import EVALUATIONS
from harness.qa import official_squad
from harness.qa.features import build_features
from harness.qa.prediction_files import read_probabilities
from harness.qa.protocols import PROTOCOLS, settings_of
from harness.qa.protocols.interface import Array, EvaluationInput
from harness.qa.squad import Paragraph, read_squad
from harness.run.evaluate import asked_of

pytestmark = pytest.mark.bench

N_DEV = 11_873


@pytest.fixture(scope="module")
def dev(shared: Path) -> list[Paragraph]:
    return list(read_squad(shared / "data" / "squad" / "dev-v2.0.rebuilt.json"))


@pytest.fixture(scope="module")
def windows(shared: Path, dev: list[Paragraph], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The dev set in windows of 384 with BERT's own vocabulary, and random logits with a bonus at some spans."""
    folder = tmp_path_factory.mktemp("windows")
    tokenizer = BertTokenizerFast(str(shared / "data" / "bert-base-uncased-vocab.txt"), do_lower_case=True)
    rows = build_features(
        dev, tokenizer, folder, max_seq_length=384, doc_stride=128, max_query_length=64, for_training=False
    )
    logits = np.random.default_rng(1).normal(size=(len(rows), 384, 2)).astype(np.float32) * 3
    yield asked_of(dev, rows, tokenizer), logits
    shutil.rmtree(folder)


def test_official_scores_of_the_dev_set(benchmark: Any, shared: Path, dev: list[Paragraph]) -> None:
    path = shared / "data" / "predictions" / "v2.0-adsml6g9-predictions.json"
    predictions = json.loads(path.read_text(encoding="utf-8"))
    golds = [(q.id, [answer.text for answer in q.answers]) for p in dev for q in p.questions]

    summary = benchmark(lambda: official_squad.summarise(official_squad.score_questions(golds, predictions)))
    assert summary["total"] == N_DEV
    assert benchmark.stats["median"] < 1.0


def test_best_thresholds_of_the_dev_set(benchmark: Any, shared: Path, dev: list[Paragraph]) -> None:
    folder = shared / "data" / "predictions"
    predictions = json.loads((folder / "v2.0-adsml6g9-predictions.json").read_text(encoding="utf-8"))
    probabilities = read_probabilities(folder / "v2.0-adsml6g9-na_prob.json").by_id
    golds = [(q.id, [answer.text for answer in q.answers]) for p in dev for q in p.questions]

    def score() -> dict[str, float]:
        scores = official_squad.score_questions(golds, predictions)
        kept = official_squad.with_null_threshold(scores, probabilities, 0.0)
        return {**official_squad.summarise(kept), **official_squad.best_thresholds(scores, probabilities)}

    assert benchmark(score)["total"] == N_DEV
    assert benchmark.stats["median"] < 1.0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_answers_to_the_dev_set(benchmark: Any, windows: tuple[list[EvaluationInput], Array], protocol: str) -> None:
    asked, logits = windows
    defaults = EVALUATIONS[protocol].stages["evaluation"]
    settings = {name: defaults[name].value for name in settings_of(protocol)}

    found = benchmark.pedantic(lambda: PROTOCOLS[protocol](asked, logits, **settings), rounds=3)
    assert len(found) == N_DEV
    assert benchmark.stats["median"] < 5.0
