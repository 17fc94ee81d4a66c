"""How fast the CPU engine is beside the library's own encoder: one command, a table and a record.

    python -m tests.bench.cpu                            # the whole grid; about an hour
    python -m tests.bench.cpu --shapes 6x256 --rounds 2  # a part of it, which replaces its rows in the day's record

Every ratio is of medians of steps that take turns in one process. `plain` is transformers' eager attention with all
maps and states; `peer` does what a well-kept program does: maps only where they are compared, sdpa elsewhere, the
teacher's logits of the prediction stage given. A step is everything from rows to updated weights. Words are random,
lengths are those of real windows (`lengths.py`), scaled to the shape.

Kinds: `train` is fine-tuning of the student alone against eager attention; `intermediate` and `prediction` are the two
stages; `logits` is the teacher's pass with every position, as a loss that counts padding needs it; `without_padding`
the same for real positions alone, as `--padding drop` needs it.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.record import environment, store
from harness.train.models import packed_bert, packing
from harness.train.recipes.finetune import HardLabelLoss
from harness.train.recipes.haystack import HaystackHead
from tests.bench.reference import PeerPrediction, PlainIntermediate, with_maps_in
from tests.bench.workload import Rows, Size, Way, make_module, make_pair

SHAPES: Mapping[str, Size] = {
    "4x64": Size(4, 2, 64, 2, 1040, 16, 112, 0),
    "2x128": Size(4, 2, 128, 2, 30522, 32, 128, 0),
    "6x256": Size(12, 6, 256, 4, 30522, 8, 384, 0),
    "3x384": Size(6, 3, 384, 12, 30522, 16, 384, 0),
    "12x768": Size(4, 2, 768, 12, 30522, 26, 384, 0),
}
ROUNDS = {"4x64": 31, "2x128": 15, "6x256": 5, "3x384": 5, "12x768": 3}
KINDS = ("train", "intermediate", "prediction", "logits", "without_padding")
DEVICE = torch.device("cpu")
Step = Callable[[], None]


def steps_of(kind: str, size: Size) -> dict[str, Step]:
    """One step of each way through a kind of work, by name."""
    rows = Rows(size, 4 * size.batch)
    n = size.teacher_layers // size.student_layers

    def pair() -> tuple[Any, Any]:
        return make_pair(size, DEVICE)

    def engine(padding: Any) -> nn.Module:
        teacher, student = pair()
        if kind == "train":
            return HardLabelLoss(HaystackHead(student, 0.0, is_learned=True, padding=padding), padding)
        return make_module(f"{kind}_layer", Way("engine", True, padding, "fp32"), teacher, student)

    if kind in ("logits", "without_padding"):
        teacher, other = pair()[0], pair()[0]
        other.set_attn_implementation("sdpa")
        layout: packing.Layout = "counted" if kind == "logits" else "dropped"
        return {
            "plain": passes(lambda batch: teacher(**batch), rows, size),
            "peer": passes(lambda batch: other(**batch), rows, size),
            "engine": passes(lambda batch: packed_bert.span_logits(teacher, batch, layout), rows, size),
        }
    teacher, student = pair()
    _, other = pair()
    if kind == "train":
        ways = {"plain": PeerPrediction(student, soft_label_weight=0.0)}
    elif kind == "intermediate":
        maps = range(n, size.teacher_layers + 1, n)
        ways = {
            "plain": PlainIntermediate(student, teacher),
            "peer": PlainIntermediate(other, with_maps_in(pair()[0], maps)),
        }
    else:
        other.set_attn_implementation("sdpa")
        ways = {"plain": PeerPrediction(student), "peer": PeerPrediction(other)}
    ways |= {"engine": engine("counted"), "dropped": engine("dropped")}
    found = {name: training(module, rows, size, fused=name in ("engine", "dropped")) for name, module in ways.items()}
    if has_bf16() and kind != "train":
        found["bf16"] = in_bf16(training(engine("counted"), rows, size, fused=True))
    return found


def has_bf16() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and "avx512_bf16" in cpu_flags()


def cpu_flags() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def in_bf16(step: Step) -> Step:
    def cast() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            step()

    return cast


def batches(rows: Rows, size: Size) -> Iterator[dict[str, Any]]:
    while True:
        for start in range(0, len(rows), size.batch):
            arrays = rows.batch(np.arange(start, start + size.batch))
            yield {name: torch.from_numpy(array) for name, array in arrays.items()}


def training(module: nn.Module, rows: Rows, size: Size, *, fused: bool) -> Step:
    """Forward, backward, clipping, AdamW: torch's own as it comes, and in one pass as the engine has it."""
    trained = [one for one in module.parameters() if one.requires_grad]
    optimizer, stream = torch.optim.AdamW(trained, lr=1e-5, weight_decay=0.01, fused=fused), batches(rows, size)

    def step() -> None:
        module(next(stream))["loss"].backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def passes(work: Callable[[dict[str, Any]], Any], rows: Rows, size: Size) -> Step:
    stream, names = batches(rows, size), ("input_ids", "attention_mask", "token_type_ids")

    def step() -> None:
        batch = next(stream)
        with torch.no_grad():
            work({name: batch[name] for name in names})

    return step


def measured(ways: Mapping[str, Step], rounds: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of a step of each way, of wall and of processor time, the ways taking turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, step in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            step()
            if number:  # the first round warms up
                times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: {
            "ms": 1e3 * statistics.median(wall for wall, _ in one),
            "cpu_ms": 1e3 * statistics.median(c for _, c in one),
        }
        for name, one in times.items()
    }


