"""All runs and series of a results folder side by side, newest first, from what lies in each folder alone. No torch.

A run that is not finished, broke, or cannot be read is an entry as well, with the reason in place of a verdict.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from harness.card.completeness import completeness
from harness.errors import DataError, HarnessError
from harness.record import progress, store
from harness.record.folder import Run
from harness.record.judgement import Judgement
from harness.record.read import STAMP, begun, blaming_the_record, seeds_of

T = TypeVar("T")
State = Literal["finished", "unfinished", "broken", "unreadable"]
_SERIES = re.compile(r"series-[0-9a-f]{8}")
MAIN = ("exact", "f1")
_MARKS = ("identity.json", "experiment.json", store.MANIFEST, store.VERDICT, store.SERIES)


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of a run, or its mean over a series: measured, and where the card claims it, held against the claim.

    None: not measured, or not claimed. `outcome` is what the claim came to. `exact` and `f1` are here claimed or not.
    """

    metric: str
    unit: str
    measured: float | None
    claimed: float | None = None
    difference: float | None = None
    tolerance: float | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an unfinished run is: the stage it is in, and the step; `n_steps` is None until an epoch ended.

    The evaluation counts as the last stage. `is_running`: its process is there.
    """

    stage: str
    number: int
    n_stages: int
    step: int
    n_steps: int | None
    is_running: bool = False

    @property
    def share(self) -> float:
        """Of all stages, 0 to 1, each counted alike."""
        return (self.number - 1 + (self.step / self.n_steps if self.n_steps else 0)) / self.n_stages

    def __str__(self) -> str:
        of = f" of {self.n_steps:,}" if self.n_steps else ""
        steps = f", step {self.step:,}{of}" if self.step else ""
        running = "running: " if self.is_running else ""
        return f"{running}{self.stage}, stage {self.number} of {self.n_stages}{steps}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One run or series. `outcome` is None until it is finished, `reason` says why. `departs`: in what settings the
    run is not the card's.

    `completeness` is the share of what a re-run needs that the card states, in percent; `train_s` the seconds of all
    stages that ended, summed over its seeds; `where` the device.
    """

    path: str
    card: str
    kind: Literal["run", "series"]
    state: State
    date: str
    outcome: str | None
    reason: str
    scores: tuple[Score, ...]
    seeds: tuple[int, ...]
    completeness: int | None
    train_s: float | None
    where: str | None
    departs: tuple[str, ...] = ()
    progress: Progress | None = None

    @property
    def is_judged(self) -> bool:
        """Whether its scores say something of the card: a limited or invalid run judges nothing."""
        return self.outcome not in (None, "limited", "invalid", "measured")


def read(results: Path) -> list[Entry]:
    """Every run and series under a results folder; raises DataError when there is no such folder."""
    if not results.is_dir():
        raise DataError(results, "", "no such folder; give the one that holds results/<card>/<run-id> with --results")
    folders = (inside for card in sorted(results.iterdir()) if _is_shown(card) for inside in sorted(card.iterdir()))
    entries = [_entry(folder) for folder in folders if _is_shown(folder) and _is_run(folder)]
    return sorted(entries, key=lambda one: (one.date, one.kind, one.path), reverse=True)


def _is_shown(folder: Path) -> bool:
    return folder.is_dir() and not folder.name.startswith(".")


def _is_run(folder: Path) -> bool:
    """By its name, or by what lies in it: one that was killed at its start holds nothing yet."""
    named = STAMP.match(folder.name) or _SERIES.fullmatch(folder.name)
    return bool(named) or any((folder / name).exists() for name in _MARKS)


