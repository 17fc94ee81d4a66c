"""The numbers that a later run of a card is held against: a small JSON file, committed beside the code.

results/baseline/<card>.json, and <card>.proxy.json for runs on part of the questions. It keeps what a comparison needs
and nothing else: numbers with their tolerance and conditions, and which runs they are from. It may be written by hand,
so every field is looked at when it is read.
"""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scipy.special import stdtrit

from harness.card import loss_traces
from harness.domain import Claim, Measurement, Unit
from harness.errors import DataError, PlanError
from harness.record import store, typed
from harness.record.judgement import Judgement

BASELINE_VERSION = 1
PROXY = ".proxy"  # behind a card's name: the baseline of its runs on part of the questions
FEWEST_OF_BAND = 5


@dataclass(frozen=True, slots=True)
class Known:
    """One metric of a baseline: the mean of its runs, and the seed of each. `spread` is the card's standard deviation
    of a seed, None where it prints none, and in a band that of the runs; `n` counts questions or steps."""

    value: float
    spread: float | None
    tolerance: float
    unit: Unit
    n: int
    seeds: tuple[int, ...]
    signature: str


@dataclass(frozen=True, slots=True)
class BaselineSource:
    """One run behind a baseline: its folder's name, the hash of the sources that made it, threads on its machine."""

    run: str
    code: str
    threads: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """The numbers of one finished run of a card, or of several: the spread of a run is in one, hardly in their mean."""

    card: str
    runs: tuple[BaselineSource, ...]
    metrics: Mapping[str, Known]


@dataclass(frozen=True, slots=True)
class _File:
    """A baseline as it is written, with the version of its shape."""

    schema_version: int
    card: str
    runs: tuple[BaselineSource, ...]
    metrics: Mapping[str, Known]


def baseline_of(
    card: str,
    source: BaselineSource,
    claims: Sequence[Claim],
    judgement: Judgement,
    measurements: Sequence[Measurement],
) -> Baseline:
    """The baseline that a run makes: every claimed metric that it measured, with the tolerance of its claim."""
    found = {one.metric: one for one in measurements}
    metrics = {
        claim.metric: Known(one.value, claim.spread, verdict.tolerance, claim.unit, one.n, (one.seed,), one.signature)
        for claim, verdict in zip(claims, judgement.verdicts, strict=True)
        if (one := found.get(claim.metric)) is not None
    }
    return Baseline(card, (source,), metrics)


def mean_of(baselines: Sequence[Baseline]) -> Baseline:
    """One baseline of several runs of a card; raises PlanError where their numbers are not of one kind."""
    first = baselines[0]
    metrics = {}
    for metric, known in first.metrics.items():
        all_of = [one.metrics.get(metric, known) for one in baselines]
        seeds = tuple(seed for one in all_of for seed in one.seeds)  # a series has several
        value = math.fsum(one.value * len(one.seeds) for one in all_of) / len(seeds)
        if len(set(seeds)) < len(seeds):
            raise PlanError([f"{first.card}: seeds {', '.join(map(str, seeds))}: each seed counts once in a mean"])
        metrics[metric] = replace(known, value=value, seeds=seeds)
        if any(replace(one, value=known.value, seeds=known.seeds) != known for one in all_of):
            raise PlanError([f"{first.card}, {metric}: these runs differ in tolerance or signature, so have no mean"])
    if any(set(one.metrics) != set(metrics) for one in baselines):
        raise PlanError([f"{first.card}: these runs did not measure the same metrics, so have no mean"])
    return Baseline(first.card, tuple(source for one in baselines for source in one.runs), metrics)


def band_of(baselines: Sequence[Baseline]) -> Baseline:
    """The band of good runs: their mean, and as tolerance what a further one stays within 95 times of 100.

    That is t x SD x sqrt(1 + 1/n), a prediction interval. Raises PlanError for fewer than `FEWEST_OF_BAND` seeds.
    """
    seeds = {known.seeds for one in baselines for known in one.metrics.values()}
    n = len(baselines)
    if len(seeds) < max(n, FEWEST_OF_BAND):
        what = f"a band needs runs of {FEWEST_OF_BAND} seeds or more, each once; these are {n} of {len(seeds)}"
        raise PlanError([f"{baselines[0].card}: {what}"])
    mean = mean_of(baselines)
    metrics = {}
    for metric, known in mean.metrics.items():
        spread = math.sqrt(math.fsum((one.metrics[metric].value - known.value) ** 2 for one in baselines) / (n - 1))
        metrics[metric] = replace(known, spread=spread, tolerance=_reach(spread, n))
    return replace(mean, metrics=metrics)


