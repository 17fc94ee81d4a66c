"""reproduce(): the stages of a run in order, nothing else. It introduces the floors below to one another, by values."""

import dataclasses
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from harness.domain import Experiment
from harness.errors import InvalidRunError, PlanError, RunError
from harness.judge import conditions, verdict
from harness.judge.audit import check_content, first_of, problems_of
from harness.record import environment, lock, store
from harness.record.folder import Run
from harness.record.judgement import Conclusion, Judgement
from harness.record.parts import Broken, DataReading, Identity, Missing, RunEnvironment, RunSettings
from harness.record.progress import remove as remove_progress
from harness.record.read import identity_of, scored_alike
from harness.record.store import EVALUATION, MISSING, PUBLISHED, TEACHER
from harness.run import budget, preflight, teacher_cards
from harness.run.context import RunContext, RunOptions, make_accelerator, precision_of
from harness.run.evaluate import evaluate
from harness.run.inputs import Inputs, cards_of, check_present, check_unchanged, fingerprint, gather
from harness.run.stages import train
from harness.run.tracking import tracked
from harness.run.watched import STUDENT, watched
from harness.train.distributed import stopped_together
from harness.train.models import loading
from harness.train.progress import ProgressCallback

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: its folder, what was run, what it came to, and whether it was there before."""

    folder: Path
    experiment: Experiment
    conclusion: Conclusion
    was_there: bool

    @property
    def judgement(self) -> Judgement:
        return self.conclusion.judgement


def reproduce(experiment: Experiment, options: RunOptions, progress: ProgressCallback) -> Outcome:
    """Runs an experiment to its verdict, goes on with one that was stopped, or returns the one that is finished."""
    loading.silence_library_logging()
    if options.is_strict:
        loading.be_deterministic()
    return _reproduce(experiment, RunContext(options, make_accelerator(experiment, options), progress))


def _reproduce(experiment: Experiment, context: RunContext, made_for: tuple[Path, ...] = ()) -> Outcome:
    """The same on a device that is there; `made_for` are the cards that wait for this one's student."""
    options, cache = context.options, context.options.results / store.CACHE
    waiting = (*made_for, Path(experiment.card_path).resolve())
    if cards_of(experiment):  # so that nothing is made for data that are not there
        check_present(experiment, cache)
    students = {path: _student_of_card(path, experiment, context, waiting) for path in cards_of(experiment)}
    inputs = gather(experiment, students, cache)
    noted = preflight.check_models(experiment, inputs)
    inputs = dataclasses.replace(inputs, deviations=(*inputs.deviations, *noted))
    is_cpu_wanted = environment.stays_on_cpu(experiment.declared_gpu, options.device)
    preflight.check_size(experiment, inputs, context.accelerator, is_cpu_wanted=is_cpu_wanted)
    identity = identity_of(store.to_json(experiment), inputs.record, store.to_json(environment.code()))
    # A run that is only shown needs no lock, so that it may lie where nothing can be written. Several processes would
    # have to agree on what they saw.
    is_alone = context.accelerator.num_processes == 1 and not options.fresh
    there = store.find_run(options.results, experiment.name, identity) if is_alone else None
    if there is not None and store.is_finished(there):
        return Outcome(there, experiment, Run.open(there).conclusion, was_there=True)
    with _alone(experiment, identity, context), tracked(options.track) as tracking:
        return _run(experiment, inputs, identity, dataclasses.replace(context, tracking=tracking))


def _run(experiment: Experiment, inputs: Inputs, identity: str, context: RunContext) -> Outcome:
    """All that is done under the lock of the run."""
    options = context.options
    run = _open_run(experiment, inputs, identity, context)
    if store.is_finished(run):
        return Outcome(run, experiment, Run.open(run).conclusion, was_there=True)
    begun = time.monotonic()
    if context.is_main_process:
        _log.warning("record: %s", run)
    watch = watched(experiment, inputs, run, context.progress) if context.is_main_process else context.progress
    context = dataclasses.replace(context, progress=watch)
    _say_when_busy(context.accelerator)
    if options.is_forecast or options.budget_s is not None:
        budget.before(experiment, inputs, run, options.budget_s, context.accelerator)
    _score(experiment, inputs.teacher, inputs, run / TEACHER, context)
    preflight.check_teacher(experiment, inputs, run)
    _score(experiment, inputs.published, inputs, run / PUBLISHED, context)
    _note_missing(inputs, run / PUBLISHED, context)
    try:
        until = None if options.budget_s is None else begun + options.budget_s
        train(experiment, inputs, run, context, dataclasses.replace(options.cadence, until=until))
    except RunError as error:
        if context.is_main_process:
            store.write_json(run / "error.json", Broken(str(error), error.stage, error.step))
        raise
    student = store.student_of(run, experiment.stages[-1].name)
    _score(experiment, student, inputs, run / EVALUATION, context)
    check_unchanged(inputs)
    if context.is_main_process:
        budget.after(experiment, run)
    concluded = _conclude(run, inputs, context)
    remove_progress(options.results, run.name)
    return Outcome(run, experiment, concluded, was_there=False)


def _say_when_busy(accelerator: Accelerator) -> None:
    """Says once, before anything is computed, that threads will wait for cores that something else uses."""
    n_threads = torch.get_num_threads()
    if accelerator.device.type != "cpu" or not accelerator.is_main_process or n_threads < 2:
        return
    free = environment.free_cores()
    if free is not None and free < n_threads - 0.5:
        what = f"{n_threads} threads, but only {free:.1f} cores are free: set OMP_NUM_THREADS={max(1, round(free))}"
        _log.warning("%s where this stays so; each waits for the slowest", what)


