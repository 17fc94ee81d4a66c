"""What comes to the gate, read before anything is run: a card or finished runs, each with its baseline."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.domain import Experiment
from harness.errors import DataError, PlanError, StoreError
from harness.judge import verdict
from harness.judge.audit import audit
from harness.judge.baseline import PROXY, Baseline, BaselineSource, baseline_of, read_baseline
from harness.judge.conditions import ENOUGH_TO_DIFFER
from harness.plan.experiment import plan
from harness.plan.options import Options, similar
from harness.record import store
from harness.record.folder import Run
from harness.record.read import blaming_the_record, require_distinct, require_finished, seeds_of
from harness.run.cards import find_card, is_name, shipped
from harness.run.find import as_claimed_now


@dataclass(frozen=True, slots=True)
class GateInput:
    """`run` is None for a card, `experiment` for a run whose record cannot be followed; its audit says why.

    `seeds` are the runs of a series, `run` the first of them. `other` is the run whose record is the baseline, None
    where that is a file. A proxy's name ends in PROXY.
    """

    name: str
    experiment: Experiment | None
    run: Run | None
    folder: Path | None
    seeds: tuple[Run, ...]
    baseline_path: Path
    baseline: Baseline | None
    other: Run | None = None

    @property
    def is_proxy(self) -> bool:
        return self.name.endswith(PROXY)


def read(subject: str, baseline: Path) -> GateInput:
    """A card, by path or name, or the folder of a run or a series, with its baseline; what is there goes first.

    The baseline is a .json file, a folder that holds <card>.json, or a run.
    A run on part of the questions is a proxy, with a baseline of its own. Raises CardError, PlanError or DataError for
    what is none of these, or is another card's.
    """
    path = Path(subject)
    is_card = path.suffix == ".md" or (not path.exists() and is_name(subject))
    if not is_card and not path.exists() and "/" not in subject:  # no folder of a run is given like that
        raise DataError(subject, "", f"no such folder, and no card that ships{similar(subject, shipped())}")
    seeds = () if is_card else tuple(seeds_of(Run.open(path)))
    run = seeds[0] if seeds else None
    if run is None:
        experiment: Experiment | None = plan(find_card(subject), Options())
    else:
        for one in seeds:
            require_finished(one)
        experiment = _recorded(run)
    name = experiment.name if experiment is not None else path.resolve().parent.name
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise DataError(path, "", f"is of a card named {name!r}, which is no file name")
    if experiment is not None:
        name = _baseline_name(experiment)
    folder = path if seeds else None
    if store.is_finished(baseline):
        other = Run.open(baseline)
        return GateInput(name, experiment, run, folder, seeds, baseline, _baseline_in(other, name), other)
    if baseline.suffix != ".json":
        baseline = baseline / f"{name}.json"
    return GateInput(name, experiment, run, folder, seeds, baseline, read_baseline(baseline, name))


def check_distinct(candidates: Sequence[GateInput]) -> None:
    """Raises DataError where a run counts twice, PlanError for a copy of one under another seed."""
    judged = [one for one in candidates if one.folder is not None]
    require_distinct(itertools.chain.from_iterable(one.seeds for one in judged))
    for one in judged:
        require_distinct((*one.seeds, *filter(None, [one.other])))  # one baseline may serve several runs
    answers: dict[tuple[str, str], Run] = {}
    for one in judged:
        for run in one.seeds if one.experiment is not None else ():
            with blaming_the_record(run.folder):
                other = answers.setdefault((one.name, run.sha256(f"{store.EVALUATION}/{store.PREDICTIONS}")), run)
                is_copy = other is not run and len(run.evaluation.predictions) >= ENOUGH_TO_DIFFER
                if is_copy and other.settings.seed != run.settings.seed:
                    what = f"has the answers of {other.folder}, to the byte, under another seed: one is a copy"
                    raise PlanError([f"{run.folder}: {what}"])


def _baseline_name(experiment: Experiment) -> str:
    return experiment.name + PROXY * ("limit" in experiment.run)


def _baseline_in(run: Run, name: str) -> Baseline:
    """The baseline that another run's record is; raises DataError for one of another card, or that fails its audit."""
    require_finished(run)
    problems = problems_of(run)
    if problems:
        raise DataError(run.folder, "", f"fails its audit, so is no baseline: {problems[0]}")
    experiment = as_claimed_now(run, None)
    concluded = verdict.conclude([run], claimed=experiment)
    if _baseline_name(experiment) != name:
        raise DataError(run.folder, "", f"is a run of {_baseline_name(experiment)!r}, not of {name!r}")
    return baseline_of(name, source_of(run), experiment.claims, concluded.judgement, concluded.measurements)


def _recorded(run: Run) -> Experiment | None:
    try:
        with blaming_the_record(run.folder):
            return run.experiment
    except StoreError:
        return None


def problems_of(run: Run) -> list[str]:
    """What the audit of a run finds wrong."""
    return [f"{check.name}: {problem}" for check in audit(run).checks for problem in check.problems]


def source_of(run: Run) -> BaselineSource:
    environment = run.environment
    return BaselineSource(run.folder.resolve().name, str(environment.machine.code["harness"]), environment.threads)
