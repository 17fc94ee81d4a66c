"""The optimisation loop: order of rows, shares of a batch, accumulation, schedule, and what stops it."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState
from torch import Tensor, nn

from harness.errors import RunError
from harness.train.engine.loop import FLUSH_EVERY, StageLog, batches_of_epoch, optimise, seed_step, share_of
from harness.train.engine.optimiser import Optimisation
from harness.train.progress import Silent

SETTINGS = Optimisation(
    num_train_epochs=2, train_batch_size=8, learning_rate=0.05, lr_schedule="LinearWarmup",
    warmup_ratio=0.2, weight_decay=0.01, weight_decay_on="all", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
    adam_bias_correction=True, max_grad_norm=1.0, grad_clip="global", dropout_off_after=0,
)  # fmt: skip


class Rows:
    """Random rows of three numbers and a target each; `bad` is the row whose target is not finite."""

    def __init__(self, n: int, bad: int | None = None) -> None:
        random = np.random.default_rng(5)
        self.x, self.y = random.normal(size=(n, 3)), random.normal(size=(n, 1))
        if bad is not None:
            self.y[bad] = math.nan

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, rows: Any) -> dict[str, np.ndarray]:
        return {"x": self.x[rows].astype(np.float32), "y": self.y[rows].astype(np.float32)}


class Line(nn.Module):
    """Least squares, with a term besides its loss, and dropout where asked for."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.line, self.dropout = nn.Linear(3, 1), nn.Dropout(dropout)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        off = self.line(self.dropout(batch["x"])) - batch["y"]
        return {"loss": (off**2).mean(), "off": off.abs().mean()}


class Kept(Silent):
    def __init__(self) -> None:
        self.records: list[dict[str, float]] = []

    def steps(self, records: list[dict[str, float]]) -> None:
        assert records, "told of no step"
        self.records += records


def run(
    rows: Rows, settings: Optimisation = SETTINGS, *, n_micro: int = 1, seed: int = 42, dropout: float = 0.0
) -> tuple[StageLog, list[dict[str, float]], Tensor]:
    """Log, records and final weights of one run on the CPU."""
    module, kept = Line(dropout), Kept()
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=n_micro)
    log = optimise(module, rows, settings, accelerator=accelerator, stage="line", seed=seed, watch=kept)
    return log, kept.records, torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


# --- order of rows ---


def order(n_rows: int, batch_size: int, seed: int, epoch: int) -> list[int]:
    return np.concatenate(list(batches_of_epoch(n_rows, batch_size, seed, epoch))).tolist()


@pytest.mark.parametrize(("n_rows", "batch_size", "sizes"), [(20, 8, [8, 8, 4]), (16, 8, [8, 8]), (3, 8, [3])])
def test_an_epoch_is_a_permutation_that_keeps_its_last_partial_batch(
    n_rows: int, batch_size: int, sizes: list[int]
) -> None:
    assert [len(batch) for batch in batches_of_epoch(n_rows, batch_size, seed=1, epoch=0)] == sizes
    assert sorted(order(n_rows, batch_size, seed=1, epoch=0)) == list(range(n_rows))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first = order(50, 8, seed=1, epoch=2)
    np.random.seed(0)
    torch.manual_seed(0)
    assert order(50, 7, seed=1, epoch=2) == first
    assert order(50, 8, seed=1, epoch=3) != first
    assert order(50, 8, seed=2, epoch=2) != first


def test_the_dropout_of_a_step_depends_on_seed_stage_step_and_rank() -> None:
    def drawn(seed: int, stage: str, step: int, rank: int) -> float:
        seed_step(seed, stage, step, rank)
        return float(torch.rand(()))

    assert drawn(1, "a", 2, 3) == drawn(1, "a", 2, 3)
    places = [(1, "a", 2, 3), (2, "a", 2, 3), (1, "b", 2, 3), (1, "a", 3, 3), (1, "a", 2, 4)]
    assert len({drawn(*place) for place in places}) == len(places)


# --- shares of a batch ---


