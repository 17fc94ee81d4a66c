"""Flavour `tinybert`: distillation in two stages as TinyBERT's own program does it.

Method: TinyBERT (arXiv 1909.10351, section 3). Source: huawei-noah/Pretrained-Language-Model 0598f02,
`TinyBERT/task_distill.py` and `TinyBERT/transformer/modeling.py`. Against the flavour `haystack`: attention scores
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

from typing import Any, Unpack

import torch
from torch import Tensor, nn

from harness import encoder
from harness.attention import show_maps
from harness.engine.loop import StageLog
from harness.kernels.linear import linear
from harness.models import n_layers, span_logits
from harness.recipes import losses
from harness.recipes.workbench import Common, Workbench, without_head


def distil_intermediate_layers(bench: Workbench, *, layer_map: str, **common: Unpack[Common]) -> StageLog:
    """Matches projected hidden states and attention scores; labels, logits and temperature play no part.

    Teacher and student may differ in width, not in their number of heads.
    """
    teacher = bench.taught_by()
    layers = losses.LAYER_MAPS[layer_map](n_layers(bench.student), n_layers(teacher))
    for model in (bench.student, teacher):
        show_maps(model, "scores")
    with without_head(bench.student):
        module = IntermediateLayerLoss(bench.student, teacher, layers, bench.seed)
        return bench.train("intermediate_layer", module, bench.rows(common), common)


def distil_prediction_layer(bench: Workbench, *, temperature: float, **common: Unpack[Common]) -> StageLog:
    """Matches the teacher's span distributions, softened by `temperature`; gold labels play no part."""
    module = PredictionLayerLoss(bench.student, temperature)
    return bench.train("prediction_layer", module, bench.taught_rows(common), common)


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
        if encoder.fits(self.student) and encoder.fits(self._teacher[0]):
            found = self._packed(encoder.pack(batch, "counted"))
            if found is not None:
                return found
        with torch.no_grad():
            teacher = span_logits(self._teacher[0], batch, maps=True)
        student = span_logits(self.student, batch, maps=True)
        projected = [self.fit_dense(state) for state in student.hidden_states]
        attention = losses.score_terms(student.attentions, teacher.attentions, self._layer_map)
        hidden = losses.hidden_terms(projected, teacher.hidden_states, self._layer_map)
        return losses.named(attention, hidden)

    def _packed(self, packed: encoder.Packed) -> dict[str, Tensor] | None:
        """The same terms from queries and keys, no map is made; None where a score may be as low as a masked one."""
        with torch.no_grad():
            taught = encoder.run(self._teacher[0], packed, depth=max(self._layer_map), show=self._layer_map)
        own = encoder.run(self.student, packed, show=range(1, len(self._layer_map) + 1))
        heads = [own.heads[number] for number in range(1, len(self._layer_map) + 1)]
        theirs = [taught.heads[layer] for layer in self._layer_map]
        if losses.may_be_masked((*heads, *theirs)):
            return None
        n_rows, n_tokens = packed.shape
        n_heads, width = len(heads[0].query), taught.hidden[0].shape[-1]
        attention = losses.gram_terms(heads, theirs, packed.stretches, n_rows * n_heads * n_tokens**2)
        projected = [linear(state, self.fit_dense.weight, self.fit_dense.bias) for state in own.hidden]
        n_all = n_rows * n_tokens * width
        hidden = losses.packed_hidden_terms(projected, taught.hidden, self._layer_map, packed.counted, n_all)
        return losses.named(attention, hidden)


class PredictionLayerLoss(nn.Module):
    def __init__(self, student: nn.Module, temperature: float) -> None:
        super().__init__()
        self.student, self._temperature = student, temperature

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        logits = encoder.span_logits(self.student, batch)
        student, teacher = logits.transpose(1, 2), batch["teacher_logits"].transpose(1, 2)  # (B, 2, T)
        return {"loss": losses.soft_cross_entropy(student, teacher, self._temperature)}
