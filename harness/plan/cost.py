"""What a run costs: from counts of arithmetic, an estimate before anything is loaded; or as measured (`Cost`).

One layer over one sequence of L tokens and width d takes 24 d^2 L + 4 L^2 d floating-point operations forward, and
three times that with its backward pass. Rates are what such a machine is assumed to reach, not measured here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.domain import Experiment, Stage
from harness.errors import BudgetError

# TFLOP/s assumed to be reached in fp32: a V100 on BERT training, and one core of a current server CPU.
V100_RATE, CPU_CORE_RATE = 12.0, 0.06
FULL_SIZE_HOURS = 1.0  # an experiment that takes longer than this on the CPU wants a GPU, or to be asked for by name
WINDOWS_PER_QUESTION = 1.0225  # measured on SQuAD 2.0 training questions at length 384, stride 128
BYTES_PER_QUESTION = 323  # of the official SQuAD 2.0 train file, for an estimate before a file is read

_NAMED = ((re.compile(r"(\d+)L[-_](\d+)D", re.IGNORECASE), None), (re.compile(r"bert-base", re.IGNORECASE), (12, 768)))


@dataclass(frozen=True, slots=True)
class Geometry:
    layers: int
    width: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Teraflops of each stage, and hours on the assumed machines; None where a model's size is not known yet."""

    stage_tflop: Mapping[str, float]
    hours_v100: float
    hours_cpu: float
    n_cpus: int

    def is_full_size(self) -> bool:
        return self.hours_cpu > FULL_SIZE_HOURS


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that a run is compared with: TFLOP/s assumed to be reached, and the watts of its board at most."""

    name: str
    rate: float
    watts: int


# Data sheets: dense bf16 of the tensor cores 312 (A100) and 989 TFLOP/s (H100 and H200 SXM), of which 35 % are assumed
# to be reached; the V100 in fp32, as the first target card was made, 12 of its 15.7. Nothing here was measured.
GPUS = (Gpu("V100", V100_RATE, 300), Gpu("A100", 110.0, 400), Gpu("H100", 350.0, 700), Gpu("H200", 350.0, 700))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a run, in seconds, with the interval that its timed steps give."""

    name: str
    seconds: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run will take on this machine, from a few of its own steps (`run/timing.py`).

    `n_rows` of each stage, copies included; `tokens` a row, measured on a sample (mean and percentiles), and
    `share_of_padding` of all positions; `tflop` of each stage at these lengths; `n_micro` micro-batches a batch that
    fitted; `peak_bytes` of memory that the timed steps took, `disk_bytes` of checkpoints, students and the teacher's
    logits. `actual_s` is what the parts took, by name, as far as they are over and were timed.
    """

    parts: tuple[Part, ...]
    n_rows: Mapping[str, int]
    tokens: Mapping[str, float]
    share_of_padding: float
    tflop: Mapping[str, float]
    n_micro: int
    peak_bytes: int
    disk_bytes: int
    device: str
    threads: int
    actual_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)

    @property
    def interval(self) -> tuple[float, float]:
        """Of all parts together: their own intervals, as if all erred to one side."""
        return sum(part.low for part in self.parts), sum(part.high for part in self.parts)


@dataclass(frozen=True, slots=True)
class Dollars:
    """A budget in US dollars, for machines that are rented."""

    amount: float


def format_duration(seconds: float) -> str:
    """Seconds as a reader takes them in."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def refuse_over(cost: Cost, budget_s: float | None) -> None:
    """Raises BudgetError for a run that is expected to take longer."""
    if budget_s is not None and cost.seconds > budget_s:
        low, high = map(format_duration, cost.interval)
        raise BudgetError(
            f"this run takes about {format_duration(cost.seconds)} here ({low} to {high}), more than the "
            f"budget of {format_duration(budget_s)}; raise --budget, or make it smaller"
        )


def geometry_of(name: str, config: Mapping[str, Any] | None = None) -> Geometry | None:
    """Layers and width from a config, else from a name such as TinyBERT_General_6L_768D; None when neither tells."""
    if config and isinstance(config.get("num_hidden_layers"), int) and isinstance(config.get("hidden_size"), int):
        return Geometry(config["num_hidden_layers"], config["hidden_size"])
    for pattern, size in _NAMED:
        match = pattern.search(name)
        if match:
            return Geometry(*(size or (int(match[1]), int(match[2]))))
    return None


def forecast(
    experiment: Experiment, *, n_questions: int, teacher: Geometry | None, student: Geometry | None, n_cpus: int
) -> Forecast:
    """Estimated cost of all stages on `n_questions` training questions."""
    copies = int(experiment.augmentation.value("factor")) if experiment.augmentation else 0
    n_of = {"intermediate_layer": n_questions * max(copies, 1)}  # without the making of the copies, a few percent of it
    tflop = {s.name: _stage_tflop(s, n_of.get(s.name, n_questions), teacher, student) for s in experiment.stages}
    total = sum(tflop.values())
    return Forecast(tflop, total / V100_RATE / 3600, total / (CPU_CORE_RATE * n_cpus) / 3600, n_cpus)


def _stage_tflop(stage: Stage, n_questions: int, teacher: Geometry | None, student: Geometry | None) -> float:
    length = int(stage.value("max_seq_length"))
    rows = n_questions * WINDOWS_PER_QUESTION
    return stage_tflop(stage, rows, teacher, student, length=length, square=length**2)


def forward_flop(model: Geometry | None, length: float, square: float | None = None) -> float:
    """Floating-point operations of a forward pass over one sequence of so many tokens.

    `square` is the mean of the squared lengths, where there are several of different lengths.
    """
    if model is None:
        return 0.0
    return model.layers * (24 * model.width**2 * length + 4 * (square or length**2) * model.width)


def evaluation_tflop(evaluation: Stage, n_questions: int, model: Geometry | None) -> float:
    """Estimated teraflops of answering so many questions, as far as padding is worked on."""
    rows = n_questions * WINDOWS_PER_QUESTION
    return rows * forward_flop(model, int(evaluation.value("max_seq_length"))) / 1e12


def stage_tflop(
    stage: Stage, n_rows: float, teacher: Geometry | None, student: Geometry | None, *, length: float, square: float
) -> float:
    """Teraflops of a stage over rows of these mean lengths and squared lengths, as far as padding is worked on."""
    epochs = float(stage.value("num_train_epochs"))
    if stage.get("max_steps"):
        epochs = float(stage.value("max_steps")) * float(stage.value("train_batch_size")) / max(n_rows, 1.0)
    teacher_passes = epochs if stage.name == "intermediate_layer" else 1  # the prediction stage reads stored logits
    taught, learnt = forward_flop(teacher, length, square), 3 * forward_flop(student, length, square)
    return n_rows * (teacher_passes * taught + epochs * learnt) / 1e12
