"""Variant `haystack`: distillation in two stages with the losses that farm-haystack 1.1 gives TinyBERT's method.

Method: TinyBERT (arXiv 1909.10351, section 3). Losses, optimiser and quirks: farm-haystack 1.1.0,
`FARMReader.distil_intermediate_layers_from` and `.distil_prediction_layer_from`. The quirks are settings, each with
the value that Haystack has as its default (`programs/haystack_1_1.py`):

- `attention_probs` after_dropout: the student's attention probabilities carry its dropout's zeros and scaling
- `padding` counted: padded positions count in every mean and in every softmax over positions; `masked` keeps them out,
  with a mean of their own for each row; `dropped` leaves them out of the sums and keeps the divisor, so that what real
  tokens weigh stays what it was
- `start_end` summed: the soft term sums start and end, the hard one averages them
- `learned_logit_divisor` True: the head divides its logits by a number that is trained and decayed with the rest

Known not to match: the original's random stream (order of rows, dropout masks).
"""

from typing import Literal, Unpack

import torch
from torch import Tensor, nn

from harness.train.engine.loop import StageLog
from harness.train.models import packed_bert, packing
from harness.train.models.attention_maps import Probs, show_maps
from harness.train.models.loading import n_heads, n_layers, span_logits
from harness.train.recipes import losses
from harness.train.recipes.context import Common, StageContext, without_head

Padding = Literal["counted", "masked", "dropped"]


def distil_intermediate_layers(
    context: StageContext, *, layer_map: str, attention_probs: Probs, padding: Padding, **common: Unpack[Common]
) -> StageLog:
    """Matches hidden states and attention probabilities; labels, logits and temperature play no part.

    `layer_map` names the teacher layer of each student layer (`uniform` is i -> i x n_teacher / n_student).
    The head gets no gradient, so it stays as it is, weight decay included.
    """
    teacher = context.required_teacher()
    layers = losses.LAYER_MAPS[layer_map](n_layers(context.student), n_layers(teacher))
    show_maps(context.student, attention_probs)
    with without_head(context.student):
        module = IntermediateLayerLoss(context.student, teacher, layers, padding, attention_probs)
        return context.train("intermediate_layer", module, context.rows, common)


def distil_prediction_layer(
    context: StageContext,
    *,
    temperature: float,
    soft_label_weight: float,
    hard_label_weight: float,
    start_end: Literal["summed", "averaged"],
    learned_logit_divisor: bool,
    padding: Padding,
    embeds_dropout_prob: float,
    **common: Unpack[Common],
) -> StageLog:
    """Matches the teacher's span distributions, softened by `temperature`, and the gold labels, by weight.

    The teacher's logits are computed once, before training, in eval mode.
    """
    module = PredictionLayerLoss(
        HaystackHead(context.student, embeds_dropout_prob, is_learned=learned_logit_divisor, padding=padding),
        temperature=temperature,
        soft_label_weight=soft_label_weight,
        hard_label_weight=hard_label_weight,
        start_end=start_end,
        padding=padding,
    )
    return context.train("prediction_layer", module, context.rows_with_teacher_logits(), common)


def _layout(padding: Padding) -> packing.Layout:
    return "dropped" if padding == "dropped" else "counted"


