"""Attention in tiles: output, distance and every gradient are those of the plain formula with the same masks."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.kernels.attention import Heads, Stretch, attend, heads_of
from harness.kernels.dropout import Dropout

H, SIZE = 3, 8
# Padded rows that count, a row without padding, fillers that count for nothing, one token alone.
LAYOUTS = {
    "counted": (Stretch(0, 24, 9, 24), Stretch(24, 24, 24, 24), Stretch(48, 24, 1, 24)),
    "dropped": (Stretch(0, 16, 9, 9), Stretch(16, 24, 24, 24), Stretch(40, 8, 1, 1)),
}


class Recorded(Dropout):
    """Keeps the masks that it gives."""

    def __init__(self, probability: float) -> None:
        super().__init__(probability)
        self.given: list[Tensor] = []

    def mask(self, *shape: int) -> Tensor:
        self.given.append(super().mask(*shape))
        return self.given[-1]


def plain(
    query: Tensor, key: Tensor, value: Tensor, stretches: tuple[Stretch, ...], masks: list[Tensor], taught: Heads | None
) -> tuple[Tensor, Tensor]:
    """One sequence and head after the other, with additive masks and whole maps."""
    output, distance = torch.zeros_like(query), torch.zeros(())
    left = iter(masks)
    for one in stretches:
        rows = slice(one.begin, one.begin + one.n_rows)
        hidden = torch.zeros(one.n_rows).index_fill(0, torch.arange(one.n_keys, one.n_rows), -1e30)
        for head in range(H):
            probs = torch.softmax(query[head, rows] @ key[head, rows].T + hidden, -1)
            mask = next(left, torch.ones(one.n_rows, one.n_rows))
            whole = torch.zeros(one.n_rows, one.n_rows)
            whole[:, : mask.shape[1]] = mask
            dropped = probs * whole
            if taught is not None:
                theirs = torch.softmax(taught.query[head, rows] @ taught.key[head, rows].T + hidden, -1)
                distance = distance + ((dropped - theirs)[: one.n_counted] ** 2).sum()
            output[head, rows] = dropped @ value[head, rows]
    return output.transpose(0, 1).reshape(len(query[0]), -1), distance


@pytest.mark.parametrize("probability", [0.0, 0.3])
@pytest.mark.parametrize("is_taught", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_output_distance_and_gradients_are_those_of_the_plain_formula(
    layout: str, is_taught: bool, probability: float
) -> None:
    stretches = LAYOUTS[layout]
    n = stretches[-1].begin + stretches[-1].n_rows
    torch.manual_seed(1)
    parts = [torch.randn(H, n, SIZE, requires_grad=True) for _ in range(3)]
    taught = Heads(torch.randn(H, n, SIZE), torch.randn(H, n, SIZE)) if is_taught else None
    dropout, weight = Recorded(probability), torch.randn(n, H * SIZE)

    def gradients(output: Tensor, distance: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad((output * weight).sum() + 0.7 * distance, parts))

    found = attend(*parts, stretches, dropout, taught)
    expected = plain(*parts, stretches, dropout.given, taught)
    for one, other in zip((*found, *gradients(*found)), (*expected, *gradients(*expected)), strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        again = attend(*parts, stretches, None, taught)
    if not probability:
        assert torch.equal(again[0], found[0].detach())


def test_heads_are_columns_side_by_side() -> None:
    x = torch.arange(12.0).view(2, 6)
    assert heads_of(x, 3)[1].tolist() == [[2, 3], [8, 9]]


# --- dropout ---


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_masks_drop_the_share_they_should_and_keep_the_mean(probability: float) -> None:
    torch.manual_seed(3)
    mask = Dropout(probability).mask(1000, 1000)
    share = float((mask == 0).double().mean())
    assert abs(share - probability) <= 5 * math.sqrt(probability * (1 - probability)) / 1000
    if probability < 1:
        assert set(mask.unique().tolist()) <= {0.0, float(torch.tensor(1 / (1 - probability)))}


def test_masks_are_a_function_of_the_state_of_torchs_generator() -> None:
    def drawn(seed: int) -> Any:
        torch.manual_seed(seed)
        dropout = Dropout(0.5)
        return dropout.mask(64), dropout.mask(64)

    first, again, other = drawn(1), drawn(1), drawn(2)
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[0], other[0])


def test_neighbours_in_a_mask_are_dropped_independently() -> None:
    torch.manual_seed(5)
    mask = (Dropout(0.1).mask(1000, 1000) == 0).double()
    for pair in (mask[:, 1:] * mask[:, :-1], mask[1:] * mask[:-1]):
        assert abs(float(pair.mean()) - 0.01) < 5 * math.sqrt(0.01 * 0.99) / 1000 * 1.5
