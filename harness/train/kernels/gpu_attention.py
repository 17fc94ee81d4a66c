"""Attention and its map's distance from a teacher's, fused, on a GPU: what
`cpu_attention.py` does, by Triton's programs.

The same results from the same arguments, but for rounding and the draws of dropout. No entry of a map is ever written:
the forward pass sweeps over the keys for the log-sum-exps and again for output and distance; the backward pass works
P, D and T out anew from the log-sum-exps, once for the queries' gradient and once for those of keys and values. After
FlashAttention-2 (arXiv 2307.08691), whose rowsum(dO * O) gains the distance's part here, 2 dl rowsum((D - T) * D).

Tiles are not tuned by trial when a run starts, as is usual: other tiles are other roundings, and a run is to give the
same bits each time. Imported only where Triton is; with TRITON_INTERPRET=1 it runs on the CPU, to be tested.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from harness.train.kernels import triton_programs
from harness.train.kernels.cpu_attention import QueryKey, Segment
from harness.train.kernels.dropout import Draws


class Shape(NamedTuple):
    """Queries and keys of a tile, a multiple of 16; warps and pipeline stages of each program."""

    tile: int
    forward: tuple[int, int]
    queries: tuple[int, int]
    keys: tuple[int, int]


# By what the compiler says (Triton 3.7.1, head size 64, with teacher and dropout): registers spill by no more than 8
# bytes, but for 16 bits on sm_80, where it is up to 344; shared memory stays below 91 KB. In fp32, tiles of 64 spill
# kilobytes, and so do more stages. None was measured on a GPU yet.
SHAPES = {
    "16 bits": Shape(64, (8, 2), (8, 2), (8, 2)),
    "tf32": Shape(32, (4, 2), (4, 2), (4, 2)),
    "ieee": Shape(32, (8, 2), (8, 2), (4, 1)),
}


class _Draws(NamedTuple):
    """Dropout of one call: the seed of its bits, below which (as signed numbers) an entry is dropped, what multiplies
    the others."""

    seed: int = 2**32  # no less: Triton makes programs anew for numbers of another width
    threshold: int = -(2**31)
    kept: float = 1.0


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    segments: Sequence[Segment],
    dropout: float = 0.0,
    draws: Draws | None = None,
    teacher_map: QueryKey | None = None,
) -> tuple[Tensor, Tensor]:
    """Output (N, D), and the sum of squares of D - T over all heads, rows and keys, in fp32, 0 without a teacher.

    Query (scaled already), key and value are (H, N, D / H), all in fp32, bf16 or fp16. Rows of one sequence see each
    other alone. Fastest on views of (N, D).
    """
    n_heads, n_rows, size = query.shape
    rows = [_rows_of(one) for one in (query, key, value, *(teacher_map or ()))]
    drops = _draws_of(dropout, draws) if draws is not None and dropout else None
    output, distance = _Fused.apply(*rows[:3], rows[3:], tuple(segments), drops)  # type: ignore[no-untyped-call]
    return output.view(n_rows, n_heads * size), distance


def check(device: torch.device) -> None:
    """Raises where the programs cannot be made on a device (Triton wants a C compiler there, for one), or are wrong.

    A small case in fp32 through both passes, against plain products; torch's generators stay as they are.
    """
    n, segment, results = 40, Segment(0, 40, 33, 37), []
    with torch.enable_grad(), torch.autocast(device.type, enabled=False):
        waves = torch.arange(5 * n * 32, device=device, dtype=torch.float32).mul(0.7).sin().view(5, 2, n, 16)
        for way in (attend, _plain):
            query, key, value = leaves = [one.clone().requires_grad_() for one in waves[:3]]
            output, distance = way(query, key, value, (segment,), teacher_map=QueryKey(waves[3], waves[4]))
            loss = (output * waves[3].reshape(n, -1)).sum() + distance
            results.append((output, distance, *torch.autograd.grad(loss, leaves)))
    for ours, plain in zip(*results, strict=True):
        error = float((ours - plain).detach().norm() / plain.detach().norm())
        if not error < 1e-2:  # that of tf32 is near 1e-3
            raise RuntimeError(f"attention by Triton is off by {error:.2g} on {device}")


def _plain(
    query: Tensor, key: Tensor, value: Tensor, segments: Sequence[Segment], teacher_map: QueryKey
) -> tuple[Tensor, Tensor]:
    """The same for one sequence without dropout, by whole maps."""
    (one,) = segments
    probs, target = (
        torch.softmax((q @ k.mT)[..., : one.n_keys], -1)
        for q, k in ((query, key), (teacher_map.query, teacher_map.key))
    )
    output = (probs @ value[:, : one.n_keys]).transpose(0, 1).flatten(1)
    return output, (probs - target)[:, : one.n_counted].square().sum()


def _rows_of(x: Tensor) -> Tensor:
    """(H, N, D / H) as (N, H, D / H) the way it is read: a view where they are one of (N, D), else a copy."""
    return x.transpose(0, 1).contiguous()


def _draws_of(probability: float, draws: Draws) -> _Draws:
    threshold = min(round(probability * 2**32) - 2**31, 2**31 - 1)  # at probability 1 nothing kept is multiplied by 0
    return _Draws(draws.seed(), threshold, 1.0 / (1.0 - probability) if probability < 1 else 0.0)


@functools.lru_cache(maxsize=4)
def _tiles_of(segments: tuple[Segment, ...], tile: int, device: torch.device) -> tuple[Tensor, int]:
    """The table of Triton's programs, kept for the layers of a batch, and what the keys of the longest fill, in fours.

    The copy does not wait for the device.
    """
    table = [
        (one.begin, offset, one.n_rows, one.n_keys, one.n_counted)
        for one in segments
        for offset in range(0, one.n_rows, tile)
    ]
    quads = -(-max(one.n_rows for one in segments) // 4)
    return torch.tensor(table, dtype=torch.int32).to(device, non_blocking=True), quads


def _precision_of(query: Tensor) -> str:
    if query.dtype != torch.float32:
        return "16 bits"
    return "ieee" if torch.get_float32_matmul_precision() == "highest" else "tf32"


def _constants(query: Tensor, teacher_map: bool, draws: _Draws | None) -> dict[str, Any]:
    """What the programs are compiled for."""
    size, precision = query.shape[-1], _precision_of(query)
    return {
        "size": size,
        "padded": max(16, 1 << (size - 1).bit_length()),
        "tile": SHAPES[precision].tile,
        "teacher_map": teacher_map,
        "drops": draws is not None,
        "precision": "ieee" if precision == "ieee" else "tf32",
    }


def _launched(program: tuple[int, int]) -> dict[str, Any]:
    """Multiply and add in one rounding, as Triton does by itself up to 3.9."""
    return {"num_warps": program[0], "num_stages": program[1], "enable_fp_fusion": True}


class _Fused(torch.autograd.Function):
    """Over query, key, value and the teacher's query and key, (N, H, D / H) each."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        teacher_map: Sequence[Tensor],
        segments: tuple[Segment, ...],
        draws: _Draws | None,
    ) -> tuple[Tensor, Tensor]:
        n_rows, n_heads, _ = query.shape
        shape = SHAPES[_precision_of(query)]
        table, quads = _tiles_of(segments, shape.tile, query.device)
        output = torch.empty_like(query)
        sums = query.new_empty((4 if teacher_map else 1, n_rows, n_heads), dtype=torch.float32)
        lse, taught_lse, squares, products = sums if teacher_map else [sums[0]] * 4
        theirs = teacher_map or (query, key)  # without a teacher nothing of it is read
        constants = _constants(query, bool(teacher_map), draws)
        numbers = (*(draws or _Draws()), quads, n_heads)
        with torch.cuda.device_of(query):  # type: ignore[no-untyped-call]
            triton_programs.forward[len(table), n_heads](
                query, key, value, *theirs, output, lse, taught_lse, squares, products, table, *numbers,
                **constants, **_launched(shape.forward),
            )  # fmt: skip
        ctx.save_for_backward(query, key, value, *theirs, output, lse, taught_lse, products, table)
        ctx.numbers, ctx.constants, ctx.shape = numbers, constants, shape
        return output, squares.sum() if teacher_map else sums.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, taught_query, taught_key, output, lse, taught_lse, products, table = ctx.saved_tensors
        grad_output, grad_distance = (one.contiguous() for one in grads)
        inputs = (query, key, value, taught_query, taught_key)
        grad_query, grad_key, grad_value = (torch.empty_like(one) for one in (query, key, value))
        deltas, grid = torch.empty_like(lse), (len(table), query.shape[1])
        with torch.cuda.device_of(query):  # type: ignore[no-untyped-call]
            triton_programs.backward_queries[grid](
                *inputs, output, grad_output, grad_distance, lse, taught_lse, products, deltas, grad_query, table,
                *ctx.numbers, **ctx.constants, **_launched(ctx.shape.queries),
            )  # fmt: skip
            triton_programs.backward_keys[grid](
                *inputs, grad_output, grad_distance, lse, taught_lse, deltas, grad_key, grad_value, table,
                *ctx.numbers, **ctx.constants, **_launched(ctx.shape.keys),
            )  # fmt: skip
        return grad_query, grad_key, grad_value, None, None, None
