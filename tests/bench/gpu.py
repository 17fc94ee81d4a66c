"""How fast both stages are on the GPU that is here, and whether they are right: one command, a table and a record.

    python -m tests.bench.gpu                      # on a GPU; minutes
    python -m tests.bench.gpu --device cpu --small # every path of this command, in seconds

A BERT-base teacher (12 x 768) and a 6-layer student of random weights, batches of 26 at length 384 with the lengths of
real windows. A step is everything from rows to updated weights; the GPU is waited for after each, and of all steps but
the first ones the median is taken. FLOPs are counted as in `harness/plan/cost.py`, over 384 tokens a row or, where
padding is dropped, over its own; a rate is held against that of a large bf16 product on the same machine. Hours are
those of the whole target card at such steps: five epochs of either stage, the first on 20 copies, the teacher's logits
of the second computed once (the reference runs the teacher in every step).
"""

import argparse
import dataclasses
import importlib.metadata
import importlib.util
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.record import environment
from harness.train.engine.loop import optimise
from harness.train.engine.optimiser import Optimisation
from harness.train.inference import batch_logits
from harness.train.models import packed_bert
from harness.train.progress import Silent
from tests.bench import check
from tests.bench.workload import (
    CARD,
    SMALL,
    STAGES,
    WAYS,
    Rows,
    Size,
    Way,
    accelerated,
    hours_of,
    make_module,
    make_pair,
    tflop_of,
)

SETTINGS = Optimisation(
    num_train_epochs=1, train_batch_size=26, learning_rate=1e-5, lr_schedule="LinearWarmup",
    warmup_ratio=0.2, weight_decay=0.01, weight_decay_on="all", adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
    adam_bias_correction=True, max_grad_norm=1.0, grad_clip="global", dropout_off_after=0,
)  # fmt: skip


def wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Clocked:
    """Rows that note the time whenever a batch is asked for, the work on the one before being done."""

    def __init__(self, rows: Rows, device: torch.device) -> None:
        self._rows, self._device = rows, device
        self.times: list[float] = []

    def __len__(self) -> int:
        return len(self._rows)

    def note(self) -> None:
        wait_for(self._device)
        self.times.append(time.perf_counter())

    def batch(self, rows: Any) -> dict[str, Any]:
        self.note()
        return self._rows.batch(rows)


def plain_steps(module: nn.Module, rows: Clocked, size: Size, device: torch.device) -> None:
    optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], lr=1e-5, weight_decay=0.01)
    for start in range(0, len(rows), size.batch):
        arrays = rows.batch(np.arange(start, start + size.batch))
        module({name: torch.from_numpy(array).to(device) for name, array in arrays.items()})["loss"].backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()


