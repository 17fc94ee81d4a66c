"""Dropout on the CPU, drawn by NumPy's SFC64 in place of torch's generator.

Each row of a batch has a stream of its own, so what is dropped of it depends on its seed alone: not on how many cores,
micro-batches or processes share the batch, nor on the rows beside it. torch's own generator takes about 6 ns an element
on one core, this one 0.8: 16 bits decide an element. So the probability is met to 2^-17; what is kept is scaled by the
probability that is drawn with, which keeps the mean exactly. A GPU has draws of its own, from a seed given here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Mask = np.ndarray[Any, np.dtype[np.bool_]]
_LEVELS = 2**16


class Draws:
    """The random numbers of one forward pass over rows with these seeds, in packed order."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._streams = [np.random.Generator(np.random.SFC64(seed)) for seed in seeds]

    def fill(self, row: int, mask: Mask, probability: float) -> None:
        """Writes False into `mask` where an element of this row is dropped, else True."""
        n = mask.size
        words = self._streams[row].integers(0, 2**64, -(-n // 4), dtype=np.uint64).view(np.uint16)[:n]
        np.greater_equal(words.reshape(mask.shape), np.uint16(_level(probability)), out=mask)

    def seed(self) -> int:
        """Of masks that a GPU draws for itself, a new one each time, from 2^32 to 2^63."""
        return int(self._streams[0].integers(2**32, 2**63))


def _level(probability: float) -> int:
    """How many of the 2^16 values of a draw mean dropped; probability 1 would divide by 0."""
    return min(round(probability * _LEVELS), _LEVELS - 1)


def scale_of(probability: float) -> float:
    """What kept elements are multiplied by: 1 / (1 - probability), of the probability that is drawn with."""
    return _LEVELS / (_LEVELS - _level(probability))


def kept(x: Tensor, mask: Mask) -> Tensor:
    """x where the mask is true, 0 elsewhere, in fp32; NumPy multiplies by booleans three times as fast as torch."""
    return torch.from_numpy(np.multiply(x.detach().float().numpy(), mask))


def keep(x: Tensor, mask: Mask) -> None:
    """Writes 0 into x, fp32, where the mask is false."""
    np.multiply(x.numpy(), mask, out=x.numpy())


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: Mask, scale: float) -> Tensor:
        ctx.mask, ctx.scale = mask, scale
        return kept(x, mask).mul_(scale)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,) = grads
        return kept(grad, ctx.mask).mul_(ctx.scale), None, None


def dropped(x: Tensor, probability: float, draws: Draws | None, rows: Sequence[slice]) -> Tensor:
    """x (N, D) after dropout, in fp32 on the CPU; x itself without draws, as in eval mode.

    `rows` are the places of each sequence, in order; what lies between them is none of any.
    """
    if draws is None or not probability:
        return x
    if x.device.type != "cpu":
        return functional.dropout(x, probability)
    mask = np.ones(tuple(x.shape), dtype=bool)
    for number, place in enumerate(rows):
        draws.fill(number, mask[place], probability)
    found: Tensor = _Dropped.apply(x, mask, scale_of(probability))  # type: ignore[no-untyped-call]
    return found
