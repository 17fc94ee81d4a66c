"""Whether what a plan names is there, as far as this machine can tell without the network and without loading a model:
model folders, other cards, data files, the folder of results."""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from harness.card.read import read_card
from harness.card.references import Reference, data_reference, model_reference, unpinned
from harness.domain import Deviation, Experiment, Setting
from harness.errors import CardError, DataError, PlanError
from harness.plan import data_checks, model_folders
from harness.qa.squad import read_squad

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")


def check_present(experiment: Experiment, results: Path) -> tuple[Deviation, ...]:
    """How the questions of local files are read, each file to its end.

    Raises PlanError with all that is named and not there, or is something else, or cannot be used as it stands.
    """
    problems, deviations = [*_models(experiment)], list[Deviation]()
    for name in ("train_data", "eval_data"):
        found, said = _data(experiment, name)
        problems += said
        deviations += found
    problems += _results(results)
    if problems:
        raise PlanError(problems)
    return tuple(deviations)


def cards_of(experiment: Experiment) -> list[Path]:
    """Cards whose students this experiment begins with, where they are there."""
    named = [_reference(experiment, one) for one in _named(experiment)]
    return [one.path for one in named if one.kind == "card" and one.path is not None and one.path.is_file()]


def folders_of(experiment: Experiment) -> dict[str, Reference]:
    """The models whose folders are here before anything is fetched or made, by what they are to the run."""
    named = {one.name: _reference(experiment, one) for one in _named(experiment)}
    local = ("folder", "package", "random")
    return {name: one for name, one in named.items() if one.kind in local and one.path is not None}


def _named(experiment: Experiment) -> list[Setting]:
    """The settings that name models; the card's own weights only where they were asked for."""
    run, words = experiment.run, experiment.augmentation
    named = [run[name] for name in ("student", "teacher") if name in run]
    if words is not None and words.value("factor"):
        named.append(words["masked_lm"])
    return [*named, *([run["published"]] if run["published"].origin == "overridden" else [])]


def _reference(experiment: Experiment, setting: Setting) -> Reference:
    here = Path(experiment.card_path).parent
    return model_reference(str(setting.value), card_dir=here, is_option=setting.origin == "overridden")


def _models(experiment: Experiment) -> Iterator[str]:
    for setting in _named(experiment):
        if setting.value is None:
            continue
        # A package that is not installed can be, as a Hub id can be fetched: that needs the network.
        reference, option = _reference(experiment, setting), f"--{setting.name.replace('_', '-')}"
        if reference.kind == "hub" and not _HUB_ID.fullmatch(unpinned(reference.text)):
            yield f"{option} {reference.text}: is no folder here and no Hub id (ORG/NAME)"
        elif reference.kind == "card" and reference.path is not None:
            yield from _card(option, reference.path)
        elif reference.path is not None:
            needs_weights = reference.kind != "random"
            for problem in model_folders.problems_of(reference.path, needs_weights=needs_weights):
                yield f"{option} {problem}"


def _card(option: str, path: Path) -> Iterator[str]:
    if not path.is_file():
        yield f"{option} {path}: no such card; give a card that is there, a folder or a Hub id"
        return
    try:
        read_card(path)
    except CardError as error:
        yield f"{option} {error}"


def _data(experiment: Experiment, name: str) -> tuple[tuple[Deviation, ...], list[str]]:
    """How the questions of one data set are read, and what keeps it from being used; nothing of one on the Hub."""
    here, setting = Path(experiment.card_path).parent, experiment.run[name]
    path = data_reference(str(setting.value), card_dir=here, is_option=setting.origin == "overridden").path
    if path is None:
        return (), []
    if not path.is_file():
        return (), [f"{name} {path}: no such file; give it with --{name.removesuffix('_data')} FILE"]
    read = data_checks.training_questions if name == "train_data" else data_checks.evaluation_questions
    try:
        return read(experiment, partial(read_squad, path))[1], []
    except DataError as error:
        return (), [str(error)]
    except PlanError as error:
        return (), list(error.problems)


def _results(results: Path) -> Iterator[str]:
    there = next((one for one in (results, *results.absolute().parents) if one.exists()), results)
    if not there.is_dir():
        yield f"--results {results}: {there} is no folder; give a folder that can be written with --results DIR"
    elif not os.access(there, os.W_OK):
        yield f"--results {results}: {there} cannot be written; give a folder that can be with --results DIR"
