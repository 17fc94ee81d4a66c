"""How long the parts take: parser, features, one training step of each stage.

python -m pytest -m bench tests/bench
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.card.read import read_card
from harness.card.references import PACKAGE
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.qa.features import build_features
from harness.qa.squad import read_squad
from harness.train.models import loading
from harness.train.recipes.haystack import HaystackHead, IntermediateLayerLoss, PredictionLayerLoss
from tests.tiny import make_model

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parents[2]
POCKET = PACKAGE / "pocket"
BATCH, LENGTH = 8, 384


def test_parse_and_plan_the_target_card(benchmark: Any) -> None:
    def parse_and_plan() -> Options:
        return plan(read_card(ROOT / "cards" / "tinybert-6l.md"), Options())

    assert len(benchmark(parse_and_plan).stages) == 2


def test_parse_every_card_there_is(benchmark: Any, shared: Path) -> None:
    paths = sorted((shared / "cards").glob("*.md"))

    def parse() -> int:
        return sum(len(read_card(path).stated) for path in paths)

    assert benchmark(parse) > 3000
    benchmark.extra_info["cards_a_second"] = len(paths) / benchmark.stats["median"]


def test_features_of_the_pocket_questions(benchmark: Any, tmp_path: Path) -> None:
    paragraphs, tokenizer = list(read_squad(POCKET / "squad.json")), loading.load_tokenizer(POCKET / "teacher")

    def build() -> int:
        rows = build_features(
            paragraphs,
            tokenizer,
            tmp_path,
            max_seq_length=112,
            doc_stride=64,
            max_query_length=24,
            for_training=True,
        )
        return len(rows)

    n_rows = benchmark(build)
    assert n_rows > 240
    benchmark.extra_info["features_a_second"] = n_rows / benchmark.stats["median"]


@pytest.fixture
def step(tmp_path: Path) -> dict[str, Any]:
    """Teacher of 4 and student of 2 layers, 64 wide, and a batch of random ids at the target card's length."""
    generator = np.random.default_rng(1)
    ids = torch.from_numpy(generator.integers(5, 1000, (BATCH, LENGTH)))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    batch |= {"labels": ids[:, :2] % LENGTH, "teacher_logits": torch.randn(BATCH, LENGTH, 2)}
    folders = [make_model(tmp_path / str(n), layers=n, width=64, heads=2) for n in (4, 2)]
    teacher, student = (loading.load_model(folder, seed=1) for folder in folders)
    return {"teacher": teacher.eval(), "student": student.train(), "batch": batch}


def _time_step(benchmark: Any, module: torch.nn.Module, batch: dict[str, torch.Tensor]) -> None:
    optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], lr=1e-5)

    def one_step() -> float:
        loss = module(batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return float(loss)

    assert np.isfinite(benchmark(one_step))


def test_one_step_of_the_intermediate_layer_stage(benchmark: Any, step: dict[str, Any]) -> None:
    _time_step(benchmark, IntermediateLayerLoss(step["student"], step["teacher"], (2, 4)), step["batch"])


def test_one_step_of_the_prediction_layer_stage(benchmark: Any, step: dict[str, Any]) -> None:
    head = HaystackHead(step["student"], 0.1, is_learned=True)
    module = PredictionLayerLoss(head, temperature=1.0, soft_label_weight=1.0, hard_label_weight=0.0)
    _time_step(benchmark, module, step["batch"])