def _entry(folder: Path) -> Entry:
    is_series = (folder / store.SERIES).exists() or bool(_SERIES.fullmatch(folder.name))
    problems: list[str] = []

    def read(find: Callable[[], T]) -> T | None:
        """What is found, or None and what is wrong with the record: the rest of it is still shown."""
        try:
            with blaming_the_record(folder):
                return find()
        except (HarnessError, OSError) as error:
            problems.append(str(error))
            return None

    record = Run.open(folder)
    state, reason = read(lambda: _state(record, is_series=is_series)) or ("unreadable", "")
    judgement = read(lambda: record.conclusion.judgement) if state == "finished" else None
    runs = read(lambda: seeds_of(record)) or [record]
    seeds, completed = read(lambda: _seeds(runs)), read(lambda: _completeness(runs[0]))
    seconds, where = read(lambda: _seconds(runs)), read(lambda: _where(runs[0]))
    departs = read(lambda: _departs(runs[0]))
    far = read(lambda: _progress(record)) if state in ("unfinished", "broken") else None
    scores = None if judgement is None else read(lambda: _scores(record.conclusion.judgement, runs))
    if problems:
        state, reason, judgement = "unreadable", problems[0], None
    return Entry(
        path=str(folder),
        card=folder.parent.name,
        kind="series" if is_series else "run",
        state=state,
        date=max(begun(run) for run in runs),
        outcome=judgement.outcome if judgement else None,
        reason=reason if reason or judgement is None else judgement.reason,
        scores=scores or () if judgement else (),
        seeds=seeds or (),
        completeness=completed,
        train_s=seconds,
        where=where,
        departs=departs or (),
        progress=far,
    )


def _state(run: Run, *, is_series: bool) -> tuple[State, str]:
    if is_series:
        return ("finished", "") if run.has(store.SERIES) else ("unfinished", "no series.json yet")
    if run.has(store.VERDICT):
        return "finished", ""
    if run.broken is not None:
        return "broken", run.broken.error or "the run broke"
    done = [path.parent.name for path in sorted(run.folder.glob("stages/*/stage.json"))]
    return "unfinished", f"stages done: {', '.join(done) or 'none'}; the command that began it goes on with it"


def _scores(judgement: Judgement, runs: Sequence[Run]) -> tuple[Score, ...]:
    """What the card claims, and exact and f1 where it does not claim them."""
    claimed = [
        Score(one.metric, one.unit, one.measured, one.claimed, one.difference, one.tolerance, one.outcome)
        for one in judgement.verdicts
    ]
    metrics = [run.evaluation.metrics.scores for run in runs]
    means = {name: math.fsum(float(one[name]) for one in metrics) / len(metrics) for name in MAIN}
    known = {one.metric for one in claimed}
    more = [Score(name, "points", mean) for name, mean in means.items() if name not in known]
    return tuple(sorted((*claimed, *more), key=lambda one: one.metric not in MAIN))


def _progress(run: Run) -> Progress | None:
    """What a run last said of itself, else what its files say; None before it has a plan, and for a series."""
    said = progress.read(run.folder.parents[1], run.folder.name)
    if said is not None:
        return Progress(said.part, said.number, said.n_parts, said.step, said.n_steps, said.is_running())
    if not run.has("experiment.json"):
        return None
    names = [stage.name for stage in run.experiment.stages]
    number = next((n for n, name in enumerate(names, start=1) if not run.has(f"stages/{name}/stage.json")), None)
    if number is None:
        return Progress("evaluation", len(names) + 1, len(names) + 1, 0, None)
    stage = run.experiment.stages[number - 1]
    steps = [step for _, step in run.lines(stage.name) if step is not None]
    begun_again = next((step.step for step in steps if step.epoch != steps[0].epoch), None)
    n_epochs = stage.get("num_train_epochs")
    n_steps = (begun_again - 1) * int(n_epochs) if begun_again and n_epochs else None
    return Progress(stage.name, number, len(names) + 1, steps[-1].step if steps else 0, n_steps)


def _departs(run: Run) -> tuple[str, ...]:
    """What was overridden; which seed it was is told elsewhere, and where data lie matters to whoever compares them."""
    if not run.has("environment.json"):
        return ()
    found = run.deviations
    shown = ("recipe", "evaluation", "precision", "scope")
    return tuple(
        one.actual for one in found if one.category in shown or (one.category == "data" and one.option == "--set")
    )


def _seeds(runs: Sequence[Run]) -> tuple[int, ...]:
    """Of the runs that have a plan; one that was only just begun has none."""
    return tuple(run.settings.seed for run in runs if run.has("experiment.json"))


def _completeness(run: Run) -> int | None:
    return completeness(run.card).score if run.has("card.md") else None


def _seconds(runs: Sequence[Run]) -> float | None:
    found = [stage.seconds for run in runs for stage in run.stages.values()]
    return round(sum(found), 1) if found else None


def _where(run: Run) -> str | None:
    if not run.has("environment.json"):
        return None
    found = run.environment
    if found.device.startswith("cuda") and found.machine.gpus:
        return f"{found.num_processes}x {found.machine.gpus[0]}"
    return f"{found.device}, {found.machine.cpu or 'unknown'}"
