"""What the gate makes of a finished run, or of a card with its newest run, or with the one that is made now.

Every card and every baseline is read before anything is run. A run is one of a card when it is of the very experiment
that the card plans now, settings, seed and claims included; where there is none, of the same training, which is then
judged by what the card claims now. A run that was measured before its card claimed anything is judged so too.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.domain import Claim, Experiment, Measurement
from harness.errors import InvalidRunError
from harness.judge import noninferiority, regression, verdict
from harness.judge.baseline import Baseline, baseline_of, mean_of
from harness.judge.measured import measured
from harness.judge.regression import Check, GateResult, Side
from harness.plan.priors import prior_of
from harness.record import environment, store
from harness.record.folder import Run
from harness.record.judgement import Conclusion, Judgement
from harness.record.parts import Fingerprint
from harness.run.find import as_claimed_now, newest
from harness.run.gate_input import GateInput, problems_of, source_of
from harness.run.self_contained import why_not_shipped
from harness.train.progress import ProgressCallback

PROXY_SECONDS = 600
_SAID = {"pass": "no worse", "fail": "worse", "inconclusive": "neither worse nor no worse"}


@dataclass(frozen=True, slots=True)
class GateOptions:
    """`results`: where runs of cards are looked for; `watch`: told of runs that are made now, None: none is made."""

    results: Path
    watch: ProgressCallback | None = None
    device: str | None = None


def admit(one: GateInput, asked: GateOptions) -> tuple[GateResult, Baseline | None]:
    """The candidate as the gate finds it, and the baseline that its run makes, None where it makes none."""
    return _compared(one, _judged(one, _found(one, asked)))


@dataclass(frozen=True, slots=True)
class _Subject:
    """What came to the gate, as far as it got: its run, with the other seeds of a series, or why there is none; what
    the record comes to; what is wrong with it; what a reader must be told of it."""

    experiment: Experiment | None
    run: Run | None = None
    seeds: tuple[Run, ...] = ()
    absent: str | None = None
    conclusion: Conclusion | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _found(one: GateInput, asked: GateOptions) -> _Subject:
    """The run that came, or the one of the card that came."""
    if one.run is not None or one.experiment is None:
        return _Subject(one.experiment, one.run, one.seeds)
    try:
        run, absent, notes = _run_of(one.experiment, asked)
    except InvalidRunError as error:
        return _Subject(one.experiment, problems=(str(error),))
    return _Subject(one.experiment, run, () if run is None else (run,), absent, notes=tuple(notes))


def _judged(one: GateInput, found: _Subject) -> _Subject:
    """With what its record comes to by the claims of now, where that passes its audit."""
    if found.run is None:
        return found
    problems = [problem for run in found.seeds for problem in problems_of(run)]
    if problems:
        return dataclasses.replace(found, problems=tuple(problems))
    experiment = as_claimed_now(found.run, None if one.run else one.experiment)
    concluded = verdict.conclude(found.seeds, claimed=experiment)
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
        judgement, measured = concluded.judgement, _means(concluded.measurements)
        checks = regression.compare(claims, judgement, measured, one.baseline, is_proxy=one.is_proxy)
        if one.other is not None:
            checks = _paired(checks, experiment, one.other, run)
        made = _baseline_of(one.name, found, claims, judgement)
    gated = GateResult(
        card=one.name,
        path=_path_of(experiment),
        run=None if run is None else str(one.folder or run.folder),
        baseline=str(one.baseline_path),
        checks=checks,
        problems=found.problems,
        absent=found.absent,
        notes=found.notes,
    )
    return gated, made


def _means(measurements: Sequence[Measurement]) -> list[Measurement]:
    """One measurement a metric: the mean over the seeds, with the conditions of the first."""
    by_metric: dict[str, list[Measurement]] = {}
    for one in measurements:
        by_metric.setdefault(one.metric, []).append(one)
    return [dataclasses.replace(of[0], value=math.fsum(one.value for one in of) / len(of)) for of in by_metric.values()]


def _baseline_of(name: str, found: _Subject, claims: Sequence[Claim], judgement: Judgement) -> Baseline:
    """The baseline that these runs make: of a series, the mean of its seeds."""
    each = [baseline_of(name, source_of(run), claims, judgement, measured(run)) for run in found.seeds]
    return mean_of(each) if len(each) > 1 else each[0]


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
            reason = f"{_SAID[found.state]} by a margin of {found.margin:g}: {said}{_needed(found)}"
            check = dataclasses.replace(check, by_baseline=Side(found.state, reason))
        paired.append(check)
    return tuple(paired)


def _needed(found: noninferiority.NonInferiority) -> str:
    """How many runs would decide what one of each leaves open."""
    if found.state != "inconclusive":
        return ""
    if found.runs_needed is None:
        return f"; {noninferiority.MOST_RUNS} runs a side would not decide it"
    return f"; about {found.runs_needed} runs a side would decide it"


def _weights_of(run: Run) -> Fingerprint:
    return run.stage(run.experiment.stages[-1].name).weights


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


def _unjudged(concluded: Conclusion) -> list[str]:
    judgement = concluded.judgement
    is_judged = judgement.outcome not in ("limited", "invalid")
    return [] if is_judged else [f"its verdict is {judgement.outcome}: {judgement.reason}"]


def _notes(run: Run, concluded: Conclusion, *, is_proxy: bool) -> list[str]:
    is_other = source_of(run).code != environment.code()["harness"]
    others = ["this run was made by another version of harness: its numbers are compared, its code is not"]
    of_proxy = ["a run on part of the questions: it can show a regression, and says nothing about the card"]
    seconds = sum(stage.seconds for stage in run.stages.values())
    if seconds > PROXY_SECONDS:
        of_proxy.append(f"it trained for {seconds / 60:.0f} minutes, and a proxy is to take {PROXY_SECONDS // 60}")
    moved = [] if _is_as_judged(run, concluded) else ["judged by what its card claims now, which is not what it did"]
    return [*concluded.judgement.flags, *moved, *(others if is_other else ()), *(of_proxy if is_proxy else ())]


def _is_as_judged(run: Run, concluded: Conclusion) -> bool:
    return run.verdict.judgement == concluded.judgement


def _path_of(experiment: Experiment | None) -> str | None:
    """The card's file as a workflow names it, None where it is not here, or no longer has the lines it had."""
    path = Path(experiment.card_path) if experiment is not None else None
    if experiment is None or path is None or not path.is_file() or store.sha256_of(path) != experiment.card_sha256:
        return None
    here = Path.cwd()
    return path.resolve().relative_to(here).as_posix() if path.resolve().is_relative_to(here) else str(path)
