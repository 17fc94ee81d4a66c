"""Variant `tinybert`: distillation in two stages as TinyBERT's own program does it.

Method: TinyBERT (arXiv 1909.10351, section 3). Source: huawei-noah/Pretrained-Language-Model 0598f02,
`TinyBERT/task_distill.py` and `TinyBERT/transformer/modeling.py`. Against the variant `haystack`: attention scores
before softmax in place of probabilities, one learned projection of all hidden states, a soft cross-entropy averaged
over classes with no T^2 and no gold labels, BertAdam, a constant rate in the intermediate stage.

Known not to match:
- the program has no question answering. Start and end are taken for two rows of T classes each, so that its mean over
  batch and classes is one over batch, start and end, and positions.
- it leaves its teacher in training mode, with dropout; here the teacher is in eval mode
- it skips a last partial batch; here it is kept
- its prediction stage saves the weights that do best on the dev set, looked at every 50 steps; here the last are kept
- its projection comes from a general distillation checkpoint; here it is drawn from the seed, as it would be without
- the random stream (order of rows, dropout masks)
"""

from collections.abc import Sequence
from typing import Any, Literal, Unpack

import torch
from torch import Tensor, nn

from harness.train.engine.loop import StageLog
from harness.train.kernels.cpu_attention import QueryKey
from harness.train.kernels.dropout import Draws
from harness.train.kernels.onednn_linear import linear
from harness.train.models import packed_bert, packing
from harness.train.models.attention_maps import show_maps
from harness.train.models.loading import n_heads, n_layers, span_logits
from harness.train.recipes import losses
from harness.train.recipes.context import Common, StageContext, without_head


def distil_intermediate_layers(context: StageContext, *, layer_map: str, **common: Unpack[Common]) -> StageLog:
    """Matches projected hidden states and attention scores; labels, logits and temperature play no part.

    Teacher and student may differ in width, not in their number of heads.
    """
    teacher = context.required_teacher()
    layers = losses.LAYER_MAPS[layer_map](n_layers(context.student), n_layers(teacher))
    for model in (context.student, teacher):
        show_maps(model, "scores")
    with without_head(context.student):
        module = IntermediateLayerLoss(context.student, teacher, layers, context.seed)
        return context.train("intermediate_layer", module, context.rows, common)


def distil_prediction_layer(context: StageContext, *, temperature: float, **common: Unpack[Common]) -> StageLog:
    """Matches the teacher's span distributions, softened by `temperature`; gold labels play no part."""
    module = PredictionLayerLoss(context.student, temperature)
    return context.train("prediction_layer", module, context.rows_with_teacher_logits(), common)


class IntermediateLayerLoss(nn.Module):
    """Student beside teacher; forward gives the loss, its two sums and each single term, in layer order.

    `fit_dense` maps every hidden state of the student to the teacher's width, embedding output included, and is used
    where the widths are equal too. It is trained with the student and not saved.
    """

    def __init__(self, student: Any, teacher: Any, layer_map: tuple[int, ...], seed: int) -> None:
        super().__init__()
        self.student, self._layer_map = student, layer_map
        self._teacher = (teacher,)  # in a tuple, so that train() and the optimiser do not reach it
        self.fit_dense = nn.Linear(student.config.hidden_size, teacher.config.hidden_size)
        generator = torch.Generator().manual_seed(seed)
        nn.init.normal_(self.fit_dense.weight, std=student.config.initializer_range, generator=generator)
        nn.init.zeros_(self.fit_dense.bias)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        if packed_bert.fits(self.student) and packed_bert.fits(self._teacher[0]):
            try:
                return packed_bert.on_all_cores(self, self.student, self._packed, batch)
            except MayBeMaskedError:
                pass
        with torch.no_grad():
            teacher = span_logits(self._teacher[0], batch, maps=True)
        student = span_logits(self.student, batch, maps=True)
        projected = [self.fit_dense(state) for state in student.hidden_states]
        attention = losses.score_terms(student.attentions, teacher.attentions, self._layer_map)
        hidden = losses.hidden_terms(projected, teacher.hidden_states, self._layer_map)
        return losses.named(attention, hidden)

    def _packed(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The same terms from queries and keys, no map is made; raises where a score may be as low as a masked one."""
        teacher, student = self._teacher[0], self.student
        packed = packing.pack(batch, "counted", n_heads(student))
        draws = packing.draws_of(batch, packed)
        with torch.no_grad():
            states, teacher_heads = _states_and_heads(teacher, packed, (0, *self._layer_map))
        own, heads = _states_and_heads(student, packed, range(n_layers(student) + 1), draws)
        if losses.may_be_masked((*heads, *teacher_heads)):
            raise MayBeMaskedError
        n_rows, n_tokens = packed.shape
        attention = losses.gram_terms(heads, teacher_heads, packed, n_rows * n_heads(student) * n_tokens**2)
        n_all = n_rows * n_tokens * states[0].shape[-1]
        hidden = [
            losses.packed_hidden_term(linear(one, self.fit_dense.weight, self.fit_dense.bias), theirs, packed, n_all)
            for one, theirs in zip(own, states, strict=True)
        ]
        return losses.named(attention, hidden)


class MayBeMaskedError(Exception):
    """A score may be as low as a masked one, which only whole maps can tell."""


def _states_and_heads(
    model: Any, packed: packing.Packed, layers: Sequence[int], draws: Draws | None = None
) -> tuple[list[Tensor], list[QueryKey]]:
    """Outputs (N, D) of these layers, 0 being the embeddings, and queries and keys of all but that one."""
    x = packed_bert.embed(model, packed, draws)
    states, found = [x], []
    for number in range(1, max(layers) + 1):
        shows: Literal["heads"] | None = "heads" if number in layers else None
        x, heads, _, _ = packed_bert.run_layer(model, number, x, packed, draws, shows=shows)
        if shows and heads is not None:
            states.append(x)
            found.append(heads)
    return states, found


class PredictionLayerLoss(nn.Module):
    def __init__(self, student: nn.Module, temperature: float) -> None:
        super().__init__()
        self.student, self._temperature = student, temperature

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return packed_bert.on_all_cores(self, self.student, self._terms, batch)

    def _terms(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        logits = packed_bert.span_logits(self.student, batch)
        student, teacher = logits.transpose(1, 2), batch["teacher_logits"].transpose(1, 2)  # (B, 2, T)
        return {"loss": losses.soft_cross_entropy(student, teacher, self._temperature)}
