"""Attention over sequences that lie one behind the other, and the squared distance of its map from a teacher's.

Tile by tile: for one head of one sequence scores, probabilities, dropout, the teacher's probabilities and their
difference are all made while they lie in the cache, and keys that are padding are left out (their probability is
exactly 0). No map of a whole batch is ever written.

With S the scores, P = softmax(S), D = P after dropout, T the teacher's probabilities, O = D V and the loss
l = sum (D - T)^2, the backward pass needs P, D and D - T alone:

    dD = dO V' + dl 2 (D - T)        dV = D' dO        dS = dD * D - P * rowsum(dD * D)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from harness.kernels.dropout import Dropout
from harness.kernels.linear import multiply

ROUND = 8  # tiles are made for this many keys or a multiple: oneDNN keeps a program for each shape


class Stretch(NamedTuple):
    """Where a sequence lies: its first row, how many rows it has, how many of them, the first, may be attended to, and
    how many count in a loss. A tile is made of a round number of keys; those from `n_keys` on are none."""

    begin: int
    n_rows: int
    n_keys: int
    n_counted: int

    @property
    def rows(self) -> slice:
        return slice(self.begin, self.begin + self.n_rows)

    @property
    def keys(self) -> slice:
        """Of the tile."""
        n_tile = min(-(-self.n_keys // ROUND) * ROUND, self.n_rows)
        return slice(self.begin, self.begin + n_tile)


class Heads(NamedTuple):
    """Queries (scaled) and keys of a layer, (H, N, D / H) each, from which its map can be made."""

    query: Tensor
    key: Tensor


def heads_of(x: Tensor, n_heads: int) -> Tensor:
    """(N, D) as (H, N, D / H), in fp32, contiguous."""
    return x.float().view(len(x), n_heads, -1).transpose(0, 1).contiguous()


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    stretches: Sequence[Stretch],
    dropout: Dropout | None = None,
    taught: Heads | None = None,
) -> tuple[Tensor, Tensor]:
    """Output (N, D), and the sum of squares of D - T over all heads, rows and keys, 0 without a teacher.

    Query (scaled already), key and value are (H, N, D / H). Rows of one sequence see each other alone.
    """
    if torch.is_grad_enabled():
        output, distance = _Attention.apply(query, key, value, stretches, dropout, taught)  # type: ignore[no-untyped-call]
    else:
        output, distance = _forward(query, key, value, stretches, dropout, taught, None)
    n_heads, n_rows, size = query.shape
    return output.transpose(0, 1).reshape(n_rows, n_heads * size), distance


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        stretches: Sequence[Stretch],
        dropout: Dropout | None,
        taught: Heads | None,
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(query, key, value)
        ctx.stretches, ctx.kept = stretches, []
        return _forward(query, key, value, stretches, dropout, taught, ctx.kept)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        grad_output, grad_distance = grads
        query, key, value = ctx.saved_tensors
        grad_query, grad_key, grad_value = (torch.zeros_like(one) for one in (query, key, value))
        grad_output = grad_output.contiguous()
        factor = 2.0 * grad_distance
        for (head, stretch), (probs, dropped, difference) in zip(_tiles(query, ctx.stretches), ctx.kept, strict=True):
            rows, keys = stretch.rows, stretch.keys
            grad = grad_output[head, rows]
            grad_dropped = multiply(grad, value[head, keys])
            if difference is not None:
                grad_dropped.add_(difference * factor)
            grad_value[head, keys] = multiply(dropped.t().contiguous(), grad.t().contiguous())
            grad_scores = grad_dropped.mul_(dropped)
            grad_scores.sub_(probs * grad_scores.sum(1, keepdim=True))
            grad_query[head, rows] = multiply(grad_scores, key[head, keys].t().contiguous())
            grad_key[head, keys] = multiply(grad_scores.t().contiguous(), query[head, rows].t().contiguous())
        ctx.kept.clear()
        return grad_query, grad_key, grad_value, None, None, None


def _tiles(query: Tensor, stretches: Sequence[Stretch]) -> list[tuple[int, Stretch]]:
    return [(head, stretch) for stretch in stretches for head in range(len(query))]


def _forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    stretches: Sequence[Stretch],
    dropout: Dropout | None,
    taught: Heads | None,
    kept: list[tuple[Tensor, Tensor, Tensor | None]] | None,
) -> tuple[Tensor, Tensor]:
    """`kept` is filled with what the backward pass needs of each tile: P, D and D - T."""
    output, distance = torch.empty_like(query), query.new_zeros(())
    for head, stretch in _tiles(query, stretches):
        rows, keys = stretch.rows, stretch.keys
        probs = _probs(query[head, rows], key[head, keys], stretch.n_keys)
        dropped = probs if dropout is None or not dropout.probability else probs * dropout.mask(*probs.shape)
        difference = None
        if taught is not None:
            difference = dropped - _probs(taught.query[head, rows], taught.key[head, keys], stretch.n_keys)
            difference[stretch.n_counted :] = 0
            flat = difference.view(-1)
            distance += torch.dot(flat, flat)
        output[head, rows] = multiply(dropped, value[head, keys].t().contiguous())
        if kept is not None:
            kept.append((probs, dropped, difference))
    return output, distance


def _probs(query: Tensor, key: Tensor, n_keys: int) -> Tensor:
    scores = multiply(query, key)
    if n_keys < len(key):
        scores[:, n_keys:] = -torch.inf
    return torch.softmax(scores, dim=1)
