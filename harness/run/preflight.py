"""What is looked at before an hour is spent: whether models fit, the run is for here, the teacher is what it claims."""

from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from harness.card.read import read_card
from harness.domain import Claim, Deviation, Experiment
from harness.errors import InvalidRunError, PlanError
from harness.judge.conditions import limited
from harness.plan import model_folders, presence
from harness.plan.claims import measured
from harness.plan.cost import Forecast, forecast, geometry_of
from harness.record import environment
from harness.record.folder import Run
from harness.record.store import TEACHER
from harness.run.inputs import Inputs
from harness.train.augment import masked_lm
from harness.train.models import fit
from harness.train.recipes import PROJECTING

TEACHER_TOLERANCE = 1.0  # points; a teacher above its claim is as good a teacher
TEACHER_CARD = "README.md"
_MODELS = ("teacher", "student", "masked_lm")


@dataclass(frozen=True, slots=True)
class Models:
    """Folders of the models of a run, None for one that it has not, or that is not here; the student may be drawn."""

    teacher: Path | None
    student: Path | None
    student_is_random: bool
    masked_lm: Path | None


def check_models(experiment: Experiment, inputs: Inputs) -> tuple[Deviation, ...]:
    """What is odd about the models of a run, as deviations.

    Raises PlanError with every way in which teacher and student do not fit each other or the windows. A teacher that is
    to be checked must also have a card with claims beside its weights.
    """
    if inputs.teacher is not None and _is_to_be_checked(experiment):
        n_questions = sum(len(paragraph.questions) for paragraph in inputs.eval)
        why = limited(experiment, inputs.record["eval_data"], n_questions)
        if why is not None:
            raise PlanError([f"--check-teacher: {why}; the teacher's claim is about all of them, so leave it out"])
        _claims_of(inputs.teacher)
    models = Models(inputs.teacher, inputs.student, inputs.student_is_random, inputs.masked_lm)
    return _check(experiment, models, has_shapes=True)


def check_local(experiment: Experiment) -> tuple[Deviation, ...]:
    """The same of the models that are folders here, before a run; nothing is fetched, made or written."""
    found = presence.folders_of(experiment)
    teacher, student, words = (found[name].path if name in found else None for name in _MODELS)
    models = Models(teacher, student, student is not None and found["student"].kind == "random", words)
    # Layers that are still to be cut out of a model have not its shape.
    return _check(experiment, models, has_shapes="student_layers" not in experiment.run)


def _check(experiment: Experiment, models: Models, *, has_shapes: bool) -> tuple[Deviation, ...]:
    teacher, student = models.teacher, models.student
    longest = max(int(stage.value("max_seq_length")) for stage in (*experiment.stages, experiment.evaluation))
    if teacher is not None and student is not None and has_shapes:
        fit.check_fit(
            teacher,
            student,
            max_seq_length=longest,
            needs_layers=any("layer_map" in stage for stage in experiment.stages),
            needs_multiple=any(stage.get("layer_map") == "uniform" for stage in experiment.stages),
            needs_width=experiment.recipe not in PROJECTING,
        )
    elif student is not None:
        fit.check_positions(student, max_seq_length=longest)
    noted = []
    for name, folder in (("teacher", teacher), ("student", student)):
        if folder is not None:
            is_drawn = not model_folders.has_weights(folder) or (name == "student" and models.student_is_random)
            needs_head = name == "teacher"
            for odd in fit.check_reads(
                name, folder, max_seq_length=longest, initialise=is_drawn, needs_head=needs_head
            ):
                noted.append(Deviation("recipe", f"{name} {folder.name}", odd, may_explain_a_gap=False))
    if models.masked_lm is not None:
        masked_lm.load(models.masked_lm, torch.device("cpu"))
    return tuple(noted)


def check_size(experiment: Experiment, inputs: Inputs, accelerator: Accelerator, *, is_cpu_wanted: bool) -> None:
    """Refuses a full-size run that landed on a CPU nobody asked for, with what it would take."""
    if accelerator.device.type != "cpu" or is_cpu_wanted:
        return
    cost = estimate(experiment, inputs)
    if cost.is_full_size():
        raise PlanError(
            [
                f"this experiment takes about {cost.hours_cpu:,.0f} h on the {cost.n_cpus} CPUs of this machine and "
                f"about {cost.hours_v100:,.1f} h on one V100 (estimates), and no GPU was found; run it where there is "
                "one, or say --device cpu"
            ]
        )


def estimate(experiment: Experiment, inputs: Inputs) -> Forecast:
    """What the run costs, from the models' own configurations and the number of training questions."""
    return forecast(
        experiment,
        n_questions=sum(len(paragraph.questions) for paragraph in inputs.train()),
        teacher=geometry_of("", model_folders.read_config(inputs.teacher)) if inputs.teacher else None,
        student=geometry_of("", model_folders.read_config(inputs.student)),
        n_cpus=environment.n_cpus(),
    )


def check_teacher(experiment: Experiment, inputs: Inputs, run: Path) -> None:
    """Refuses a teacher below the claims of its own card, where --check-teacher asks for it.

    Its scores are in the record under `teacher/`. A teacher that is a card of ours was judged when it was made.
    """
    if inputs.teacher is None or not _is_to_be_checked(experiment):
        return
    claims, measured = _claims_of(inputs.teacher), Run.open(run).scored(TEACHER).metrics.scores
    missed = [claim for claim in claims if measured.get(claim.metric, 0.0) < claim.value - TEACHER_TOLERANCE]
    if missed:
        found = "; ".join(f"{one.metric} {measured.get(one.metric)} for {one.value}" for one in missed)
        raise InvalidRunError(
            f"the teacher {inputs.teacher} misses its own card by more than {TEACHER_TOLERANCE:g} point ({found}): "
            "what is distilled from it judges nothing; name another one with --teacher, or leave out --check-teacher"
        )


def _is_to_be_checked(experiment: Experiment) -> bool:
    return "check_teacher" in experiment.run and experiment.run["check_teacher"].origin == "overridden"


def _claims_of(teacher: Path) -> tuple[Claim, ...]:
    """The scores that a teacher's own card claims, one a metric; raises PlanError for a card that has none or two."""
    card = read_card(teacher / TEACHER_CARD)
    claims = tuple(claim for claim in measured(card) if claim.unit == "points")
    if not claims:
        raise PlanError([f"--check-teacher: {card.path} claims no number that we measure; leave the option out"])
    twice = [conflict for conflict in card.conflicts if conflict.what in {claim.metric for claim in claims}]
    if twice:
        said = [f"--check-teacher: {card.path} states {one.what} twice, on lines {one.lines}" for one in twice]
        raise PlanError(said)
    return claims
