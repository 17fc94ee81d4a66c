"""The runs of the MiniLM cards under results/, each with its kind of training, and numbers over them."""

import functools
import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scipy.stats import chi2

from harness.domain import Experiment
from harness.record import store
from harness.record.folder import Run
from harness.record.parts import ScoredAnswer

RESULTS = Path(__file__).parents[2] / "results"
TEACHER, BOTH, PREDICTION, PLAIN, TENTH = "teacher", "both", "prediction", "plain, 3 epochs", "tenth"
# Begun with the first three layers of the pretrained model, where the card takes every second one.
BOTH_FIRST, PLAIN_FIRST = "layers 1, 2, 3", f"{PLAIN}, layers 1, 2, 3"
# Taught by another teacher than the card's, which is that of the lowest seed.
OTHER = "teacher 43"
BOTH_OTHER, LAST_LAYERS = f"{BOTH}, {OTHER}", f"intermediate_layer.layer_map last, {OTHER}"
IN_FP32 = f"fp32, {OTHER}"


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A teacher's card, its student's, the data both are judged on, and what the student's trainings are called.

    `ablations` are trainings by the teacher of another seed: as the card has it, then with one thing set otherwise.
    `learns_from` says which questions both learn from, where another pair is judged on the same data.
    """

    teacher: str
    student: str
    data: str
    arms: Mapping[str, str]
    ablations: Mapping[str, str] = field(default_factory=dict)
    learns_from: str = ""


SQUAD1 = Pair(
    "minilm-6l-squad1",
    "minilm-3l-squad1",
    "SQuAD 1.1 dev set",
    {
        BOTH: "distilled, both stages",
        PREDICTION: "distilled, prediction layer alone, as many steps",
        PLAIN: "fine-tuned, not distilled, as many steps",
        BOTH_FIRST: "distilled, both stages, begun with the first three layers",
        PLAIN_FIRST: "fine-tuned, not distilled, as many steps, begun with the first three layers",
    },
    {
        BOTH_OTHER: "distilled, both stages, by the teacher of seed 43",
        LAST_LAYERS: "the same, in line with the teacher's last three layers",
        f"prediction_layer.soft_label_weight 0.5, {OTHER}": "the same, half of the second loss from the right answers",
        f"prediction_layer.temperature 4.0, {OTHER}": "the same, at temperature 4",
        IN_FP32: "the same, in fp32",
    },
)
SQUAD2 = Pair(
    "minilm-6l-squad2",
    "minilm-3l-squad2",
    "SQuAD 2.0 dev set",
    {
        BOTH: "distilled, both stages",
        PREDICTION: "distilled, prediction layer alone",
        "plain, 2 epochs": "fine-tuned, not distilled, 2 epochs",
        "plain, 4 epochs": "fine-tuned, not distilled, 4 epochs",
    },
)
PAIRED = Pair(
    f"{SQUAD2.teacher}-paired",
    f"{SQUAD2.student}-paired",
    SQUAD2.data,
    {BOTH: SQUAD2.arms[BOTH]},
    learns_from="half of the questions without an answer",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One run: what kind it is, its seed, its scores, its rows a question, seconds of its stages and their forecast.

    `taught_by` is the seed of the teacher, where the student had one.
    """

    folder: Path
    arm: str
    seed: int
    taught_by: int | None
    scores: Mapping[str, float]
    rows: Sequence[ScoredAnswer]
    took: float
    expected: float | None


def arm_of(experiment: Experiment, pair: Pair, taught: Sequence[str]) -> str:
    """Which kind of training a run is of; `taught` says of its teacher what is not as the card has it."""
    epochs = {stage.name: int(stage.value("num_train_epochs")) for stage in experiment.stages}
    if experiment.name != pair.student:
        return TEACHER if experiment.name == pair.teacher else TENTH
    begins, precision = experiment.run["student_layers"], experiment.run["precision"]
    of_run = [f"layers {begins.value}"] if begins.origin == "overridden" else []
    of_run += [str(precision.value)] if precision.origin == "overridden" else []
    if experiment.recipe == "finetune":
        return ", ".join([f"plain, {epochs['finetune']} epochs", *of_run])
    changed = [f"{stage.name}.{one.name} {one.value}" for stage in experiment.stages
               for one in stage.settings if one.origin == "overridden"]  # fmt: skip
    if not epochs["intermediate_layer"]:
        return ", ".join([PREDICTION, *taught])
    return ", ".join([*(changed + of_run or [BOTH]), *taught])


def read(folder: Path, pair: Pair, teachers: Mapping[str, int]) -> Told:
    """One finished run; `teachers` are the seeds of those there are, by the hash of their weights."""
    run = Run.open(folder)
    given = run.inputs.teacher
    taught_by = None if given is None else teachers[weights_of(given)]
    taught = [] if taught_by in (None, min(teachers.values())) else [f"teacher {taught_by}"]
    stages = [stage.name for stage in run.experiment.stages]
    cost = run.plain(store.FORECAST) if run.has(store.FORECAST) else None
    parts = None if cost is None else [one["seconds"] for one in cost["parts"] if one["name"] in stages]
    return Told(
        folder=folder,
        arm=arm_of(run.experiment, pair, taught),
        seed=run.settings.seed,
        taught_by=taught_by,
        scores=run.evaluation.metrics.scores,
        rows=run.evaluation.answers,
        took=sum(run.stage(name).seconds for name in stages),
        expected=None if parts is None else sum(parts),
    )


