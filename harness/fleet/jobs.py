"""What a fleet is made of: tasks, each one run of one card, and the jobs that an engine makes of them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from harness.errors import HarnessError, PlanError
from harness.plan.cost import CPU_CORE_RATE

Phase = Literal["waiting", "running", "ended", "cancelled"]


@dataclass(frozen=True, slots=True)
class Need:
    """What a run asks of a machine: GPUs, memory of one of them, memory of the host, and work; None: not known."""

    n_gpus: int
    device_bytes: int | None
    host_bytes: int
    tflop: float | None
    gpu: str | None = None  # that the card declares, in its words

    @property
    def memory_bytes(self) -> int:
        """Of the host, with what a run on the CPU computes in."""
        return self.host_bytes + (0 if self.n_gpus else self.device_bytes or 0)

    def on_cluster(self, n_threads: int | None) -> str:
        """What a run gets of a cluster, in words."""
        return f"{self.n_gpus} GPU" if self.n_gpus else f"{n_threads} CPU"

    def cpu_seconds(self, n_threads: int | None) -> float | None:
        """By arithmetic, on so many threads of a CPU; None where the work is not known, or is a GPU's."""
        if self.tflop is None or self.n_gpus:
            return None
        return self.tflop / (CPU_CORE_RATE * (n_threads or 1))


@dataclass(frozen=True, slots=True)
class Task:
    """One run: `harness reproduce` of a card with one seed.

    `card` is the card's name, `argument` what stands for it on the command line, `options` the rest of it;
    `experiment` is the hash by which its record is known, `data` those of the data files that lie here, by their names
    in the record, and `only_here` what no other machine has; `after` are the tasks whose students it begins with, and
    `needs_weights`: others begin with its.
    """

    key: str
    card: str
    argument: str
    options: tuple[str, ...]
    experiment: str
    need: Need
    data: Mapping[str, str] = field(default_factory=dict)
    only_here: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    needs_weights: bool = False
    last_stage: str = ""

    def command(self, results: Path | str, argument: str | None = None) -> tuple[str, ...]:
        """The arguments of `harness` for this run."""
        return ("reproduce", argument or self.argument, *self.options, "--results", str(results))


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job is; cancelled: by someone else than its fleet.

    `exit_code` is the run's, None where nobody knows; `seconds` it has run, where the engine counts; `says` is the
    engine's own word on it.
    """

    phase: Phase
    exit_code: int | None = None
    seconds: float | None = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What an engine works for: the fleet's name, the folder of results, what workers must run, and its own options.

    `code` is the hash of the sources that a worker must have, None where any will do. `n_tasks` and `largest` need are
    of all tasks together, so that a resumed fleet is cut as it was at first.
    """

    fleet: str
    results: Path
    code: str | None
    n_tasks: int
    largest: Need
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the fleet's own files are, beside the records."""
        return self.results / "fleet" / self.fleet

    def number(self, name: str, otherwise: int) -> int:
        """A number among the engine's options; raises PlanError for one that is none."""
        text = self.options.get(name, str(otherwise))
        if not text.isdecimal() or not int(text):
            raise PlanError([f"--engine-option {name}={text}: expected a number from 1 up"])
        return int(text)

    def threads(self) -> int | None:
        """Threads of a run, by the engine's option, else OMP_NUM_THREADS; None where neither says."""
        if "threads" in self.options:
            return self.number("threads", 1)
        said = os.environ.get("OMP_NUM_THREADS", "")
        return int(said) if said.isdecimal() and int(said) else None

    def log_of(self, task: str) -> Path:
        return self.folder / f"{task.replace(':', '-')}.log"


class UnreachableError(HarnessError):
    """An engine does not answer; what was asked of it may be asked again."""


class Engine(Protocol):
    """Four verbs. `at_once` are the jobs that it takes at most, `poll_s` how often it likes to be asked, `n_threads`
    what each job computes with (None: as the machine it runs on says); `dies_with_driver`: its jobs end when this
    process does. Each verb raises UnreachableError where the engine does not answer."""

    at_once: int
    poll_s: float
    n_threads: int | None
    dies_with_driver: bool

    def submit(self, tasks: Sequence[Task]) -> Sequence[str]:
        """Start a job for each task; the names of those that it began, in order: fewer where the engine went away."""

    def poll(self, jobs: Mapping[str, str]) -> Mapping[str, JobState]:
        """How jobs are, by the key of their task; `jobs` has the name of each. One it has lost is ended, code None."""

    def cancel(self, jobs: Mapping[str, str]) -> None:
        """Stop jobs, so that each keeps a checkpoint where it can."""

    def logs(self, task: str, job: str, n_lines: int) -> str:
        """The last lines that a job wrote."""

    def price(self, need: Need) -> float | None:
        """US dollars an hour for a run; None where nobody is paid."""

    def about(self, need: Need) -> str:
        """The machine that a run gets, in words."""

    def seconds(self, need: Need) -> float | None:
        """How long a run takes there, by arithmetic; None where that is not known."""

    def problems(self, tasks: Sequence[Task]) -> Sequence[str]:
        """What speaks against running these tasks there, all of it."""

    def close(self) -> None:
        """Let go of what was opened."""
