"""What every stage of every recipe works with: its models, its rows, the machine, and the settings all stages share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from harness.data.features import Array, Features, LastToken
from harness.engine.loop import Optimisation, StageLog, optimise
from harness.reports.progress import Watcher


class Common(Optimisation):
    """The settings that all stages have: those of the loop, and those of the windows it trains on."""

    max_seq_length: int
    doc_stride: int  # tokens from one window's start to the next one's, not their overlap
    max_query_length: int
    last_token_labels: LastToken


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
        return optimise(
            module, rows, common, accelerator=self.accelerator, stage=stage, seed=self.seed, watch=self.watch
        )
