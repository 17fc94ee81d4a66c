"""Measures what the pocket cards claim, and what they notice.

    python -m tests.measure_pocket seeds OUT.json     teacher and student over six seeds, each student from its teacher
    python -m tests.measure_pocket faults OUT.json    one student for each planted fault, from the teacher of seed 42

Every measured number is written with its seed, and the machine. The cards' Performance blocks are the means and the
standard deviations (n - 1) of the first; the README's table of faults is the second.
"""

import dataclasses
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import card, environment, pipeline, planning, store
from harness.reports.progress import Silent
from tests.faults import FAULTS

CARDS = Path(__file__).parents[1] / "cards"
SEEDS = range(42, 48)


def seeds(results: Path) -> dict[str, Any]:
    rows: dict[str, list[dict[str, Any]]] = {"pocket-teacher": [], "pocket": []}
    for seed in SEEDS:
        teacher = run("pocket-teacher", results, planning.Options(seed=seed)).folder
        weights = str(teacher / "stages" / "finetune" / store.WEIGHTS)
        student = run("pocket", results, planning.Options(seed=seed, teacher=weights)).folder
        for name, made in (("pocket-teacher", teacher), ("pocket", student)):
            rows[name].append({"seed": seed, **measured(made)})
            print(name, json.dumps(rows[name][-1]), file=sys.stderr, flush=True)
    return {"summary": {name: summarise(found) for name, found in rows.items()}, "runs": rows}


def faults(results: Path) -> dict[str, Any]:
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
    values = {name: [row[name] for row in rows] for name in rows[0] if name != "seed"}
    return {
        name: {"mean": statistics.fmean(found), "sd": statistics.stdev(found), "n": len(found)}
        for name, found in values.items()
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = {"seeds": seeds, "faults": faults}[sys.argv[1]](Path(folder))
    machine = dataclasses.asdict(environment.describe())
    store.write_json(Path(sys.argv[2]), {"environment": machine, **found})
