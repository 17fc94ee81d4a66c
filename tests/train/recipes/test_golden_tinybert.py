"""The variant `tinybert` against TinyBERT's own program, from recorded tensors.

huawei-noah/Pretrained-Language-Model 0598f02, the loss lines of TinyBERT/task_distill.py and transformer/modeling.py
executed with torch 2.13.0+cpu (tinybert_official.json and .npz). The tolerance is the goldens' README's, 1e-5.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from harness.card.references import PACKAGE
from harness.qa.features import build_features
from harness.qa.squad import read_squad
from harness.train.models.loading import load_model, load_tokenizer, span_logits
from harness.train.progress import Silent
from harness.train.recipes import RECIPES, losses
from harness.train.recipes.context import StageContext
from harness.train.recipes.tinybert import IntermediateLayerLoss, PredictionLayerLoss
from tests.tiny import make_model
from tests.train.replay import COMMON

Arrays = Mapping[str, Tensor]


@pytest.fixture
def batches(golden_sets: Path) -> list[tuple[dict[str, Any], Arrays]]:
    arrays = np.load(golden_sets / "tinybert_official.npz")
    described = json.loads((golden_sets / "tinybert_official.json").read_text(encoding="utf-8"))["batches"]
    return [
        (
            one,
            {n.removeprefix(one["prefix"]): torch.from_numpy(arrays[n]) for n in arrays if n.startswith(one["prefix"])},
        )
        for one in described
    ]


class PlotData(nn.Module):
    """Stands for a model: hands out recorded hidden states and attention scores."""

    def __init__(self, hidden: Tensor, scores: Tensor) -> None:
        super().__init__()
        self.hidden, self.scores = hidden, scores
        self.config = SimpleNamespace(hidden_size=hidden.shape[-1], initializer_range=0.02)


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Terms of the intermediate loss on a recorded batch, and the module that made them."""
    from harness.train.recipes import tinybert

    monkeypatch.setattr(
        tinybert,
        "span_logits",
        lambda model, _batch, **_: SimpleNamespace(hidden_states=model.hidden, attentions=model.scores),
    )

    def replay(described: dict[str, Any], arrays: Arrays) -> tuple[Arrays, IntermediateLayerLoss]:
        student = PlotData(arrays["student_hidden_before_fit"], arrays["student_att_scores"])
        teacher = PlotData(arrays["teacher_hidden"], arrays["teacher_att_scores"])
        layers = losses.uniform_layer_map(described["student_layers"], described["teacher_layers"])
        module = IntermediateLayerLoss(student, teacher, layers, seed=1)
        with torch.no_grad():
            module.fit_dense.weight.copy_(arrays["fit_weight"])
            module.fit_dense.bias.copy_(arrays["fit_bias"])
        return module({}), module

    return replay


def test_golden_intermediate_terms_are_those_of_tinybert_0598f02(batches: Any, replayed: Any) -> None:
    for described, arrays in batches:
        found, _ = replayed(described, arrays)
        terms = {
            "loss": described["loss"],
            "attention": described["attention_loss"],
            "hidden": described["hidden_and_embedding_loss"],
            **{f"attention_{i}": term for i, term in enumerate(described["attention_per_layer"], start=1)},
            **{f"hidden_{i}": term for i, term in enumerate(described["hidden_per_layer_first_is_embedding"])},
        }
        assert found.keys() == terms.keys()
        assert {n: float(term.detach()) for n, term in found.items()} == pytest.approx(terms, rel=1e-5, abs=0)


def test_golden_gradient_of_the_projection_is_that_of_tinybert_0598f02(batches: Any, replayed: Any) -> None:
    for described, arrays in batches:
        found, module = replayed(described, arrays)
        found["loss"].backward()
        for name in ("weight", "bias"):
            golden, gradient = arrays[f"grad_fit_{name}"], module.get_parameter(f"fit_dense.{name}").grad
            assert gradient is not None
            assert float((gradient - golden).norm() / golden.norm()) < 1e-5


def test_golden_soft_cross_entropy_is_that_of_tinybert_0598f02(batches: Any) -> None:
    for described, arrays in batches:
        for temperature, golden in described["soft_cross_entropy_by_temperature"].items():
            found = losses.soft_cross_entropy(arrays["student_logits"], arrays["teacher_logits"], float(temperature))
            assert float(found) == pytest.approx(golden, rel=1e-5, abs=0)


