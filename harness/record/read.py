"""A record read back: what lies in a run's folder, as the core types, or an error that says what is wrong with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.domain import (
    Attribution,
    Claim,
    Deviation,
    Estimate,
    Experiment,
    Hop,
    Judgement,
    Measurement,
    Opinion,
    Setting,
    Stage,
    Verdict,
)
from harness.errors import DataError, StoreError
from harness.record import store
from harness.record.upgrade import OLDEST, upgrade


def identity_of(experiment: Mapping[str, Any], inputs: Mapping[str, Any], code: Mapping[str, Any]) -> str:
    """The hash by which a run is found again: not where the card lies, nor what machine this is."""
    # What is ambiguous is said in words that name the card's place; the settings themselves hold all that it decides.
    plain = {name: value for name, value in experiment.items() if name not in ("card_path", "ambiguities")}
    plain["deviations"] = [one for one in plain["deviations"] if one["category"] != "hardware"]
    return store.hash_of({"experiment": plain, "inputs": inputs, "code": code})


def require_finished(run: Path) -> None:
    """Raises DataError unless the folder holds a finished run of the version that we read."""
    if not run.is_dir():
        raise DataError(run, "", "no such folder; give a run folder, as results/<card>/<run-id>")
    if not any((run / name).exists() for name in ("identity.json", store.MANIFEST, store.VERDICT)):
        inside = sorted(run.glob("*/identity.json")) or sorted(run.glob("*/*/identity.json"))
        hint = f"; it holds runs, such as {inside[-1].parent}" if inside else "; give one, as results/<card>/<run-id>"
        raise DataError(run, "", f"is no run folder{hint}")
    if not store.is_finished(run):
        raise DataError(run, "", "is not finished: it holds no verdict.json; the command that began it goes on with it")
    for name in ("identity.json", store.VERDICT):
        with suppress(StoreError):  # broken or missing is no other version: whoever reads it next says so
            plain = store.read_json(run / name)
            version = plain.get("schema_version") if isinstance(plain, dict) else None
            if isinstance(version, int) and not OLDEST <= version <= store.SCHEMA_VERSION:
                what = f"has schema version {version}; this harness reads {OLDEST} to {store.SCHEMA_VERSION}"
                raise DataError(run / name, "", what)


@contextmanager
def following(run: Path | str) -> Iterator[None]:
    """Makes a StoreError of what goes wrong while a record is followed: one that was changed can be of any shape."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration, RuntimeError) as error:
        what = f"the record cannot be followed ({type(error).__name__}: {error})"
        raise StoreError(f"{run}: {what}; `harness audit` names the file") from error


def read_experiment(run: Path) -> Experiment:
    """The experiment of a run, as it was planned; raises StoreError for a record of another version."""
    path = run / "experiment.json"
    plain = store.read_json(path)
    try:
        return Experiment(
            **{
                **plain,
                "run": _stage(plain["run"]),
                "stages": tuple(_stage(one) for one in plain["stages"]),
                "evaluation": _stage(plain["evaluation"]),
                "augmentation": _stage(plain["augmentation"]) if plain["augmentation"] else None,
                "claims": tuple(Claim(**one) for one in plain["claims"]),
                "ambiguities": tuple(plain["ambiguities"]),
                "deviations": tuple(Deviation(**one) for one in plain["deviations"]),
            }
        )
    except (TypeError, KeyError) as error:
        raise StoreError(f"{path}: is of another version ({error}); use --fresh") from error


def scored_alike(results: Path, weights: Mapping[str, str], experiment: Experiment, data: object) -> Path | None:
    """The evaluation folder of a finished run that scored these weights on these questions in this way.

    `weights` are the fingerprints of their files. A folder that is not as its run's manifest has it is passed over.
    """
    for verdict in sorted(results.glob(f"*/*/{store.VERDICT}")):
        run = verdict.parent
        try:
            with following(run):
                folder, other = run / store.EVALUATION, read_experiment(run)
                is_alike = (
                    store.read_json(folder / "weights.json") == weights
                    and store.read_json(run / "inputs.json")["eval_data"] == data
                    and _way_of_scoring(other) == _way_of_scoring(experiment)
                )
                manifest = (run / store.MANIFEST).read_text(encoding="utf-8").splitlines(keepends=True)
                if is_alike and set(store.manifest_lines(run, folder.iterdir())) <= set(manifest):
                    return folder
        except (StoreError, OSError):
            continue
    return None


