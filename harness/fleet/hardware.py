"""Machines for rent: which one is nearest to the GPU that a card declares and fits its run, how fast, for how much.

Memory of GPUs that cards declare: NVIDIA's data sheets. The V100 was made with 16 and with 32 GB; a card that does not
say is taken to have had the smaller one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.fleet.jobs import Need
from harness.plan.cost import CPU_CORE_RATE, GPUS

GIB = 2**30
DECLARED_GIB = {"V100": 16, "P100": 16, "T4": 16, "A10": 24, "A10G": 24, "L4": 24, "A30": 24, "RTX 3090": 24,
                "L40S": 48, "A40": 48, "A6000": 48, "A100": 40, "H100": 80, "H200": 141}  # fmt: skip
# Dense 16-bit tensor-core TFLOP/s of NVIDIA's data sheets, of which 35 % are assumed to be reached (`plan/cost.py`).
# A T4 has 8.1 in fp32, of which it is taken to reach the share that the V100 reaches.
_SHEET = {"T4": 8.1 * 12 / 15.7 / 0.35, "A10G": 70.0, "L4": 121.0, "L40S": 362.0, "RTX PRO 6000": 500.0}
_REACHED = 0.35
_ROOM = 1.1  # of the memory that arithmetic gives, so that what it leaves out fits too


@dataclass(frozen=True, slots=True)
class Flavor:
    """A machine by its name at the engine; `gpu` is None for one without, `gpu_bytes` of each of them."""

    name: str
    gpu: str | None
    n_gpus: int
    gpu_bytes: int
    host_bytes: int
    n_cpus: int
    usd_per_hour: float


def seconds_on(flavor: Flavor, need: Need) -> float | None:
    """How long a run takes there, by arithmetic; None where its work or the GPU's rate is not known."""
    if need.tflop is None:
        return None
    if not need.n_gpus:
        return need.tflop / (CPU_CORE_RATE * max(1, flavor.n_cpus // 2))  # two of its CPUs are one core
    rate = rate_of(flavor.gpu or "")
    return None if rate is None else need.tflop / (rate * need.n_gpus)


def rate_of(gpu: str) -> float | None:
    """TFLOP/s that a GPU is assumed to reach; None for one that we know nothing of."""
    known = {one.name: one.rate for one in GPUS} | {name: _REACHED * rate for name, rate in _SHEET.items()}
    found = [name for name in known if _plain(name) in _plain(gpu)]
    return known[max(found, key=len)] if found else None


def why_not(flavor: Flavor, need: Need) -> str | None:
    """Why a run does not fit a machine; None for one that it fits."""
    if need.n_gpus > flavor.n_gpus:
        return f"has {flavor.n_gpus or 'no'} GPUs, the run takes {need.n_gpus}"
    wanted, there = (need.device_bytes, flavor.gpu_bytes) if need.n_gpus else (need.memory_bytes, flavor.host_bytes)
    if wanted is not None and _ROOM * wanted > there:
        of = "of GPU memory" if need.n_gpus else "of memory"
        return f"has {there / GIB:.0f} GiB {of}, the run takes about {wanted / GIB:.0f}"
    return None


def choose(flavors: Sequence[Flavor], need: Need) -> Flavor | None:
    """The machine that is nearest to what the card declares, of those that the run fits; None where none is.

    The declared GPU itself goes first; then one with at least its memory and its rate, the smallest before larger
    ones, the cheapest before others; one that we know no rate of comes last. A run on the CPU takes the cheapest.
    """
    fitting = [one for one in flavors if why_not(one, need) is None and (one.gpu is None) == (not need.n_gpus)]
    memory, rate = (declared_bytes(need.gpu), rate_of(need.gpu or "") or 0.0) if need.n_gpus else (0, 0.0)

    def key(one: Flavor) -> tuple[bool, bool, bool, int, float]:
        is_slower = need.n_gpus > 0 and (rate_of(one.gpu or "") or -1.0) < rate
        return (not is_declared(one, need), one.gpu_bytes < memory, is_slower, one.gpu_bytes, one.usd_per_hour)

    return min(fitting, key=key, default=None)


def is_declared(flavor: Flavor, need: Need) -> bool:
    """Whether a machine has the GPU that the card declares."""
    if flavor.gpu is None:
        return not need.n_gpus
    return _plain(flavor.gpu) in re.findall(r"[a-z]+\d+[a-z]?", (need.gpu or "").lower())


def declared_bytes(declared: str | None) -> int:
    """Memory of the GPU that a card names; 0 where it names none that we know."""
    sized = re.search(r"(\d+)\s*GI?B", declared or "", re.IGNORECASE)
    if sized:
        return int(sized[1]) * GIB
    found = [name for name in DECLARED_GIB if _plain(name) in _plain(declared or "")]
    return DECLARED_GIB[max(found, key=len)] * GIB if found else 0


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text.lower())
