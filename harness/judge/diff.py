"""Two runs side by side: what was asked for, where it ran, what came out, and which questions flipped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.domain import Experiment, Measurement, Unit
from harness.judge.paired import mcnemar
from harness.qa.signature import differing
from harness.record.folder import Run
from harness.record.read import require_finished

ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two runs have differently; "-" where a run lacks it."""

    section: str
    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of both runs. `differs_in` names the fields of their signatures that differ.

    `difference` is second - first; None where only one run has it, or they were measured on other questions.
    """

    metric: str
    unit: Unit
    first: float | None
    second: float | None
    difference: float | None
    differs_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that one run gets exactly right and the other does not, with both answers; "" is no answer."""

    id: str
    first: str
    second: str
    is_gained: bool


@dataclass(frozen=True, slots=True)
class Flips:
    """Questions of both runs: how many only the second (`gained`) or only the first (`lost`) gets exactly right.

    `p_value` is McNemar's exact test of the two being as likely; `n_changed` answers differ at all.
    """

    n: int
    gained: int
    lost: int
    n_changed: int
    p_value: float
    questions: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences of two runs; `not_compared` says what could not be, and why."""

    first: str
    second: str
    differences: tuple[Difference, ...]
    metrics: tuple[Metric, ...]
    flips: Flips | None
    not_compared: tuple[str, ...]


def compare(first: Run, second: Run) -> Comparison:
    """Compares two finished runs; raises DataError for a folder that is none."""
    runs = (first, second)
    for run in runs:
        require_finished(run)
    experiments = tuple(run.experiment for run in runs)
    same_data = first.inputs.eval_data == second.inputs.eval_data
    differences = (
        *_pairs("settings", *(_settings(one) for one in experiments)),
        *_pairs("deviations", *(_deviations(run) for run in runs)),
        *_pairs("claims", *({one.metric: one.raw for one in e.claims} for e in experiments)),
        *_pairs("inputs", *(_flat(run.plain("inputs.json")) for run in runs)),
        *_pairs("environment", *(_flat(_machine(run)) for run in runs)),
    )
    metrics = tuple(_metrics(first.verdict.measurements, second.verdict.measurements, same_data))
    flips, why = _flips(first, second) if same_data else (None, ["questions: the runs were evaluated on other data"])
    if not same_data:
        why.append("scores: shown side by side, without a difference, because the questions are others")
    return Comparison(str(first.folder), str(second.folder), differences, metrics, flips, tuple(why))


def _settings(experiment: Experiment) -> dict[str, Any]:
    named = {"card": experiment.name, "card sha256": experiment.card_sha256}
    return named | {
        f"{section.name}.{one.name}": one.value for section in experiment.sections() for one in section.settings
    }


def _deviations(run: Run) -> dict[str, str]:
    return {f"{one.category}: {one.claimed}": one.actual for one in run.deviations}


def _machine(run: Run) -> dict[str, Any]:
    return {name: value for name, value in run.plain("environment.json").items() if name != "deviations"}


def _flat(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        inside = _flat(value, f"{path}{name}.") if isinstance(value, Mapping) else {f"{path}{name}": value}
        flat.update(inside)
    return flat


def _pairs(section: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Difference]:
    """What differs, in the order of the first, then what only the second has."""
    for name in dict.fromkeys([*first, *second]):
        if name not in first or name not in second or first[name] != second[name]:
            shown = [str(one[name]) if name in one else ABSENT for one in (first, second)]
            yield Difference(section, name, *shown)


def _metrics(first: tuple[Measurement, ...], second: tuple[Measurement, ...], same_data: bool) -> Iterator[Metric]:
    ours, theirs = {one.metric: one for one in first}, {one.metric: one for one in second}
    for name in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(name), theirs.get(name)
        if a is not None and b is not None:
            fields = tuple(differing(a.signature, b.signature))
            is_comparable = a.unit == b.unit and (same_data or a.unit == "loss")
            yield Metric(name, a.unit, a.value, b.value, b.value - a.value if is_comparable else None, fields)
        elif a is not None:
            yield Metric(name, a.unit, a.value, None, None, ())
        elif b is not None:
            yield Metric(name, b.unit, None, b.value, None, ())


def _flips(first: Run, second: Run) -> tuple[Flips | None, list[str]]:
    rows, others = ({one.id: one for one in run.evaluation.answers} for run in (first, second))
    common = [name for name in rows if name in others]
    why = []
    if len(common) < max(len(rows), len(others)):
        why.append(f"questions: {len(common)} are in both runs, of {len(rows)} and {len(others)}")
    if not common:
        return None, why
    flipped = [name for name in common if rows[name].exact != others[name].exact]
    gained = sum(others[name].exact > rows[name].exact for name in flipped)
    questions = tuple(
        Flip(name, rows[name].prediction, others[name].prediction, others[name].exact > rows[name].exact)
        for name in flipped
    )
    n_changed = sum(rows[name].prediction != others[name].prediction for name in common)
    lost = len(flipped) - gained
    return Flips(len(common), gained, lost, n_changed, mcnemar(gained, lost), questions), why