@pytest.mark.parametrize("n_micro", [1, 2, 3])
@pytest.mark.parametrize("n_ranks", [1, 2, 4])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 7, 8, 26])
def test_weighted_parts_give_the_mean_of_the_batch(n_rows: int, n_ranks: int, n_micro: int) -> None:
    batch = np.arange(100, 100 + n_rows)
    values = dict(zip(batch.tolist(), np.random.default_rng(0).normal(size=n_rows), strict=True))
    ranks = [share_of(batch, rank, n_ranks, n_micro) for rank in range(n_ranks)]
    assert [len(parts) for parts in ranks] == [n_micro] * n_ranks
    assert all(len(part) for parts in ranks for part, _ in parts)
    means = [
        sum(weight * np.mean([values[row] for row in part]) for part, weight in parts) / n_micro for parts in ranks
    ]
    assert np.mean(means) == pytest.approx(np.mean(list(values.values())), abs=1e-12)
    used = [row for parts in ranks for part, weight in parts if weight for row in part]
    assert used == batch.tolist()


# --- accumulation, on 20 rows in batches of 8: the last one is of 4 ---


@pytest.mark.parametrize("n_micro", [2, 4, 5])
@pytest.mark.parametrize("n_rows", [20, 18, 17])
def test_micro_batches_change_neither_losses_nor_weights(n_rows: int, n_micro: int) -> None:
    _, expected, weights = run(Rows(n_rows))
    log, found, micro_weights = run(Rows(n_rows), n_micro=n_micro)
    assert len(found) == log.n_steps == 6
    for name in ("loss", "off", "grad_norm", "learning_rate"):
        assert [one[name] for one in found] == pytest.approx([one[name] for one in expected], rel=1e-6, abs=1e-6)
    assert torch.allclose(micro_weights, weights, rtol=0, atol=1e-6)


def test_steps_are_those_of_plain_torch() -> None:
    module, rows = Line(), Rows(20)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.05, weight_decay=0.01)
    losses, step = [], 0
    for epoch in range(2):
        for batch in batches_of_epoch(20, 8, 42, epoch):
            optimizer.param_groups[0]["lr"] = 0.05 * (0, 1, 0.8, 0.6, 0.4, 0.2)[step]  # 6 steps, 1 of them warm-up
            optimizer.zero_grad()
            loss = module({name: torch.from_numpy(array) for name, array in rows.batch(batch).items()})["loss"]
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            step += 1
    log, records, weights = run(rows)
    assert [record["loss"] for record in records] == pytest.approx(losses, rel=1e-6)
    assert torch.allclose(weights, torch.cat([p.detach().flatten() for p in module.parameters()]), atol=1e-6)
    assert log.terms["loss"] == pytest.approx(np.mean(losses[3:]))


