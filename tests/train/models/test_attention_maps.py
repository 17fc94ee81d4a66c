"""Attention maps of each kind, against transformers' own eager path."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.train.models.attention_maps import Map, show_maps
from harness.train.models.loading import load_model, span_logits
from tests.tiny import make_model

BATCH = {
    "input_ids": torch.arange(5, 5 + 2 * 9).reshape(2, 9),
    "attention_mask": torch.tensor([[1] * 9, [1] * 6 + [0] * 3]),
    "token_type_ids": torch.zeros((2, 9), dtype=torch.int64),
}
KINDS: tuple[Map, ...] = ("after_dropout", "before_dropout", "scores")


@pytest.fixture
def model(tmp_path: Path) -> nn.Module:
    return load_model(make_model(tmp_path / "model", layers=2, dropout=0.3), seed=1)


def output(model: Any, kind: Map) -> Any:
    show_maps(model, kind)
    torch.manual_seed(3)
    return span_logits(model, BATCH, maps=True)


def test_every_kind_gives_the_eager_path_s_output_and_draws_bit_for_bit(model: nn.Module) -> None:
    model.train()
    logits = [output(model, kind).logits for kind in KINDS]
    assert torch.equal(logits[0], logits[1])
    assert torch.equal(logits[0], logits[2])
    assert not torch.equal(logits[0], output(model.eval(), "after_dropout").logits)


def test_gradients_are_those_of_the_eager_path(model: nn.Module) -> None:
    gradients = []
    for kind in KINDS:
        model.train().zero_grad()
        output(model, kind).logits.sum().backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert all(torch.equal(a, b) and torch.equal(a, c) for a, b, c in zip(*gradients, strict=True))


def test_maps_are_scores_their_softmax_and_that_with_dropout(model: nn.Module) -> None:
    scores, clean, dropped = (output(model.train(), kind).attentions for kind in reversed(KINDS))
    for layer in range(2):
        assert torch.equal(torch.softmax(scores[layer], dim=-1), clean[layer])
        kept = dropped[layer] != 0
        assert torch.allclose(dropped[layer][kept], clean[layer][kept] / 0.7)
        assert 0.1 < 1 - kept[0].float().mean() < 0.5
    assert (scores[0][1, :, :, 6:] < -1e4).all()
    assert (scores[0][1, :, :, :6].abs() < 100).all()


def test_without_dropout_both_probabilities_are_one(model: nn.Module) -> None:
    clean, dropped = (output(model.eval(), kind).attentions for kind in ("before_dropout", "after_dropout"))
    assert all(torch.equal(a, b) for a, b in zip(clean, dropped, strict=True))
