"""What every stage of every recipe works with: its models, its rows, the machine, and the settings all stages share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from torch import nn

from harness.data.features import Array, Features, LastToken
from harness.engine.loop import Optimisation, StageLog, optimise
from harness.reports.progress import Watcher


class Common(TypedDict):
    """The settings that all stages have, whatever they optimise."""

    max_seq_length: int
    doc_stride: int  # tokens from one window's start to the next one's, not their overlap
    max_query_length: int
    last_token_labels: LastToken
    num_train_epochs: int
    train_batch_size: int  # rows of one optimiser step, over all processes and micro-batches
    learning_rate: float
    lr_schedule: Literal["LinearWarmup"]
    warmup_ratio: float
    weight_decay: float
    adam_beta1: float
    adam_beta2: float
    adam_epsilon: float
    max_grad_norm: float


@dataclass(frozen=True, slots=True)
class Workbench:
    """The student is changed in place. `rows` windows the stage's data; `teacher_logits` gives (rows, T, 2) fp32."""

    student: nn.Module
    teacher: nn.Module | None
    accelerator: Any
    seed: int
    watch: Watcher
    rows: Callable[[Common], Features]
    teacher_logits: Callable[[Features], Array]

    def taught_by(self) -> nn.Module:
        """The teacher, on the device and in eval mode; a stage that needs one asks here."""
        if self.teacher is None:
            raise ValueError("this stage needs a teacher and was given none")
        teacher: nn.Module = self.teacher.to(self.accelerator.device).eval()
        return teacher

    def train(self, stage: str, module: nn.Module, rows: Any, common: Common) -> StageLog:
        """Optimises `module` over `rows` with the common settings."""
        settings = Optimisation(
            num_train_epochs=common["num_train_epochs"],
            train_batch_size=common["train_batch_size"],
            learning_rate=common["learning_rate"],
            warmup_ratio=common["warmup_ratio"],
            weight_decay=common["weight_decay"],
            adam_beta1=common["adam_beta1"],
            adam_beta2=common["adam_beta2"],
            adam_epsilon=common["adam_epsilon"],
            max_grad_norm=common["max_grad_norm"],
        )
        return optimise(
            module, rows, settings, accelerator=self.accelerator, stage=stage, seed=self.seed, watch=self.watch
        )
