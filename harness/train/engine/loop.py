"""The optimisation loop of Haystack 1.1, driven through accelerate.

One optimiser step a declared batch, the last partial batch kept, the last weights kept.
Source: farm-haystack 1.1.0 `haystack/modeling/training/base.py`. Optimiser, schedule, clipping: `engine/optimiser.py`.

Not Haystack: the order of rows and the dropout of a step are functions of (seed, epoch) and (seed, stage, step) alone,
where the original draws them from one running generator; so a stage goes on from any checkpoint to the same bits. The
declared batch is always the optimiser's batch: ranks and micro-batches share it, each weighted by its number of rows,
so their number does not change the loss.
"""

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from harness.errors import BudgetError, RunError
from harness.qa.features import Array
from harness.train.engine.checkpoint import Checkpoints
from harness.train.engine.optimiser import (
    Optimisation,
    clip_gradients,
    make_optimizer,
    n_steps_of,
    rate_at,
    set_rate,
)
from harness.train.engine.out_of_memory import before_any_update, in_smaller_parts, is_out_of_memory
from harness.train.interrupts import GivenUpError, deferred, given_up
from harness.train.progress import ProgressCallback

_PEER_GONE = ("Connection reset", "Connection closed", "closed by peer", "Broken pipe", "NCCL")
FLUSH_EVERY = 20  # steps between two reads of the losses from the device; each read waits for it


@dataclass(frozen=True, slots=True)
class StageLog:
    """What a stage came to: `terms` are means over the steps of the last epoch, as logged (before each update).

    `n_micro` is in how many micro-batches a batch was worked on at the end, more than asked for where memory ran out.
    """

    n_steps: int
    terms: dict[str, float] = field(default_factory=dict)
    n_micro: int = 1


