"""Which runs belong together: those of one identity, of one training, of one series, scored in one way."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.domain import Experiment, Setting, Stage
from harness.errors import DataError, StoreError
from harness.record import store
from harness.record.folder import Evaluation, Run
from harness.record.parts import Fingerprint, RunSettings
from harness.record.upgrade import OLDEST

STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-")  # at the head of a run folder's name


def begun(run: Run) -> str:
    """When a run was begun, UTC in ISO 8601, from the name of its folder; empty where that does not say."""
    match = STAMP.match(run.folder.resolve().name)
    return "{}-{}-{}T{}:{}:{}Z".format(*match.groups()) if match else ""


def identity_of(experiment: Mapping[str, Any], inputs: Mapping[str, Any], code: Mapping[str, Any]) -> str:
    """The hash by which a run is found again: not where the card lies, nor what machine this is."""
    return store.hash_of({"experiment": _but_its_place(experiment), "inputs": inputs, "code": code})


def experiment_hash(experiment: Experiment) -> str:
    """By which the runs of a plan are known, whatever they read and by whichever code."""
    text = json.dumps(_but_its_place(store.to_json(experiment)), sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _but_its_place(experiment: Mapping[str, Any]) -> dict[str, Any]:
    # What is ambiguous is said in words that name the card's place; the settings themselves hold all that it decides.
    plain = {name: value for name, value in experiment.items() if name not in ("card_path", "ambiguities")}
    plain["deviations"] = [one for one in plain["deviations"] if one["category"] != "hardware"]
    return plain


def require_finished(run: Run) -> None:
    """Raises DataError unless the folder holds a finished run of a version that we read."""
    folder = run.folder
    if not folder.is_dir():
        raise DataError(folder, "", "no such folder; give a run folder, as results/<card>/<run-id>")
    if not any(run.has(name) for name in ("identity.json", store.MANIFEST, store.VERDICT)):
        inside = sorted(folder.glob("*/identity.json")) or sorted(folder.glob("*/*/identity.json"))
        hint = f"; it holds runs, such as {inside[-1].parent}" if inside else "; give one, as results/<card>/<run-id>"
        raise DataError(folder, "", f"is no run folder{hint}")
    if not run.has(store.VERDICT):
        what = "is not finished: it holds no verdict.json; the command that began it goes on with it"
        raise DataError(folder, "", what)
    for name in ("identity.json", store.VERDICT):
        with suppress(StoreError):  # broken or missing is no other version: whoever reads it next says so
            version = run.plain(name).get("schema_version")
            if isinstance(version, int) and not OLDEST <= version <= store.SCHEMA_VERSION:
                what = f"has schema version {version}; this harness reads {OLDEST} to {store.SCHEMA_VERSION}"
                raise DataError(folder / name, "", what)


def require_distinct(runs: Iterable[Run]) -> None:
    """Raises DataError for a run that is given twice, by whatever path: each counts once."""
    seen: set[Path] = set()
    for run in runs:
        place = run.folder.resolve()
        if place in seen:
            raise DataError(run.folder, "", "is given twice; a run counts once, and is no baseline of itself")
        seen.add(place)


@contextmanager
def blaming_the_record(run: Path | str) -> Iterator[None]:
    """Makes a StoreError of what goes wrong while a record is followed: one that was changed can be of any shape."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration, RuntimeError) as error:
        what = f"the record cannot be followed ({type(error).__name__}: {error})"
        raise StoreError(f"{run}: {what}; `harness audit` names the file") from error


def scored_alike(results: Path, weights: Fingerprint, experiment: Experiment, data: Fingerprint) -> Evaluation | None:
    """The evaluation of a finished run that scored these weights on these questions in this way.

    `weights` are the fingerprints of their files. One that is not as its run's manifest has it is passed over.
    """
    for verdict in sorted(results.glob(f"*/*/{store.VERDICT}")):
        run = Run.open(verdict.parent)
        try:
            with blaming_the_record(run.folder):
                is_alike = (
                    run.evaluation.weights == weights
                    and run.inputs.eval_data == data
                    and _way_of_scoring(run.experiment) == _way_of_scoring(experiment)
                )
                manifest = run.read(store.MANIFEST).decode().splitlines(keepends=True)
                names = [name for name in run.names() if name.startswith(f"{store.EVALUATION}/")]
                if is_alike and set(run.manifest_lines(names)) <= set(manifest):
                    return run.evaluation
        except (StoreError, OSError):
            continue
    return None


def training_of(experiment: Experiment) -> Mapping[str, Any]:
    """What decides a run's numbers, apart from its seed: values alone, not what a card claims or where a line stands.

    Where a list names the training questions, it does not matter from which copy of the data they were read; that of
    the evaluation data is for their number and their scores to show.
    """
    apart = {"seed", "teacher_run", "rule", "prior", "published", "eval_data", "allow_dropped"}
    apart |= {"train_data"} if "train_ids" in experiment.run else set()
    run = {one.name: one.value for one in experiment.run.settings
           if one.name not in apart and not one.name.startswith("tolerance.")}  # fmt: skip
    return {"run": run, "sections": {one.name: one.values() for one in experiment.sections()[1:]}}


def is_trained_as(planned: Experiment, run: Run) -> bool:
    """Whether a run was trained as a card plans it now, on the questions that its list names by now."""
    if training_of(run.experiment) != training_of(planned):
        return False
    ids = planned.run.get("train_ids")
    if ids is None:
        return True
    listed, recorded = Path(planned.card_path).parent / str(ids), run.inputs.train_ids
    return listed.is_file() and recorded is not None and store.sha256_of(listed) == recorded["sha256"]


def with_claims_of(planned: Experiment, recorded: Experiment) -> Experiment:
    """A recorded experiment judged as its card is planned now: claims, tolerances and prior; a rule that was asked for
    stays."""
    asked = ("rule",) if recorded.run["rule"].origin == "overridden" else ()
    named = [one for one in planned.run.settings if _is_of_judging(one) and one.name not in asked]
    kept = [one for one in recorded.run.settings if not _is_of_judging(one) or one.name in asked]
    return replace(
        recorded,
        card_path=planned.card_path,
        card_sha256=planned.card_sha256,
        claims=planned.claims,
        run=Stage("run", (*kept, *named)),
    )


def _is_of_judging(setting: Setting) -> bool:
    return setting.name in ("rule", "prior") or setting.name.startswith("tolerance.")


def _way_of_scoring(experiment: Experiment) -> object:
    run = RunSettings.of(experiment)
    return experiment.evaluation.values(), run.precision, run.limit


def seeds_of(run: Run) -> list[Run]:
    """The runs that a series of seeds names, or the one run; raises StoreError for a series that cannot be followed."""
    if not run.has(store.SERIES):
        return [run]
    if not run.series.runs:
        raise StoreError(f"{run.folder / store.SERIES}: names no runs; make it again with --seeds")
    return [Run.open(run.folder.parent / name) for name in run.series.runs]
