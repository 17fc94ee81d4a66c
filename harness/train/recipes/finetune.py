"""Plain fine-tuning of a span model on gold labels; teachers are made with it.

Source: farm-haystack 1.1.0 `FARMReader.train` with QuestionAnsweringHead: the mean of start and end cross-entropy,
over all positions of a row, padding included.
"""

from typing import Unpack

from torch import Tensor, nn

from harness.train import cores
from harness.train.engine.loop import StageLog
from harness.train.models import packed_bert
from harness.train.models.loading import width
from harness.train.recipes import losses
from harness.train.recipes.context import Common, Workbench
from harness.train.recipes.haystack import HaystackHead, Padding


def finetune(
    bench: Workbench,
    *,
    embeds_dropout_prob: float,
    learned_logit_divisor: bool,
    padding: Padding,
    **common: Unpack[Common],
) -> StageLog:
    """Trains the student on the first gold answer of each row; no teacher."""
    head = HaystackHead(bench.student, embeds_dropout_prob, is_learned=learned_logit_divisor, padding=padding)
    return bench.train("finetune", HardLabelLoss(head, padding), bench.rows(common), common)


class HardLabelLoss(nn.Module):
    def __init__(self, head: HaystackHead, padding: Padding = "counted") -> None:
        super().__init__()
        self.head, self._padding = head, padding

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        if packed_bert.fits(self.head.student):
            return cores.shared_terms(self._terms, batch, list(self.parameters()), width(self.head.student))
        return self._terms(batch)

    def _terms(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        logits = self.head(batch)
        if self._padding != "counted":
            logits = losses.without_padding(logits, batch["attention_mask"])
        return {"loss": losses.hard_label_loss(logits, batch["labels"])}
