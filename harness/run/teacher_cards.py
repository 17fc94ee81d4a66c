"""A teacher that is another card's student: what its run has to be, and the finished run of it that was named."""

from pathlib import Path

from harness.card.read import read_card
from harness.domain import Experiment
from harness.errors import InvalidRunError, PlanError
from harness.judge import verdict
from harness.judge.audit import audit, first_of, problems_of
from harness.plan.claims import measured
from harness.plan.datasets import shared_data
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Judgement
from harness.record.parts import RunSettings
from harness.record.read import is_trained_as, require_finished, with_claims_of


def planned(path: Path, pupil: Experiment) -> Experiment:
    """The experiment of a teacher's card."""
    return plan(read_card(path), options_for(path, pupil))


def options_for(path: Path, pupil: Experiment) -> Options:
    """What a teacher's card is planned with.

    It has the precision of the run that asks for it, its seed where that was given, and the data that were given for
    it where the two cards name the same.
    """
    settings = RunSettings.of(pupil)
    seed = settings.seed if pupil.run["seed"].origin == "overridden" else None
    card = read_card(path)
    data = shared_data(card, read_card(Path(pupil.card_path)), pupil)
    return Options(
        seed=seed,
        precision=settings.precision,
        train=data.get("train"),
        eval=data.get("eval"),
        repair_offsets=bool(data) and "repair_offsets" in pupil.run,
        allow_dropped=pupil.run.get("allow_dropped") if data else None,
        is_measuring=not measured(card) and (not pupil.claims or named(path, pupil) is not None),
    )


def named(path: Path, pupil: Experiment) -> Path | None:
    """The run that was given for a card, which is the teacher's; None where none was, or it is the student's card."""
    given, teacher = pupil.run.get("teacher_run"), pupil.run.get("teacher")
    if given is None or path != Path(pupil.card_path).parent / str(teacher):
        return None
    return Path(str(given)).expanduser()


def of_run(folder: Path, teacher: Experiment) -> Path:
    """The weights that a finished run of a teacher's card made, of whatever seed and by whatever state of the code.

    It is judged by what its card claims now. Raises DataError for a folder that is no finished run, PlanError for one
    of another training or without its weights, InvalidRunError for one that fails its audit, which looks at its weights
    as well, or missed those claims.
    """
    run = Run.open(folder)
    require_finished(run)
    problems = problems_of(audit(run).checks)
    if problems:
        raise InvalidRunError(f"--teacher {folder}: fails its audit: {first_of(problems)}")
    experiment = run.experiment
    if not is_trained_as(teacher, run):
        what = f"is no run of {teacher.card_path} as it is planned here (compare with harness plan {teacher.card_path})"
        raise PlanError([f"--teacher {folder}: {what}; to teach with it all the same, give the folder of its student"])
    weights = store.student_of(folder, experiment.stages[-1].name)
    if not weights.is_dir():
        raise PlanError(
            [f"--teacher {folder}: holds no {weights.relative_to(folder)}: weights are not kept with records"]
        )
    concluded = verdict.conclude([run], claimed=with_claims_of(teacher, experiment))
    require_reached(concluded.judgement, teacher.card_path, folder)
    return weights


def require_reached(judgement: Judgement, card: str, run: Path) -> None:
    """Raises InvalidRunError for a teacher whose run says that it is not what its card claims."""
    if judgement.exit_code != 0:
        raise InvalidRunError(
            f"the teacher of {card} missed its own card ({judgement.reason}; see {run}): nothing is "
            "distilled from a teacher that is not what it claims; name another one with --teacher"
        )