@pytest.mark.parametrize("mistake", ["no mask", "probabilities", "no embedding", "own projections", "t squared"])
def test_golden_numbers_of_tinybert_0598f02_are_missed_by_a_mistake(batches: Any, mistake: str) -> None:
    """The batch with real scores below -100, against each reading of the paper that the program does not have."""
    described, a = batches[-1]
    layers = losses.uniform_layer_map(described["student_layers"], described["teacher_layers"])
    projected, taught = a["student_hidden_after_fit"], a["teacher_hidden"]
    student, teacher = a["student_att_scores"], a["teacher_att_scores"]
    soft = losses.soft_cross_entropy(a["student_logits"], a["teacher_logits"], 2.0)
    wrong, right = {
        "no mask": (losses.attention_terms(student, teacher, layers), "attention_loss"),
        "probabilities": (losses.attention_terms(student.softmax(-1), teacher.softmax(-1), layers), "attention_loss"),
        "no embedding": (losses.hidden_terms(projected, taught, layers)[1:], "hidden_and_embedding_loss"),
        "own projections": (
            losses.hidden_terms([projected[0], *a["teacher_hidden"][list(layers)]], taught, layers),
            "hidden_and_embedding_loss",
        ),
        "t squared": ([4 * soft], None),
    }[mistake]
    golden = described[right] if right else described["soft_cross_entropy_by_temperature"]["2.0"]
    assert float(losses.total(wrong)) != pytest.approx(golden, rel=1e-3)


# --- both stages on tiny models, the teacher wider than the student ---


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    teacher = load_model(make_model(tmp_path / "teacher", layers=4, width=32, dropout=0.0), seed=1)
    folder = make_model(tmp_path / "student", layers=2, width=16, dropout=0.0, seed=2)
    paragraphs, tokenizer = list(read_squad(PACKAGE / "pocket" / "squad.json"))[:2], load_tokenizer(folder)

    rows = build_features(
        paragraphs, tokenizer, tmp_path, max_seq_length=112, doc_stride=64, doc_stride_is="step",
        max_query_length=24, last_token="exact", for_training=True,
    )  # fmt: skip
    batch = {name: torch.from_numpy(array) for name, array in rows.batch(range(len(rows))).items()}
    with torch.no_grad():
        logits = span_logits(teacher.eval(), batch).logits.numpy()
    return StageContext(load_model(folder, seed=2), teacher, Accelerator(cpu=True), 42, Silent(), rows, logits)


OF_BERT_ADAM = {
    "adam_bias_correction": False, "adam_epsilon": 1e-6, "grad_clip": "tensor", "weight_decay_on": "matrices",
    "learning_rate": 1e-3,
}  # fmt: skip


def test_the_intermediate_stage_learns_across_widths_and_leaves_the_head(context: StageContext) -> None:
    head = context.student.get_parameter("qa_outputs.weight").clone()
    settings = {**COMMON, **OF_BERT_ADAM, "lr_schedule": "constant", "layer_map": "uniform"}
    distil = RECIPES["tinybert"]["intermediate_layer"]
    first, last = (distil(context, **{**settings, "num_train_epochs": n}) for n in (1, 9))
    assert last.terms["loss"] < 0.9 * first.terms["loss"]
    assert torch.equal(head, context.student.get_parameter("qa_outputs.weight"))
    assert all(parameter.requires_grad for parameter in context.student.parameters())


def test_the_prediction_stage_averages_over_positions_and_both_ends(context: StageContext) -> None:
    batch = {name: torch.from_numpy(array) for name, array in context.rows.batch([0, 1]).items()}
    batch["teacher_logits"] = torch.from_numpy(context.teacher_logits[[0, 1]])
    found = PredictionLayerLoss(context.student.eval(), 2.0)(batch)["loss"]
    logits = span_logits(context.student, batch).logits.double() / 2
    taught = (batch["teacher_logits"].double() / 2).softmax(1)
    expected = -(taught * logits.log_softmax(1)).sum() / (2 * 2 * 112)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_the_prediction_stage_learns(context: StageContext) -> None:
    settings = {**COMMON, **OF_BERT_ADAM, "lr_schedule": "warmup_linear"}
    first = RECIPES["tinybert"]["prediction_layer"](context, temperature=1.0, **{**settings, "num_train_epochs": 1})
    last = RECIPES["tinybert"]["prediction_layer"](context, temperature=1.0, **{**settings, "num_train_epochs": 9})
    assert last.terms["loss"] < first.terms["loss"]
