"""What comes to the gate: a finished run, or a card with its newest run, or with the one that is made now.

Every card and every baseline is read before anything is run. A run is one of a card when it is of the very experiment
that the card plans now, settings, seed and claims included; where there is none, of the same training, which is then
judged by what the card claims now. A run that was measured before its card claimed anything is judged so too.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.card.read import read_card
from harness.domain import Experiment
from harness.errors import DataError, InvalidRunError, StoreError
from harness.judge import noninferiority, regression, verdict
from harness.judge.audit import audit
from harness.judge.baseline import PROXY, Baseline, BaselineSource, baseline_of, read_baseline
from harness.judge.regression import Check, GateResult, Side
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.plan.priors import prior_of
from harness.record import environment, store
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.parts import Fingerprint
from harness.record.read import blaming_the_record, require_finished
from harness.run.find import as_claimed_now, newest
from harness.run.self_contained import why_not_shipped
from harness.train.progress import ProgressCallback

PROXY_SECONDS = 600
_SAID = {"pass": "no worse", "fail": "worse", "inconclusive": "neither worse nor no worse"}


@dataclass(frozen=True, slots=True)
class GateInput:
    """`run` is None for a card, `experiment` for a run whose record cannot be followed; its audit says why.

    `other` is the run whose record is the baseline, None where that is a file. A proxy's name ends in PROXY.
    """

    name: str
    experiment: Experiment | None
    run: Run | None
    baseline_path: Path
    baseline: Baseline | None
    other: Run | None = None

    @property
    def is_proxy(self) -> bool:
        return self.name.endswith(PROXY)


@dataclass(frozen=True, slots=True)
class GateOptions:
    """`results`: where runs of cards are looked for; `watch`: told of runs that are made now, None: none is made."""

    results: Path
    watch: ProgressCallback | None = None
    device: str | None = None


def read(path: Path, baseline: Path) -> GateInput:
    """A card (.md) or a run's folder, with its baseline: a .json file, a folder that holds <card>.json, or a run.

    A run on part of the questions is a proxy, with a baseline of its own. Raises CardError, PlanError or DataError for
    what is none of these, or is another card's.
    """
    run = None if path.suffix == ".md" else Run.open(path)
    if run is None:
        experiment: Experiment | None = plan(read_card(path), Options())
    else:
        require_finished(run)
        experiment = _recorded(run)
    name = experiment.name if experiment is not None else path.resolve().parent.name
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise DataError(path, "", f"is of a card named {name!r}, which is no file name")
    if experiment is not None:
        name = _baseline_name(experiment)
    if store.is_finished(baseline):
        other = Run.open(baseline)
        return GateInput(name, experiment, run, baseline, _baseline_in(other, name), other)
    if baseline.suffix != ".json":
        baseline = baseline / f"{name}.json"
    return GateInput(name, experiment, run, baseline, read_baseline(baseline, name))


def admit(one: GateInput, asked: GateOptions) -> tuple[GateResult, Baseline | None]:
    """The candidate as the gate finds it, and the baseline that its run makes, None where it makes none."""
    return _compared(one, _judged(one, _found(one, asked)))


@dataclass(frozen=True, slots=True)
class _Subject:
    """What came to the gate, as far as it got: its run, or why there is none; what its record comes to; what is wrong
    with it; what a reader must be told of it."""

    experiment: Experiment | None
    run: Run | None = None
    absent: str | None = None
    conclusion: Conclusion | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _found(one: GateInput, asked: GateOptions) -> _Subject:
    """The run that came, or the one of the card that came."""
    if one.run is not None or one.experiment is None:
        return _Subject(one.experiment, one.run)
    try:
        run, absent, notes = _run_of(one.experiment, asked)
    except InvalidRunError as error:
        return _Subject(one.experiment, problems=(str(error),))
    return _Subject(one.experiment, run, absent, notes=tuple(notes))


def _judged(one: GateInput, found: _Subject) -> _Subject:
    """With what its record comes to by the claims of now, where that passes its audit."""
    if found.run is None:
        return found
    problems = _problems(found.run)
    if problems:
        return dataclasses.replace(found, problems=tuple(problems))
    experiment = as_claimed_now(found.run, None if one.run else one.experiment)
    concluded = verdict.conclude([found.run], claimed=experiment)
    return dataclasses.replace(
        found,
        experiment=experiment,
        conclusion=concluded,
        problems=() if one.is_proxy else tuple(_unjudged(concluded)),
        notes=(*found.notes, *_notes(found.run, concluded, is_proxy=one.is_proxy)),
    )


def _compared(one: GateInput, found: _Subject) -> tuple[GateResult, Baseline | None]:
    """Each claim beside card and baseline; and the baseline that this run would make."""
    run, experiment, concluded, made = found.run, found.experiment, found.conclusion, None
    claims = experiment.claims if experiment is not None else ()
    if run is None or experiment is None or concluded is None or found.problems:
        why = "its run is invalid" if found.problems else found.absent or "there is no run"
        checks = regression.compare(claims, None, (), one.baseline, why)
    else:
        judgement, measured = concluded.judgement, concluded.measurements
        checks = regression.compare(claims, judgement, measured, one.baseline, is_proxy=one.is_proxy)
        if one.other is not None:
            checks = _paired(checks, experiment, one.other, run)
        made = baseline_of(one.name, _source_of(run), claims, judgement, measured)
    gated = GateResult(
        card=one.name,
        path=_path_of(experiment),
        run=str(run.folder) if run is not None else None,
        baseline=str(one.baseline_path),
        checks=checks,
        problems=found.problems,
        absent=found.absent,
        notes=found.notes,
    )
    return gated, made


def _baseline_name(experiment: Experiment) -> str:
    return experiment.name + PROXY * ("limit" in experiment.run)


def _baseline_in(run: Run, name: str) -> Baseline:
    """The baseline that another run's record is; raises DataError for one of another card, or that fails its audit."""
    require_finished(run)
    problems = _problems(run)
    if problems:
        raise DataError(run.folder, "", f"fails its audit, so is no baseline: {problems[0]}")
    experiment = as_claimed_now(run, None)
    concluded = verdict.conclude([run], claimed=experiment)
    if _baseline_name(experiment) != name:
        raise DataError(run.folder, "", f"is a run of {_baseline_name(experiment)!r}, not of {name!r}")
    return baseline_of(name, _source_of(run), experiment.claims, concluded.judgement, concluded.measurements)


