"""How large a run is before anything is loaded: from names, configurations and file sizes alone."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from harness.card.references import HUB_QUESTIONS, data_reference, model_reference, unpinned
from harness.domain import Experiment, Stage
from harness.plan.cost import BYTES_PER_QUESTION, Forecast, Geometry, forecast, geometry_of

VOCABULARY, POSITIONS, HEAD = 30_522, 512, 64  # of BERT: words, positions, width of an attention head
LIBRARIES = 800 * 2**20  # bytes of memory that torch and transformers take before a model is there, about
_ADAM = 16  # bytes a trained parameter: itself, its gradient and two moments, in fp32


@dataclass(frozen=True, slots=True)
class Sizes:
    """Both models, None for one that there is not, and how many training questions."""

    teacher: Geometry | None
    student: Geometry | None
    n_questions: int


def sizes_of(experiment: Experiment) -> Sizes | None:
    """The sizes of a plan; None where names, configurations and files do not tell."""
    here = Path(experiment.card_path).parent
    run = experiment.run
    found: list[Geometry | None] = []
    for name in ("teacher", "student"):
        if name not in run:
            found.append(None)
            continue
        text, is_option = str(run[name].value), run[name].origin == "overridden"
        reference = model_reference(text, card_dir=here, is_option=is_option)
        config = reference.path / "config.json" if reference.path else None
        try:
            known = json.loads(config.read_text(encoding="utf-8")) if config and config.is_file() else None
        except ValueError:
            return None
        size = geometry_of(text, known)
        if size is None:
            return None
        if name == "student" and "student_layers" in run:
            size = dataclasses.replace(size, layers=len(str(run["student_layers"].value).split(",")))
        found.append(size)
    n_questions = _n_questions(experiment, here)
    return None if n_questions is None else Sizes(found[0], found[1], n_questions)


def rough_forecast(experiment: Experiment, sizes: Sizes, n_cpus: int) -> Forecast:
    return forecast(
        experiment, n_questions=sizes.n_questions, teacher=sizes.teacher, student=sizes.student, n_cpus=n_cpus
    )


def _n_questions(experiment: Experiment, here: Path) -> int | None:
    run = experiment.run
    text, is_option = str(run["train_data"].value), run["train_data"].origin == "overridden"
    path = data_reference(text, card_dir=here, is_option=is_option).path
    if path is not None and not path.is_file():
        return None
    n_questions = path.stat().st_size // BYTES_PER_QUESTION if path else HUB_QUESTIONS.get(unpinned(text), 0)
    if "train_ids" in run:
        listed = (here / str(run["train_ids"].value)).read_text(encoding="utf-8")
        n_questions = min(n_questions, len(listed.split()))
    if "limit" in run:
        n_questions = min(n_questions, int(str(run["limit"].value)))
    return n_questions


def training_bytes(experiment: Experiment, sizes: Sizes, n_processes: int = 1) -> int:
    """Memory that the largest stage needs on one device, about: weights, optimiser, and activations of one batch.

    Activations in fp32, per layer twice the 16-bit figure of Korthikanti et al. 2022, equation 2:
    T B D (34 + 5 H T / D) bytes. Where less is to be had, a run takes smaller micro-batches.
    """
    fixed = _ADAM * _n_parameters(sizes.student) + 4 * _n_parameters(sizes.teacher)
    return fixed + max((_activations(one, sizes, n_processes) for one in experiment.stages), default=0)


def _activations(stage: Stage, sizes: Sizes, n_processes: int) -> int:
    length = int(stage.value("max_seq_length"))
    tokens = length * -(-int(stage.value("train_batch_size")) // n_processes)

    def of_layers(model: Geometry | None, a_token: float) -> float:
        return 0.0 if model is None else model.layers * tokens * (a_token * model.width + 5 * length * _heads(model))

    kept = of_layers(sizes.teacher, 4) if stage.name == "intermediate_layer" else 0.0  # its states, and attention
    return int(2 * of_layers(sizes.student, 34) + kept)


def _heads(model: Geometry) -> int:
    return max(1, model.width // HEAD)


def _n_parameters(model: Geometry | None) -> int:
    if model is None:
        return 0
    return model.layers * (12 * model.width**2 + 13 * model.width) + (VOCABULARY + POSITIONS) * model.width
