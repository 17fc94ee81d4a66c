"""TinyBERT-style distillation in two stages, with the losses that Haystack 1.1 gives it.

Method: TinyBERT (arXiv 1909.10351, section 3). Losses, optimiser and quirks: farm-haystack 1.1.0,
`FARMReader.distil_intermediate_layers_from` and `.distil_prediction_layer_from`.
Known not to match: the original's random stream (order of rows, dropout masks).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

import torch
from torch import Tensor, nn

from harness.data.features import Array
from harness.engine.loop import StageLog
from harness.models import HEAD, span_logits
from harness.recipes import losses
from harness.recipes.workbench import Common, Workbench

LAYER_MAPS: Mapping[str, Callable[[int, int], tuple[int, ...]]] = {
    "uniform": losses.uniform_layer_map,
    "first": losses.first_layer_map,
    "last": losses.last_layer_map,
}


def distil_intermediate_layers(bench: Workbench, *, layer_map: str, **common: Unpack[Common]) -> StageLog:
    """Matches hidden states and attention probabilities; labels, logits and temperature play no part.

    `layer_map` names the teacher layer of each student layer (`uniform` is i -> i x n_teacher / n_student).
    The head gets no gradient, so it stays as it is, weight decay included.
    """
    teacher, head = bench.taught_by(), getattr(bench.student, HEAD)
    layers = LAYER_MAPS[layer_map](n_layers(bench.student), n_layers(teacher))
    head.requires_grad_(False)
    try:
        module = IntermediateLayerLoss(bench.student, teacher, layers)
        return bench.train("intermediate_layer", module, bench.rows(common), common)
    finally:
        head.requires_grad_(True)


def distil_prediction_layer(
    bench: Workbench,
    *,
    temperature: float,
    soft_label_weight: float,
    hard_label_weight: float,
    embeds_dropout_prob: float,
    **common: Unpack[Common],
) -> StageLog:
    """Matches the teacher's span distributions, softened by `temperature`, and the gold labels, by weight.

    The teacher's logits are computed once, before training, in eval mode.
    """
    rows = bench.rows(common)
    module = PredictionLayerLoss(
        bench.student,
        dropout=embeds_dropout_prob,
        temperature=temperature,
        soft_label_weight=soft_label_weight,
        hard_label_weight=hard_label_weight,
    )
    return bench.train("prediction_layer", module, TaughtRows(rows, bench.teacher_logits(rows)), common)


def n_layers(model: Any) -> int:
    return int(model.config.num_hidden_layers)


class IntermediateLayerLoss(nn.Module):
    """Student beside teacher; forward gives the loss, its two sums and each single term, in layer order."""

    def __init__(self, student: nn.Module, teacher: nn.Module, layer_map: tuple[int, ...]) -> None:
        super().__init__()
        self.student, self._layer_map = student, layer_map
        self._teacher = (teacher,)  # in a tuple, so that train() and the optimiser do not reach it

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        with torch.no_grad():
            teacher = span_logits(self._teacher[0], batch, maps=True)
        student = span_logits(self.student, batch, maps=True)
        attention = losses.attention_terms(student.attentions, teacher.attentions, self._layer_map)
        hidden = losses.hidden_terms(student.hidden_states, teacher.hidden_states, self._layer_map)
        return {
            "loss": losses.total([*attention, *hidden]),
            "attention": losses.total(attention),
            "hidden": losses.total(hidden),
            **{f"attention_{i}": term for i, term in enumerate(attention, start=1)},
            **{f"hidden_{i}": term for i, term in enumerate(hidden)},
        }


class PredictionLayerLoss(nn.Module):
    """The student with Haystack's two extras: a dropout before the head and a learned divisor of its logits.

    The divisor (`temperature_for_confidence`) is optimised and decayed like every parameter. It is not saved with
    the student, as in Haystack's export: it divides all logits of a model alike, so no prediction depends on it.
    """

    def __init__(
        self,
        student: nn.Module,
        *,
        dropout: float,
        temperature: float,
        soft_label_weight: float,
        hard_label_weight: float,
    ) -> None:
        super().__init__()
        self.student, self.head_dropout = student, nn.Dropout(dropout)
        self.temperature_for_confidence = nn.Parameter(torch.ones(1))
        self._temperature = temperature
        self._soft_label_weight, self._hard_label_weight = soft_label_weight, hard_label_weight

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        logits = span_logits(self.student, batch, self.head_dropout).logits.float() / self.temperature_for_confidence
        soft = losses.soft_label_loss(logits, batch["teacher_logits"], self._temperature)
        hard = losses.hard_label_loss(logits, batch["labels"])
        loss = losses.prediction_loss(
            soft,
            hard,
            temperature=self._temperature,
            soft_label_weight=self._soft_label_weight,
            hard_label_weight=self._hard_label_weight,
        )
        return {"loss": loss, "soft": soft, "hard": hard}


@dataclass(frozen=True, slots=True)
class TaughtRows:
    """Features whose batches also carry the teacher's logits of the same rows, (B, T, 2)."""

    features: Any
    logits: Array

    def __len__(self) -> int:
        return len(self.features)

    def batch(self, rows: Array) -> dict[str, Array]:
        return {**self.features.batch(rows), "teacher_logits": self.logits[rows]}
