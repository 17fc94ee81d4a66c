"""Optimiser, schedule and clipping, as the programs that made cards have them, by name.

- Haystack 1.1: torch's AdamW with bias correction, weight decay on every parameter (biases and LayerNorm too), one
  global gradient norm. Source: farm-haystack 1.1.0 `haystack/modeling/model/optimization.py`, `training/base.py`.
- TinyBERT: BertAdam, which is Adam without bias correction, decay on matrices alone, each tensor's gradient clipped
  by itself. Source: huawei-noah/Pretrained-Language-Model 0598f02, `TinyBERT/transformer/optimization.py`, the same
  arithmetic as pytorch-pretrained-bert 0.6.2 `optimization.py`.
- transformers' Trainer: torch's AdamW; its schedules by its own names, as in 4.39 `optimization.py`.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal, NotRequired, TypedDict

import torch
from torch import Tensor, nn


class Optimisation(TypedDict):
    """The settings that the loop itself reads, whatever it optimises; some only where a card states them."""

    num_train_epochs: float  # the Trainer's may end within an epoch
    train_batch_size: int  # rows of one optimiser step, over all processes and micro-batches
    learning_rate: float  # the peak
    lr_schedule: Literal[
        "LinearWarmup", "warmup_linear", "constant", "linear", "cosine", "cosine_with_restarts", "polynomial",
        "constant_with_warmup", "inverse_sqrt",
    ]  # fmt: skip
    warmup_ratio: float  # share of all steps
    warmup_steps: NotRequired[int]  # goes before the share, unless 0
    max_steps: NotRequired[int]  # goes before the epochs
    weight_decay: float
    weight_decay_on: Literal["all", "matrices"]  # matrices: neither biases nor LayerNorm
    adam_beta1: float
    adam_beta2: float
    adam_epsilon: float
    adam_bias_correction: bool
    max_grad_norm: float
    grad_clip: Literal["global", "tensor"]  # tensor: each parameter's gradient by its own norm
    dropout_off_after: (
        int  # dropout stays off after this step (from 0), as after Haystack's first dev evaluation; 0: never
    )


Ratio = float | Fraction


def linear_warmup(step: int, n_steps: int, learning_rate: float, warmup_ratio: Ratio) -> float:
    """Haystack's: a whole number of warm-up steps, int(warmup_ratio x n_steps); the first step has rate 0."""
    n_warmup = int(warmup_ratio * n_steps)
    if step < n_warmup:
        return learning_rate * step / max(1, n_warmup)
    return learning_rate * max(0.0, (n_steps - step) / max(1, n_steps - n_warmup))


def warmup_linear(step: int, n_steps: int, learning_rate: float, warmup_ratio: Ratio) -> float:
    """BertAdam's: the same in shares of the run, so that the peak may fall between two steps."""
    progress = step / n_steps
    if progress < warmup_ratio:
        return learning_rate * progress / warmup_ratio
    return learning_rate * max((progress - 1.0) / (warmup_ratio - 1.0), 0.0)


def constant(_step: int, _n_steps: int, learning_rate: float, _warmup_ratio: Ratio) -> float:
    return learning_rate


def _of_trainer(factor: Callable[[int, int, int], float]) -> Callable[[int, int, float, Ratio], float]:
    """A schedule of the Trainer's: up for ceil(warmup_ratio x n_steps) steps, then `factor`(step, n_warmup, n_steps).

    transformers 4.39 `training_args.py`, get_warmup_steps, and `optimization.py`, the lambdas of its schedules.
    """

    def rate(step: int, n_steps: int, learning_rate: float, warmup_ratio: Ratio) -> float:
        n_warmup = math.ceil(warmup_ratio * n_steps)
        if step < n_warmup:
            return learning_rate * step / max(1, n_warmup)
        return learning_rate * factor(step, n_warmup, n_steps)

    return rate


def _progress(step: int, n_warmup: int, n_steps: int) -> float:
    return (step - n_warmup) / max(1, n_steps - n_warmup)


def _linear(step: int, n_warmup: int, n_steps: int) -> float:
    return max(0.0, (n_steps - step) / max(1, n_steps - n_warmup))


def _cosine(step: int, n_warmup: int, n_steps: int) -> float:
    """Half a wave: num_cycles=0.5."""
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * _progress(step, n_warmup, n_steps))))


def _cosine_with_restarts(step: int, n_warmup: int, n_steps: int) -> float:
    """One hard restart, at the end: num_cycles=1."""
    progress = _progress(step, n_warmup, n_steps)
    return 0.0 if progress >= 1.0 else max(0.0, 0.5 * (1.0 + math.cos(math.pi * (progress % 1.0))))


def _inverse_sqrt(step: int, n_warmup: int, _n_steps: int) -> float:
    """timescale = the warm-up's steps, or 10,000 without any."""
    timescale = n_warmup or 10_000
    return 1.0 / math.sqrt((step + timescale - n_warmup) / timescale)


