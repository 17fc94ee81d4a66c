"""Writes results/README.md from the records of the MiniLM cards beside it: no number of that page is typed in.

    python -m tests.tell_minilm > results/README.md

A test holds the page to what this prints.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import record, store
from harness.forecast import said_of
from harness.verdict.attribution import hop

RESULTS = Path(__file__).parents[1] / "results"
TEACHER, STUDENT = "minilm-6l-squad2", "minilm-3l-squad2"
ARMS = {
    "both": "distilled, both stages",
    "prediction": "distilled, prediction layer alone",
    "plain": "fine-tuned, not distilled",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One run: what kind it is, its seed, its scores, its rows a question, seconds of its stages and their forecast."""

    folder: Path
    arm: str
    seed: int
    scores: dict[str, float]
    rows: list[dict[str, Any]]
    took: float
    expected: float | None


def read(folder: Path) -> Told:
    experiment = record.read_experiment(folder)
    stages = {stage.name: int(stage.value("num_train_epochs")) for stage in experiment.stages}
    arm = "plain" if experiment.recipe == "finetune" else "both" if stages["intermediate_layer"] else "prediction"
    seconds = [store.read_json(folder / "stages" / name / "stage.json")["seconds"] for name in stages]
    cost = store.read_json(folder / store.FORECAST) if (folder / store.FORECAST).exists() else None
    parts = None if cost is None else [one["seconds"] for one in cost["parts"] if one["name"] in stages]
    return Told(
        folder=folder,
        arm="teacher" if experiment.name == TEACHER else arm,
        seed=int(experiment.run.value("seed")),
        scores=store.read_json(folder / store.EVALUATION / "metrics.json")["scores"],
        rows=record.read_rows(folder / store.EVALUATION),
        took=sum(seconds),
        expected=None if parts is None else sum(parts),
    )


def runs() -> list[Told]:
    """Every recorded run of the two cards, by seed."""
    folders = [
        path.parent for name in (TEACHER, STUDENT) for path in sorted((RESULTS / name).glob(f"*/{store.VERDICT}"))
    ]
    return sorted((read(folder) for folder in folders), key=lambda one: (one.arm, one.seed))


def page(found: Sequence[Told]) -> Iterator[str]:
    """Lines of the page."""
    by_arm = {arm: [one for one in found if one.arm == arm] for arm in ("teacher", *ARMS)}
    (teacher, *_), n_seeds = by_arm["teacher"], max(len(by_arm[arm]) for arm in ARMS)
    yield "# A real student on the real dev set"
    yield ""
    yield (
        f"[minilm-6l-squad2](../cards/minilm-6l-squad2.md) teaches [minilm-3l-squad2](../cards/minilm-3l-squad2.md); "
        f"both are judged on all {int(teacher.scores['total']):,} questions of the SQuAD 2.0 dev set. Every number "
        "here is worked out from the records below by `python -m tests.tell_minilm`; `harness audit` follows each."
    )
    yield ""
    yield "| model | seeds | exact | f1 | f1, with answer | f1, without | of the teacher's f1 | training, forecast |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for arm, name in {"teacher": "teacher, 6 layers", **ARMS}.items():
        if by_arm[arm]:
            yield _row(name, by_arm[arm], teacher)
    yield ""
    never = 100 * statistics.fmean(not row["has_answer"] for row in teacher.rows)
    yield f"- A model that never answers scores {never:.2f} in exact and f1: too little data for a good reader."
    yield from _compared(by_arm, n_seeds)
    yield (
        "- All ran on one or two cores that had other work as well, and the teacher's run was stopped once and went on "
        "with one thread in place of two: times say what it took, not what it costs."
    )
    yield ""
    for path in sorted((RESULTS / "plots").glob("*.svg")):  # harness plot RUN --out results/plots
        yield f"![{path.stem} of the distilled student](plots/{path.name})"
        yield ""
    yield "| record | what it is |"
    yield "|---|---|"
    names = {"teacher": "teacher", **ARMS}
    for one in found:
        yield f"| `{one.folder.relative_to(RESULTS).as_posix()}` | {names[one.arm]}, seed {one.seed} |"


def _row(name: str, found: Sequence[Told], teacher: Told) -> str:
    def mean(metric: str) -> str:
        values = [one.scores[metric] for one in found]
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        return f"{statistics.fmean(values):.2f}{spread}"

    kept = 100 * statistics.fmean(one.scores["f1"] for one in found) / teacher.scores["f1"]
    took = said_of(statistics.fmean(one.took for one in found))
    expected = [one.expected for one in found if one.expected is not None]
    forecast = f", {said_of(statistics.fmean(expected))}" if expected else ""
    cells = (name, " ".join(str(one.seed) for one in found), mean("exact"), mean("f1"), mean("HasAns_f1"),
             mean("NoAns_f1"), f"{kept:.1f} %", f"{took}{forecast}")  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _compared(by_arm: dict[str, list[Told]], n_seeds: int) -> Iterator[str]:
    """The distilled student against the others of its seed, question by question."""
    for arm in ("plain", "prediction"):
        for one in by_arm["both"]:
            other = next((o for o in by_arm[arm] if o.seed == one.seed), None)
            if other is not None:
                yield f"- {_said(one, other, ARMS[arm])}"
    if n_seeds == 1:
        yield "- One seed of each: how far a seed moves these numbers is not measured yet, so no gap here is a finding."
    for arm in ARMS:
        for first, second in zip(by_arm[arm], by_arm[arm][1:], strict=False):
            found = hop("exact", first.rows, second.rows, seed=0)
            flips = found.gained + found.lost
            share = flips / len(first.rows)
            yield f"- {ARMS[arm]}, seeds {first.seed} and {second.seed}: {flips:,} questions flip ({share:.1%})."


def _said(one: Told, other: Told, name: str) -> str:
    f1, exact = (hop(metric, other.rows, one.rows, seed=0) for metric in ("f1", "exact"))
    between = f" (95 % {f1.interval[0]:+.2f} to {f1.interval[1]:+.2f})" if f1.interval else ""
    return (
        f"Seed {one.seed}, both stages against {name}: f1 {f1.difference:+.2f}{between}, exact "
        f"{exact.difference:+.2f}; "
        f"{exact.gained:,} questions gained, {exact.lost:,} lost (p {exact.p_value:.2g}, McNemar)."
    )


if __name__ == "__main__":
    print("\n".join(page(runs())))