def baseline_text(baseline: Baseline) -> str:
    """The baseline's file, whole: the same for the same run."""
    return store.json_text({"schema_version": BASELINE_VERSION, **store.to_json(baseline)})


def read_baseline(path: Path, card: str) -> Baseline | None:
    """The baseline in a file, None where there is no such file; raises DataError for one that is not this card's."""
    try:
        text = path.read_bytes()
        plain = json.loads(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(path, "", f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, "", f"is broken ({error}); mend it, or remove it and use --update-baseline") from error
    version = plain.get("schema_version") if isinstance(plain, dict) else None
    if type(version) is not int or version != BASELINE_VERSION:
        raise DataError(path, "", f"has schema version {version}; this harness reads {BASELINE_VERSION}")
    if plain.get("card") != card:
        raise DataError(path, "", f"is the baseline of {plain.get('card')!r}, not of {card!r}")
    found = typed.parse(_File, text, path, _refused)
    if not found.runs or not found.metrics:
        raise DataError(path, "", "names no runs, or no metrics: no run can have made it; use --update-baseline")
    for name, known in found.metrics.items():
        _check_numbers(path, name, known)
        if card.endswith(PROXY):
            _check_band(path, name, known, len(found.runs))
    return Baseline(card, found.runs, found.metrics)


def _refused(path: Path, place: tuple[int | str, ...], says: str) -> DataError:
    """What is wrong with a file that may have been written by hand, by the metric that it is about."""
    if place[:1] == ("metrics",) and len(place) > 1:
        where, fields = f"metric {place[1]!r}", ", ".join(sorted(field.name for field in dataclasses.fields(Known)))
        what = f"{'.'.join(map(str, place[2:]))}: {says}" if len(place) > 2 else says
        return DataError(path, where, f"needs {fields}, and nothing else ({what})")
    return DataError(path, "", f"is no baseline: it needs runs and metrics ({'.'.join(map(str, place))}: {says})")


def changes(old: Baseline | None, new: Baseline) -> Iterator[tuple[str, str]]:
    """What an update would change: metric and `old -> new`; nothing for a baseline that says the same already."""
    before = old.metrics if old is not None else {}
    for metric in dict.fromkeys((*before, *new.metrics)):
        was, now = before.get(metric), new.metrics.get(metric)
        if was is None or now is None:
            yield metric, f"{_said(was)} -> {_said(now)}"
        elif was != now:
            moved = f" ({now.value - was.value:+.4g})" if now.value != was.value else ""
            other = [name for name in ("spread", "unit", "n", "seeds", "signature")
                     if getattr(was, name) != getattr(now, name)]  # fmt: skip
            yield metric, f"{_said(was)} -> {_said(now)}{moved}{', other ' + ', '.join(other) if other else ''}"


def _check_band(path: Path, name: str, known: Known, n_runs: int) -> None:
    """Raises DataError for the band of a proxy whose tolerance is not what its spread and number of runs give."""
    follows = _reach(known.spread or 0.0, n_runs) if n_runs > 1 else math.nan
    if not math.isclose(known.tolerance, follows, rel_tol=1e-9, abs_tol=1e-9):
        what = f"tolerance {known.tolerance:.6g} does not follow from spread {known.spread} of {n_runs} runs"
        raise DataError(path, f"metric {name!r}", f"{what}; use --update-baseline")


def _reach(spread: float, n: int) -> float:
    """How far a further run may lie from the mean of n, 95 times of 100: a prediction interval."""
    return float(stdtrit(n - 1, 0.975)) * spread * math.sqrt(1 + 1 / n)


def _check_numbers(path: Path, name: str, known: Known) -> None:
    """Raises DataError for a number that no run can have measured: a type alone does not say so."""
    where = f"metric {name!r}"
    for field in ("value", "spread", "tolerance"):
        value = getattr(known, field)
        if value is not None and (not abs(value) <= 1e300 or (field != "value" and value < 0)):
            least = "" if field == "value" else " from 0 up"
            raise DataError(path, where, f"{field} {value!r} is no finite number{least}")
    if not known.seeds or len(set(known.seeds)) < len(known.seeds):
        raise DataError(path, where, f"seeds {list(known.seeds)}: needs one or more, each once")
    if known.n < 1:
        raise DataError(path, where, f"n {known.n} counts no questions or steps")
    unit = "loss" if name.endswith("_loss") or loss_traces.point_of(name) is not None else "points"
    if known.unit != unit:
        raise DataError(path, where, f"unit {known.unit!r}: it is measured in {unit}")
    if known.unit == "points" and not 0 <= known.value <= 100:
        raise DataError(path, where, f"value {known.value} is outside 0 to 100 points")


def _said(known: Known | None) -> str:
    return "(none)" if known is None else f"{known.value:.6g} ± {known.tolerance:.4g}"
