"""reproduce(): the stages of a run in order, nothing else. It introduces the floors below to one another, by values."""

import dataclasses
import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator

from harness.domain import Experiment, Judgement
from harness.errors import InvalidRunError, PlanError, RunError
from harness.judge import verdict
from harness.judge.audit import check_content, first_of, problems_of
from harness.record import environment, lock, store
from harness.record.folder import Run
from harness.record.parts import Broken, Conclusion, Identity, Missing, RunEnvironment, RunSettings
from harness.record.read import identity_of, scored_alike
from harness.record.store import EVALUATION, MISSING, PUBLISHED, TEACHER
from harness.run import budget, preflight, teacher_cards
from harness.run.evaluate import evaluate
from harness.run.inputs import Inputs, cards_of, check_present, check_unchanged, fingerprint, gather
from harness.run.stages import train
from harness.train.distributed import stopped_together
from harness.train.engine.checkpoint import Cadence
from harness.train.models import loading
from harness.train.progress import ProgressCallback

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run: where results go, on which device, in how many micro-batches, whether to start afresh, when to keep
    a checkpoint, whether everything must be deterministic or be refused, whether a few steps are timed first, and how
    long it all may take."""

    results: Path
    device: str | None = None
    fresh: bool = False
    gradient_accumulation_steps: int = 1
    cadence: Cadence = field(default_factory=Cadence)
    is_strict: bool = False
    is_forecast: bool = False
    budget_s: float | None = None


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


def reproduce(
    experiment: Experiment,
    machine: RunOptions,
    watch: ProgressCallback,
    accelerator: Accelerator | None = None,
    made_for: tuple[Path, ...] = (),
) -> Outcome:
    """Runs an experiment to its verdict, goes on with one that was stopped, or returns the one that is finished.

    `made_for` are the cards that wait for this one's student.
    """
    loading.silence_library_logging()
    if machine.is_strict:
        loading.be_deterministic()
    accelerator = accelerator or make_accelerator(experiment, machine)
    cache = machine.results / store.CACHE
    waiting = (*made_for, Path(experiment.card_path).resolve())
    check_present(experiment, cache)
    students = {
        path: _student_of_card(path, experiment, machine, watch, accelerator, waiting) for path in cards_of(experiment)
    }
    inputs = gather(experiment, students, cache)
    preflight.check_models(experiment, inputs)
    preflight.check_size(experiment, inputs, accelerator, is_cpu_wanted=is_on_cpu(experiment, machine.device))
    identity = identity_of(store.to_json(experiment), inputs.record, store.to_json(environment.code()))
    with _alone(experiment, identity, machine, accelerator):
        return _run(experiment, inputs, identity, machine, watch, accelerator)


def _run(
    experiment: Experiment,
    inputs: Inputs,
    identity: str,
    machine: RunOptions,
    watch: ProgressCallback,
    accelerator: Accelerator,
) -> Outcome:
    """All that is done under the lock of the run."""
    run = _open_run(experiment, inputs, identity, machine, accelerator)
    if store.is_finished(run):
        return Outcome(run, experiment, Run.open(run).conclusion, was_there=True)
    begun = time.monotonic()
    _say_when_busy(accelerator)
    if machine.is_forecast or machine.budget_s is not None:
        budget.before(experiment, inputs, run, machine.budget_s, accelerator)
    _score(experiment, inputs.teacher, inputs, run / TEACHER, accelerator, watch)
    preflight.check_teacher(experiment, inputs, run)
    _score(experiment, inputs.published, inputs, run / PUBLISHED, accelerator, watch)
    _note_missing(inputs, run / PUBLISHED, accelerator)
    try:
        until = None if machine.budget_s is None else begun + machine.budget_s
        train(experiment, inputs, run, accelerator, watch, dataclasses.replace(machine.cadence, until=until))
    except RunError as error:
        if accelerator.is_main_process:
            store.write_json(run / "error.json", Broken(str(error), error.stage, error.step))
        raise
    student = store.student_of(run, experiment.stages[-1].name)
    _score(experiment, student, inputs, run / EVALUATION, accelerator, watch)
    check_unchanged(inputs)
    if accelerator.is_main_process:
        budget.after(experiment, run)
    return Outcome(run, experiment, _conclude(run, inputs, accelerator), was_there=False)


def _say_when_busy(accelerator: Accelerator) -> None:
    """Says once, before anything is computed, that threads will wait for cores that something else uses."""
    n_threads = torch.get_num_threads()
    if accelerator.device.type != "cpu" or not accelerator.is_main_process or n_threads < 2:
        return
    free = environment.free_cores()
    if free is not None and free < n_threads - 0.5:
        what = f"{n_threads} threads, but only {free:.1f} cores are free: set OMP_NUM_THREADS={max(1, round(free))}"
        _log.warning("%s where this stays so; each waits for the slowest", what)


def _score(
    experiment: Experiment,
    weights: Path | None,
    inputs: Inputs,
    out: Path,
    accelerator: Accelerator,
    watch: ProgressCallback,
) -> None:
    """Scores a model on the evaluation questions, where there is one and it was not done before, in whichever run."""
    if weights is None:
        return
    if accelerator.is_main_process and not (out / "weights.json").exists():
        hashes = fingerprint(weights)
        scored = scored_alike(out.parents[2], hashes, experiment, inputs.record["eval_data"])
        if scored is not None:
            for name in ("predictions.json", "per_question.jsonl", "metrics.json"):
                store.write_bytes(out / name, [(scored / name).read_bytes()])
        store.write_json(out / "weights.json", hashes)
    evaluate(
        weights,
        inputs.eval,
        experiment.evaluation,
        out,
        data=inputs.record["eval_data"],
        seed=RunSettings.of(experiment).seed,
        accelerator=accelerator,
        watch=watch,
    )


def _note_missing(inputs: Inputs, folder: Path, accelerator: Accelerator) -> None:
    """Leaves word of published weights that are not to be had; they may still be, when a stopped run goes on."""
    if not accelerator.is_main_process or (folder / "metrics.json").exists():
        return
    if inputs.published_missing is not None:
        store.write_json(folder / MISSING, Missing(inputs.published_missing))


def is_on_cpu(experiment: Experiment, device: str | None) -> bool:
    """Whether a run stays on the CPU: as `--device` says, else as the card declares."""
    return device == "cpu" or (device is None and environment.declares_cpu(experiment.declared_gpu))


def make_accelerator(experiment: Experiment, machine: RunOptions) -> Accelerator:
    """The device of a run, with its precision; raises PlanError for what this machine does not have."""
    precision, on_cpu = RunSettings.of(experiment).precision, is_on_cpu(experiment, machine.device)
    if machine.device == "gpu" and not torch.cuda.is_available():
        raise PlanError(["--device gpu: PyTorch finds none here; leave the option out"])
    if precision in ("fp16", "tf32") and (on_cpu or not environment.find_gpus()[0]):
        raise PlanError([f"--precision {precision} needs a GPU; on the CPU use fp32 or bf16"])
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.set_num_threads(environment.n_threads())
    return Accelerator(
        cpu=on_cpu,
        mixed_precision="no" if precision in ("fp32", "tf32") else precision,
        gradient_accumulation_steps=machine.gradient_accumulation_steps,
    )


def _student_of_card(
    path: Path,
    pupil: Experiment,
    machine: RunOptions,
    watch: ProgressCallback,
    accelerator: Accelerator,
    waiting: tuple[Path, ...],
) -> Path:
    """Weights of another card's student, made now when they are not there; refused when it missed its own claims."""
    if path.resolve() in waiting:
        raise PlanError([f"{path}: is its own teacher, directly or through other cards; name another with --teacher"])
    experiment, given = teacher_cards.planned(path, pupil), teacher_cards.named(path, pupil)
    if given is not None:
        return teacher_cards.of_run(given, experiment)
    machine = dataclasses.replace(machine, fresh=False)
    made = reproduce(experiment, machine, watch, accelerator, waiting)
    weights = store.student_of(made.folder, experiment.stages[-1].name)
    if not weights.is_dir():  # its record is there without the weights, which are not for git
        made = reproduce(experiment, dataclasses.replace(machine, fresh=True), watch, accelerator, waiting)
        weights = store.student_of(made.folder, experiment.stages[-1].name)
    teacher_cards.require_reached(made.judgement, experiment.card_path, made.folder)
    return weights