def test_the_same_seed_gives_the_same_bits_with_dropout_and_another_seed_does_not() -> None:
    weights = [run(Rows(20), seed=seed, dropout=0.5)[2] for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_records_hold_every_step_with_its_epoch_and_rate() -> None:
    settings = Optimisation(**{**SETTINGS, "num_train_epochs": 9})
    _, records, _ = run(Rows(20), settings)
    assert len(records) > FLUSH_EVERY
    assert [record["step"] for record in records] == list(range(1, 28))
    assert [record["epoch"] for record in records] == [epoch for epoch in range(9) for _ in range(3)]
    assert records[0]["learning_rate"] == 0


# --- what stops it ---


@pytest.mark.parametrize("n_micro", [1, 4])
def test_the_first_loss_that_is_not_finite_stops_the_run_by_stage_and_step(n_micro: int) -> None:
    bad = int(order(20, 8, seed=42, epoch=0)[9])  # in the second batch
    with pytest.raises(RunError, match="stage line, step 2, seed 42: loss nan") as raised:
        run(Rows(20, bad=bad), n_micro=n_micro)
    assert (raised.value.stage, raised.value.step, raised.value.seed) == ("line", 2, 42)


@pytest.mark.parametrize(("n_rows", "epochs"), [(20, 0), (0, 3)])
def test_nothing_to_do_does_nothing(n_rows: int, epochs: int) -> None:
    settings = Optimisation(**{**SETTINGS, "num_train_epochs": epochs})
    log, records, weights = run(Rows(n_rows), settings)
    assert (log, records) == (StageLog(0), [])
    assert torch.equal(weights, torch.cat([p.detach().flatten() for p in Line().parameters()]))


# --- what does not fit into memory ---


class Small(Line):
    """Has room for `n_rows` at once, from its `begin`-th forward pass on."""

    def __init__(self, n_rows: int, begin: int = 0, *, dropout: float = 0.0, error: Exception | None = None) -> None:
        super().__init__(dropout)
        self._n_rows, self._begin, self._calls = n_rows, begin, 0
        self._error = error or torch.OutOfMemoryError("CUDA out of memory")

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        self._calls += 1
        terms = super().forward(batch)
        if self._calls > self._begin and len(next(iter(batch.values()))) > self._n_rows:
            raise self._error
        return terms


def run_small(module: Small) -> tuple[StageLog, list[dict[str, float]], Tensor]:
    kept = Kept()
    log = optimise(
        module, Rows(20), SETTINGS, accelerator=Accelerator(cpu=True), stage="line", seed=42, watch=kept
    )  # fmt: skip
    return log, kept.records, torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


@pytest.mark.parametrize(
    "error", [None, MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes")]
)
def test_a_step_without_room_is_done_again_to_the_bits_of_a_run_of_smaller_micro_batches(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    found = run_small(Small(2, dropout=0.5, error=error))
    assert "out of memory: on with 4 micro-batches for each batch of 8 rows" in caplog.text
    AcceleratorState._reset_state(True)
    GradientState._reset_state()
    log, records, weights = run(Rows(20), n_micro=4, dropout=0.5)
    assert log.n_micro == found[0].n_micro == 4
    assert records == found[1]
    assert torch.equal(weights, found[2])


def test_no_step_is_lost_or_done_twice_where_memory_runs_out_in_the_middle_of_a_run() -> None:
    log, records, weights = run_small(Small(4, begin=3))
    assert log.n_micro == 2
    AcceleratorState._reset_state(True)
    GradientState._reset_state()
    plain = run(Rows(20))
    assert [one["step"] for one in records] == [one["step"] for one in plain[1]]
    assert [one["loss"] for one in records] == pytest.approx([one["loss"] for one in plain[1]], rel=1e-5)
    assert torch.allclose(weights, plain[2], atol=1e-6)


def test_a_single_row_that_does_not_fit_ends_the_run_by_its_step() -> None:
    with pytest.raises(RunError, match="step 1, seed 42: out of memory; a batch was split into as many as 8 parts"):
        run_small(Small(0))


# --- dropout that stays off, as after Haystack's first evaluation on a dev file ---


@pytest.mark.parametrize(("off_after", "n_with_dropout"), [(0, 6), (1, 2), (4, 5), (5, 6)])
def test_dropout_stays_off_after_the_step_of_the_first_dev_evaluation(off_after: int, n_with_dropout: int) -> None:
    modes = []

    class Watched(Line):
        def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            modes.append(self.dropout.training)
            return super().forward(batch)

    settings = Optimisation(**{**SETTINGS, "dropout_off_after": off_after})
    optimise(Watched(0.5), Rows(20), settings, accelerator=Accelerator(cpu=True), stage="line", seed=42, watch=Silent())
    assert modes == [True] * n_with_dropout + [False] * (6 - n_with_dropout)


def test_lengths_of_rows_that_have_a_mask_go_with_the_batch() -> None:
    """On the host, from where packing takes them without waiting for a GPU."""
    seen = []

    class Masked(Rows):
        def batch(self, rows: Any) -> dict[str, np.ndarray]:
            return {**super().batch(rows), "attention_mask": (np.arange(5) <= rows[:, None] % 5).astype(np.int64)}

    class Watched(Line):
        def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            seen.append((batch["lengths"], batch["attention_mask"].sum(1)))
            return super().forward(batch)

    accelerator = Accelerator(cpu=True)
    optimise(Watched(), Masked(20), SETTINGS, accelerator=accelerator, stage="line", seed=42, watch=Silent())
    assert len(seen) == 6
    assert all(torch.equal(*one) for one in seen)


def test_stated_steps_end_a_stage_within_an_epoch() -> None:
    log, records, _ = run(Rows(20), {**SETTINGS, "train_batch_size": 4, "num_train_epochs": 1, "max_steps": 7})  # type: ignore[typeddict-item]
    assert (log.n_steps, len(records), [record["epoch"] for record in records]) == (7, 7, [0] * 5 + [1] * 2)
