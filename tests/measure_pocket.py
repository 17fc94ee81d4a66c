"""Measures what the pocket cards claim, and what they notice.

    python -m tests.measure_pocket runs OUT.json [SEED…]    sound runs: each seed under each condition
    python -m tests.measure_pocket teacher OUT.json [SEED…]    the same of the teacher's card
    python -m tests.measure_pocket faults OUT.json    one run for each planted fault
    python -m tests.measure_pocket block OUT.json    the claims that such a file makes, as the card prints them

A condition is a number of threads and the instruction set that oneDNN and MKL may use, so that one machine stands for
several; two runs go side by side, so that each has another busy process beside it. Every number is kept with its seed
and condition. What a card claims of the end of a run is the middle of all runs, and as spread a third of `MARGIN` times
the way to the farthest of them: the tolerance is three spreads. No distribution is assumed.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.card.read import read_card
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import environment, store
from harness.record.folder import Run
from harness.run import reproduce
from harness.run.context import RunOptions
from harness.train.progress import Silent
from tests.faults import FAULTS

CARDS = Path(__file__).parents[1] / "cards"
SEEDS = range(42, 47)
HELD_OUT = range(47, 52)  # run when the claims stood: python -m tests.measure_pocket runs OUT.json 47 48 49 50 51
# Of each stage, whose losses the card claims. Labels that are off by one show late: a student that answers at random
# does not feel them.
STEPS = {"finetune": (1, 2, 5, 10), "intermediate_layer": (1, 2, 5, 10), "prediction_layer": (1, 2, 5, 10, 50)}
MARGIN = 1.5
ENDS = ("exact", "f1")
CONDITIONS: tuple[dict[str, str], ...] = (
    {"OMP_NUM_THREADS": "1"},
    {"OMP_NUM_THREADS": "2"},
    {"OMP_NUM_THREADS": "4"},
    {"OMP_NUM_THREADS": "1", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    {"OMP_NUM_THREADS": "2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    {"OMP_NUM_THREADS": "2", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "MKL_ENABLE_INSTRUCTIONS": "AVX512"},
)


def runs(name: str, seeds: Sequence[int]) -> dict[str, Any]:
    """Every seed under every condition, each in a process of its own, two at a time."""

    def one(task: tuple[int, dict[str, str]]) -> dict[str, Any]:
        seed, condition = task
        plain = {key: value for key, value in os.environ.items() if key not in CONDITIONS[-1]}
        command = [sys.executable, "-m", "tests.measure_pocket", "one", name, str(seed)]
        done = subprocess.run(command, env=plain | condition, capture_output=True, text=True, check=True)
        row = {"seed": seed, "condition": condition, **json.loads(done.stdout.splitlines()[-1])}
        print(json.dumps(row), file=sys.stderr, flush=True)
        return row

    with ThreadPoolExecutor(2) as pool:
        return {"card": name, "runs": list(pool.map(one, [(s, c) for s in seeds for c in CONDITIONS]))}


def measured(name: str, seed: int) -> dict[str, Any]:
    """A run's end and the losses of its first steps."""
    with tempfile.TemporaryDirectory() as folder:
        made = run(name, Path(folder), Options(seed=seed))
        ends = {one.metric: one.value for one in made.conclusion.measurements if one.metric in ENDS}
        losses = {
            f"{stage.name}_step_{step}": Run.open(made.folder).steps(stage.name)[step - 1].terms["loss"]
            for stage in made.experiment.stages
            for step in STEPS[stage.name]
        }
    return {**ends, **losses}


def faults() -> dict[str, Any]:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, fault in FAULTS.items():
            with fault.planted():
                made = run("pocket", Path(folder), Options(settings=fault.settings), fresh=True)
            verdicts = {v.metric: [v.measured, v.outcome] for v in made.judgement.verdicts}
            found[name] = {"outcome": made.judgement.outcome, "reason": made.judgement.reason, "verdicts": verdicts}
            print(name, made.judgement.outcome, made.judgement.reason, file=sys.stderr, flush=True)
    return found


def run(name: str, results: Path, options: Options, *, fresh: bool = False) -> reproduce.Outcome:
    experiment = plan(read_card(CARDS / f"{name}.md"), options)
    return reproduce.reproduce(experiment, RunOptions(results, device="cpu", fresh=fresh), Silent())


def claims_of(found: dict[str, Any]) -> dict[str, tuple[float, float | None]]:
    """Value and spread of what the card claims: the end of all runs, the first steps of those of the card's seed."""
    claims: dict[str, tuple[float, float | None]] = {}
    for name in ENDS:
        values = [row[name] for row in found["runs"]]
        middle = round(statistics.median(values), 2)
        farthest = max(abs(value - middle) for value in values)
        claims[name] = (middle, math.ceil(100 * MARGIN * farthest / 3) / 100)
    first = [row for row in found["runs"] if row["seed"] == SEEDS[0]]
    for name in (name for name in first[0] if "_step_" in name):
        claims[name] = (float(f"{statistics.median(row[name] for row in first):.5g}"), None)
    return claims


def block_of(found: dict[str, Any]) -> str:
    """The claims as the card prints them."""
    return "\n".join(
        f'"{name}": {value:.2f} ± {spread:.2f}' if spread is not None else f'"{name}": {value:.5g}'
        for name, (value, spread) in claims_of(found).items()
    )


def main(arguments: list[str]) -> None:
    what, *rest = arguments
    if what == "one":
        print(json.dumps(measured(rest[0], int(rest[1]))))
    elif what == "block":
        print(block_of(store.read_json(Path(rest[0]))))
    else:
        seeds = [int(seed) for seed in rest[1:]] or SEEDS
        name = {"runs": "pocket", "teacher": "pocket-teacher"}.get(what)
        found = faults() if name is None else runs(name, seeds)
        store.write_json(Path(rest[0]), {"environment": store.to_json(environment.describe()), **found})


if __name__ == "__main__":
    main(sys.argv[1:])
