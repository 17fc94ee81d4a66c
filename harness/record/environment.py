"""What this machine is, without torch, and whether it is the GPU that a card declares."""

import hashlib
import importlib.metadata
import math
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import __version__
from harness.domain import Deviation

PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "datasets",
    "huggingface_hub",
    "safetensors",
    "numpy",
    "scipy",
)


_OTHER_ARITHMETIC = "other arithmetic, same recipe"


def go_offline() -> None:
    """Tells the Hub's clients, which are to be loaded after this, in this process and those that it starts, to ask
    nothing: what is in their cache is used, what is not is an error."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")


@dataclass(frozen=True, slots=True)
class Environment:
    harness: str
    commit: str | None  # of the checkout this code runs from; None for an installed package
    dirty: bool | None
    python: str
    platform: str
    cpu: str
    n_cpus: int
    gpus: tuple[str, ...]
    driver: str | None
    code: dict[str, str | None]  # hash of the sources, versions of the libraries


def describe() -> Environment:
    gpus, driver = find_gpus()
    commit, dirty = _checkout()
    return Environment(
        harness=__version__,
        commit=commit,
        dirty=dirty,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        cpu=_cpu_name(),
        n_cpus=n_cpus(),
        gpus=gpus,
        driver=driver,
        code=code(),
    )


def code() -> dict[str, str | None]:
    """What computes: the hash of this package's own sources, and the versions of the libraries under it."""
    sources = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        sources.update(path.read_bytes())
    return {"harness": sources.hexdigest(), **{name: _version(name) for name in PACKAGES}}


def n_cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def n_threads() -> int:
    """Threads to train with: as OMP_NUM_THREADS says, else one a physical core, as far as the cgroup allows."""
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if said.isdecimal() and int(said) > 0:
        return int(said)
    quota = _quota()
    return _n_cores() if math.isinf(quota) else max(1, min(_n_cores(), math.ceil(quota)))


def free_cores(wait_s: float = 0.2) -> float | None:
    """How many of the CPUs that this process may use nothing else keeps busy, looked at for so long; None: unknown."""
    before = _idle_and_all()
    time.sleep(wait_s)
    after = _idle_and_all()
    if before is None or after is None or after[1] <= before[1]:
        return None
    return min(n_cpus() * (after[0] - before[0]) / (after[1] - before[1]), _quota())


def _idle_and_all() -> tuple[int, int] | None:
    """Ticks of all CPUs that this process may use: those spent idle or waiting for a disk, and all."""
    try:
        lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    own = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    rows = [[int(tick) for tick in line.split()[1:9]] for line in lines if line.partition(" ")[0] in own]
    return (sum(row[3] + row[4] for row in rows), sum(map(sum, rows))) if rows else None


def _n_cores() -> int:
    """Physical cores among the CPUs that this process may use; two threads of one core share its arithmetic."""
    if not hasattr(os, "sched_getaffinity"):
        return n_cpus()
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        return len({Path(topology.format(n)).read_text(encoding="utf-8") for n in os.sched_getaffinity(0)})
    except OSError:
        return n_cpus()


def _quota() -> float:
    """CPUs' worth of time that the cgroup allows, infinite where it sets no limit."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return math.inf
    return int(limit) / int(period) if limit.isdecimal() and int(period) > 0 else math.inf


def find_gpus() -> tuple[tuple[str, ...], str | None]:
    """Names of the GPUs that nvidia-smi lists, and the driver; empty where there is none."""
    if shutil.which("nvidia-smi") is None:
        return (), None
    out = _run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], cwd=None)
    rows = [line.rpartition(",") for line in (out or "").splitlines() if "," in line]
    return tuple(name.strip() for name, _, _ in rows), rows[0][2].strip() if rows else None


def declares_cpu(declared: str | None) -> bool:
    """Whether a card says that it was made on a CPU, and names no GPU beside it."""
    return re.search(r"\bcpus?\b", declared or "", re.IGNORECASE) is not None and not re.search(
        r"\bgpus?\b|cuda|\btpus?\b|nvidia|\b[avhptl]\d{1,3}\b", declared or "", re.IGNORECASE
    )


def stays_on_cpu(declared: str | None, device: str | None) -> bool:
    """Whether a run stays on the CPU: as `--device` says, else as the card declares."""
    return device == "cpu" or (device is None and declares_cpu(declared))


def compare_gpu(declared: str | None, gpus: Sequence[str]) -> Deviation | None:
    """None when the card declares nothing, or the same number of the same GPU; else what differs."""
    if declared is not None and declares_cpu(declared) and gpus:
        return Deviation("hardware", declared, ", ".join(gpus), may_explain_a_gap=False, reason=_OTHER_ARITHMETIC)
    match = re.match(r"\s*(\d+)\s*x\s+(.+?)(?:\s+GPUs?)?\s*$", declared or "", re.IGNORECASE)
    if declared is None or match is None:
        return None
    count, model = int(match[1]), match[2].lower()
    same = re.compile(rf"(?<![a-z0-9]){re.escape(model)}(?![a-z0-9])")
    if len(gpus) == count and all(same.search(name.lower()) for name in gpus):
        return None
    actual = ", ".join(gpus) if gpus else "no GPU (CPU)"
    return Deviation("hardware", declared, actual, may_explain_a_gap=False, reason=_OTHER_ARITHMETIC)


def _checkout() -> tuple[str | None, bool | None]:
    here = Path(__file__).parents[1]
    commit = _run(["git", "log", "-1", "--format=%H", "--", "."], cwd=here)
    if not commit:
        return None, None
    status = _run(["git", "status", "--porcelain", "--untracked-files=no", "--", "."], cwd=here)
    return commit.strip(), bool(status and status.strip())


def _run(command: list[str], cwd: Path | None) -> str | None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    match = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    return match[1].strip() if match else platform.machine()
