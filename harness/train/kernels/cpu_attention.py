"""Attention over packed sequences on the CPU, and the squared distance of its map from a teacher's.

Sequences of like length are a block: one batched product over all their heads, as large as the cache. Keys that are
padding are left out (their probability is exactly 0), and no map of a whole batch is ever written.

With S the scores, P = softmax(S), D = P after dropout, T the teacher's probabilities, O = D V and the loss
l = sum (D - T)^2, the backward pass needs P, what dropout kept, and D - T alone:

    dD = dO V' + dl 2 (D - T)        dV = D' dO        dP = dD where kept, scaled        dS = P * (dP - rowsum(dP * P))
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from harness.train import interrupts
from harness.train.kernels.dropout import Draws, Mask, keep, kept, scale_of

LARGEST = 2**18  # entries of the map of a block: 1 MB in fp32, a core's own cache
_WASTE = 2**15  # entries of a block that may be of no sequence's own: one more block costs about as much


class Segment(NamedTuple):
    """Where a sequence lies: its first row, how many rows it has, how many of them, the first, may be attended to, and
    how many count in a loss."""

    begin: int
    n_rows: int
    n_keys: int
    n_counted: int


class Block(NamedTuple):
    """Sequences one behind the other, each of `n_rows` rows of queries and `n_keys` of keys, of which those beyond a
    sequence's own are none. `first` is the number of the first one in its batch, `key_begin` the row of its first key
    among the packed keys, `hidden` (sequences, 1, 1, keys) is -inf for those that are none, or None."""

    first: int
    sequences: tuple[Segment, ...]
    n_rows: int
    n_keys: int
    key_begin: int
    hidden: Tensor | None

    @property
    def rows(self) -> slice:
        begin = self.sequences[0].begin
        return slice(begin, begin + len(self.sequences) * self.n_rows)

    @property
    def keys(self) -> slice:
        return slice(self.key_begin, self.key_begin + len(self.sequences) * self.n_keys)


class QueryKey(NamedTuple):
    """Queries (scaled) and keys of a layer, (H, N, D / H) each, from which its map can be made."""

    query: Tensor
    key: Tensor


class Attended(NamedTuple):
    """Output (N, D); the sum of squares of D - T over all heads, rows and keys, 0 without a teacher; P of each block,
    (sequences x H, rows, keys), where it was asked for."""

    output: Tensor
    distance: Tensor
    maps: tuple[Tensor, ...] = ()


def blocks_of(lengths: Sequence[int], n_tokens: int, n_heads: int, *, counts_padding: bool) -> tuple[Block, ...]:
    """Blocks of sequences in the order of `lengths`, which do not fall: of T rows each, or without padding of as many
    as the longest of the block."""
    groups: list[list[int]] = []
    for length in lengths:
        n_each = (n_tokens if counts_padding else length) * n_heads
        grown = [*groups[-1], length] if groups else []
        entries = n_each * length * len(grown)
        waste = n_each * sum(length - one for one in grown)
        if grown and entries <= LARGEST and waste <= _WASTE:
            groups[-1] = grown
        else:
            groups.append([length])
    blocks, first, begin, key_begin = [], 0, 0, 0
    for group in groups:
        n_keys = group[-1]
        n_rows = n_tokens if counts_padding else n_keys
        sequences = tuple(
            Segment(begin + i * n_rows, n_rows, length, n_tokens if counts_padding else length)
            for i, length in enumerate(group)
        )
        blocks.append(Block(first, sequences, n_rows, n_keys, key_begin, _hidden(group)))
        first, begin, key_begin = first + len(group), begin + len(group) * n_rows, key_begin + len(group) * n_keys
    return tuple(blocks)


def _hidden(lengths: list[int]) -> Tensor | None:
    if lengths[0] == lengths[-1]:
        return None
    is_none = torch.arange(lengths[-1]) >= torch.tensor(lengths)[:, None, None, None]
    return torch.zeros(is_none.shape).masked_fill_(is_none, -torch.inf)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    blocks: Sequence[Block],
    n_heads: int,
    *,
    dropout: float = 0.0,
    draws: Draws | None = None,
    teacher_map: Sequence[Tensor] | None = None,
    shows: bool = False,
) -> Attended:
    """Attends from rows (N, D) to packed keys and values (M, D); rows of one sequence see each other alone.

    Dropout takes place where `draws` are given. `teacher_map` holds the teacher's map of each block and is overwritten.
    """
    drops = (dropout, draws) if draws is not None and dropout else None
    parts = (query, key, value)
    if torch.is_grad_enabled() and any(one.requires_grad for one in parts):
        output, distance = _Attention.apply(*parts, blocks, n_heads, drops, teacher_map)  # type: ignore[no-untyped-call]
        return Attended(output, distance)
    if drops is None and teacher_map is None and not shows:
        return Attended(_without_map(*parts, blocks, n_heads), query.new_zeros(()))
    saved: list[_Saved] = []
    output, distance = _forward(*parts, blocks, n_heads, drops, teacher_map, saved if shows else None)
    return Attended(output, distance, tuple(one.probs for one in saved))


def _without_map(query: Tensor, key: Tensor, value: Tensor, blocks: Sequence[Block], n_heads: int) -> Tensor:
    """The output alone, by torch's own kernel, which writes no map."""
    output = torch.empty_like(query)
    for block in blocks:
        n = len(block.sequences)
        q, k, v = (
            _parted(one[rows], n, n_heads)
            for one, rows in ((query, block.rows), (key, block.keys), (value, block.keys))
        )
        found = functional.scaled_dot_product_attention(q, k, v, attn_mask=block.hidden)
        _parted(output[block.rows], n, n_heads).copy_(found)
    return output