@contextmanager
def _alone(experiment: Experiment, identity: str, machine: RunOptions, accelerator: Accelerator) -> Iterator[None]:
    """Keeps every other command away from the runs of this identity; all processes of this one share the lock."""
    with ExitStack() as stack:
        with stopped_together(accelerator):
            if accelerator.is_main_process:
                folder = machine.results / store.CACHE / "locks"
                stack.enter_context(lock.held(folder, f"{experiment.name}-{identity[:16]}"))
        yield


def _open_run(
    experiment: Experiment, inputs: Inputs, identity: str, machine: RunOptions, accelerator: Accelerator
) -> Path:
    """The folder of the run with this identity, or a new one with its inputs recorded."""
    run = None if machine.fresh else store.find_run(machine.results, experiment.name, identity)
    accelerator.wait_for_everyone()  # all have looked before one of them makes it
    if run is None and accelerator.is_main_process:
        store.remove_unborn(machine.results, experiment.name, identity)
        run = store.new_run(machine.results, experiment.name, identity)
        shutil.copyfile(experiment.card_path, run / "card.md")
        if store.sha256_of(run / "card.md") != experiment.card_sha256:
            raise InvalidRunError(f"{experiment.card_path}: changed since it was read; start again")
        store.write_json(run / "experiment.json", experiment)
        store.write_json(run / "inputs.json", inputs.record)
        store.write_json(run / "environment.json", _environment_of(experiment, machine, accelerator))
        known = Identity(store.SCHEMA_VERSION, identity, verdict.rule_hash(experiment))
        store.write_json(run / "identity.json", known)
    accelerator.wait_for_everyone()
    run = run or store.find_run(machine.results, experiment.name, identity)
    if run is None:
        raise InvalidRunError(
            f"{machine.results}: the main process made no run folder; all must share one results folder"
        )
    return run


