"""Distillation losses of Haystack 1.1 as pure functions of tensors.

Shapes: `B` batch, `T` tokens (padding included: Haystack masks nothing), `H` heads, `D` hidden, `N` layers.
Source: farm-haystack 1.1.0 `haystack/modeling/training/base.py`, TinyBERTDistillationTrainer and DistillationTrainer.
Each mean is over all elements, so a micro-batch of n of B rows weighs exactly n / B.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def uniform_layer_map(n_student: int, n_teacher: int) -> tuple[int, ...]:
    """Teacher layer of each student layer, both counted from 1: i -> i x (n_teacher / n_student), which must divide."""
    if n_teacher % n_student:
        raise ValueError(f"{n_teacher} teacher layers are no multiple of {n_student} student layers")
    return tuple(layer * (n_teacher // n_student) for layer in range(1, n_student + 1))


def first_layer_map(n_student: int, _: int) -> tuple[int, ...]:
    """The teacher's first layers: i -> i."""
    return tuple(range(1, n_student + 1))


def last_layer_map(n_student: int, n_teacher: int) -> tuple[int, ...]:
    """The teacher's last layers, in order."""
    return tuple(range(n_teacher - n_student + 1, n_teacher + 1))


def attention_terms(student: Sequence[Tensor], teacher: Sequence[Tensor], layer_map: Sequence[int]) -> list[Tensor]:
    """MSE of attention probabilities, (B, H, T, T) for each layer, one scalar a student layer.

    The student's are those after its attention dropout, because transformers returns those. Haystack also zeroes
    entries <= -100, copied from a program that compares scores; on probabilities that does nothing and is left out.
    """
    return [functional.mse_loss(student[i], teacher[layer - 1]) for i, layer in enumerate(layer_map)]


def hidden_terms(student: Sequence[Tensor], teacher: Sequence[Tensor], layer_map: Sequence[int]) -> list[Tensor]:
    """MSE of hidden states (B, T, D), one scalar a state; index 0 is the embedding output, matched to the teacher's."""
    return [functional.mse_loss(student[i], teacher[layer]) for i, layer in enumerate((0, *layer_map))]


def soft_label_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL(teacher || student) of logits (B, T, 2) over the T axis, start and end summed, mean over B; no T^2 factor."""
    log_student = functional.log_softmax(student / temperature, dim=1)
    log_teacher = functional.log_softmax(teacher / temperature, dim=1)
    return functional.kl_div(log_student, log_teacher, reduction="batchmean", log_target=True)


def hard_label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of logits (B, T, 2) with labels (B, 2), the mean of start and end, mean over B."""
    start = functional.cross_entropy(logits[..., 0], labels[:, 0])
    end = functional.cross_entropy(logits[..., 1], labels[:, 1])
    return (start + end) / 2


def prediction_loss(
    soft_loss: Tensor, hard_loss: Tensor, *, temperature: float, soft_label_weight: float, hard_label_weight: float
) -> Tensor:
    """soft_label_weight x temperature^2 x soft + hard_label_weight x hard."""
    return soft_label_weight * temperature**2 * soft_loss + hard_label_weight * hard_loss


def total(terms: Sequence[Tensor]) -> Tensor:
    """Plain sum; every term weighs 1."""
    return torch.stack(list(terms)).sum()