@functools.cache
def runs(pair: Pair) -> tuple[Told, ...]:
    """Every recorded run of a pair's cards, by arm and seed."""
    names = (pair.teacher, pair.student, f"{pair.teacher}-tenth")
    folders = {name: [path.parent for path in sorted((RESULTS / name).glob(f"*/{store.VERDICT}"))] for name in names}
    taught = [Run.open(folder) for folder in folders[pair.teacher]]
    teachers = {weights_of(run.evaluation.weights): run.settings.seed for run in taught}
    told = [read(folder, pair, teachers) for found in folders.values() for folder in found]
    return tuple(sorted(told, key=lambda one: (one.arm, one.seed)))


def weights_of(model: Mapping[str, str]) -> str:
    return model["model.safetensors"]


def kept_of(found: Sequence[Told], told: Sequence[Told]) -> float:
    """How much of its own teacher's f1 a training keeps, in percent; where it had none, of the first teacher's."""
    taught = {one.seed: one.scores["f1"] for one in of_arm(found, TEACHER)}
    first = taught[min(taught)]
    own = [taught[one.seed] if one.arm == TEACHER else taught.get(one.taught_by or -1, first) for one in told]
    return statistics.fmean(100 * one.scores["f1"] / teacher for one, teacher in zip(told, own, strict=True))


def of_arm(found: Sequence[Told], arm: str) -> list[Told]:
    return [one for one in found if one.arm == arm]


def of_same_seeds(told: Sequence[Told], as_these: Sequence[Told]) -> list[Told]:
    """Those of a training's runs that have the seed of one of these."""
    seeds = {one.seed for one in as_these}
    return [one for one in told if one.seed in seeds]


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation of a seed, in points, pooled over trainings of `df` + so many runs, and its 95 % interval."""

    value: float
    df: int
    low: float
    high: float


def half_learned(found: Sequence[Told]) -> frozenset[str]:
    """The student's arms that answer fewer than half of the questions that the teacher does.

    Their seeds lie further apart than those of the others (a test says by how much), so they are not pooled with them.
    """
    enough = mean_of("exact", of_arm(found, TEACHER)) / 2
    return frozenset(arm for arm in of_student(found) if mean_of("exact", of_arm(found, arm)) < enough)


def of_student(found: Sequence[Told]) -> frozenset[str]:
    return frozenset(one.arm for one in found) - {TEACHER, TENTH}


def spread_of(metric: str, found: Sequence[Told], arms: Collection[str] | None = None) -> Spread | None:
    """Pooled over these of the student's arms (all but the half-learned ones), each about its own mean.

    The interval is that of chi-square; None where no arm has two seeds. The teacher's seeds are no part of it: it is
    another model.
    """
    arms = of_student(found) - half_learned(found) if arms is None else arms
    by_arm = [[one.scores[metric] for one in of_arm(found, arm)] for arm in sorted(arms)]
    df = sum(len(values) - 1 for values in by_arm)
    if df == 0:
        return None
    squares = math.fsum((value - statistics.fmean(values)) ** 2 for values in by_arm for value in values)
    low, high = (math.sqrt(squares / chi2.ppf(p, df)) for p in (0.975, 0.025))
    return Spread(math.sqrt(squares / df), df, low, high)


def spread_between(metric: str, found: Sequence[Told], ours: Sequence[Told], others: Sequence[Told]) -> float | None:
    """What a gap between two of the student's arms is counted in: root mean square of the spreads of their kinds."""
    half = half_learned(found)
    first, second = (spread_of(metric, found, half if told[0].arm in half else None) for told in (ours, others))
    return math.sqrt((first.value**2 + second.value**2) / 2) if first and second else None


def in_spreads(metric: str, found: Sequence[Told], ours: Sequence[Told], others: Sequence[Told]) -> float | None:
    """The gap between two of the student's arms, signed, in spreads of a seed; None while no spread is known."""
    spread = spread_between(metric, found, ours, others)
    return (mean_of(metric, ours) - mean_of(metric, others)) / spread if spread else None


def mean_of(metric: str, found: Sequence[Told]) -> float:
    return statistics.fmean(one.scores[metric] for one in found)


def claims_of(found: Sequence[Told], arm: str, metrics: Sequence[str]) -> dict[str, tuple[float, float | None]]:
    """What the card of an arm is to claim: mean and standard deviation over its seeds."""
    told = {metric: [one.scores[metric] for one in of_arm(found, arm)] for metric in metrics}
    return {
        metric: (statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)
        for metric, values in told.items()
    }