def _environment_of(experiment: Experiment, machine: RunOptions, accelerator: Accelerator) -> RunEnvironment:
    """The machine, what is used of it, and what sets it apart from the one that the card declares."""
    gpus = environment.find_gpus()[0] if accelerator.device.type == "cuda" else ()
    deviation = environment.compare_gpu(experiment.declared_gpu, gpus)
    return RunEnvironment(
        machine=environment.describe(),
        device=str(accelerator.device),
        num_processes=accelerator.num_processes,
        gradient_accumulation_steps=machine.gradient_accumulation_steps,
        mixed_precision=str(accelerator.mixed_precision),
        threads=torch.get_num_threads(),
        deterministic=machine.is_strict,
        deviations=() if deviation is None else (deviation,),
    )


def _conclude(run: Path, inputs: Inputs, accelerator: Accelerator) -> Conclusion:
    """Judges the claims and writes the manifest and the verdict, the file that makes a run finished.

    A record that does not follow from itself was changed while it was made, and gets no verdict.
    """
    record = Run.open(run)
    changed = problems_of(check_content(record, inputs.eval))
    if changed:
        raise InvalidRunError(f"{run}: the record was changed while it was made: {first_of(changed)}; use --fresh")
    concluded = verdict.conclude([record])
    if accelerator.is_main_process:
        (run / "error.json").unlink(missing_ok=True)
        store.write_verdict(run, concluded)
    accelerator.wait_for_everyone()
    return concluded
