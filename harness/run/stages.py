"""All stages of an experiment in order, each from the student of the one before, each ending in a file."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from harness.domain import Experiment, Stage
from harness.errors import InvalidRunError, PlanError
from harness.plan import data_checks
from harness.plan.augmentation import STAGE as AUGMENTED
from harness.qa.features import Features, build_features
from harness.qa.squad import Paragraph
from harness.record import environment, store
from harness.record.folder import Run
from harness.record.parts import RunSettings
from harness.run.context import RunContext
from harness.run.evaluate import windows_of
from harness.run.inputs import Inputs, check_unchanged, fingerprint
from harness.run.tracking import Tracking
from harness.train import teacher_logits
from harness.train.augment import Table, augmented, build_table, table_key
from harness.train.engine.checkpoint import Cadence, Checkpoints
from harness.train.engine.loop import StageLog
from harness.train.models import loading, packed_bert
from harness.train.progress import ProgressCallback
from harness.train.recipes import READS_TEACHER_LOGITS, RECIPES, arguments_of
from harness.train.recipes.context import StageContext


def train(
    experiment: Experiment,
    inputs: Inputs,
    run: Path,
    context: RunContext,
    cadence: Cadence,
) -> None:
    """Trains what is not trained yet; a finished stage is checked, not repeated, a begun one goes on."""
    seed = RunSettings.of(experiment).seed
    teacher = loading.load_model(inputs.teacher, seed=seed) if inputs.teacher else None
    folder, initialise = inputs.student, inputs.student_is_random
    for stage in experiment.stages:
        out = run / "stages" / stage.name
        if not (out / "stage.json").exists():
            student, tokenizer = (
                loading.load_model(folder, seed=seed, initialise=initialise, needs_head=False),
                loading.load_tokenizer(folder),
            )
            check_unchanged(inputs)
            checkpoints = _checkpoints(stage, run, seed, context.accelerator, cadence)
            if context.is_main_process:
                context.tracking.begin(experiment, run, stage.name)
            done = _train_stage(stage, experiment, inputs, student, teacher, tokenizer, run, checkpoints, context)
            if context.is_main_process:
                loading.save_model(student, tokenizer, out / store.WEIGHTS)
                store.write_json(out / "stage.json", {**done, "weights": fingerprint(out / store.WEIGHTS)})
            checkpoints.clear()
            context.accelerator.wait_for_everyone()
        if fingerprint(out / store.WEIGHTS) != Run.open(run).stage(stage.name).weights:
            raise InvalidRunError(
                f"{out / store.WEIGHTS}: not the files that the stage wrote; start again with --fresh"
            )
        folder, initialise = out / store.WEIGHTS, False


def _checkpoints(stage: Stage, run: Path, seed: int, accelerator: Accelerator, cadence: Cadence) -> Checkpoints:
    identity = Run.open(run).identity.identity
    code = str(environment.code()["harness"])
    key = {"stage": stage.name, "seed": str(seed), "code": code, "experiment": identity}
    out = run / "stages" / stage.name
    return Checkpoints(out / store.CHECKPOINTS, out / store.LOSSES, key, accelerator, cadence)


def _train_stage(
    stage: Stage,
    experiment: Experiment,
    inputs: Inputs,
    student: Any,
    teacher: Any,
    tokenizer: Any,
    run: Path,
    checkpoints: Checkpoints,
    context: RunContext,
) -> dict[str, Any]:
    """Trains the student in place; returns the stage's log and the training questions it could not use."""
    accelerator = context.accelerator
    needs_table = stage.name == AUGMENTED and inputs.masked_lm is not None
    table = _candidates(experiment, inputs, run, context) if needs_table else None
    train_stage = RECIPES[experiment.recipe][stage.name]
    noted: dict[str, Any] = {}
    scratch = run / f"scratch-{accelerator.process_index}"
    with store.scratch(scratch):
        rows = _rows(stage, _paragraphs(experiment, inputs, table), tokenizer, scratch)
        logits = None
        if train_stage in READS_TEACHER_LOGITS:
            batch_size = int(experiment.evaluation.value("eval_batch_size"))
            logits = _teacher_logits(teacher, inputs.record["teacher"], rows, batch_size, run, context)
            if stage.get("padding") == "dropped":
                noted["mass_on_padding"] = teacher_logits.mass_on_padding(logits, rows)
        recorder = _Recorder(checkpoints.losses, context.progress, context.tracking, is_main=context.is_main_process)
        seed = RunSettings.of(experiment).seed
        of_stage = StageContext(student, teacher, accelerator, seed, recorder, rows, logits, checkpoints)
        log: StageLog = train_stage(of_stage, **arguments_of(train_stage, stage))
    words = {"candidates": {"sha256": table.sha256, "words": dict(table.n_words)}} if table else {}
    kind = "packed" if packed_bert.fits(student) else "library"  # which encoder this machine has for such a model
    seconds = round(checkpoints.elapsed(), 1)
    if rows.unlabelled:
        noted["deviations"] = data_checks.of_stage(stage.name, rows)
    return {"log": log, "dropped": rows.dropped, "seconds": seconds, "encoder": kind, **words, **noted}