def batches_from(
    begin: int, n_rows: int, batch_size: int, seed: int, n_epochs: int
) -> Iterator[tuple[int, int, Array]]:
    """Step, epoch and row numbers of every batch from step `begin` on; both count from 0."""
    steps_an_epoch = math.ceil(n_rows / batch_size)
    for epoch in range(begin // steps_an_epoch, n_epochs):
        for number, batch in enumerate(batches_of_epoch(n_rows, batch_size, seed, epoch)):
            step = epoch * steps_an_epoch + number
            if step >= begin:
                yield step, epoch, batch


def batches_of_epoch(n_rows: int, batch_size: int, seed: int, epoch: int) -> Iterator[Array]:
    """Row numbers of each batch of one epoch, a permutation that depends on (seed, epoch) alone."""
    order = np.random.default_rng([seed, epoch]).permutation(n_rows)
    for start in range(0, n_rows, batch_size):
        yield order[start : start + batch_size]


def share_of(batch: Array, rank: int, n_ranks: int, n_micro: int) -> list[tuple[Array, float]]:
    """This rank's micro-batches and the weight of each in the batch mean.

    Ranks average their gradients and accelerate divides by the number of micro-batches, so a part of n rows weighs
    n x ranks x micro-batches / B. An empty part does one row at weight 0: every rank must take part in each step.
    """
    parts = np.array_split(batch, n_ranks * n_micro)[rank * n_micro : (rank + 1) * n_micro]
    scale = n_ranks * n_micro / len(batch)
    return [(part, len(part) * scale) if len(part) else (batch[:1], 0.0) for part in parts]


def optimise(
    module: nn.Module,
    features: Any,
    settings: Optimisation,
    *,
    accelerator: Any,
    stage: str,
    seed: int,
    watch: ProgressCallback,
    checkpoints: Checkpoints | None = None,
) -> StageLog:
    """Trains `module`, whose forward takes a batch of tensors and returns scalar terms, "loss" among them.

    `features` has a length and gives `batch(rows)`. Goes on from the newest of `checkpoints`. An interruption ends in
    one, of the last whole step, and in KeyboardInterrupt. Raises RunError naming the step at the first loss or
    gradient norm that is not finite. Returns at once, having done nothing, for zero epochs.
    """
    n_steps, rows = n_steps_of(len(features), settings), (len(features), settings["train_batch_size"], seed)
    if n_steps == 0:
        return StageLog(0)
    n_epochs = math.ceil(n_steps / math.ceil(rows[0] / rows[1]))
    wrapped, optimizer = accelerator.prepare(module, make_optimizer(module, settings))
    wrapped.train()
    begin = checkpoints.resume(module, optimizer.optimizer) if checkpoints else 0
    last_epoch = checkpoints.records_of(n_epochs - 1) if checkpoints else []
    pending: list[dict[str, Any]] = []
    watch.start(stage, n_steps, begin)
    with deferred() as is_interrupted:
        for step, epoch, batch in islice(batches_from(begin, *rows, n_epochs), n_steps - begin):
            rate = rate_at(step, n_steps, settings)
            if 0 < settings["dropout_off_after"] < step:
                wrapped.eval()
            set_rate(optimizer, settings, rate, step)
            with _named(accelerator, seed=seed, stage=stage, step=step + 1):
                record = _whole_step(wrapped, optimizer, features, batch, settings, accelerator, (seed, stage, step))
            n_done = step + (record is not None)
            if record is not None:
                pending.append({"step": n_done, "epoch": epoch, "learning_rate": rate, **record})
            is_last = n_done == n_steps
            wishes = _wishes(is_interrupted(), checkpoints, n_done)
            # One process alone may stop, or keep a checkpoint, after any step; several do it together.
            if len(pending) == FLUSH_EVERY or is_last or (accelerator.num_processes == 1 and any(wishes)):
                records = _read(pending, accelerator, stage=stage, seed=seed) if pending else []
                pending.clear()
                last_epoch.extend(one for one in records if one["epoch"] == n_epochs - 1)
                if records:
                    watch.steps(records)
                wishes = _of_any(wishes, accelerator)
                if checkpoints and not is_last and n_done > begin and any(wishes):
                    checkpoints.save(n_done, module, optimizer.optimizer)
                if wishes.stop:
                    raise KeyboardInterrupt
                if wishes.end and not is_last:
                    raise BudgetError(f"stage {stage}, step {n_done}: the budget is spent; the same command goes on")
    watch.end()
    accelerator.free_memory(wrapped, optimizer)
    names = [name for name in last_epoch[0] if name not in ("step", "epoch", "learning_rate")]
    means = {name: math.fsum(record[name] for record in last_epoch) / len(last_epoch) for name in names}
    return StageLog(n_steps, means, accelerator.gradient_accumulation_steps)


@contextmanager
def _named(accelerator: Any, *, seed: int, stage: str, step: int) -> Iterator[None]:
    """Makes a RunError of what stops a step and is no fault of the code: no memory left, another process gone."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            what = f"out of memory; {_remedy(accelerator)}"
        elif accelerator.num_processes > 1 and any(sign in str(error) for sign in _PEER_GONE):
            what = f"process {accelerator.process_index} of this run no longer hears from another one"
        else:
            raise
        raise RunError(what, seed=seed, stage=stage, step=step) from error


def _remedy(accelerator: Any) -> str:
    n_micro = accelerator.gradient_accumulation_steps
    if accelerator.num_processes > 1:
        more = f"--gradient-accumulation-steps {2 * n_micro}"
        return f"with {more} half as many rows are worked on at once, the loss stays the same"
    return f"a batch was split into as many as {n_micro} parts; this model needs a machine with more"


class _Wishes(NamedTuple):
    """To stop because of an interruption, to end because the budget is spent, to keep a checkpoint."""

    stop: bool
    end: bool
    save: bool


def _wishes(is_interrupted: bool, checkpoints: Checkpoints | None, step: int) -> _Wishes:
    if checkpoints is None:
        return _Wishes(is_interrupted, False, False)
    return _Wishes(is_interrupted, checkpoints.is_over(), checkpoints.is_due(step))


def _of_any(wishes: _Wishes, accelerator: Any) -> _Wishes:
    """Which of the wishes any process has."""
    if accelerator.num_processes == 1:
        return wishes
    table = torch.tensor(wishes, dtype=torch.float32, device=accelerator.device)
    return _Wishes(*(count > 0 for count in accelerator.reduce(table, reduction="sum").tolist()))


def row_seeds(seed: int, stage: str, step: int, n_rows: int) -> Array:
    """Of the dropout of each row of a step's declared batch, whichever core, micro-batch or process works on it."""
    words = [seed, zlib.crc32(stage.encode()), step]
    return (np.random.SeedSequence(words).generate_state(n_rows, np.uint64) >> np.uint64(2)).astype(np.int64)


def seed_step(seed: int, stage: str, step: int, rank: int) -> None:
    """Makes what else draws in a step, a GPU or the library's own encoder, a function of (seed, stage, step, rank)."""
    words = [seed, zlib.crc32(stage.encode()), step, rank]
    torch.manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))


