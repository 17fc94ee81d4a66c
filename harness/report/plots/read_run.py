"""Reads from a run folder what the plots show; what is missing or broken is named, and the rest is still read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.domain import Experiment
from harness.errors import DataError, StoreError
from harness.record import losses, store
from harness.record.folder import Run
from harness.record.parts import Step
from harness.record.read import require_distinct
from harness.report.plots.articles import Answer
from harness.report.plots.losses import StageCurve


@dataclass(frozen=True, slots=True)
class PlotData:
    """What one run left, beside its verdict. `left_out` says what of it cannot be plotted, and why."""

    record: Run
    seed: int
    conditions: str
    stages: tuple[StageCurve, ...]
    answers: tuple[Answer, ...]
    signature: str
    left_out: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return self.record.folder

    @property
    def experiment(self) -> Experiment:
        return self.record.experiment


def read_run(record: Run) -> PlotData:
    """Reads a run, finished or not; raises DataError for a folder that is none, StoreError for a broken one."""
    folder = record.folder
    if not record.has("experiment.json"):
        raise DataError(folder, "", "is no run folder; give one, as results/<card>/<run-id>")
    experiment = record.experiment
    seed = experiment.run.get("seed")
    if not isinstance(seed, int):
        raise StoreError(f"{folder / 'experiment.json'}: names no seed")
    left_out = [] if store.is_finished(folder) else [f"claims of {folder.name}: no verdict.json, it is not finished"]
    return PlotData(
        record=record,
        seed=seed,
        conditions=_conditions(experiment),
        stages=tuple(filter(None, (_stage(record, stage.name, left_out) for stage in experiment.stages))),
        answers=_answers(record, left_out),
        signature=record.evaluation.metrics.signature if record.has(f"{store.EVALUATION}/metrics.json") else "",
        left_out=tuple(left_out),
    )


def check_comparable(runs: Sequence[PlotData]) -> None:
    """Raises DataError unless the runs are of one card, judged by the same tolerances and scored by the same rules."""
    first = runs[0]
    require_distinct(run.record for run in runs)
    for run in runs:
        if run.experiment.card_sha256 != first.experiment.card_sha256:
            raise DataError(run.folder, "", f"is a run of another card than {first.folder}; plot each card by itself")
        ours, theirs = _terms(run), _terms(first)
        if not (run.signature and first.signature):
            ours["signature"] = theirs["signature"] = ""  # one of them is not scored yet
        differ = next((name for name in ours | theirs if ours.get(name) != theirs.get(name)), None)
        if differ:
            what = f"{differ} is {ours.get(differ)} here, {theirs.get(differ)} in {first.folder}"
            raise DataError(run.folder, "", f"{what}; such runs have no common mean, plot them apart")


def _terms(run: PlotData) -> dict[str, Any]:
    """What has to be the same in runs that differ by their seed alone."""
    settings = run.experiment.run.settings
    terms = {one.name: one.value for one in settings if one.name.startswith("tolerance.") or one.name == "limit"}
    return {"recipe": run.experiment.recipe, "signature": run.signature, **terms}


def _conditions(experiment: Experiment) -> str:
    run = experiment.run
    limit = f", first {run.get('limit')} questions only" if run.get("limit") else ""
    return (
        f"{experiment.name} (card sha256 {experiment.card_sha256[:8]}), recipe {experiment.recipe} as "
        f"{experiment.program} ran it, {run.get('precision', 'unknown precision')}{limit}"
    )


def _stage(run: Run, name: str, left_out: list[str]) -> StageCurve | None:
    path = f"stages/{name}/{store.LOSSES}"
    what = f"loss of stage {name} of {run.folder.name}"
    if not run.has(path):
        left_out.append(f"{what}: no {path}, the stage has not run")
        return None
    records: dict[int, Step] = {}
    for number, step in run.lines(name):
        if step is None:
            left_out.append(f"{what}, line {number}: is no step; the rest is drawn")
            continue
        if step.step in records:
            left_out.append(f"{what}, line {number}: step {step.step} again; the later one is drawn")
        records[step.step] = step
    if not records:
        left_out.append(f"{what}: train.jsonl has no steps")
        return None
    steps = sorted(records)
    terms = dict.fromkeys(term for step in steps for term in records[step].terms)
    return StageCurve(
        stage=name,
        steps=tuple(steps),
        learning_rate=tuple(records[step].learning_rate for step in steps),
        terms={term: tuple(records[step].terms.get(term, math.nan) for step in steps) for term in terms},
        n_epochs=len({records[step].epoch for step in steps}),
        last_epoch=losses.last_epoch([records[step] for step in steps]),
    )


def _answers(run: Run, left_out: list[str]) -> tuple[Answer, ...]:
    what = f"accuracy by article of {run.folder.name}"
    if not run.has(f"{store.EVALUATION}/{store.ANSWERS}"):
        left_out.append(f"{what}: no evaluation/per_question.jsonl, the evaluation has not run")
        return ()
    try:
        rows = run.evaluation.answers
    except StoreError as error:
        left_out.append(f"{what}: {error}")
        return ()
    answers = [Answer(row.article or "", row.exact, row.f1) for row in rows]
    for number, answer in enumerate(answers, start=1):
        is_scored = 0 <= answer.exact <= 1 and 0 <= answer.f1 <= 1
        if not answer.article or not is_scored:
            missing = "exact and f1 between 0 and 1" if answer.article else "article"
            left_out.append(f"{what}: question {number} of per_question.jsonl has no {missing}")
            return ()
    if not answers:
        left_out.append(f"{what}: per_question.jsonl has no questions")
    return tuple(answers)
