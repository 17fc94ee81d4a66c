"""Attention for a GPU, compiled as it would be launched there; prints what each program takes, as JSON.

    TRITON_INTERPRET=0 python -m tests.train.kernels.compiled 90

For compute capability 9.0, which need not be at hand: Triton is given a driver that knows what to compile for and no
more, and nothing is launched. Keys are precision and program; values bytes of shared memory of each program that was
made: one, if what differs from call to call (seeds, lengths, sizes) makes none anew.
"""

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from triton.backends.compiler import GPUTarget
from triton.runtime import driver

from harness.train.kernels import gpu_attention, triton_programs
from harness.train.kernels.cpu_attention import QueryKey, Segment
from harness.train.kernels.dropout import Draws

HEADS, SIZE = 12, 64
CALLS = ((Segment(0, 40, 9, 40), Segment(40, 40, 40, 40)), (Segment(0, 384, 384, 384),), (Segment(0, 8, 3, 3),))


class Absent:
    """The driver of a GPU that is not there."""

    def __init__(self, capability: int) -> None:
        self._target = GPUTarget("cuda", capability, 32)

    def get_current_target(self) -> GPUTarget:
        return self._target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, _: int) -> int:
        return 0


class Compiled:
    """A program that is compiled where it is launched; `shared` holds the bytes of each that was made."""

    def __init__(self, program: Any) -> None:
        self._program, self._made = program, {}

    def __getitem__(self, grid: Any) -> Callable[..., None]:
        def launch(*given: Any, **named: Any) -> None:
            made = self._program.warmup(*given, grid=grid, **named)
            assert made.asm["cubin"]
            self._made[id(made)] = made

        return launch

    @property
    def shared(self) -> list[int]:
        return [one.metadata.shared for one in self._made.values()]


def both_passes(dtype: torch.dtype, segments: tuple[Segment, ...]) -> None:
    """With teacher and dropout."""
    n = segments[-1].begin + segments[-1].n_rows
    leaves = [torch.randn(n, HEADS * SIZE).to(dtype).requires_grad_() for _ in range(3)]
    teacher_map = QueryKey(*(torch.randn(n, HEADS, SIZE).to(dtype).transpose(0, 1) for _ in range(2)))
    query, key, value = (one.view(len(one), HEADS, SIZE).transpose(0, 1) for one in leaves)
    output, distance = gpu_attention.attend(query * SIZE**-0.5, key, value, segments, 0.1, Draws([1]), teacher_map)
    (output.sum() + distance).backward()


def main(capability: int) -> dict[str, list[int]]:
    driver.set_active(Absent(capability))
    found = {}
    for precision, dtype in {"16 bits": torch.bfloat16, "tf32": torch.float32, "ieee": torch.float32}.items():
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
        names = ("forward", "backward_queries", "backward_keys")
        programs = {name: Compiled(getattr(triton_programs, name)) for name in names}
        gpu_attention.triton_programs = SimpleNamespace(**programs)  # type: ignore[assignment]
        for segments in CALLS:
            both_passes(dtype, segments)
        found |= {f"{precision}, {name}": program.shared for name, program in programs.items()}
    return found


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
