"""What a run is expected to take: before it, held against a budget; after it, beside what it took; for a plan alone."""

import dataclasses
from pathlib import Path

from accelerate import Accelerator

from harness.domain import Experiment
from harness.errors import PlanError
from harness.plan.cost import Cost, refuse_over
from harness.record import store
from harness.record.folder import Run
from harness.record.read import scored_alike
from harness.record.store import TEACHER
from harness.run import preflight, teacher_cards
from harness.run.inputs import Inputs, cards_of, fingerprint, gather
from harness.run.timing import calibrate
from harness.train.models import loading


def before(experiment: Experiment, inputs: Inputs, run: Path, budget_s: float | None, accelerator: Accelerator) -> None:
    """Times a few steps, once a run, keeps what they say, and refuses what is over the budget."""
    if accelerator.num_processes > 1 or (run / store.FORECAST).exists():
        return
    cost = _without_known(calibrate(experiment, inputs, accelerator), experiment, inputs, run.parents[1])
    refuse_over(cost, budget_s)  # before it is kept: what was refused is refused again
    store.write_json(run / store.FORECAST, cost)


def _without_known(cost: Cost, experiment: Experiment, inputs: Inputs, results: Path) -> Cost:
    """What is left to do where the teacher's scores can be taken from a run that has them."""
    data = inputs.record["eval_data"]
    if inputs.teacher is None or scored_alike(results, fingerprint(inputs.teacher), experiment, data) is None:
        return cost
    return dataclasses.replace(cost, parts=tuple(one for one in cost.parts if one.name != f"evaluation: {TEACHER}"))


def after(experiment: Experiment, run: Path) -> None:
    """Puts what the stages took beside what they were to take."""
    if not (run / store.FORECAST).exists():
        return
    record = Run.open(run)
    took = {stage.name: record.stage(stage.name).seconds for stage in experiment.stages}
    cost = record.part(store.FORECAST, Cost)
    store.write_json(run / store.FORECAST, dataclasses.replace(cost, actual_s=took))


def of_plan(experiment: Experiment, results: Path, accelerator: Accelerator) -> Cost:
    """What a run of this plan would take here; nothing is trained and no record is made.

    The student of another card, where it is a teacher that is not made yet, is stood in for by what it begins as.
    """
    loading.silence_library_logging()
    cache = results / store.CACHE
    inputs = gather(experiment, _stand_ins(experiment, cache, (Path(experiment.card_path).resolve(),)), cache)
    preflight.check_models(experiment, inputs)
    return calibrate(experiment, inputs, accelerator)


def _stand_ins(experiment: Experiment, cache: Path, waiting: tuple[Path, ...]) -> dict[Path, Path]:
    """For each card whose student is an input: the weights of the run that was given for it, else its first ones."""
    found = {}
    for path in cards_of(experiment):
        if path.resolve() in waiting:
            raise PlanError([f"{path}: is its own teacher, directly or through other cards; name another"])
        given, planned = teacher_cards.named(path, experiment), teacher_cards.planned(path, experiment)
        if given is not None:
            found[path] = teacher_cards.of_run(given, planned)
        else:
            found[path] = gather(planned, _stand_ins(planned, cache, (*waiting, path.resolve())), cache).student
    return found
