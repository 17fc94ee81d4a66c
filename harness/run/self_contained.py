"""Whether a card can be run with what comes with this package, in minutes, as a gate in CI does it."""

import json
from collections.abc import Sequence
from pathlib import Path

from harness.card import references
from harness.card.read import read_card
from harness.card.references import data_reference, model_reference
from harness.domain import Experiment
from harness.plan import cost as forecast
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import environment


def why_not_shipped(experiment: Experiment, before: Sequence[Path] = ()) -> str | None:
    """Why a card is not run by the gate; None for one whose data and models all come with this package.

    `before` are the cards that wait for this one's student.
    """
    here, run = Path(experiment.card_path).parent, experiment.run.values()
    for name in ("train_data", "eval_data"):
        if data_reference(str(run[name]), card_dir=here, is_option=False).kind != "package":
            return f"{name.replace('_', ' ')} {run[name]} does not come with this package"
    if experiment.augmentation is not None and int(experiment.augmentation.value("factor")) > 0:
        return "its training data are augmented by a language model"
    sizes = {}
    for name in ("teacher", "student"):
        if run.get(name) is None:
            continue
        model = model_reference(str(run[name]), card_dir=here, is_option=False)
        if model.kind == "card" and model.path is not None and model.path.resolve() not in before:
            other = plan(read_card(model.path), Options())
            why = why_not_shipped(other, (*before, model.path.resolve()))
            if why is not None:
                return f"{name} {run[name]}: {why}"
        elif model.path is not None and model.path.is_relative_to(references.PACKAGE):
            sizes[name] = forecast.geometry_of("", json.loads((model.path / "config.json").read_bytes()))
        elif model.kind != "card":
            return f"{name} {run[name]} does not come with this package"
    questions = references.PACKAGE / str(run["train_data"]).partition(":")[2]
    cost = forecast.forecast(
        experiment,
        n_questions=questions.stat().st_size // forecast.BYTES_PER_QUESTION if questions.is_file() else 0,
        teacher=sizes.get("teacher"),
        student=sizes.get("student"),
        n_cpus=environment.n_cpus(),
    )
    return f"it takes about {cost.hours_cpu:,.0f} h on {cost.n_cpus} CPUs" if cost.is_full_size() else None
