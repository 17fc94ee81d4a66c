"""What is looked at before an hour is spent: whether models fit, the run is for here, the teacher is what it claims."""

from pathlib import Path

from accelerate import Accelerator

from harness import card as cards
from harness import environment, models, verdict
from harness.domain import Experiment
from harness.errors import InvalidRunError, PlanError
from harness.evaluation import evaluate
from harness.forecast import Forecast, forecast, geometry_of
from harness.inputs import Inputs
from harness.recipes import PROJECTING
from harness.reports.progress import Watcher

TEACHER_TOLERANCE = 1.0  # points; a teacher above its claim is as good a teacher
TEACHER_CARD = "README.md"


def check_models(experiment: Experiment, inputs: Inputs) -> None:
    """Raises PlanError with every way in which teacher and student do not fit each other or the windows."""
    longest = max(int(stage.value("max_seq_length")) for stage in (*experiment.stages, experiment.evaluation))
    if inputs.teacher is None:
        models.check_positions(inputs.student, max_seq_length=longest)
        return
    models.check_fit(
        inputs.teacher,
        inputs.student,
        max_seq_length=longest,
        needs_multiple=any(stage.arguments().get("layer_map") == "uniform" for stage in experiment.stages),
        needs_width=experiment.recipe not in PROJECTING,
    )


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
        teacher=geometry_of("", models.read_config(inputs.teacher)) if inputs.teacher else None,
        student=geometry_of("", models.read_config(inputs.student)),
        n_cpus=environment.n_cpus(),
    )


def check_teacher(experiment: Experiment, inputs: Inputs, run: Path, accelerator: Accelerator, watch: Watcher) -> None:
    """Scores a teacher that brings its own card, where --check-teacher asks for it; refuses one below its claims.

    The scores go into the record under `teacher/`. A teacher that is a card of ours was judged when it was made.
    """
    run_settings = {setting.name: setting for setting in experiment.run.settings}
    asked = run_settings.get("check_teacher")
    if asked is None or asked.origin != "overridden" or inputs.teacher is None:
        return
    path = inputs.teacher / TEACHER_CARD
    claims = tuple(claim for claim in cards.read(path).claims if claim.unit == "points")
    if not claims:
        raise PlanError([f"--check-teacher: {path} claims no number that we measure; leave the option out"])
    measured = evaluate(
        inputs.teacher,
        inputs.eval,
        experiment.evaluation,
        run / "teacher",
        data=inputs.record["eval_data"],
        seed=int(str(run_settings["seed"].value)),
        accelerator=accelerator,
        watch=watch,
    )
    judgement = verdict.judge(claims, measured, {claim.metric: TEACHER_TOLERANCE for claim in claims})
    if judgement.exit_code:
        found = "; ".join(f"{v.metric} {v.measured} for {v.claimed}" for v in judgement.verdicts)
        raise InvalidRunError(
            f"the teacher {inputs.teacher} misses its own card by more than {TEACHER_TOLERANCE:g} point ({found}): "
            "what is distilled from it judges nothing; name another one with --teacher, or leave out --check-teacher"
        )