def _whole_step(
    module: Any,
    optimizer: Any,
    features: Any,
    batch: Array,
    settings: Optimisation,
    accelerator: Any,
    place: tuple[int, str, int],
) -> dict[str, Tensor] | None:
    """The step at `place` (seed, stage, step), in smaller parts where memory runs out; None where it was given up."""
    seed, stage, step = place
    while True:
        seed_step(seed, stage, step, accelerator.process_index)
        seeds = row_seeds(seed, stage, step, len(batch))
        try:
            with in_smaller_parts(accelerator, optimizer, len(batch)):
                return _one_step(module, optimizer, features, batch, seeds, settings, accelerator)
        except GivenUpError:
            return None


def _one_step(
    module: Any,
    optimizer: Any,
    features: Any,
    batch: Array,
    seeds: Array,
    settings: Optimisation,
    accelerator: Any,
) -> dict[str, Tensor]:
    """One optimiser step on one declared batch; the terms stay on the device, unread."""
    n_micro = accelerator.gradient_accumulation_steps
    sums: dict[str, Tensor] = {}
    every = np.arange(len(batch))
    for part, weight in share_of(every, accelerator.process_index, accelerator.num_processes, n_micro):
        inputs = _moved(features.batch(batch[part]), accelerator.device)
        inputs["seeds"] = torch.from_numpy(seeds[part])
        with accelerator.accumulate(module):
            with before_any_update(), given_up(is_allowed=accelerator.num_processes == 1):
                terms: dict[str, Tensor] = module(inputs)
                accelerator.backward(terms["loss"] * weight)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + term.detach().float() * weight / n_micro
            if accelerator.sync_gradients:
                sums["grad_norm"] = clip_gradients(accelerator, module, settings)
            optimizer.step()
            optimizer.zero_grad()
    return sums


def _moved(arrays: dict[str, Array], device: torch.device) -> dict[str, Tensor]:
    """A batch on the device, while a GPU may still be busy with earlier steps; `lengths` of its rows on the host."""
    inputs = {name: torch.from_numpy(array).to(device, non_blocking=True) for name, array in arrays.items()}
    if "attention_mask" in arrays:
        inputs["lengths"] = torch.from_numpy(arrays["attention_mask"].sum(1))
    return inputs


def _read(pending: list[dict[str, Any]], accelerator: Any, *, stage: str, seed: int) -> list[dict[str, float]]:
    """Brings the pending terms to the host, averaged over ranks, and stops at the first that is not finite."""
    names = [name for name, value in pending[0].items() if isinstance(value, Tensor)]
    table = torch.stack([torch.stack([record[name].float() for name in names]) for record in pending])
    values = accelerator.reduce(table, reduction="mean").cpu().tolist()
    records = []
    for record, row in zip(pending, values, strict=True):
        numbers = dict(zip(names, row, strict=True))
        # fp16 skips a step whose gradients overflow and lowers its scale: that is not a broken run.
        checked = [name for name in names if name != "grad_norm" or accelerator.mixed_precision != "fp16"]
        broken = [f"{name} {numbers[name]}" for name in checked if not math.isfinite(numbers[name])]
        if broken:
            what = f"{', '.join(broken)}; lower the learning rate or use --precision fp32"
            raise RunError(what, seed=seed, stage=stage, step=int(record["step"]))
        records.append({**{name: record[name] for name in ("step", "epoch", "learning_rate")}, **numbers})
    return records