def training_of(experiment: Experiment) -> Mapping[str, Any]:
    """What decides a run's numbers, apart from its seed: values alone, not what a card claims or where a line stands.

    Where a list names the training questions, it does not matter from which copy of the data they were read; that of
    the evaluation data is for their number and their scores to show.
    """
    apart = {"seed", "teacher_run", "rule", "prior", "published", "eval_data"}
    run = {one.name: one.value for one in experiment.run.settings if not one.name.startswith("tolerance.")}
    apart |= {"train_data"} if "train_ids" in run else set()
    sections = {one.name: {s.name: s.value for s in one.settings} for one in experiment.sections()[1:]}
    return {"run": {name: value for name, value in run.items() if name not in apart}, "sections": sections}


def is_trained_as(planned: Experiment, run: Path) -> bool:
    """Whether a run was trained as a card plans it now, on the questions that its list names by now."""
    if training_of(read_experiment(run)) != training_of(planned):
        return False
    ids = next((str(one.value) for one in planned.run.settings if one.name == "train_ids"), None)
    if ids is None:
        return True
    listed = Path(planned.card_path).parent / ids
    return listed.is_file() and store.sha256_of(listed) == store.read_json(run / "inputs.json")["train_ids"]["sha256"]


def with_claims_of(planned: Experiment, recorded: Experiment) -> Experiment:
    """A recorded experiment judged as its card is planned now: claims, tolerances and prior; a rule that was asked for
    stays."""
    asked = {one.name for one in recorded.run.settings if one.name == "rule" and one.origin == "overridden"}
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
    run = {one.name: one.value for one in experiment.run.settings}
    ways = {one.name: one.value for one in experiment.evaluation.settings}
    return ways, run["precision"], run.get("limit")


def _stage(plain: Mapping[str, Any]) -> Stage:
    return Stage(plain["name"], tuple(Setting(**one) for one in plain["settings"]))


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of an evaluation's per_question.jsonl, one a question."""
    path = folder / "per_question.jsonl"
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); is this a run folder?") from error
    except ValueError as error:
        raise StoreError(f"{path}: is broken ({error}); start the run again with --fresh") from error


def read_losses(run: Path, stage: str) -> list[float]:
    """The loss of each step of a stage, in order; none where it was not trained or kept no losses."""
    path = run / "stages" / stage / "train.jsonl"
    try:
        return [float(json.loads(line)["loss"]) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{path}: is broken ({error}); start the run again with --fresh") from error


def version_of(run: Path) -> int:
    """The schema version that a run was begun with."""
    return int(store.read_json(run / "identity.json")["schema_version"])


def runs_of(folder: Path) -> list[Path]:
    """The runs that a series of seeds names, or the one run; raises StoreError for a series that cannot be followed."""
    if not (folder / store.SERIES).exists():
        return [folder]
    plain = store.read_json(folder / store.SERIES)
    names = plain.get("runs") if isinstance(plain, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise StoreError(f"{folder / store.SERIES}: names no runs; make it again with --seeds")
    return [folder.parent / name for name in names]


def read_verdict(folder: Path, name: str) -> tuple[Judgement, tuple[Measurement, ...], tuple[Attribution, ...], bool]:
    """What a verdict file holds, and whether it is of sequential looks; raises StoreError for another version."""
    plain = store.read_json(folder / name)
    try:
        if not OLDEST <= plain["schema_version"] <= store.SCHEMA_VERSION:
            raise KeyError(f"schema version {plain['schema_version']}")
        plain = upgrade(name, plain, plain["schema_version"])
        return (
            _judgement(plain["judgement"]),
            tuple(Measurement(**one) for one in plain["measurements"]),
            tuple(_attribution(one) for one in plain["attributions"]),
            bool(plain.get("is_sequential")),
        )
    except (TypeError, KeyError) as error:
        raise StoreError(f"{folder / name}: is of another version ({error}); use --fresh") from error


def _judgement(plain: Mapping[str, Any]) -> Judgement:
    estimates = tuple(
        Estimate(
            **{**one, "values": tuple(one["values"]), "interval": tuple(one["interval"]) if one["interval"] else None}
        )
        for one in plain["estimates"]
    )
    verdicts = tuple(Verdict(**one) for one in plain["verdicts"])
    other = Opinion(**plain["other"]) if plain["other"] is not None else None
    return Judgement(
        **{**plain, "verdicts": verdicts, "estimates": estimates, "other": other, "flags": tuple(plain["flags"])}
    )


def _attribution(plain: Mapping[str, Any]) -> Attribution:
    hop = plain["training"]
    if hop is not None:
        hop = Hop(**{**hop, "interval": tuple(hop["interval"]) if hop["interval"] is not None else None})
    return Attribution(**{**plain, "training": hop})
