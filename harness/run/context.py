"""How a run is run: what was asked for, the device it is on, and who is told of its progress."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator

from harness.domain import Deviation, Experiment
from harness.errors import PlanError
from harness.record import environment
from harness.record.parts import RunSettings
from harness.run.tracking import Tracking
from harness.train.engine.checkpoint import Cadence
from harness.train.progress import ProgressCallback


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run: where results go, on which device, in how many micro-batches, whether to start afresh, when to keep
    a checkpoint, whether everything must be deterministic or be refused, whether a few steps are timed first, how long
    it all may take, and which tracker shows it."""

    results: Path
    device: str | None = None
    fresh: bool = False
    gradient_accumulation_steps: int = 1
    cadence: Cadence = field(default_factory=Cadence)
    is_strict: bool = False
    is_forecast: bool = False
    budget_s: float | None = None
    track: str | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """What every stage of a run needs beside its experiment and inputs."""

    options: RunOptions
    accelerator: Accelerator
    progress: ProgressCallback
    tracking: Tracking = field(default_factory=Tracking)

    @property
    def is_main_process(self) -> bool:
        return bool(self.accelerator.is_main_process)


def precision_of(experiment: Experiment, accelerator: Accelerator) -> Deviation | None:
    """What sets the precision of this machine apart from the card's; None for the same."""
    planned = RunSettings.of(experiment).precision
    if planned != "fp16" or accelerator.mixed_precision == planned:
        return None
    return Deviation("precision", planned, "fp32", True, reason="a CPU has no fp16 training")


def choose_device(device: str | None) -> None:
    """Make accelerate take the device of `--device`; raises PlanError where PyTorch does not find it here."""
    if device in (None, "cpu"):
        return
    kind, _, number = str(device).partition(":")
    n_there = torch.cuda.device_count() if kind == "cuda" else int(torch.backends.mps.is_available())
    if int(number or 0) >= n_there:
        found = f"{n_there} of that kind here" if n_there else "none here"
        raise PlanError([f"--device {device}: PyTorch finds {found}; leave the option out, or say --device cpu"])
    if number or kind != "cuda":  # else accelerate's own choice, one GPU a process
        os.environ["ACCELERATE_TORCH_DEVICE"] = str(device)


def make_accelerator(experiment: Experiment, options: RunOptions) -> Accelerator:
    """The device of a run, with its precision; raises PlanError for what this machine does not have."""
    precision = RunSettings.of(experiment).precision
    on_cpu = environment.stays_on_cpu(experiment.declared_gpu, options.device)
    choose_device(options.device)
    if precision in ("fp16", "tf32") and (on_cpu or not environment.find_gpus()[0]):
        if experiment.run["precision"].origin != "stated":
            raise PlanError([f"--precision {precision} needs a GPU; on the CPU use fp32 or bf16"])
        precision = "fp32"  # the card's own, which this machine does not have: see `precision_of`
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.set_num_threads(environment.n_threads())
    # Packed batches differ in size from step to step, and oneDNN keeps a program for each size: 1,024 of them unless
    # told otherwise, gigabytes in a long training. Making one again is quick. It reads this at its first product.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
    return Accelerator(
        cpu=on_cpu,
        mixed_precision="no" if precision in ("fp32", "tf32") else precision,
        gradient_accumulation_steps=options.gradient_accumulation_steps,
    )
