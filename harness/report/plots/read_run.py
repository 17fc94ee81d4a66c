"""Reads from a run folder what the plots show; what is missing or broken is named, and the rest is still read."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.domain import Experiment
from harness.errors import DataError, StoreError
from harness.record import store
from harness.record.read import read_experiment, read_rows
from harness.report.plots.articles import Answer
from harness.report.plots.losses import StageCurve

_PLACE = ("step", "epoch", "learning_rate")  # of a line of train.jsonl; all else in it is a term


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one run left, beside its verdict. `left_out` says what of it cannot be plotted, and why."""

    folder: Path
    experiment: Experiment
    seed: int
    conditions: str
    stages: tuple[StageCurve, ...]
    answers: tuple[Answer, ...]
    signature: str
    left_out: tuple[str, ...]


def read_run(folder: Path) -> Recorded:
    """Reads a run, finished or not; raises DataError for a folder that is none, StoreError for a broken one."""
    if not (folder / "experiment.json").is_file():
        raise DataError(folder, "", "is no run folder; give one, as results/<card>/<run-id>")
    experiment = read_experiment(folder)
    seed = {one.name: one.value for one in experiment.run.settings}.get("seed")
    if not isinstance(seed, int):
        raise StoreError(f"{folder / 'experiment.json'}: names no seed")
    left_out = [] if store.is_finished(folder) else [f"claims of {folder.name}: no verdict.json, it is not finished"]
    if not experiment.claims:
        left_out = [f"claims of {folder.name}: the card claims no number"]
    return Recorded(
        folder=folder,
        experiment=experiment,
        seed=seed,
        conditions=_conditions(experiment),
        stages=tuple(filter(None, (_stage(folder, stage.name, left_out) for stage in experiment.stages))),
        answers=_answers(folder, left_out),
        signature=_signature(folder),
        left_out=tuple(left_out),
    )


def check_comparable(runs: Sequence[Recorded]) -> None:
    """Raises DataError unless the runs are of one card, judged by the same tolerances and scored by the same rules."""
    first = runs[0]
    for number, run in enumerate(runs):
        if run.folder.resolve() in {other.folder.resolve() for other in runs[:number]}:
            raise DataError(run.folder, "", "is given twice")
        if run.experiment.card_sha256 != first.experiment.card_sha256:
            raise DataError(run.folder, "", f"is a run of another card than {first.folder}; plot each card by itself")
        ours, theirs = _terms(run), _terms(first)
        if not (run.signature and first.signature):
            ours["signature"] = theirs["signature"] = ""  # one of them is not scored yet
        differ = next((name for name in ours | theirs if ours.get(name) != theirs.get(name)), None)
        if differ:
            what = f"{differ} is {ours.get(differ)} here, {theirs.get(differ)} in {first.folder}"
            raise DataError(run.folder, "", f"{what}; such runs have no common mean, plot them apart")


def _terms(run: Recorded) -> dict[str, Any]:
    """What has to be the same in runs that differ by their seed alone."""
    settings = {one.name: one.value for one in run.experiment.run.settings}
    terms = {name: value for name, value in settings.items() if name.startswith("tolerance.") or name == "limit"}
    return {"recipe": run.experiment.recipe, "signature": run.signature, **terms}


def _conditions(experiment: Experiment) -> str:
    run = {one.name: one.value for one in experiment.run.settings}
    limit = f", first {run['limit']} questions only" if run.get("limit") else ""
    return (
        f"{experiment.name} (card sha256 {experiment.card_sha256[:8]}), recipe {experiment.recipe} as "
        f"{experiment.program} ran it, {run.get('precision', 'unknown precision')}{limit}"
    )


def _stage(folder: Path, name: str, left_out: list[str]) -> StageCurve | None:
    path = folder / "stages" / name / "train.jsonl"
    what = f"loss of stage {name} of {folder.name}"
    if not path.is_file():
        left_out.append(f"{what}: no {path.relative_to(folder).as_posix()}, the stage has not run")
        return None
    records: dict[int, Mapping[str, Any]] = {}
    for number, step in _json_lines(path):
        if not isinstance(step, dict) or not isinstance(step.get("step"), int):
            left_out.append(f"{what}, line {number}: is no step; the rest is drawn")
            continue
        if step["step"] in records:
            left_out.append(f"{what}, line {number}: step {step['step']} again; the later one is drawn")
        records[step["step"]] = step
    if not records:
        left_out.append(f"{what}: train.jsonl has no steps")
        return None
    steps = sorted(records)
    terms = dict.fromkeys(term for step in steps for term in records[step] if term not in _PLACE)
    return StageCurve(
        stage=name,
        steps=tuple(steps),
        learning_rate=tuple(_number(records[step].get("learning_rate")) for step in steps),
        terms={term: tuple(_number(records[step].get(term)) for step in steps) for term in terms},
        n_epochs=len({records[step].get("epoch") for step in steps}),
    )


def _answers(folder: Path, left_out: list[str]) -> tuple[Answer, ...]:
    what = f"accuracy by article of {folder.name}"
    if not (folder / "evaluation" / "per_question.jsonl").is_file():
        left_out.append(f"{what}: no evaluation/per_question.jsonl, the evaluation has not run")
        return ()
    try:
        rows = read_rows(folder / "evaluation")
    except StoreError as error:
        left_out.append(f"{what}: {error}")
        return ()
    answers = [Answer(str(row.get("article") or ""), _number(row.get("exact")), _number(row.get("f1"))) for row in rows]
    for number, answer in enumerate(answers, start=1):
        is_scored = 0 <= answer.exact <= 1 and 0 <= answer.f1 <= 1
        if not answer.article or not is_scored:
            missing = "exact and f1 between 0 and 1" if answer.article else "article"
            left_out.append(f"{what}: question {number} of per_question.jsonl has no {missing}")
            return ()
    if not answers:
        left_out.append(f"{what}: per_question.jsonl has no questions")
    return tuple(answers)


def _signature(folder: Path) -> str:
    """How the answers were scored; empty where they were not."""
    path = folder / "evaluation" / "metrics.json"
    return str(store.read_json(path).get("signature", "")) if path.is_file() else ""


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Each line with its number from 1; None for one that is no JSON, as the last of a stopped run may be."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield number, json.loads(line)
            except ValueError:
                yield number, None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan
