"""What a run will take here, from a few of its own steps: lengths measured, each stage begun, its steps timed.

Nothing of it is kept but the numbers: models are loaded anew, and every random draw of a run is a function of seed,
stage and step. The interval is what the timed steps spread by, and no less than `LEAST`: a machine that is busy later
is not in it. Making the candidates of an augmentation is not timed; it is done once for all seeds.
"""

import itertools
import math
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from harness.domain import Experiment, Stage
from harness.plan import model_folders
from harness.plan.augmentation import STAGE as AUGMENTED
from harness.plan.cost import Cost, Geometry, Part, geometry_of, stage_tflop
from harness.qa.features import Array, Features, build_features
from harness.qa.squad import Paragraph
from harness.record.parts import RunSettings
from harness.run.evaluate import windows_of
from harness.run.inputs import Inputs
from harness.train.engine.optimiser import n_steps_of
from harness.train.inference import batch_logits
from harness.train.models import loading
from harness.train.progress import Silent
from harness.train.recipes import READS_TEACHER_LOGITS, RECIPES, arguments_of
from harness.train.recipes.context import StageContext

QUESTIONS = 600  # of the sample that lengths are measured on
LONGEST_S = 20.0  # that the steps of a stage are timed for, about
LEAST = 0.1  # of the forecast, to either side
_TIMED = 5


def calibrate(experiment: Experiment, inputs: Inputs, accelerator: Accelerator) -> Cost:
    """The time of every part, from training to the evaluations, with its interval; rows, tokens, memory and disk."""
    parts: list[Part] = []
    n_rows: dict[str, int] = {}
    tflop: dict[str, float] = {}
    shares: list[float] = []
    lengths: Array = np.zeros(0)
    teacher, student = (_geometry(folder) for folder in (inputs.teacher, inputs.student))
    with tempfile.TemporaryDirectory() as scratch:
        for stage in experiment.stages:
            rows, n_all = _sample(stage, experiment, inputs, Path(scratch))
            n_rows[stage.name] = n_all
            lengths = np.asarray(rows.lengths, dtype=np.float64)
            shares.append(float(lengths.mean()) / rows.max_seq_length)
            worked = np.full_like(lengths, rows.max_seq_length) if _counts_padding(stage) else lengths
            tflop[stage.name] = stage_tflop(
                stage, n_all, teacher, student, length=float(worked.mean()), square=float((worked**2).mean())
            )
            parts += _of_stage(stage, experiment, inputs, rows, n_all, accelerator)
        parts += _of_evaluations(experiment, inputs, accelerator, Path(scratch))
    n_parameters = sum(one.numel() for one in _student(experiment, inputs).parameters())
    peak = (
        torch.cuda.max_memory_allocated(accelerator.device)
        if accelerator.device.type == "cuda"
        else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    )
    longest = [int(stage.value("max_seq_length")) for stage in experiment.stages]
    logits = max((8 * n * length for n, length in zip(n_rows.values(), longest, strict=True)), default=0)
    return Cost(
        parts=tuple(parts),
        n_rows=n_rows,
        tokens=_percentiles(lengths),
        share_of_padding=1.0 - statistics.fmean(shares) if shares else 0.0,
        tflop=tflop,
        n_micro=accelerator.gradient_accumulation_steps,
        peak_bytes=peak,
        disk_bytes=2 * 12 * n_parameters + 4 * n_parameters * len(experiment.stages) + logits,
        device=torch.cuda.get_device_name(accelerator.device) if accelerator.device.type == "cuda" else "cpu",
        threads=torch.get_num_threads(),
    )


def _student(experiment: Experiment, inputs: Inputs) -> Any:
    seed = RunSettings.of(experiment).seed
    return loading.load_model(inputs.student, seed=seed, initialise=inputs.student_is_random, needs_head=False)


def _teacher(experiment: Experiment, inputs: Inputs) -> Any:
    """The teacher, or what stands for one that is not made yet: its time is that of its size, not of its weights."""
    if inputs.teacher is None:
        return None
    seed, is_drawn = RunSettings.of(experiment).seed, not model_folders.has_weights(inputs.teacher)
    return loading.load_model(inputs.teacher, seed=seed, initialise=is_drawn, needs_head=False)


def _geometry(folder: Path | None) -> Geometry | None:
    return geometry_of("", model_folders.read_config(folder)) if folder is not None else None


def _counts_padding(stage: Stage) -> bool:
    return bool(stage.get("padding", "counted") == "counted")


def _percentiles(lengths: Array) -> dict[str, float]:
    if not len(lengths):
        return {}
    found = {f"{share} %": float(np.percentile(lengths, share)) for share in (50, 90, 99)}
    return {"mean": float(lengths.mean()), **found}


def _sample(stage: Stage, experiment: Experiment, inputs: Inputs, scratch: Path) -> tuple[Features, int]:
    """Windows of some paragraphs, evenly spaced over all of them, and how many windows all give, copies included."""
    sizes = [len(paragraph.questions) for paragraph in inputs.train()]
    every = max(1, math.ceil(sum(sizes) / QUESTIONS))
    folder = scratch / stage.name
    folder.mkdir(parents=True, exist_ok=True)
    rows = build_features(
        itertools.islice(inputs.train(), 0, None, every),
        loading.load_tokenizer(inputs.student),
        folder,
        **windows_of(stage),
        last_token=stage.value("last_token_labels"),
        for_training=True,
    )
    n_sampled = sum(sizes[::every])
    return rows, round(len(rows) / max(n_sampled, 1) * sum(sizes) * _copies(stage, experiment))


