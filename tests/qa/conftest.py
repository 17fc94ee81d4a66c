"""The goldens' dev questions in the windows of both programs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.qa.features import build_features
from harness.qa.official_squad import score_questions, summarise
from harness.qa.protocols.interface import EvaluationInput, Prediction
from harness.qa.squad import Paragraph, read_squad
from harness.run.evaluate import asked_of
from harness.train.models.loading import load_tokenizer


@dataclass(frozen=True)
class Dev:
    """Questions of a SQuAD file with their windows."""

    paragraphs: list[Paragraph]
    asked: list[EvaluationInput]

    def official(self, found: dict[str, Prediction]) -> dict[str, float]:
        golds = [(q.id, [answer.text for answer in q.answers]) for p in self.paragraphs for q in p.questions]
        return summarise(score_questions(golds, {question: one.text for question, one in found.items()}))


def windowed(goldens: Path, name: str, folder: Path, **settings: Any) -> Dev:
    paragraphs = list(read_squad(goldens / name))
    tokenizer = load_tokenizer(goldens / "student")
    features = build_features(paragraphs, tokenizer, folder, max_seq_length=160, for_training=False, **settings)
    return Dev(paragraphs, asked_of(paragraphs, features, tokenizer))


@pytest.fixture(scope="session")
def haystack_dev(goldens: Path, tmp_path_factory: pytest.TempPathFactory) -> Dev:
    folder = tmp_path_factory.mktemp("haystack")
    return windowed(goldens, "dev.json", folder, doc_stride=48, doc_stride_is="step", max_query_length=64)


@pytest.fixture(scope="session")
def run_qa_dev(goldens: Path, tmp_path_factory: pytest.TempPathFactory) -> Dev:
    folder = tmp_path_factory.mktemp("run_qa")
    return windowed(goldens, "dev.json", folder, doc_stride=64, doc_stride_is="overlap", max_query_length=0)


@pytest.fixture(scope="session")
def edge_cases(goldens: Path, tmp_path_factory: pytest.TempPathFactory) -> Dev:
    folder = tmp_path_factory.mktemp("edge")
    return windowed(goldens, "edge_cases.json", folder, doc_stride=48, doc_stride_is="step", max_query_length=64)


@pytest.fixture(scope="session")
def golden_haystack(goldens: Path) -> Any:
    return json.loads((goldens / "eval_haystack.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def golden_run_qa(goldens: Path) -> Any:
    return json.loads((goldens / "eval_run_qa.json").read_text(encoding="utf-8"))
