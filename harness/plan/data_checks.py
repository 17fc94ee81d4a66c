"""What becomes of the questions of a run: how they are read, which are dropped and why, and which have no label.

All of it goes on record as deviations, so that every verdict shows it; a run that would drop too many is refused.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.domain import Deviation, Experiment, Stage
from harness.errors import DataError, PlanError
from harness.plan.data_reading import MOST_DROPPED
from harness.qa import offsets
from harness.qa.offsets import repaired
from harness.qa.rules import rules_of
from harness.qa.squad import Paragraph, check_unique, first_questions, only_questions, read_ids
from harness.qa.survey import N_EXAMPLES, Survey, Tally, survey

if TYPE_CHECKING:  # a plan is made without NumPy
    from harness.qa.features import Features

Questions = Callable[[], Iterator[Paragraph]]
_OFF = (offsets.NOT_THERE, offsets.NO_OFFSET)


def training_questions(experiment: Experiment, whole: Questions) -> tuple[Questions, tuple[Deviation, ...]]:
    """Questions to stream, those of the whole data that the run trains on, and how they were read.

    They are read once. Raises DataError for data that are cut or broken at any place, PlanError where too many
    questions would be dropped.
    """
    used = partial(_used, experiment, whole, ids_path(experiment))
    found = survey(used())
    _check_any(experiment, "train_data", found)
    check_dropped(experiment, found)
    return used, (*_of_reading("train_data", found), *_of_unusable(found))


def evaluation_questions(experiment: Experiment, whole: Questions) -> tuple[list[Paragraph], tuple[Deviation, ...]]:
    """The questions that the run is scored on, and how they were read; raises DataError for data that are broken."""
    kept = check_unique(list(_used(experiment, whole, None)), str(experiment.run["eval_data"].value))
    found = survey(kept)
    _check_any(experiment, "eval_data", found)
    check_rules(experiment.evaluation, kept, str(experiment.run["eval_data"].value))
    return kept, (*_of_reading("eval_data", found), *_of_token_scores(found))


def ids_path(experiment: Experiment) -> Path | None:
    """The list of the training questions that are used, which lies beside the card; None where all are."""
    run = experiment.run
    return Path(experiment.card_path).parent / str(run["train_ids"].value) if "train_ids" in run else None


def _used(experiment: Experiment, whole: Questions, listed: Path | None) -> Iterator[Paragraph]:
    """The questions of a data set that the run uses: those of the list, mended where that was asked for, the first."""
    found = whole() if listed is None else only_questions(whole(), read_ids(listed), listed)
    mended = repaired(found) if "repair_offsets" in experiment.run else found
    return first_questions(mended, experiment.run.get("limit"))


def _check_any(experiment: Experiment, name: str, found: Survey) -> None:
    """Raises DataError for data without a question."""
    if found.n_questions == 0:
        option = f"--{name.removesuffix('_data')}"
        what = f"holds no question; give data that do with {option}"
        raise DataError(str(experiment.run[name].value), "", what)


def check_dropped(experiment: Experiment, train: Survey) -> None:
    """Raises PlanError for training data of which more would be dropped than may be."""
    limit = float(experiment.run.get("allow_dropped", MOST_DROPPED))
    if train.share_unusable <= limit:
        return
    why = "; ".join(map(str, train.unusable)) + (f"; {train.reading}" if train.reading else "")
    can_repair = any(tally.what in _OFF for tally in train.unusable) and "repair_offsets" not in experiment.run
    repair = "--repair-offsets moves answers to where their text stands, " if can_repair else ""
    raise PlanError(
        [
            f"train_data {experiment.run['train_data'].value}: {train.n_unusable:,} of {train.n_questions:,} questions "
            f"cannot be trained on and would be dropped, more than {limit:.4g} of them ({why}); mend the file, or give "
            f"an option: {repair}--allow-dropped {math.ceil(1e3 * train.share_unusable) / 1e3:g} goes without them "
            "(deviations on record)"
        ]
    )


def check_rules(evaluation: Stage, evaluated: Sequence[Paragraph], data: str) -> None:
    """Raises DataError for a question without an answer where the rules are those of SQuAD 1.1, which knows none."""
    if rules_of(evaluation) != "1.1":
        return
    without = next((question.id for one in evaluated for question in one.questions if not question.answers), None)
    if without is not None:
        why = f"question {without} has no answer, and it is scored by the rules of SQuAD 1.1, where each has one"
        raise DataError(data, "", f"{why}; give other evaluation data with --eval")


def _of_reading(name: str, found: Survey) -> Iterator[Deviation]:
    for tally in found.notes:
        yield Deviation("data", f"{name}: {found.n_questions:,} questions as written", str(tally), True)


def _of_unusable(train: Survey) -> Iterator[Deviation]:
    """Below the limit it is what Haystack does with the same file, and explains nothing."""
    may_explain = train.share_unusable > MOST_DROPPED
    for tally in train.unusable:
        claimed = f"train_data: all {train.n_questions:,} questions"
        yield Deviation("data", claimed, f"dropped, {tally}", may_explain, reason=train.reading)


def _of_token_scores(evaluated: Survey) -> Iterator[Deviation]:
    for tally in evaluated.unusable:
        claimed = f"eval_data: all {evaluated.n_questions:,} questions"
        why = "scored by text all the same; the scores by token, which are not judged, leave them out"
        yield Deviation("data", claimed, str(tally), False, reason=why)


def of_stage(stage: str, rows: "Features") -> tuple[Deviation, ...]:
    """Answerable questions of a stage that no window has an answer of: to the model they have none."""
    if not rows.unlabelled:
        return ()
    tally = Tally("answerable, but labelled in no window", len(rows.unlabelled), rows.unlabelled[:N_EXAMPLES])
    may_explain = len(rows.unlabelled) > MOST_DROPPED * len(rows.questions)
    why = "trained as unanswerable, as Haystack does: longer than a window's step, or begun before the first token"
    return (Deviation("data", f"{stage}: a label for every answer", str(tally), may_explain, reason=why),)
