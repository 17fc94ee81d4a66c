"""What the benchmark for GPUs runs and what that costs: models of random weights, rows as long as real ones, each way
through a stage.

Words are drawn at random; only lengths matter to the time, and those are real (`lengths.py`).
"""

import math
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import nn
from transformers import AutoModelForQuestionAnswering, BertConfig

from harness.plan.cost import WINDOWS_PER_QUESTION, Geometry, forward_flop
from harness.train.recipes.haystack import HaystackHead, IntermediateLayerLoss, Padding, PredictionLayerLoss
from tests.bench import lengths
from tests.bench.reference import PlainIntermediate, PlainPrediction

STAGES = ("intermediate_layer", "prediction_layer")
QUESTIONS, COPIES, EPOCHS = 130_319, 20, 5  # SQuAD 2.0's training questions; the target card's settings


@dataclass(frozen=True, slots=True)
class Size:
    """Of both models and a batch; `matmul` is the side of the square product that rates are held against."""

    teacher_layers: int
    student_layers: int
    width: int
    heads: int
    vocabulary: int
    batch: int
    tokens: int
    matmul: int


CARD = Size(12, 6, 768, 12, 30522, 26, 384, 8192)  # the target card's
SMALL = Size(4, 2, 32, 2, 500, 3, 40, 128)


@dataclass(frozen=True, slots=True)
class Way:
    """One way through a stage: the plain one, or the engine's."""

    name: str
    is_engine: bool
    padding: Padding
    precision: str


WAYS = (
    Way("reference, fp32", False, "counted", "fp32"),
    Way("engine, same loss, fp32", True, "counted", "fp32"),
    Way("engine, same loss, bf16", True, "counted", "bf16"),
    Way("engine, padding dropped, bf16", True, "dropped", "bf16"),
)


class Rows:
    """`n` rows of random words with the kept lengths, over and over, scaled to `size.tokens`; with teacher's logits."""

    def __init__(self, size: Size, n: int) -> None:
        rng = np.random.default_rng(0)
        self.lengths = np.resize(lengths.kept(), n) * size.tokens // lengths.LONGEST
        mask = (np.arange(size.tokens) < self.lengths[:, None]).astype(np.int64)
        self._arrays = {
            "input_ids": rng.integers(1, size.vocabulary, (n, size.tokens)) * mask,
            "token_type_ids": (np.arange(size.tokens) >= 12) * mask,  # a question of ten word pieces
            "attention_mask": mask,
            "labels": np.sort(rng.integers(0, self.lengths[:, None], (n, 2)), axis=1),
            "teacher_logits": rng.standard_normal((n, size.tokens, 2), dtype=np.float32),
        }

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: Any) -> dict[str, Any]:
        return {name: array[rows] for name, array in self._arrays.items()}


def make_model(size: Size, n_layers: int, device: torch.device, dropout: float = 0.1) -> Any:
    """A BERT for question answering whose weights are a function of its depth."""
    config = BertConfig(
        vocab_size=size.vocabulary, num_hidden_layers=n_layers, hidden_size=size.width, num_attention_heads=size.heads,
        intermediate_size=4 * size.width, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    torch.manual_seed(n_layers)
    return AutoModelForQuestionAnswering.from_config(config, attn_implementation="eager").to(device)


def make_pair(size: Size, device: torch.device, dropout: float = 0.1) -> tuple[Any, Any]:
    """Teacher in eval mode and student in training mode."""
    teacher, student = (make_model(size, n, device, dropout) for n in (size.teacher_layers, size.student_layers))
    return teacher.eval(), student.train()


def make_module(stage: str, way: Way, teacher: Any, student: Any, head_dropout: float = 0.1) -> nn.Module:
    """What gives the stage's loss."""
    step = teacher.config.num_hidden_layers // student.config.num_hidden_layers
    layers = tuple(step * n for n in range(1, student.config.num_hidden_layers + 1))
    if stage == "intermediate_layer":
        plain, ours = PlainIntermediate, IntermediateLayerLoss
        return ours(student, teacher, layers, way.padding) if way.is_engine else plain(student, teacher)
    if not way.is_engine:
        return PlainPrediction(student, teacher)
    head = HaystackHead(student, head_dropout, is_learned=True, padding=way.padding)
    return PredictionLayerLoss(
        head, temperature=1.0, soft_label_weight=0.5, hard_label_weight=0.5, padding=way.padding
    )  # fmt: skip


def tflop_of(stage: str, way: Way, size: Size, lengths: Any) -> float:
    """Teraflop of an average step: the student three times, the teacher once where the step runs it."""
    own = lengths if way.padding == "dropped" else np.full(len(lengths), size.tokens)
    teacher, student = (Geometry(n, size.width) for n in (size.teacher_layers, size.student_layers))
    runs_teacher = stage == "intermediate_layer" or not way.is_engine
    each = [3 * forward_flop(student, n) + runs_teacher * forward_flop(teacher, n) for n in own.tolist()]
    return size.batch * statistics.fmean(each) / 1e12


def hours_of(stage: str, ms: float, logits_ms: float | None) -> float:
    """Hours of the whole stage of the target card at such steps, and at so much for the teacher's logits of a batch."""
    copies = COPIES if stage == "intermediate_layer" else 1
    batches = math.ceil(QUESTIONS * WINDOWS_PER_QUESTION * copies / CARD.batch)
    return batches * (EPOCHS * ms + (logits_ms or 0.0)) / 3.6e6


@contextmanager
def accelerated(device: torch.device, precision: str) -> Iterator[Accelerator]:
    """An accelerator of one precision; accelerate knows one a process, so the one before is forgotten."""
    AcceleratorState._reset_state(True)
    yield Accelerator(cpu=device.type == "cpu", mixed_precision="no" if precision == "fp32" else precision)
    AcceleratorState._reset_state(True)