class IntermediateLayerLoss(nn.Module):
    """Student beside teacher; forward gives the loss, its two sums and each single term, in layer order."""

    def __init__(
        self,
        student: nn.Module,
        teacher: nn.Module,
        layer_map: tuple[int, ...],
        padding: Padding = "counted",
        probs: Probs = "after_dropout",
    ) -> None:
        super().__init__()
        self.student, self._layer_map, self._padding = student, layer_map, padding
        self._teacher = (teacher,)  # in a tuple, so that train() and the optimiser do not reach it
        self._may_pack = padding != "masked" and probs == "after_dropout"

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        if self._may_pack and packed_bert.fits(self.student) and packed_bert.fits(self._teacher[0]):
            return packed_bert.on_all_cores(self, self.student, self._packed, batch)
        with torch.no_grad():
            teacher = span_logits(self._teacher[0], batch, maps=True)
        student = span_logits(self.student, batch, maps=True)
        real = None if self._padding == "counted" else batch["attention_mask"]
        keeps = self._padding == "dropped"
        attention = losses.attention_terms(student.attentions, teacher.attentions, self._layer_map, real, keeps)
        hidden = losses.hidden_terms(student.hidden_states, teacher.hidden_states, self._layer_map, real, keeps)
        return losses.named(attention, hidden)

    def _packed(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same terms over packed rows, both models layer by layer: of no map more is kept than its distance."""
        teacher, student = self._teacher[0], self.student
        packed = packing.pack(batch, _layout(self._padding), n_heads(student))
        draws = packing.draws_of(batch, packed)
        noise = packing.draws_of(batch, packed) if teacher.training else None
        with torch.no_grad():
            theirs = packed_bert.embed(teacher, packed, noise)
        own = packed_bert.embed(student, packed, draws)
        n_rows, n_tokens = packed.shape
        n_states, n_maps = n_rows * n_tokens * own.shape[1], n_rows * n_heads(student) * n_tokens**2
        hidden, attention, below = [losses.packed_hidden_term(own, theirs, packed, n_states)], [], 0
        for number, level in enumerate(self._layer_map, start=1):
            teacher_map = None
            for one in range(below + 1, level + 1):
                with torch.no_grad():
                    shows: Literal["map"] | None = "map" if one == level else None
                    theirs, _, teacher_map, _ = packed_bert.run_layer(teacher, one, theirs, packed, noise, shows=shows)
            below = level
            own, _, _, distance = packed_bert.run_layer(student, number, own, packed, draws, teacher_map=teacher_map)
            hidden.append(losses.packed_hidden_term(own, theirs, packed, n_states))
            attention.append(distance / n_maps)
        return losses.named(attention, hidden)


class HaystackHead(nn.Module):
    """A student's logits with Haystack's two extras: a dropout before the head and a learned divisor of its logits.

    The divisor (`temperature_for_confidence`) is optimised and decayed like every parameter. It is not saved with
    the student, as in Haystack's export. It divides all logits of a model alike, so no answer that is ranked by score
    without a boost or threshold depends on it; others may, by as little as it moves (1.002 to 1.004 in the goldens).
    """

    def __init__(self, student: nn.Module, dropout: float, *, is_learned: bool, padding: Padding = "counted") -> None:
        super().__init__()
        self.student, self.head_dropout, self._padding = student, nn.Dropout(dropout), padding
        self.temperature_for_confidence = nn.Parameter(torch.ones(1), requires_grad=is_learned)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        logits = packed_bert.span_logits(self.student, batch, _layout(self._padding), self.head_dropout)
        return logits / self.temperature_for_confidence


class PredictionLayerLoss(nn.Module):
    """Soft and hard labels by weight; forward gives the loss and both terms, unweighted."""

    def __init__(
        self,
        head: HaystackHead,
        *,
        temperature: float,
        soft_label_weight: float,
        hard_label_weight: float,
        start_end: Literal["summed", "averaged"] = "summed",
        padding: Padding = "counted",
    ) -> None:
        super().__init__()
        self.head, self._temperature, self._start_end, self._padding = head, temperature, start_end, padding
        self._soft_label_weight, self._hard_label_weight = soft_label_weight, hard_label_weight

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return packed_bert.on_all_cores(self, self.head.student, self._terms, batch)

    def _terms(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        logits, teacher_logits = self.head(batch), batch["teacher_logits"]
        if self._padding != "counted":
            logits, teacher_logits = (
                losses.without_padding(one, batch["attention_mask"]) for one in (logits, teacher_logits)
            )
        soft = losses.soft_label_loss(logits, teacher_logits, self._temperature)
        hard = losses.hard_label_loss(logits, batch["labels"])
        loss = losses.prediction_loss(
            soft,
            hard,
            temperature=self._temperature,
            soft_label_weight=self._soft_label_weight,
            hard_label_weight=self._hard_label_weight,
            start_end=self._start_end,
        )
        return {"loss": loss, "soft": soft, "hard": hard}