def _teacher_logits(
    teacher: Any,
    files: Mapping[str, str],
    rows: Features,
    batch_size: int,
    run: Path,
    context: RunContext,
) -> teacher_logits.Logits:
    """The teacher's logits of these rows, made once for all runs that have the same ones; `files` are its hashes."""
    key = teacher_logits.key_of(files, rows, batch_size=batch_size, accelerator=context.accelerator)
    folder = store.cache_of(run, "teacher-logits", key)
    return teacher_logits.build(
        teacher, rows, folder, key, batch_size=batch_size, accelerator=context.accelerator, watch=context.progress
    )


def _candidates(experiment: Experiment, inputs: Inputs, run: Path, context: RunContext) -> Table:
    """The words that may stand for those of the training contexts, made once for all runs on the same data."""
    settings: Stage | None = experiment.augmentation
    if settings is None or inputs.masked_lm is None:
        raise ValueError("this run augments nothing")
    n_words = {name: int(settings.value(name)) for name in ("word_possibilities", "max_glove_words")}
    glove, limit = inputs.record.get("glove", {}).get("sha256"), _limit(experiment)
    key = table_key(
        masked_lm=inputs.record["masked_lm"],
        glove_sha256=glove,
        train_data={**inputs.record["train_data"], "limit": limit},
        **n_words,
    )
    return build_table(
        inputs.train,
        store.cache_of(run, "augmentation", key),
        masked_lm=inputs.masked_lm,
        glove=inputs.glove,
        accelerator=context.accelerator,
        watch=context.progress,
        **n_words,
    )


def _limit(experiment: Experiment) -> str:
    return str(experiment.run.get("limit", ""))


def _paragraphs(experiment: Experiment, inputs: Inputs, table: Table | None) -> Iterator[Paragraph]:
    """The stage's training data: as it is, or its augmented copies in place of it."""
    settings = experiment.augmentation
    if table is None or settings is None:
        return inputs.train()
    return augmented(
        inputs.train,
        table,
        factor=int(settings.value("factor")),
        replace_probability=float(settings.value("replace_probability")),
        seed=RunSettings.of(experiment).seed,
    )


def _rows(stage: Stage, paragraphs: Iterator[Paragraph], tokenizer: Any, scratch: Path) -> Features:
    rows = build_features(
        paragraphs,
        tokenizer,
        scratch,
        **windows_of(stage),
        last_token=stage.value("last_token_labels"),
        for_training=True,
    )
    if len(rows) == 0:
        raise PlanError(["the training data holds no usable question"])
    return rows


class _Recorder:
    """Adds a stage's losses to their file, a line a step, and passes every word on; silent on other processes."""

    def __init__(self, losses: Path, watch: ProgressCallback, tracking: Tracking, *, is_main: bool) -> None:
        self._losses, self._watch, self._tracking, self._is_main = losses, watch, tracking, is_main

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None:
        if self._is_main:
            self._watch.start(stage, n_steps, begin)

    def steps(self, records: list[dict[str, float]]) -> None:
        if self._is_main:
            with self._losses.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(record) + "\n" for record in records)
            self._watch.steps(records)
            self._tracking.steps(self._losses.parent.name, records)

    def end(self) -> None:
        if self._is_main:
            self._watch.end()