def _paired(checks: Sequence[Check], experiment: Experiment, baseline: Run, run: Run) -> tuple[Check, ...]:
    """The checks with exact and f1 compared question by question, where the two answer the same ones."""
    first, second = baseline.evaluation.answers, run.evaluation.answers
    is_same = _weights_of(baseline) == _weights_of(run)
    claims = {claim.metric: claim for claim in experiment.claims}
    prior = prior_of(experiment)
    paired = []
    for check in checks:
        claim = claims.get(check.metric)
        if claim is not None and check.metric in ("exact", "f1") and check.by_baseline.state != "unmeasured":
            found = noninferiority.compare(
                check.metric,
                first,
                second,
                margin=check.baseline_tolerance or 0.0,
                spread=0.0 if is_same else prior.of(claim) or 0.0,
                spread_df=prior.df,
                seed=0,
            )
            said = f"{found.difference:+.4g}, 95 % bounds {found.low:+.4g} and {found.high:+.4g}, paired by question"
            reason = f"{_SAID[found.state]} by a margin of {found.margin:g}: {said}"
            check = dataclasses.replace(check, by_baseline=Side(found.state, reason))
        paired.append(check)
    return tuple(paired)


def _weights_of(run: Run) -> Fingerprint:
    return run.stage(run.experiment.stages[-1].name).weights


def _recorded(run: Run) -> Experiment | None:
    try:
        with blaming_the_record(run.folder):
            return run.experiment
    except StoreError:
        return None


def _run_of(experiment: Experiment, asked: GateOptions) -> tuple[Run | None, str | None, list[str]]:
    """The run of a card's experiment, or why there is none, and what a reader must be told of the choice."""
    why_not = why_not_shipped(experiment)
    if asked.watch is not None and why_not is None:
        # Here, because it loads torch and transformers, which a gate over runs that are there does without.
        from harness.run import reproduce
        from harness.run.context import RunOptions

        made = reproduce.reproduce(experiment, RunOptions(asked.results, asked.device), asked.watch)
        return Run.open(made.folder), None, []
    run, notes = newest(experiment, asked.results)
    if run is not None:
        return run, None, notes
    hint = f"not run here, for {why_not}; harness reproduce makes one" if why_not else "--run makes one"
    return None, f"no finished run of its experiment in {asked.results / experiment.name}: {hint}", notes


def _problems(run: Run) -> list[str]:
    return [f"{check.name}: {problem}" for check in audit(run).checks for problem in check.problems]


def _unjudged(concluded: Conclusion) -> list[str]:
    judgement = concluded.judgement
    is_judged = judgement.outcome not in ("limited", "invalid")
    return [] if is_judged else [f"its verdict is {judgement.outcome}: {judgement.reason}"]


def _notes(run: Run, concluded: Conclusion, *, is_proxy: bool) -> list[str]:
    is_other = _source_of(run).code != environment.code()["harness"]
    others = ["the run was made by other sources of harness than these, so it does not speak for them"]
    of_proxy = ["a run on part of the questions: it can show a regression, and says nothing about the card"]
    seconds = sum(stage.seconds for stage in run.stages.values())
    if seconds > PROXY_SECONDS:
        of_proxy.append(f"it trained for {seconds / 60:.0f} minutes, and a proxy is to take {PROXY_SECONDS // 60}")
    moved = [] if _is_as_judged(run, concluded) else ["judged by what its card claims now, which is not what it did"]
    return [*concluded.judgement.flags, *moved, *(others if is_other else ()), *(of_proxy if is_proxy else ())]


def _is_as_judged(run: Run, concluded: Conclusion) -> bool:
    return run.verdict.judgement == concluded.judgement


def _source_of(run: Run) -> BaselineSource:
    environment = run.environment
    return BaselineSource(run.folder.resolve().name, str(environment.machine.code["harness"]), environment.threads)


def _path_of(experiment: Experiment | None) -> str | None:
    """The card's file as a workflow names it, None where it is not here, or no longer has the lines it had."""
    path = Path(experiment.card_path) if experiment is not None else None
    if experiment is None or path is None or not path.is_file() or store.sha256_of(path) != experiment.card_sha256:
        return None
    here = Path.cwd()
    return path.resolve().relative_to(here).as_posix() if path.resolve().is_relative_to(here) else str(path)