def _copies(stage: Stage, experiment: Experiment) -> int:
    augmentation = experiment.augmentation if stage.name == AUGMENTED else None
    return max(1, int(augmentation.value("factor"))) if augmentation is not None else 1


class _Few:
    """The first `n` of some rows drawn at random, and again from the start where there are too few."""

    def __init__(self, rows: Features, n: int) -> None:
        order = np.random.default_rng(0).permutation(len(rows))
        self._rows, self._which = rows, np.resize(order, n)

    def __len__(self) -> int:
        return len(self._which)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def batch(self, rows: Array) -> dict[str, Array]:
        return self._rows.batch(self._which[rows])


def _of_stage(
    stage: Stage, experiment: Experiment, inputs: Inputs, rows: Features, n_rows: int, accelerator: Accelerator
) -> Iterator[Part]:
    """A few steps of a stage, timed one by one; and the teacher's logits, where the stage reads them."""
    batch_size, train = int(stage.value("train_batch_size")), RECIPES[experiment.recipe][stage.name]
    arguments = arguments_of(train, stage)
    n_steps = n_steps_of(n_rows, arguments)  # type: ignore[arg-type]
    if not n_steps or not len(rows):
        return
    seed, teacher = RunSettings.of(experiment).seed, _teacher(experiment, inputs)
    settings = {**arguments, "num_train_epochs": 1, "max_steps": 0}
    asked: list[float] = []  # seconds of the teacher for a row, batch by batch

    def run(n_batches: int) -> float:
        """Seconds of a stage of so many steps."""
        few, clock, logits = _Few(rows, n_batches * batch_size), _Clock(), None
        if train in READS_TEACHER_LOGITS:
            of_batch = int(experiment.evaluation.value("eval_batch_size"))
            logits, took = _logits_timed(teacher, few, len(few), of_batch, accelerator)
            asked.extend(took)
        train(StageContext(_student(experiment, inputs), teacher, accelerator, seed, clock, few, logits), **settings)  # type: ignore[arg-type]
        return clock.taken[-1] - clock.taken[0]

    yield _part(stage.name, n_steps, _timed(run))
    if asked:
        yield _part(f"{stage.name}: teacher logits", n_rows, asked[1:] or asked)


class _Clock(Silent):
    """Notes when a stage's steps begin and when they end."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def start(self, *_: Any) -> None:
        self.taken.append(time.perf_counter())

    def end(self) -> None:
        self.taken.append(time.perf_counter())


def _logits_timed(
    model: Any, rows: Any, n_rows: int, batch_size: int, accelerator: Accelerator
) -> tuple[Array, list[float]]:
    """A model's logits of the first rows, and the seconds that each batch took for a row."""
    model, found, took = model.to(accelerator.device).eval(), [], []
    for begin in range(0, n_rows, batch_size):
        started = time.perf_counter()
        which = np.arange(begin, min(begin + batch_size, len(rows)))
        found.append(batch_logits(model, rows, which, accelerator))
        took.append((time.perf_counter() - started) / len(which))
    return np.concatenate(found), took


def _timed(run: Callable[[int], float]) -> list[float]:
    """Seconds of one step, several times over; the first steps, which warm up, are not among them."""
    first = run(2)
    n = max(2, min(20, int(LONGEST_S / _TIMED / max(first / 2, 1e-6))))
    return [run(n) / n for _ in range(_TIMED if first < LONGEST_S else 1)]


def _part(name: str, n: int, each: list[float]) -> Part:
    mean = statistics.median(each)
    spread = statistics.stdev(each) if len(each) > 1 else mean / 4
    half = max(LEAST * mean, 2 * spread)
    return Part(name, n * mean, n * max(mean - half, 0.0), n * (mean + half))


def _of_evaluations(experiment: Experiment, inputs: Inputs, accelerator: Accelerator, scratch: Path) -> Iterator[Part]:
    """Scoring the teacher, the published weights and the student, by their forward passes over some windows."""
    settings = experiment.evaluation
    questions = sum(len(paragraph.questions) for paragraph in inputs.eval)
    every = max(1, math.ceil(questions / QUESTIONS))
    some: list[Paragraph] = inputs.eval[::every]
    scored = {"teacher": inputs.teacher, "published": inputs.published, "student": inputs.student}
    for name, folder in scored.items():
        if folder is None:
            continue
        rows = build_features(
            some,
            loading.load_tokenizer(folder),
            scratch,
            **windows_of(settings),
            for_training=False,
        )
        made = {"student": _student, "teacher": _teacher}
        model = made[name](experiment, inputs) if name in made else loading.load_model(folder, seed=0)
        batch_size = int(settings.value("eval_batch_size"))
        _, each = _logits_timed(model, rows, min(len(rows), 6 * batch_size), batch_size, accelerator)
        n_asked = sum(len(paragraph.questions) for paragraph in some)
        yield _part(f"evaluation: {name}", round(len(rows) / max(n_asked, 1) * questions), each[1:] or each)
