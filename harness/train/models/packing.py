"""A batch as rows that lie packed one behind the other, and back.

In one of two layouts: `counted` keeps padded positions, which see the real tokens and count in every mean; `dropped`
leaves them out. A padded position is never attended to, so none has a key or a value.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from harness.train.kernels import cpu_attention
from harness.train.kernels.cpu_attention import Block, Segment
from harness.train.kernels.dropout import Draws

Layout = Literal["counted", "dropped"]
_ROUND = 8  # rows of a sequence on a GPU, or a multiple


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of B rows of up to T tokens as N packed ones: `ids`, `types`, `positions` (N), `counted` (N) 0 or 1.

    `places` (N) are their indices among the B x T of the batch; a padded position that fills a row up counts for
    nothing. `kept` are the indices among the N of those that are counted. `order` are the rows of the batch as
    `segments` has them. On the CPU they are parted into `blocks`, and `keys` (M) are the indices among the N of
    those that have a key, in the order of blocks; None where all have one."""

    ids: Tensor
    types: Tensor
    positions: Tensor
    counted: Tensor
    kept: Tensor
    places: Tensor
    segments: tuple[Segment, ...]
    order: tuple[int, ...]
    blocks: tuple[Block, ...]
    keys: Tensor | None
    shape: tuple[int, int]

    @property
    def rows(self) -> list[slice]:
        """Of each sequence those that count."""
        return [slice(one.begin, one.begin + one.n_counted) for one in self.segments]

    @property
    def key_rows(self) -> list[slice]:
        """Of each sequence, among the rows that keys are made for."""
        begins = [block.key_begin + i * block.n_keys for block in self.blocks for i in range(len(block.sequences))]
        begins = begins or [one.begin for one in self.segments]
        return [slice(n, n + one.n_keys) for n, one in zip(begins, self.segments, strict=True)]


def is_in_blocks(device: torch.device) -> bool:
    """Whether attention is that of kernels/cpu_attention.py, else that of kernels/gpu_attention.py."""
    return device.type == "cpu"


def pack(batch: Mapping[str, Tensor], layout: Layout, n_heads: int = 1) -> Packed:
    """Packs `input_ids`, `attention_mask` and `token_type_ids` (B, T); real tokens come first in a row.

    With `lengths` (B) on the host, which are the sums of the mask, a GPU is not waited for. On the CPU rows are packed
    in the order of their lengths, in blocks for so many heads.
    """
    mask = batch["attention_mask"]
    n_rows, n_tokens = mask.shape
    lengths = (batch["lengths"] if "lengths" in batch else mask.sum(1)).tolist()
    order, blocks = list(range(n_rows)), tuple[Block, ...]()
    if is_in_blocks(mask.device):
        order.sort(key=lengths.__getitem__)
        blocks = cpu_attention.blocks_of(
            [lengths[row] for row in order], n_tokens, n_heads, counts_padding=layout == "counted"
        )
        segments = tuple(itertools.chain.from_iterable(block.sequences for block in blocks))
    else:
        segments = _segments_of(lengths, n_tokens, layout)
    own = [torch.arange(one.n_rows) for one in segments]
    places = torch.cat([row * n_tokens + rows for row, rows in zip(order, own, strict=True)])
    is_counted = torch.cat([rows < one.n_counted for one, rows in zip(segments, own, strict=True)])
    keys = _keys_of(blocks)
    at, kept, is_counted = (
        one.to(mask.device, non_blocking=True) for one in (places, is_counted.nonzero()[:, 0], is_counted)
    )
    return Packed(
        ids=batch["input_ids"].reshape(-1)[at],
        types=batch["token_type_ids"].reshape(-1)[at],
        positions=at % n_tokens,
        counted=is_counted,
        kept=kept,
        places=at,
        segments=segments,
        order=tuple(order),
        blocks=blocks,
        keys=keys,
        shape=(n_rows, n_tokens),
    )


def _segments_of(lengths: Sequence[int], n_tokens: int, layout: Layout) -> tuple[Segment, ...]:
    """One sequence behind the other, each of a round number of rows."""
    segments, begin = [], 0
    for length in lengths:
        n_counted = n_tokens if layout == "counted" else length
        n_taken = min(-(-n_counted // _ROUND) * _ROUND, n_tokens)
        segments.append(Segment(begin, n_taken, length, n_counted))
        begin += n_taken
    return tuple(segments)


def _keys_of(blocks: Sequence[Block]) -> Tensor | None:
    """Which rows have a key, in the order of blocks and sequences; None where that is each in its place."""
    if all(block.n_keys == block.n_rows for block in blocks):
        return None
    return torch.cat([one.begin + torch.arange(block.n_keys) for block in blocks for one in block.sequences])


def unpack(packed: Packed, values: Tensor, fill: float) -> Tensor:
    """Packed values (N, …) as (B, T, …), with `fill` where a position was left out."""
    n_rows, n_tokens = packed.shape
    whole = values.new_full((n_rows * n_tokens, *values.shape[1:]), fill)
    filled = whole.index_put((packed.places[packed.kept],), values[packed.kept])
    return filled.view(n_rows, n_tokens, *values.shape[1:])


def draws_of(batch: Mapping[str, Tensor], packed: Packed) -> Draws:
    """The random numbers of a pass: from `seeds` (B) of the rows where the batch has them, else torch's generator."""
    seeds = batch["seeds"] if "seeds" in batch else torch.randint(2**62, packed.shape[:1])
    return Draws([int(seeds[row]) for row in packed.order])
