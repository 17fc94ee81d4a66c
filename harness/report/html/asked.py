"""The questions, passages and gold answers of a run, where its data are at hand; a record holds their hash alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.card.references import data_reference
from harness.errors import DataError, PlanError
from harness.qa import squad
from harness.qa.squad import Answer
from harness.record import store
from harness.record.folder import Run


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with the passage that it is about, by its place in `AskedQuestions.passages`."""

    text: str
    passage: int
    gold: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class AskedQuestions:
    """`questions` are those of the run, in the order of its answers; `source` names their file."""

    source: str
    passages: Sequence[str]
    questions: Sequence[Asked]


def find(run: Run, given: Path | None) -> AskedQuestions | None:
    """Read the evaluation questions: of the file given, else of the one that the plan names, where it is unchanged.

    Raises DataError where the file given cannot be read, or lacks a question of the run.
    """
    path = _planned(run) if given is None else given
    if path is None:
        return None
    order = [one.id for one in run.evaluation.answers]
    wanted = set(order)
    passages: list[str] = []
    by_id: dict[str, Asked] = {}
    for paragraph in squad.read_squad(path):
        here = [one for one in paragraph.questions if one.id in wanted]
        by_id |= {one.id: Asked(one.text, len(passages), one.answers) for one in here}
        passages += [paragraph.context] if here else []
    lacks = next((one for one in order if one not in by_id), None)
    if lacks is not None and given is None:
        return None
    if lacks is not None:
        what = f"lacks question {lacks} of {run.folder.name}; give the questions that the run was scored on"
        raise DataError(path, "", what)
    return AskedQuestions(path.name, passages, [by_id[one] for one in order])


def _planned(run: Run) -> Path | None:
    """The file that the run was scored on, None where it is elsewhere by now, or another."""
    named = run.experiment.run["eval_data"]
    here = Path(run.experiment.card_path).parent
    try:
        path = data_reference(str(named.value), card_dir=here, is_option=named.origin == "overridden").path
    except PlanError:
        return None
    recorded = run.inputs.eval_data.get("sha256")
    is_there = path is not None and recorded is not None and path.is_file() and store.sha256_of(path) == recorded
    return path if is_there else None