def _score(experiment: Experiment, weights: Path | None, inputs: Inputs, out: Path, context: RunContext) -> None:
    """Scores a model on the evaluation questions, where there is one and it was not done before, in whichever run."""
    if weights is None:
        return
    if context.is_main_process and not (out / "weights.json").exists():
        hashes = fingerprint(weights)
        scored = scored_alike(out.parents[2], hashes, experiment, inputs.record["eval_data"])
        if scored is not None:
            for name in (store.PREDICTIONS, store.ANSWERS, "metrics.json"):
                store.write_bytes(out / name, [scored.run.read(f"{scored.name}/{name}")])
        store.write_json(out / "weights.json", hashes)
    evaluate(
        weights,
        inputs.eval,
        experiment.evaluation,
        out,
        data=inputs.record["eval_data"],
        seed=RunSettings.of(experiment).seed,
        accelerator=context.accelerator,
        watch=context.progress,
        name=f"evaluation: {STUDENT if out.name == EVALUATION else out.name}",
    )


def _note_missing(inputs: Inputs, folder: Path, context: RunContext) -> None:
    """Leaves word of published weights that are not to be had; they may still be, when a stopped run goes on."""
    if not context.is_main_process or (folder / "metrics.json").exists():
        return
    if inputs.published_missing is not None:
        store.write_json(folder / MISSING, Missing(inputs.published_missing))


def _student_of_card(path: Path, pupil: Experiment, context: RunContext, waiting: tuple[Path, ...]) -> Path:
    """Weights of another card's student, made now when they are not there; refused when it missed its own claims."""
    if path.resolve() in waiting:
        raise PlanError([f"{path}: is its own teacher, directly or through other cards; name another with --teacher"])
    experiment, given = teacher_cards.planned(path, pupil), teacher_cards.named(path, pupil)
    if given is not None:
        return teacher_cards.of_run(given, experiment)
    known, anew = (
        dataclasses.replace(context, options=dataclasses.replace(context.options, fresh=fresh))
        for fresh in (False, True)
    )
    made = _reproduce(experiment, known, waiting)
    weights = store.student_of(made.folder, experiment.stages[-1].name)
    if not weights.is_dir():  # its record is there without the weights, which are not for git
        made = _reproduce(experiment, anew, waiting)
        weights = store.student_of(made.folder, experiment.stages[-1].name)
    teacher_cards.require_reached(made.judgement, experiment.card_path, made.folder)
    return weights


@contextmanager
def _alone(experiment: Experiment, identity: str, context: RunContext) -> Iterator[None]:
    """Keeps every other command away from the runs of this identity; all processes of this one share the lock."""
    with ExitStack() as stack:
        with stopped_together(context.accelerator):
            if context.is_main_process:
                folder = context.options.results / store.CACHE / "locks"
                stack.enter_context(lock.held(folder, f"{experiment.name}-{identity[:16]}"))
        yield


def _open_run(experiment: Experiment, inputs: Inputs, identity: str, context: RunContext) -> Path:
    """The folder of the run with this identity, or a new one with its inputs recorded."""
    options = context.options
    run = None if options.fresh else store.find_run(options.results, experiment.name, identity)
    context.accelerator.wait_for_everyone()  # all have looked before one of them makes it
    if run is None and context.is_main_process:
        store.remove_unborn(options.results, experiment.name, identity)
        run = store.new_run(options.results, experiment.name, identity)
        shutil.copyfile(experiment.card_path, run / "card.md")
        if store.sha256_of(run / "card.md") != experiment.card_sha256:
            raise InvalidRunError(f"{experiment.card_path}: changed since it was read; start again")
        store.write_json(run / "experiment.json", experiment)
        store.write_json(run / "inputs.json", inputs.record)
        store.write_json(run / "environment.json", _environment_of(experiment, context))
        if inputs.deviations:
            store.write_json(run / store.DATA, DataReading(inputs.deviations))
        known = Identity(store.SCHEMA_VERSION, identity, conditions.rule_hash(experiment))
        store.write_json(run / "identity.json", known)
    context.accelerator.wait_for_everyone()
    run = run or store.find_run(options.results, experiment.name, identity)
    if run is None:
        raise InvalidRunError(
            f"{options.results}: the main process made no run folder; all must share one results folder"
        )
    return run


def _environment_of(experiment: Experiment, context: RunContext) -> RunEnvironment:
    """The machine, what is used of it, and what sets it apart from the one that the card declares."""
    accelerator = context.accelerator
    gpus = environment.find_gpus()[0] if accelerator.device.type == "cuda" else ()
    deviation = environment.compare_gpu(experiment.declared_gpu, gpus)
    return RunEnvironment(
        machine=environment.describe(),
        device=str(accelerator.device),
        num_processes=accelerator.num_processes,
        gradient_accumulation_steps=context.options.gradient_accumulation_steps,
        mixed_precision=str(accelerator.mixed_precision),
        threads=torch.get_num_threads(),
        deterministic=context.options.is_strict,
        deviations=tuple(one for one in (deviation, precision_of(experiment, accelerator)) if one is not None),
    )


def _conclude(run: Path, inputs: Inputs, context: RunContext) -> Conclusion:
    """Judges the claims and writes the manifest and the verdict, the file that makes a run finished.

    A record that does not follow from itself was changed while it was made, and gets no verdict.
    """
    record = Run.open(run)
    changed = problems_of(check_content(record, inputs.eval))
    if changed:
        raise InvalidRunError(f"{run}: the record was changed while it was made: {first_of(changed)}; use --fresh")
    concluded = verdict.conclude([record])
    if context.is_main_process:
        (run / "error.json").unlink(missing_ok=True)
        store.write_verdict(run, concluded)
        context.tracking.conclude(concluded)
    context.accelerator.wait_for_everyone()
    return concluded
