"""Schedules and optimiser arithmetic against what the original programs printed.

Schedules: farm-haystack 1.26.4 with torch 2.13.0 (schedule.json). BertAdam: pytorch-pretrained-bert 0.6.2 with torch
2.13.0 (bert_adam.json, float64), 15 steps on given gradients, some of them above the clipping norm.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import nn
from transformers import get_scheduler

from harness.train.engine.optimiser import (
    SCHEDULES,
    Optimisation,
    clip_gradients,
    make_optimizer,
    n_steps_of,
    rate_at,
    set_rate,
)
from tests.train.engine.test_loop import SETTINGS

BERT_ADAM: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "goldens" / "bert_adam.json").read_text(encoding="utf-8")
)
OF_BERT_ADAM = Optimisation(
    **{
        **SETTINGS,
        "adam_epsilon": 1e-6,
        "adam_bias_correction": False,
        "weight_decay_on": "matrices",
        "grad_clip": "tensor",
    }
)


def test_golden_learning_rates_are_those_of_haystack_1_26_4(golden_sets: Path) -> None:
    schedules = json.loads((golden_sets / "schedule.json").read_text(encoding="utf-8"))["schedules"]
    assert len(schedules) >= 3
    for one in schedules:
        n_steps = one["total_steps"]
        found = [
            SCHEDULES["LinearWarmup"](step, n_steps, one["peak_lr"], one["warmup_proportion"])
            for step in range(n_steps)
        ]
        assert found == pytest.approx(one["lr_used_at_step"], rel=1e-12, abs=0)


class Parameters(nn.Module):
    """The golden's three tensors under their own names."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.LayerNorm = nn.Linear(2, 3, dtype=torch.float64), nn.LayerNorm(3, dtype=torch.float64)
        self.LayerNorm.bias.requires_grad_(False)
        with torch.no_grad():
            for name, values in BERT_ADAM["start"].items():
                self.get_parameter(name).copy_(torch.tensor(values, dtype=torch.float64))


def steps_of(run: dict[str, Any], settings: Optimisation) -> list[dict[str, Any]]:
    """Weights after each step on the golden's gradients."""
    module, accelerator = Parameters(), Accelerator(cpu=True)
    optimizer = make_optimizer(module, settings)
    schedule = SCHEDULES[{"none": "constant"}.get(run["schedule"], run["schedule"])]
    weights = []
    for step, gradients in enumerate(BERT_ADAM["gradients"]):
        for name, values in gradients.items():
            module.get_parameter(name).grad = torch.tensor(values, dtype=torch.float64)
        set_rate(optimizer, settings, schedule(step, run["t_total"], run["lr"], run["warmup"]), step)
        clip_gradients(accelerator, module, settings)
        optimizer.step()
        weights.append({name: module.get_parameter(name).detach().clone() for name in gradients})
    return weights


def worst(run: dict[str, Any], settings: Optimisation) -> float:
    """Largest difference from the golden's weights over all steps."""
    found = steps_of(run, settings)
    return max(
        float((one[name] - torch.tensor(values, dtype=torch.float64)).abs().max())
        for one, golden in zip(found, run["weights_after_step"], strict=True)
        for name, values in golden.items()
    )


@pytest.mark.parametrize("run", BERT_ADAM["runs"], ids=lambda run: run["schedule"])
def test_golden_weights_are_those_of_bert_adam_0_6_2_after_every_step(run: dict[str, Any]) -> None:
    assert worst(run, OF_BERT_ADAM) < 1e-12


@pytest.mark.parametrize(
    "other",
    [
        {"adam_bias_correction": True},
        {"weight_decay_on": "all"},
        {"weight_decay": 0.0},
        {"grad_clip": "global"},
        {"adam_epsilon": 1e-3},
    ],
    ids=lambda other: str(next(iter(other))),
)
def test_golden_weights_of_bert_adam_are_missed_with_any_other_setting(other: dict[str, Any]) -> None:
    settings = Optimisation(**{**OF_BERT_ADAM, **other})  # type: ignore[typeddict-item]
    assert all(worst(run, settings) > 1e-4 for run in BERT_ADAM["runs"])


def test_the_global_norm_is_reported_before_clipping_either_way() -> None:
    for clip in ("global", "tensor"):
        module = Parameters()
        for parameter, value in zip(module.parameters(), (3.0, 4.0, 0.0, 0.0), strict=True):
            parameter.grad = torch.full_like(parameter, value / parameter.numel() ** 0.5)
        settings = Optimisation(**{**SETTINGS, "grad_clip": clip})  # type: ignore[typeddict-item]
        assert float(clip_gradients(Accelerator(cpu=True), module, settings)) == pytest.approx(5.0)
        norms = [float(p.grad.norm()) for p in module.parameters() if p.grad is not None][:2]
        assert norms == pytest.approx([0.6, 0.8] if clip == "global" else [1.0, 1.0], rel=1e-5)


@pytest.mark.parametrize(
    "name", ["linear", "cosine", "cosine_with_restarts", "polynomial", "constant_with_warmup", "inverse_sqrt"]
)
@pytest.mark.parametrize(("n_steps", "ratio"), [(37, 0.1), (37, 0.0), (10, 0.25)])
def test_a_schedule_of_the_trainers_is_that_of_transformers(name: str, n_steps: int, ratio: float) -> None:
    """transformers' get_scheduler, of the installed version, step by step; warm-up as TrainingArguments counts it."""
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=3e-5)
    warmup = math.ceil(ratio * n_steps)
    theirs = get_scheduler(name, optimizer, num_warmup_steps=warmup, num_training_steps=n_steps)
    for step in range(n_steps):
        rate = SCHEDULES[name](step, n_steps, 3e-5, ratio)
        assert rate == pytest.approx(theirs.get_last_lr()[0], rel=1e-12, abs=1e-18)
        optimizer.step()
        theirs.step()


def test_a_warm_up_in_steps_is_exactly_so_many() -> None:
    common: Any = {"lr_schedule": "linear", "learning_rate": 1.0, "warmup_ratio": 0.5, "warmup_steps": 3}
    rates = [rate_at(step, 7, common) for step in range(7)]
    assert rates == [0.0, 1 / 3, 2 / 3, 1.0, 0.75, 0.5, 0.25]
    assert rate_at(3, 7, {**common, "lr_schedule": "LinearWarmup"}) == 1.0


@pytest.mark.parametrize(
    ("epochs", "max_steps", "n_steps"), [(2, None, 6), (2.5, None, 8), (0.75, None, 3), (3, 4, 4), (0, None, 0)]
)
def test_a_stage_has_the_steps_of_its_epochs_or_those_that_are_stated(
    epochs: float, max_steps: int | None, n_steps: int
) -> None:
    common: Any = {"train_batch_size": 4, "num_train_epochs": epochs, **({"max_steps": max_steps} if max_steps else {})}
    assert n_steps_of(10, common) == n_steps