def peak(n_threads: int) -> float:
    """GFLOP/s of one large fp32 product, by the faster of torch's libraries."""
    torch.set_num_threads(n_threads)
    x, weight = torch.randn(4096, 1024), torch.randn(4096, 1024)
    ways: dict[str, Step] = {
        "mkl": lambda: torch.mm(x, weight.t()),
        "onednn": lambda: torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], ""),
    }
    return max(2 * 4096 * 1024 * 4096 / 1e6 / one["ms"] for one in measured(ways, 9).values())


def alone_and_beside(shape: str, kind: str, rounds: int) -> list[float]:
    """Milliseconds of the engine's step with two threads: alone, then of each of two processes side by side."""
    context = multiprocessing.get_context("spawn")
    found = []
    for n in (1, 2):
        with context.Pool(n) as pool:
            found += pool.starmap(_engine_ms, [(shape, kind, rounds)] * n, chunksize=1)
    return found


def _engine_ms(shape: str, kind: str, rounds: int) -> float:
    torch.set_num_threads(2)
    return measured({"engine": steps_of(kind, SHAPES[shape])["engine"]}, 2 * rounds)["engine"]["ms"]


def row_of(shape: str, kind: str, n_threads: int, rounds: int) -> dict[str, Any]:
    torch.set_num_threads(n_threads)
    times = measured(steps_of(kind, SHAPES[shape]), rounds)
    return {"shape": shape, "kind": kind, "threads": n_threads, "rounds": rounds, "load": os.getloadavg()[0], **times}


COLUMNS = ("plain", "peer", "engine", "x plain", "x peer", "dropped x peer", "bf16 x engine")


def table_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Times in ms, and how many times as fast the engine is as the plain way and the peer; a shape's and kind's numbers
    of threads one beside the other."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for row in rows:
        found.setdefault((row["shape"], row["kind"]), []).append([str(row["threads"]), *cells_of(row)])
    lines = [("shape", "kind", "threads", *COLUMNS), ["---"] * (3 + len(COLUMNS))]
    lines += [
        [*place, *(" / ".join(filter(None, one)) for one in zip(*cells, strict=True))] for place, cells in found.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells_of(row: Mapping[str, Any]) -> list[str]:
    ms = {name: one["ms"] for name, one in row.items() if isinstance(one, dict)}
    pairs = (("plain", "engine"), ("peer", "engine"), ("peer", "dropped"), ("engine", "bf16"))
    ratios = [f"{ms[one] / ms[other]:.2f}" if one in ms and other in ms else "" for one, other in pairs]
    return [*(f"{ms[name]:.0f}" if name in ms else "" for name in ("plain", "peer", "engine")), *ratios]


def gains_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """From one thread to two: how many times as fast each way gets."""
    by_place = {(row["shape"], row["kind"], row["threads"]): row for row in rows}
    lines = ["| shape | kind | plain, 1 to 2 threads | engine |", "| --- | --- | --- | --- |"]
    for (shape, kind, n), one in by_place.items():
        two = by_place.get((shape, kind, 2))
        if n == 1 and two is not None:
            gains = [f"{one[way]['ms'] / two[way]['ms']:.2f}" for way in ("plain", "engine")]
            lines.append(f"| {shape} | {kind} | {' | '.join(gains)} |")
    return lines


def merged(before: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """The record with what an earlier one of the day has beyond it: a row's ratios are its own."""
    rows = {(row["shape"], row["kind"], row["threads"]): row for row in (*before["rows"], *record["rows"])}
    shapes = list(SHAPES)
    beside = "two_threads_alone_and_beside_another_ms"
    return {
        **record,
        "rows": sorted(
            rows.values(), key=lambda row: (shapes.index(row["shape"]), KINDS.index(row["kind"]), row["threads"])
        ),
        "peak_gflop_per_s": {**before["peak_gflop_per_s"], **record["peak_gflop_per_s"]},
        beside: {**before[beside], **record[beside]},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cpu", description=__doc__.partition("\n")[0])
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, help="steps of each way (default: by shape)")
    parser.add_argument("--out", type=Path, default=Path("results/bench"))
    options = parser.parse_args()
    rows = []
    for shape in options.shapes:
        for kind in options.kinds:
            for n_threads in options.threads:
                rows.append(row_of(shape, kind, n_threads, options.rounds or ROUNDS[shape]))
                print(table_of(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    beside = {
        shape: alone_and_beside(shape, "prediction", options.rounds or ROUNDS[shape])
        for shape in options.shapes
        if 2 in options.threads and shape != "12x768"
    }
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {**store.to_json(environment.describe()), "processor": platform.processor(), "bf16": has_bf16()},
        "peak_gflop_per_s": {str(n): peak(n) for n in options.threads},
        "rows": rows,
        "two_threads_alone_and_beside_another_ms": beside,
    }
    path = options.out / f"cpu-{record['date'][:10]}.json"
    store.write_json(path, merged(json.loads(path.read_text(encoding="utf-8")), record) if path.exists() else record)
    print(table_of(rows), "", *gains_of(rows), "", f"peak, GFLOP/s: {record['peak_gflop_per_s']}", sep="\n")
    print(
        *(f"{shape}, prediction, two threads: alone and in each of two: {ms}" for shape, ms in beside.items()), sep="\n"
    )
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
