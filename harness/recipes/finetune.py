"""Plain fine-tuning of a span model on gold labels; teachers are made with it.

Source: farm-haystack 1.1.0 `FARMReader.train` with QuestionAnsweringHead: the mean of start and end cross-entropy,
over all positions of a row, padding included.
"""

from typing import Unpack

import torch
from torch import Tensor, nn

from harness.engine.loop import StageLog
from harness.models import span_logits
from harness.recipes.losses import hard_label_loss
from harness.recipes.workbench import Common, Workbench


def finetune(bench: Workbench, *, embeds_dropout_prob: float, **common: Unpack[Common]) -> StageLog:
    """Trains the student on the first gold answer of each row; no teacher."""
    return bench.train("finetune", HardLabelLoss(bench.student, embeds_dropout_prob), bench.rows(common), common)


class HardLabelLoss(nn.Module):
    """The student with Haystack's dropout before the head and its learned divisor of the logits."""

    def __init__(self, student: nn.Module, dropout: float) -> None:
        super().__init__()
        self.student, self.head_dropout = student, nn.Dropout(dropout)
        self.temperature_for_confidence = nn.Parameter(torch.ones(1))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        logits = span_logits(self.student, batch, self.head_dropout).logits.float() / self.temperature_for_confidence
        return {"loss": hard_label_loss(logits, batch["labels"])}
