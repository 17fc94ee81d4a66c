"""Attention in blocks: output, distance and every gradient are those of the plain formula with the same masks."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.train.kernels.cpu_attention import LARGEST, QueryKey, Segment, attend, blocks_of
from harness.train.kernels.dropout import Draws, Mask, dropped

H, SIZE = 3, 8
LENGTHS = (1, 9, 10, 24)  # one token alone, two that share a block with others, a row without padding
LONG = (1, 90, 200, 201, 230)  # more than one block


class PlotData(Draws):
    """Keeps the masks that it gives."""

    def __init__(self, n: int) -> None:
        super().__init__(range(n))
        self.given: list[Mask] = []

    def fill(self, row: int, mask: Mask, probability: float) -> None:
        super().fill(row, mask, probability)
        self.given.append(mask.copy())


def plain(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    segments: Sequence[Segment],
    masks: list[Tensor],
    teacher_map: QueryKey | None,
) -> tuple[Tensor, Tensor]:
    """One sequence and head after the other, with additive masks and whole maps; all are (H, N, size)."""
    output, distance = torch.zeros_like(query), torch.zeros(())
    left = iter(masks)
    for one in segments:
        rows = slice(one.begin, one.begin + one.n_rows)
        hidden = torch.zeros(one.n_rows).index_fill(0, torch.arange(one.n_keys, one.n_rows), -1e30)
        for head in range(H):
            probs = torch.softmax(query[head, rows] @ key[head, rows].T + hidden, -1)
            mask = next(left, torch.ones(one.n_rows, one.n_rows))
            whole = torch.zeros(one.n_rows, one.n_rows)
            whole[: mask.shape[0], : mask.shape[1]] = mask
            dropped = probs * whole
            if teacher_map is not None:
                theirs = torch.softmax(teacher_map.query[head, rows] @ teacher_map.key[head, rows].T + hidden, -1)
                distance = distance + ((dropped - theirs)[: one.n_counted] ** 2).sum()
            output[head, rows] = dropped @ value[head, rows]
    return output.transpose(0, 1).reshape(len(query[0]), -1), distance


def heads_of(x: Tensor) -> Tensor:
    return x.view(len(x), H, -1).transpose(0, 1)


@pytest.mark.parametrize("probability", [0.0, 0.3])
@pytest.mark.parametrize("is_taught", [True, False])
@pytest.mark.parametrize("counts_padding", [True, False])
@pytest.mark.parametrize("lengths", [LENGTHS, LONG])
def test_output_distance_and_gradients_are_those_of_the_plain_formula(
    lengths: tuple[int, ...], counts_padding: bool, is_taught: bool, probability: float
) -> None:
    blocks = blocks_of(lengths, max(lengths), H, counts_padding=counts_padding)
    segments = [one for block in blocks for one in block.sequences]
    assert len(blocks) > 1 or lengths is LENGTHS
    n, keys = (
        blocks[-1].rows.stop,
        torch.cat([one.begin + torch.arange(block.n_keys) for block in blocks for one in block.sequences]),
    )
    torch.manual_seed(1)
    rows = [torch.randn(n, H * SIZE, requires_grad=True) for _ in range(3)]
    theirs = [torch.randn(n, H * SIZE) for _ in range(2)]
    weight = torch.randn(n, H * SIZE)
    is_own = torch.cat([torch.arange(one.n_rows) < one.n_counted for one in segments])
    weight[~is_own] = 0  # nobody reads what fills a row up

    def gradients(output: Tensor, distance: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad((output * weight).sum() + 0.7 * distance, rows))

    maps = None
    if is_taught:
        maps = attend(theirs[0], theirs[1][keys], rows[2].detach()[keys], blocks, H, shows=True).maps
    draws = PlotData(len(lengths))
    found = attend(
        rows[0], rows[1][keys], rows[2][keys], blocks, H, dropout=probability, draws=draws, teacher_map=maps
    )[:2]  # fmt: skip
    level = round(probability * 2**16) / 2**16
    masks = [torch.from_numpy(head / (1 - level)).float() for mask in draws.given for head in mask]
    scale = SIZE**-0.5
    expected = plain(
        heads_of(rows[0]) * scale, heads_of(rows[1]), heads_of(rows[2]), segments, masks,
        QueryKey(heads_of(theirs[0]) * scale, heads_of(theirs[1])) if is_taught else None,
    )  # fmt: skip
    assert torch.allclose(found[0][is_own], expected[0][is_own], rtol=1e-4, atol=1e-5)
    assert torch.allclose(found[1], expected[1], rtol=1e-5)
    for one, other in zip(gradients(*found), gradients(*expected), strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def test_without_a_map_the_output_is_the_same() -> None:
    torch.manual_seed(3)
    for counts_padding in (True, False):
        blocks = blocks_of(LENGTHS, max(LENGTHS), H, counts_padding=counts_padding)
        keys = torch.cat([one.begin + torch.arange(block.n_keys) for block in blocks for one in block.sequences])
        query, key, value = (torch.randn(blocks[-1].rows.stop, H * SIZE) for _ in range(3))
        bare, shown = (attend(query, key[keys], value[keys], blocks, H, shows=shows) for shows in (False, True))
        assert not bare.maps
        assert torch.allclose(bare.output, shown.output, rtol=1e-5, atol=1e-6)


def test_under_autocast_gradients_are_those_of_fp32_to_the_bits_of_bf16() -> None:
    blocks = blocks_of(LENGTHS, max(LENGTHS), H, counts_padding=False)
    torch.manual_seed(4)
    rows = [torch.randn(blocks[-1].rows.stop, H * SIZE, requires_grad=True) for _ in range(3)]
    found = []
    for is_cast in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_cast):
            output = attend(*rows, blocks, H, dropout=0.3, draws=Draws(range(len(LENGTHS)))).output
            found.append(torch.autograd.grad(output.square().sum(), rows))
    for one, other in zip(*found, strict=True):
        assert float((one - other).norm() / one.norm()) < 2**-6


def test_a_block_is_no_larger_than_the_cache_and_holds_every_sequence_once() -> None:
    lengths = sorted(np.random.default_rng(1).integers(20, 384, 64).tolist())
    for counts_padding in (True, False):
        blocks = blocks_of(lengths, 384, 12, counts_padding=counts_padding)
        assert [one.n_keys for block in blocks for one in block.sequences] == lengths
        assert all(
            len(block.sequences) * 12 * block.n_rows * block.n_keys <= LARGEST
            for block in blocks
            if len(block.sequences) > 1
        )
        ends = [block.rows.stop for block in blocks]
        assert [block.rows.start for block in blocks] == [0, *ends[:-1]]


def test_a_long_sum_of_squares_is_exact_to_a_millionth() -> None:
    """16 rows of 240 tokens and 12 heads are 11 million entries: one running sum in fp32 is off by 5e-5 at a tenth."""
    torch.manual_seed(2)
    blocks = blocks_of([240] * 16, 240, 12, counts_padding=True)
    query, key, other = (torch.randn(16 * 240, 12 * 4) for _ in range(3))
    maps = attend(query, other, key, blocks, 12, shows=True).maps
    ours = attend(query, key, key, blocks, 12, shows=True).maps
    exact = sum(float(((a.double() - b.double()) ** 2).sum()) for a, b in zip(maps, ours, strict=True))
    assert float(attend(query, key, key, blocks, 12, teacher_map=maps).distance) == pytest.approx(exact, rel=1e-6)


# --- dropout ---


def masks_of(seeds: Sequence[int], probability: float, shape: tuple[int, int] = (1000, 1000)) -> list[Mask]:
    draws, found = Draws(seeds), [np.empty(shape, dtype=bool) for _ in seeds]
    for row, mask in enumerate(found):
        draws.fill(row, mask, probability)
    return found


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9])
def test_masks_drop_the_share_they_should_and_keep_the_mean(probability: float) -> None:
    (mask,) = masks_of([3], probability)
    share = 1 - float(mask.mean())
    assert abs(share - probability) <= 5 * math.sqrt(probability * (1 - probability)) / 1000 + 2**-17
    x = dropped(torch.ones(1000, 1000), probability, Draws([3]), [slice(0, 1000)])
    assert abs(float(x.mean()) - 1) <= 5 * math.sqrt(probability / (1 - probability)) / 1000
    assert set(x.unique().tolist()) <= {0.0, float(torch.tensor(2**16 / (2**16 - round(probability * 2**16))))}


def test_what_is_dropped_of_a_row_hangs_on_its_seed_alone() -> None:
    first, second = masks_of([1, 2], 0.5)
    assert np.array_equal(second, masks_of([2], 0.5)[0])
    assert not np.array_equal(first, second)
    draws = Draws([1])
    again = np.empty((1000, 1000), dtype=bool)
    draws.fill(0, again, 0.5)
    assert np.array_equal(again, first)
    draws.fill(0, again, 0.5)
    assert not np.array_equal(again, first)


def test_the_gradient_is_dropped_where_the_value_was() -> None:
    x = torch.ones(6, 50, requires_grad=True)
    y = dropped(x, 0.4, Draws([5, 6]), [slice(0, 3), slice(3, 6)])
    y.sum().backward()
    assert torch.equal(y.detach(), x.grad)


def test_neighbours_in_a_mask_are_dropped_independently() -> None:
    mask = (~masks_of([5], 0.1)[0]).astype(float)
    for pair in (mask[:, 1:] * mask[:, :-1], mask[1:] * mask[:-1]):
        assert abs(float(pair.mean()) - 0.01) < 5 * math.sqrt(0.01 * 0.99) / 1000 * 1.5
