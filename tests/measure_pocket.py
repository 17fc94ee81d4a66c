"""Measures what the pocket cards claim: teacher and student over several seeds, each student from its own teacher.

    python -m tests.measure_pocket OUT.json [first seed] [number of seeds]

Writes every measured number with its seed, mean and standard deviation (n - 1) a metric, and the machine.
The cards' Performance blocks are these means and deviations, rounded.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import card, environment, pipeline, planning, store
from harness.reports.progress import Silent

CARDS = Path(__file__).parents[1] / "cards"


def main(out: Path, first: int, count: int) -> None:
    rows: dict[str, list[dict[str, Any]]] = {"pocket-teacher": [], "pocket": []}
    with tempfile.TemporaryDirectory() as folder:
        machine = pipeline.Machine(results=Path(folder), device="cpu")
        for seed in range(first, first + count):
            teacher = run("pocket-teacher", machine, planning.Options(seed=seed))
            weights = teacher / "stages" / "finetune" / store.WEIGHTS
            student = run("pocket", machine, planning.Options(seed=seed, teacher=str(weights)))
            for name, made in (("pocket-teacher", teacher), ("pocket", student)):
                rows[name].append({"seed": seed, **measured(made)})
                print(name, json.dumps(rows[name][-1]), file=sys.stderr, flush=True)
    summary = {name: summarise(found) for name, found in rows.items()}
    store.write_json(out, {"environment": environment.describe(), "summary": summary, "runs": rows})


def run(name: str, machine: pipeline.Machine, options: planning.Options) -> Path:
    experiment = planning.plan(card.read(CARDS / f"{name}.md"), options)
    return pipeline.reproduce(experiment, machine, Silent()).folder


def measured(folder: Path) -> dict[str, float]:
    return {one["metric"]: one["value"] for one in store.read_json(folder / "verdict.json")["measurements"]}


def summarise(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    metrics = [name for name in rows[0] if name != "seed"]
    values = {name: [row[name] for row in rows] for name in metrics}
    return {
        name: {"mean": statistics.fmean(found), "sd": statistics.stdev(found), "n": len(found)}
        for name, found in values.items()
    }


if __name__ == "__main__":
    first_seed, n_seeds = (*map(int, sys.argv[2:4]), 42, 6)[:2] if len(sys.argv) > 3 else (42, 6)
    main(Path(sys.argv[1]), first_seed, n_seeds)