_linear_of_trainer = _of_trainer(_linear)


def polynomial(step: int, n_steps: int, learning_rate: float, warmup_ratio: Ratio) -> float:
    """Of power 1, so linear, down to lr_end=1e-7."""
    if step < math.ceil(warmup_ratio * n_steps):
        return _linear_of_trainer(step, n_steps, learning_rate, warmup_ratio)
    rest = 1.0 - _progress(step, math.ceil(warmup_ratio * n_steps), n_steps)
    return (learning_rate - 1e-7) * max(0.0, rest) + 1e-7


# Schedule -> rate at a step (from 0). LinearWarmup is Haystack's name, warmup_linear BertAdam's, the others the
# Trainer's (constant is the same in all).
SCHEDULES: Mapping[str, Callable[[int, int, float, Ratio], float]] = {
    "LinearWarmup": linear_warmup,
    "warmup_linear": warmup_linear,
    "constant": constant,
    "linear": _linear_of_trainer,
    "cosine": _of_trainer(_cosine),
    "cosine_with_restarts": _of_trainer(_cosine_with_restarts),
    "polynomial": polynomial,
    "constant_with_warmup": _of_trainer(lambda *_: 1.0),
    "inverse_sqrt": _of_trainer(_inverse_sqrt),
}


def rate_at(step: int, n_steps: int, settings: Optimisation) -> float:
    """The learning rate of a step (from 0) of `n_steps`."""
    # As an exact fraction, a number of steps comes out of its share as it went in.
    steps = settings.get("warmup_steps", 0)
    ratio = Fraction(steps, n_steps) if steps else settings["warmup_ratio"]
    return float(SCHEDULES[settings["lr_schedule"]](step, n_steps, settings["learning_rate"], ratio))


def n_steps_of(n_rows: int, settings: Optimisation) -> int:
    """Steps of a stage: as many as are stated, else those of its epochs, a begun one included."""
    steps_an_epoch = math.ceil(n_rows / settings["train_batch_size"])
    return (settings.get("max_steps", 0) if n_rows else 0) or math.ceil(settings["num_train_epochs"] * steps_an_epoch)


def make_optimizer(module: nn.Module, settings: Optimisation) -> torch.optim.Optimizer:
    """AdamW over every trainable parameter; those that do not decay, if any, are a group of their own."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    decays = [settings["weight_decay_on"] == "all" or parameter.ndim > 1 for parameter in trained]
    groups = [
        {"params": [p for p, d in zip(trained, decays, strict=True) if d], "weight_decay": settings["weight_decay"]},
        {"params": [p for p, d in zip(trained, decays, strict=True) if not d], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=settings["learning_rate"],
        betas=(settings["adam_beta1"], settings["adam_beta2"]),
        eps=settings["adam_epsilon"],
        # One pass over each parameter: on one core a third of the time. On a GPU as torch has it, until it is measured.
        fused=True if all(parameter.device.type == "cpu" for parameter in trained) else None,
    )


def set_rate(optimizer: Any, settings: Optimisation, rate: float, step: int) -> None:
    """Sets the rate of a step (from 0), and takes AdamW's bias correction back where it is not wanted.

    AdamW moves by rate / c1 x m / (sqrt(v / c2) + eps) with c1 = 1 - beta1^t and c2 = 1 - beta2^t. With the rate times
    c1 / sqrt(c2) and eps divided by sqrt(c2) that is rate x m / (sqrt(v) + eps); decay is undone alike. (fp16 skips
    steps that overflow, so there t runs ahead of AdamW's own count by the few that were skipped.)
    """
    if settings["adam_bias_correction"]:
        scale = root = 1.0
    else:
        root = math.sqrt(1.0 - settings["adam_beta2"] ** (step + 1))
        scale = (1.0 - settings["adam_beta1"] ** (step + 1)) / root
    for group in optimizer.param_groups:
        group["lr"] = rate * scale
        group["eps"] = settings["adam_epsilon"] / root
        group["weight_decay"] = settings["weight_decay"] / scale if group["weight_decay"] else 0.0


def clip_gradients(accelerator: Any, module: nn.Module, settings: Optimisation) -> Tensor:
    """Clips to `max_grad_norm` and returns the global norm before clipping."""
    if settings["grad_clip"] == "global":
        norm: Tensor | None = accelerator.clip_grad_norm_(module.parameters(), settings["max_grad_norm"])
        return norm if norm is not None else torch.zeros((), device=accelerator.device)
    accelerator.unscale_gradients()
    graded = [parameter for parameter in module.parameters() if parameter.grad is not None]
    norms = [nn.utils.clip_grad_norm_([parameter], settings["max_grad_norm"]) for parameter in graded]
    return torch.stack(norms).norm()  # type: ignore[no-any-return]