class _Saved(NamedTuple):
    """What the backward pass needs of a block: P, what dropout kept of it (without dropout None), D - T."""

    probs: Tensor
    mask: Mask | None
    difference: Tensor | None


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        blocks: Sequence[Block],
        n_heads: int,
        drops: tuple[float, Draws] | None,
        teacher_map: Sequence[Tensor] | None,
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(query, key, value)
        ctx.blocks, ctx.n_heads, ctx.factor, ctx.saved = blocks, n_heads, scale_of(drops[0]) if drops else 1.0, []
        return _forward(query, key, value, blocks, n_heads, drops, teacher_map, ctx.saved)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        interrupts.check()
        grad_output, grad_distance = grads
        query, key, value = ctx.saved_tensors
        n_heads, factor, weight = ctx.n_heads, ctx.factor, 2.0 * float(grad_distance)
        found = tuple(torch.empty_like(one) for one in (query, key, value))
        for block, (probs, mask, difference) in zip(ctx.blocks, ctx.saved, strict=True):
            n = len(block.sequences)
            q, grad = (_heads(one[block.rows], n, n_heads) for one in (query, grad_output))
            k, v = (_heads(one[block.keys], n, n_heads) for one in (key, value))
            grad_probs = torch.bmm(grad, v.mT).float()  # in fp32 under autocast too
            if difference is not None:
                grad_probs.add_(difference, alpha=weight)
            if mask is not None:
                keep(grad_probs, mask)
            grad_scores = torch._softmax_backward_data(grad_probs, probs, -1, torch.float32)
            if mask is not None:
                keep(probs, mask)
            parts = (torch.bmm(grad_scores, k), torch.bmm(grad_scores.mT, q), torch.bmm(probs.mT, grad))
            times = (factor * _scale(q), factor * _scale(q), factor)
            for whole, part, where, scale in zip(
                found, parts, (block.rows, block.keys, block.keys), times, strict=True
            ):
                whole[where] = _rows(part.mul_(scale), n)
        ctx.saved.clear()
        return *found, None, None, None, None


def _forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    blocks: Sequence[Block],
    n_heads: int,
    drops: tuple[float, Draws] | None,
    teacher_map: Sequence[Tensor] | None,
    saved: list[_Saved] | None,
) -> tuple[Tensor, Tensor]:
    output, distance = torch.empty_like(query), query.new_zeros(())
    for number, block in enumerate(blocks):
        n = len(block.sequences)
        q, (k, v) = _heads(query[block.rows], n, n_heads), (_heads(one[block.keys], n, n_heads) for one in (key, value))
        probs = _probs(q, k, block)
        mask = _mask(block, n_heads, *drops) if drops else None
        factor = scale_of(drops[0]) if drops else 1.0
        dropped = probs if mask is None else kept(probs, mask)
        difference = None
        if teacher_map is not None:
            difference = teacher_map[number].neg_().add_(dropped, alpha=factor)
            for i, one in enumerate(block.sequences):
                if one.n_counted < block.n_rows:  # what fills a row up counts for nothing
                    difference[i * n_heads : (i + 1) * n_heads, one.n_counted :] = 0
            distance += torch.linalg.vecdot(
                difference, difference
            ).sum()  # row by row: one long sum in fp32 is not exact
        output[block.rows] = _rows(torch.bmm(dropped, v), n)
        if factor != 1.0:
            output[block.rows] *= factor
        if saved is not None:
            saved.append(_Saved(probs, mask, difference))
    return output, distance


def _probs(q: Tensor, k: Tensor, block: Block) -> Tensor:
    scores = q.new_empty((len(q), q.shape[1], k.shape[1])).baddbmm_(q, k.mT, beta=0, alpha=_scale(q))
    if block.hidden is not None:
        scores.view(len(block.sequences), -1, *scores.shape[1:]).add_(block.hidden)
    return torch.softmax(scores, -1, out=scores)


def _mask(block: Block, n_heads: int, probability: float, draws: Draws) -> Mask:
    mask = np.ones((len(block.sequences), n_heads, block.n_rows, block.n_keys), dtype=bool)
    for i, one in enumerate(block.sequences):
        draws.fill(block.first + i, mask[i, :, : one.n_counted, : one.n_keys], probability)
    return mask.reshape(-1, block.n_rows, block.n_keys)


def _scale(q: Tensor) -> float:
    return float(q.shape[-1] ** -0.5)


def _parted(x: Tensor, n_sequences: int, n_heads: int) -> Tensor:
    """Rows (sequences x rows, D) as (sequences, H, rows, D / H), a view."""
    n, width = x.shape
    return x.view(n_sequences, n // n_sequences, n_heads, width // n_heads).transpose(1, 2)


def _heads(x: Tensor, n_sequences: int, n_heads: int) -> Tensor:
    """The same as (sequences x H, rows, D / H), fp32."""
    parted = _parted(x if x.dtype == torch.float32 else x.float(), n_sequences, n_heads)
    return parted.reshape(n_sequences * n_heads, *parted.shape[2:])


def _rows(x: Tensor, n_sequences: int) -> Tensor:
    """The reverse."""
    parted = x.view(n_sequences, -1, x.shape[1], x.shape[2]).transpose(1, 2)
    return parted.reshape(n_sequences * x.shape[1], -1)
