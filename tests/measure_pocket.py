"""Measures what the pocket cards claim, and what they notice.

    python -m tests.measure_pocket seeds OUT.json SEED…    teacher and student of each seed
    python -m tests.measure_pocket merge OUT.json IN.json…    one summary over the runs of several such files
    python -m tests.measure_pocket faults OUT.json    one student for each planted fault, from the teacher of seed 42

Every measured number is written with its seed, the number of threads (OMP_NUM_THREADS: other sums, other rounding,
another run) and the machine. The cards' Performance blocks are the means and the standard deviations (n - 1) of the
merged file; the README's table of faults is the last.
"""

import dataclasses
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from harness import card, environment, pipeline, planning, store
from harness.reports.progress import Silent
from tests.faults import FAULTS

CARDS = Path(__file__).parents[1] / "cards"


def seeds(results: Path, which: list[str]) -> dict[str, Any]:
    rows: dict[str, list[dict[str, Any]]] = {"pocket-teacher": [], "pocket": []}
    for seed in map(int, which):
        teacher = run("pocket-teacher", results, planning.Options(seed=seed)).folder
        weights = str(teacher / "stages" / "finetune" / store.WEIGHTS)
        student = run("pocket", results, planning.Options(seed=seed, teacher=weights)).folder
        for name, made in (("pocket-teacher", teacher), ("pocket", student)):
            rows[name].append({"seed": seed, "threads": torch.get_num_threads(), **measured(made)})
            print(name, json.dumps(rows[name][-1]), file=sys.stderr, flush=True)
    return {"summary": {name: summarise(found) for name, found in rows.items()}, "runs": rows}


def merge(_: Path, names: list[str]) -> dict[str, Any]:
    """The runs of several files as one; each keeps the environment it was measured in."""
    parts = [store.read_json(Path(name)) for name in names]
    rows = {name: [row for part in parts for row in part["runs"][name]] for name in parts[0]["runs"]}
    return {
        "summary": {name: summarise(found) for name, found in rows.items()},
        "runs": rows,
        "environments": [part["environment"] for part in parts],
    }


def faults(results: Path, _: list[str]) -> dict[str, Any]:
    found = {}
    run("pocket", results, planning.Options())
    for name, fault in FAULTS.items():
        with fault.planted():
            outcome = run("pocket", results, planning.Options(settings=fault.settings), fresh=True)
        verdicts = {v.metric: [v.measured, v.outcome] for v in outcome.judgement.verdicts}
        found[name] = {"outcome": outcome.judgement.outcome, "verdicts": verdicts}
        print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
    return found


def run(name: str, results: Path, options: planning.Options, *, fresh: bool = False) -> pipeline.Outcome:
    experiment = planning.plan(card.read(CARDS / f"{name}.md"), options)
    return pipeline.reproduce(experiment, pipeline.Machine(results, device="cpu", fresh=fresh), Silent())


def measured(folder: Path) -> dict[str, float]:
    return {one["metric"]: one["value"] for one in store.read_json(folder / "verdict.json")["measurements"]}


def summarise(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    values = {name: [row[name] for row in rows] for name in rows[0] if name not in ("seed", "threads")}
    return {
        name: {"mean": statistics.fmean(found), "sd": statistics.stdev(found), "n": len(found)}
        for name, found in values.items()
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = {"seeds": seeds, "merge": merge, "faults": faults}[sys.argv[1]](Path(folder), sys.argv[3:])
    machine = dataclasses.asdict(environment.describe())
    store.write_json(Path(sys.argv[2]), {"environment": machine, **found})
