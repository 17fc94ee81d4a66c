"""Dropout before the head and the learned divisor of the logits, in the two stages that train on logits."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from harness.train.models.loading import load_model
from harness.train.recipes.finetune import HardLabelLoss
from harness.train.recipes.haystack import HaystackHead, PredictionLayerLoss
from tests.tiny import make_model

B, T = 3, 7
BATCH = {
    "input_ids": torch.arange(B * T).reshape(B, T),
    "attention_mask": torch.ones((B, T), dtype=torch.int64),
    "token_type_ids": torch.zeros((B, T), dtype=torch.int64),
    "labels": torch.tensor([[0, 0], [1, 2], [6, 6]]),
    "teacher_logits": torch.zeros((B, T, 2)),
}


def predicting(student: nn.Module, dropout: float) -> nn.Module:
    head = HaystackHead(student, dropout, is_learned=True)
    return PredictionLayerLoss(head, temperature=1.0, soft_label_weight=0.0, hard_label_weight=1.0)


def finetuning(student: nn.Module, dropout: float) -> nn.Module:
    return HardLabelLoss(HaystackHead(student, dropout, is_learned=True))


@pytest.fixture(params=[finetuning, predicting], ids=["finetune", "prediction_layer"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[float], nn.Module]:
    student = load_model(make_model(tmp_path / "student", layers=2, dropout=0.0), seed=1)
    return lambda dropout: request.param(student, dropout)


def loss(module: nn.Module) -> float:
    terms: dict[str, Tensor] = module(BATCH)
    return terms["loss"].item()


def test_dropout_acts_before_the_head_in_training_alone(make: Callable[[float], nn.Module]) -> None:
    without, all_dropped = make(0.0), make(1.0)
    nn.init.zeros_(all_dropped.get_parameter("head.student.qa_outputs.bias"))
    assert loss(all_dropped.train()) == pytest.approx(math.log(T))  # all logits equal: every token is as likely
    assert loss(all_dropped.eval()) == loss(without.train()) != pytest.approx(math.log(T), abs=1e-4)


def test_logits_are_divided_by_a_learned_number_that_starts_at_one(make: Callable[[float], nn.Module]) -> None:
    module = make(0.0)
    divisor = module.get_parameter("head.temperature_for_confidence")
    assert (divisor.item(), divisor.requires_grad) == (1.0, True)
    with torch.no_grad():
        divisor.fill_(1e6)
    assert loss(module) == pytest.approx(math.log(T))


def test_a_divisor_that_is_not_learned_stays_one_and_takes_no_gradient(tmp_path: Path) -> None:
    student = load_model(make_model(tmp_path / "student", layers=2, dropout=0.0), seed=1)
    head = HaystackHead(student, 0.0, is_learned=False)
    HardLabelLoss(head)(BATCH)["loss"].backward()
    assert (head.temperature_for_confidence.item(), head.temperature_for_confidence.grad) == (1.0, None)