def measured(
    work: Callable[[Clocked], None], rows: Rows, options: argparse.Namespace, device: torch.device
) -> dict[str, Any]:
    """Milliseconds of the median step of `work`, all of them, and the most memory that it took in bytes; or why not."""
    clock, is_gpu = Clocked(rows, device), device.type == "cuda"
    if is_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    try:
        work(clock)
    except Exception as error:
        # Without room there is a row less, and the same where torch's compiler cannot take a module in.
        if options.compile or isinstance(error, torch.OutOfMemoryError):
            return {"ms": None, "why": f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"}
        raise
    clock.note()
    steps = [1e3 * float(one) for one in np.diff(clock.times)[options.warm :]]
    peak = torch.cuda.max_memory_allocated(device) if is_gpu else None
    return {"ms": statistics.median(steps), "steps_ms": steps, "peak_bytes": peak}


def measure_way(stage: str, way: Way, size: Size, device: torch.device, options: argparse.Namespace) -> dict[str, Any]:
    """One row of the table: a stage one way."""
    rows = Rows(size, (options.warm + options.steps) * size.batch)
    teacher, student = make_pair(size, device)
    module = make_module(stage, way, teacher, student)
    if options.compile:
        module.compile()
    with accelerated(device, way.precision) as accelerator:

        def steps(clock: Clocked) -> None:
            if not way.is_engine:
                return plain_steps(module, clock, size, device)
            settings: Optimisation = {**SETTINGS, "train_batch_size": size.batch}
            optimise(module, clock, settings, accelerator=accelerator, stage=stage, seed=1, watch=Silent())
            return None

        def logits(clock: Clocked) -> None:
            for start in range(0, len(clock), size.batch):
                batch_logits(teacher, clock, np.arange(start, start + size.batch), accelerator)  # type: ignore[arg-type]

        found = measured(steps, rows, options, device)
        has_logits = stage == "prediction_layer" and way.is_engine
        logits_ms = measured(logits, rows, options, device)["ms"] if has_logits else None
    record = {"stage": stage, **dataclasses.asdict(way), "packed": way.is_engine and packed_bert.fits(student), **found}
    if record["ms"] is None:
        return record
    tflop = tflop_of(stage, way, size, rows.lengths)
    rates = {"tflop": tflop, "tflop_per_s": 1e3 * tflop / record["ms"]}
    return {**record, **rates, "logits_ms": logits_ms, "hours": hours_of(stage, record["ms"], logits_ms)}


def matmul_rate(side: int, device: torch.device) -> float:
    """TFLOP/s of a square product in bf16, the median of twenty."""
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    taken = []
    for _ in range(25):
        wait_for(device)
        started = time.perf_counter()
        a @ b
        wait_for(device)
        taken.append(time.perf_counter() - started)
    return 2 * side**3 / statistics.median(taken[5:]) / 1e12


def machine_of(device: torch.device) -> dict[str, Any]:
    """Where and with what it was measured."""
    has_triton, is_gpu = importlib.util.find_spec("triton") is not None, device.type == "cuda"
    return {
        **dataclasses.asdict(environment.describe()),
        "device": torch.cuda.get_device_name(device) if is_gpu else "cpu",
        "capability": torch.cuda.get_device_capability(device) if is_gpu else None,
        "memory_bytes": torch.cuda.get_device_properties(device).total_memory if is_gpu else None,
        "cuda": torch.version.cuda,
        "triton": importlib.metadata.version("triton") if has_triton else None,
        "threads": torch.get_num_threads(),
    }


def table_of(rows: Sequence[dict[str, Any]], matmul: float) -> str:
    """The rows as Markdown; a ratio is of hours, so that the teacher's logits are in it."""
    head = "| stage | way | ms a step | times the reference | TFLOP/s | of the product's rate | peak GB | hours |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        if row["ms"] is None:
            lines.append(f"| {row['stage']} | {row['name']} | {row['why']} | | | | | |")
            continue
        plain = next(one for one in rows if one["stage"] == row["stage"] and not one["is_engine"])
        ratio = f"{plain['hours'] / row['hours']:.2f}" if plain["ms"] else "?"
        peak = f"{row['peak_bytes'] / 1e9:.1f}" if row["peak_bytes"] is not None else "?"
        rate = row["tflop_per_s"]
        name = row["name"] + ("" if row["packed"] or not row["is_engine"] else " (the library's encoder)")
        numbers = f"{row['ms']:.2f} | {ratio} | {rate:.3g} | {rate / matmul:.1%} | {peak} | {row['hours']:.2f}"
        lines.append(f"| {row['stage']} | {name} | {numbers} |")
    return "\n".join(lines)


def shape_of(text: str) -> tuple[int, int, int]:
    tile, warps, stages = map(int, text.split(","))
    return tile, warps, stages


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gpu", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda", help="cuda (the first one) or cpu")
    parser.add_argument("--small", action="store_true", help="tiny models: to see that the command works")
    parser.add_argument("--steps", type=int, default=30, help="steps that are timed of each way")
    parser.add_argument("--warm", type=int, default=10, help="steps before them")
    parser.add_argument(
        "--compile", action="store_true", help="put every module through torch.compile, where that takes it"
    )
    parser.add_argument("--shape", type=shape_of, help="TILE,WARPS,STAGES of attention in 16 bits, to try others")
    parser.add_argument("--out", type=Path, default=Path("results/bench"), help="folder for the record")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """1 where a check fails; the record is written in any case."""
    options = options_of(arguments)
    if options.device != "cpu" and not torch.cuda.is_available():
        print("no GPU that torch can use; --device cpu --small shows that the command works", file=sys.stderr)
        return 2
    device, size = torch.device("cpu" if options.device == "cpu" else "cuda:0"), SMALL if options.small else CARD
    if options.shape:
        from harness.train.kernels import (
            gpu_attention,  # here, because it imports Triton, which is there on some machines only
        )

        tile, *launch = options.shape
        gpu_attention.SHAPES["16 bits"] = gpu_attention.Shape(tile, *[tuple(launch)] * 3)
    checks = [one for work in check.CHECKS for one in work(size, device)]
    for one in checks:
        print(json.dumps(one))
    matmul = matmul_rate(size.matmul, device)
    rows = [measure_way(stage, way, size, device, options) for stage in STAGES for way in WAYS]
    print(f"\na bf16 product of side {size.matmul}: {matmul:.3g} TFLOP/s\n\n{table_of(rows, matmul)}")
    now = datetime.now(UTC)
    record = {
        "date": now.isoformat(timespec="seconds"),
        "machine": machine_of(device),
        "size": dataclasses.asdict(size),
        "options": {name: str(value) for name, value in vars(options).items()},
        "matmul_tflop_per_s": matmul,
        "checks": checks,
        "rows": rows,
    }
    name = re.sub(r"[^a-z0-9]+", "-", record["machine"]["device"].lower()).strip("-")
    path = options.out / f"{name}-{now:%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"\n{path}")
    return 0 if all(one["is_right"] for one in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
