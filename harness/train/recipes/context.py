"""What every stage of every recipe works with: its models, its rows, the machine, and the settings all stages share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from harness.qa.features import Array, Features, LastToken
from harness.train import cores
from harness.train.engine.checkpoint import Checkpoints
from harness.train.engine.loop import StageLog, optimise
from harness.train.engine.optimiser import Optimisation
from harness.train.models.loading import head_of, width
from harness.train.progress import ProgressCallback


class Common(Optimisation):
    """The settings that all stages have: those of the loop, and those of the windows it trains on."""

    max_seq_length: int
    doc_stride: int
    doc_stride_is: Literal["step", "overlap"]  # from one window's start to the next one's, or what they share; tokens
    max_query_length: int
    last_token_labels: LastToken


@dataclass(frozen=True, slots=True)
class StageContext:
    """The student is changed in place. `rows` are the stage's data in windows, `teacher_logits` (rows, T, 2) fp32 of
    the same rows, None for a stage that reads none."""

    student: nn.Module
    teacher: nn.Module | None
    accelerator: Any
    seed: int
    watch: ProgressCallback
    rows: Features
    teacher_logits: Any = None  # an array, or anything that gives the rows it is asked for
    checkpoints: Checkpoints | None = None

    def required_teacher(self) -> nn.Module:
        """The teacher, on the device and in eval mode; a stage that needs one asks here."""
        if self.teacher is None:
            raise ValueError("this stage needs a teacher and was given none")
        teacher: nn.Module = self.teacher.to(self.accelerator.device).eval()
        return teacher

    def rows_with_teacher_logits(self) -> "RowsWithTeacherLogits":
        """The stage's rows with the teacher's logits."""
        if self.teacher_logits is None:
            raise ValueError("this stage needs the teacher's logits and was given none")
        return RowsWithTeacherLogits(self.rows, self.teacher_logits)

    def train(self, stage: str, module: nn.Module, rows: Any, common: Common) -> StageLog:
        """Optimises `module` over `rows` with the common settings."""
        size = common["train_batch_size"], common["max_seq_length"], width(self.student)
        with cores.one_where_one_is_enough(*size):
            return optimise(
                module,
                rows,
                common,
                accelerator=self.accelerator,
                stage=stage,
                seed=self.seed,
                watch=self.watch,
                checkpoints=self.checkpoints,
            )


@dataclass(frozen=True, slots=True)
class RowsWithTeacherLogits:
    """Features whose batches also carry the teacher's logits of the same rows, (B, T, 2)."""

    features: Features
    logits: Any

    def __len__(self) -> int:
        return len(self.features)

    def batch(self, rows: Array) -> dict[str, Array]:
        return {**self.features.batch(rows), "teacher_logits": self.logits[rows]}


@contextmanager
def without_head(student: nn.Module) -> Iterator[None]:
    """Keeps the head out of a stage that has no use for it: no gradient, so no weight decay either."""
    head = head_of(student)
    head.requires_grad_(False)
    try:
        yield
    finally:
        head.requires_grad_(True)
