"""Writes results/README.md from the records of the MiniLM cards beside it: no number of that page is typed in.

    python -m tests.tell_minilm > results/README.md

A test holds the page to what this prints.
"""

import functools
import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import chi2

from harness.judge.paired import paired_difference
from harness.plan.cost import format_duration
from harness.record import store
from harness.record.folder import Run
from harness.record.parts import ScoredAnswer

RESULTS = Path(__file__).parents[1] / "results"
TEACHER, STUDENT = "minilm-6l-squad2", "minilm-3l-squad2"
ARMS = {
    "both": "distilled, both stages",
    "prediction": "distilled, prediction layer alone",
    "plain": "fine-tuned, not distilled, 2 epochs",
    "longer": "fine-tuned, not distilled, 4 epochs",
}

BESIDE = {
    "baseline": "the numbers that `harness gate` holds a later run of each card against",
    "bench": "speed, as the benchmarks of `tests/bench` wrote it down",
    "cards": "the MiniLM cards as `harness card` wrote them again from a record",
    "minilm-3l-squad2/scores": "the evaluator matrix above, as `harness score` wrote it",
    "parser": "how many fuzzed cards, files and records were read, and what came of them",
    "plots": "the pictures above",
    "pocket": "the runs behind the claims of the pocket cards, further runs held against them, and planted faults",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One run: what kind it is, its seed, its scores, its rows a question, seconds of its stages and their forecast."""

    folder: Path
    arm: str
    seed: int
    scores: Mapping[str, float]
    rows: Sequence[ScoredAnswer]
    took: float
    expected: float | None


def read(folder: Path) -> Told:
    run = Run.open(folder)
    experiment = run.experiment
    stages = {stage.name: int(stage.value("num_train_epochs")) for stage in experiment.stages}
    if experiment.recipe == "finetune":
        arm = "teacher" if experiment.name == TEACHER else "plain" if stages["finetune"] == 2 else "longer"
    else:
        arm = "both" if stages["intermediate_layer"] else "prediction"
    seconds = [run.stage(name).seconds for name in stages]
    cost = run.plain(store.FORECAST) if run.has(store.FORECAST) else None
    parts = None if cost is None else [one["seconds"] for one in cost["parts"] if one["name"] in stages]
    return Told(
        folder=folder,
        arm=arm,
        seed=run.settings.seed,
        scores=run.evaluation.metrics.scores,
        rows=run.evaluation.answers,
        took=sum(seconds),
        expected=None if parts is None else sum(parts),
    )


@functools.cache
def runs() -> list[Told]:
    """Every recorded run of the two cards, by seed."""
    folders = [
        path.parent for name in (TEACHER, STUDENT) for path in sorted((RESULTS / name).glob(f"*/{store.VERDICT}"))
    ]
    return sorted((read(folder) for folder in folders), key=lambda one: (one.arm, one.seed))


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation of a seed, in points, pooled over trainings of `df` + so many runs, and its 95 % interval."""

    value: float
    df: int
    low: float
    high: float


def spread_of(metric: str, found: Sequence[Told], arms: Sequence[str] = tuple(ARMS)) -> Spread | None:
    """Pooled over the arms, each about its own mean (chi-square interval); None where no arm has two seeds."""
    by_arm = [[one.scores[metric] for one in found if one.arm == arm] for arm in arms]
    df = sum(len(values) - 1 for values in by_arm if values)
    if df == 0:
        return None
    squares = math.fsum((value - statistics.fmean(values)) ** 2 for values in by_arm for value in values)
    low, high = (math.sqrt(squares / chi2.ppf(p, df)) for p in (0.975, 0.025))
    return Spread(math.sqrt(squares / df), df, low, high)


def claims_of(found: Sequence[Told], arm: str) -> dict[str, tuple[float, float | None]]:
    """What the card of an arm is to claim: mean and standard deviation over its seeds.

    HasAns_f1 too, because exact and f1 alone do not tell these students from a model that never answers.
    """
    told = {metric: [one.scores[metric] for one in found if one.arm == arm] for metric in ("exact", "f1", "HasAns_f1")}
    return {
        metric: (statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)
        for metric, values in told.items()
    }


def page(found: Sequence[Told]) -> Iterator[str]:
    """Lines of the page."""
    (teacher, *_) = (one for one in found if one.arm == "teacher")
    never = 100 * statistics.fmean(not row.has_answer for row in teacher.rows)
    best = max((one for one in found if one.arm == "both"), key=lambda one: one.scores["f1"])
    yield "# A real student on the real dev set"
    yield ""
    yield (
        f"**A model that never answers scores {never:.2f} here, in exact and f1. The best student below reaches "
        f"{best.scores['exact']:.2f} and {best.scores['f1']:.2f}**: too little data for a good reader. What the "
        "numbers can show is which training does better, not a good model."
    )
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
        if runs := [one for one in found if one.arm == arm]:
            yield _row(name, runs, teacher)
    yield ""
    yield from _compared(found)
    yield from _spreads(found)
    yield from _flips(found)
    yield (
        "- All ran on one core beside other work, the teacher first on two and, stopped once, then on one: times say "
        "what it took, not what it costs. Settings were chosen before any dev number was seen, and not changed after."
    )
    if any(one.arm == "longer" for one in found):
        yield "- The student of 4 epochs was added later, so that one without distillation has as many as both stages."
    yield ""
    yield from _matrix(found)
    for path in sorted((RESULTS / "plots").glob("*.svg")):  # harness plot RUN --out results/plots
        yield f"![{path.stem} of the distilled student](plots/{path.name})"
        yield ""
    yield "| record | what it is |"
    yield "|---|---|"
    names = {"teacher": "teacher", **ARMS}
    for one in found:
        yield f"| `{one.folder.relative_to(RESULTS).as_posix()}` | {names[one.arm]}, seed {one.seed} |"
    yield ""
    yield "What a record holds: [harness/record/README.md](../harness/record/README.md). What else is here:"
    yield ""
    yield "| folder | what it is |"
    yield "|---|---|"
    for folder, what in BESIDE.items():
        yield f"| `{folder}/` | {what} |"


def _row(name: str, found: Sequence[Told], teacher: Told) -> str:
    def mean(metric: str) -> str:
        values = [one.scores[metric] for one in found]
        spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
        return f"{statistics.fmean(values):.2f}{spread}"

    kept = 100 * statistics.fmean(one.scores["f1"] for one in found) / teacher.scores["f1"]
    told = [one for one in found if one.expected is not None]
    timed = told or found
    took = format_duration(statistics.fmean(one.took for one in timed))
    forecast = f", {format_duration(statistics.fmean(one.expected or 0.0 for one in told))}" if told else ""
    cells = (name, " ".join(str(one.seed) for one in found), mean("exact"), mean("f1"), mean("HasAns_f1"),
             mean("NoAns_f1"), f"{kept:.1f} %", f"{took}{forecast}")  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _compared(found: Sequence[Told]) -> Iterator[str]:
    """The student of both stages against each other arm: means beside the spread of a seed, then question by question.

    Question by question it is the seeds that both arms have.
    """
    ours = [one for one in found if one.arm == "both"]
    for arm in list(ARMS)[1:]:
        others = [one for one in found if one.arm == arm]
        if not others:
            continue
        said = [_gap(metric, found, ours, others) for metric in ("f1", "exact")]
        pairs = [(one, other) for one in ours for other in others if one.seed == other.seed]
        paired = "; ".join(_paired(one, other) for one, other in pairs)
        yield f"- Both stages against {ARMS[arm]}: {', '.join(said)}. By question, {paired}."


def _gap(metric: str, found: Sequence[Told], ours: Sequence[Told], others: Sequence[Told]) -> str:
    gap = statistics.fmean(one.scores[metric] for one in ours) - statistics.fmean(one.scores[metric] for one in others)
    spread = spread_of(metric, found)
    times = f" ({abs(gap) / spread.value:.1f} spreads of a seed)" if spread else ""
    return f"{metric} {gap:+.2f}{times}"


def _paired(one: Told, other: Told) -> str:
    f1 = paired_difference("f1", other.rows, one.rows, seed=0)
    between = f" (95 % {f1.interval[0]:+.2f} to {f1.interval[1]:+.2f})" if f1.interval else ""
    return (
        f"seed {one.seed}: f1 {f1.difference:+.2f}{between}, {f1.gained:,} gained and {f1.lost:,} lost "
        f"(p {f1.p_value:.1g}, McNemar)"
    )


def _spreads(found: Sequence[Told]) -> Iterator[str]:
    known = {metric: spread for metric in ("exact", "f1") if (spread := spread_of(metric, found))}
    if not known:
        yield "- One seed of each: how far a seed moves these numbers is not measured yet, so no gap here is a finding."
        return
    said = " and ".join(f"{name} {one.value:.2f} (95 % {one.low:.2f} to {one.high:.2f})" for name, one in known.items())
    df = next(iter(known.values())).df
    yield (
        f"- Spread of a seed, its standard deviation pooled over the trainings that were run more than once, with one "
        f"teacher: {said}, {df} degrees of freedom. It is the prior of every verdict (`harness/plan/priors.py`)."
    )


def _flips(found: Sequence[Told]) -> Iterator[str]:
    for arm, name in ARMS.items():
        pairs = list(itertools.combinations([one for one in found if one.arm == arm], 2))
        hops = [paired_difference("exact", first.rows, second.rows, seed=0) for first, second in pairs]
        if hops:
            flips = statistics.fmean(one.gained + one.lost for one in hops)
            share = flips / len(found[0].rows)
            yield f"- From one seed to another {flips:,.0f} answers flip between right and wrong ({share:.1%}): {name}."


def _matrix(found: Sequence[Told]) -> Iterator[str]:
    """Scores of one student under every protocol, as `harness score` left them."""
    for path in sorted(RESULTS.glob("minilm-*/scores/*/matrix.json")):
        plain, files = store.read_json(path), store.read_json(path.parent / "inputs.json")["weights"]["files"]
        (of,) = (one for one in found if Run.open(one.folder).evaluation.weights == files)
        yield (
            f"The evaluator matrix, `harness score` on the weights of seed {of.seed} ({ARMS[of.arm]}), in fp32, where "
            f"the run itself scored in bf16 (exact {of.scores['exact']:.2f}, f1 {of.scores['f1']:.2f}):"
        )
        yield ""
        yield "| protocol | scorer | exact | f1 | f1, with answer | f1, without |"
        yield "|---|---|---:|---:|---:|---:|"
        for row in plain["rows"]:
            numbers = " | ".join(f"{row['scores'][name]:.2f}" for name in ("exact", "f1", "HasAns_f1", "NoAns_f1"))
            yield f"| {row['protocol']} | {row['scorer']} | {numbers} |"
        yield ""


if __name__ == "__main__":
    print("\n".join(page(runs())))
