"""Plain fine-tuning of a span model on gold labels; teachers are made with it.

Source: farm-haystack 1.1.0 `FARMReader.train` with QuestionAnsweringHead: the mean of start and end cross-entropy,
over all positions of a row, padding included.
"""

from typing import Unpack

from torch import Tensor, nn

from harness.train.engine.loop import StageLog
from harness.train.models import packed_bert
from harness.train.recipes import losses
from harness.train.recipes.context import Common, StageContext
from harness.train.recipes.haystack import HaystackHead, Padding


def finetune(
    context: StageContext,
    *,
    embeds_dropout_prob: float,
    learned_logit_divisor: bool,
    padding: Padding,
    **common: Unpack[Common],
) -> StageLog:
    """Trains the student on the first gold answer of each row; no teacher."""
    head = HaystackHead(context.student, embeds_dropout_prob, is_learned=learned_logit_divisor, padding=padding)
    return context.train("finetune", HardLabelLoss(head, padding), context.rows, common)


class HardLabelLoss(nn.Module):
    def __init__(self, head: HaystackHead, padding: Padding = "counted") -> None:
        super().__init__()
        self.head, self._padding = head, padding

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return packed_bert.on_all_cores(self, self.head.student, self._terms, batch)

    def _terms(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        logits = self.head(batch)
        if self._padding != "counted":
            logits = losses.without_padding(logits, batch["attention_mask"])
        return {"loss": losses.hard_label_loss(logits, batch["labels"])}
