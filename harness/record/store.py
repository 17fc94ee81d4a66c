"""results/ on disk: a folder for each run, in which every file is written whole and last.

results/<card>/<run-id>/
    identity.json       experiment and inputs hashed: the same command finds this run by it
    card.md             the card, byte for byte
    experiment.json     every setting with its origin; claims, ambiguities, deviations
    inputs.json         models and data: reference, sha256, sizes
    data.json           how questions were read and which were dropped, where any were
    environment.json    machine, packages, code commit
    stages/<stage>/     train.jsonl (a line a step), stage.json, student/ (weights, not for git)
    evaluation/         predictions.json, per_question.jsonl, metrics.json
    MANIFEST.sha256     every file but the weights, the verdict and itself
    verdict.json        what every claim came to, written last: a run that has it is finished

results/.cache/         what runs share and can make again: candidates for augmentation
"""

import dataclasses
import hashlib
import itertools
import json
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.record.typed import plain_of

SCHEMA_VERSION = 5
WEIGHTS = "student"
EVALUATION, PUBLISHED, TEACHER = "evaluation", "published", "teacher"  # folders of a run, one for each scored model
ANSWERS, PREDICTIONS = "per_question.jsonl", "predictions.json"  # of each of them
LOSSES = "train.jsonl"  # of a stage
PLOTS = "plots"  # drawn from a record at any later time
VERDICT, SERIES = "verdict.json", "series.json"  # of a run, and of several seeds of one card
MISSING = "missing.json"  # in place of scores: why there are none
MANIFEST, SIGNATURE = "MANIFEST.sha256", "MANIFEST.sha256.sig"
CACHE = ".cache"
_log = logging.getLogger(__name__)
DATA = "data.json"  # what became of questions and models that were not as they should be
FORECAST = "forecast.json"  # what a run was to take, and took
CHECKPOINTS = "checkpoints"  # of a stage that is not finished


def to_json(thing: Any) -> Any:
    """Dataclasses, tuples and mappings as plain JSON values."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return {f.name: to_json(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
    if isinstance(thing, Mapping):
        return {str(key): to_json(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [to_json(item) for item in thing]
    return thing


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_of(thing: Any) -> str:
    """sha256 of a thing's canonical JSON."""
    text = json.dumps(to_json(thing), sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Writes the whole file under a temporary name, then renames it; raises StoreError when it cannot."""
    write_lines(path, (text,))


def write_lines(path: Path, pieces: Iterable[str]) -> None:
    write_bytes(path, (piece.encode() for piece in pieces))


def write_bytes(
    path: Path, pieces: Iterable[bytes], *, remedy: str = "free the space, or give --results DIR", part: str = "partial"
) -> None:
    """Every whole file goes through here: a temporary name, flushed to the disk, then renamed.

    The temporary name ends in `part`. Raises StoreError, which ends in `remedy`, when it cannot; then the file is as
    it was before.
    """
    temporary = path.with_name(f"{path.name}.{part}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); {remedy}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def json_text(thing: Any) -> str:
    """The one way in which a record writes a thing, so that what follows from it can be compared byte for byte."""
    return json.dumps(to_json(thing), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, thing: Any) -> None:
    write_text(path, json_text(thing))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object of a record file; raises StoreError when it is missing or broken."""
    return plain_of(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """A record file, whole; raises StoreError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); is this a run folder?") from error


def find_run(results: Path, card: str, identity: str) -> Path | None:
    """The newest run of this card with the same experiment and inputs, finished or not; one that cannot be read is
    passed over, and said."""
    folder = results / card
    for path in sorted(folder.glob("*/identity.json"), reverse=True) if folder.is_dir() else []:
        try:
            if read_json(path).get("identity") == identity:
                return path.parent
        except StoreError as error:
            _log.warning("passed over: %s", error)
    return None


def new_run(results: Path, card: str, identity: str) -> Path:
    """Makes the folder of a new run, named by UTC time and the start of its identity."""
    try:
        (results / card).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"{results / card}: cannot be made ({error.strerror})"
        raise StoreError(f"{what}; give a folder that can be written with --results DIR") from error
    name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{identity[:8]}"
    for number in itertools.count():
        folder = results / card / (f"{name}-{number}" if number else name)
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            what = f"{folder}: cannot be made ({error.strerror})"
            raise StoreError(f"{what}; give a folder that can be written with --results DIR") from error
        return folder
    raise AssertionError("unreachable")


def remove_unborn(results: Path, card: str, identity: str) -> None:
    """Removes folders of runs of this identity that were killed before they were one, so had nothing to go on with."""
    for folder in (results / card).glob(f"*-{identity[:8]}*"):
        if folder.is_dir() and not (folder / "identity.json").exists() and not is_finished(folder):
            shutil.rmtree(folder, ignore_errors=True)


def check_space(folder: Path, n_bytes: int) -> None:
    """Raises StoreError when a file of that size does not fit: a memory map that runs full kills the process."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise StoreError(
            f"{folder}: {n_bytes / 2**20:,.1f} MiB needed, {free / 2**20:,.1f} MiB free; free the space, or give "
            "--results DIR"
        )


@contextmanager
def scratch(folder: Path) -> Iterator[None]:
    """Makes an empty folder for what a stage memory-maps, and removes it; clears what a killed run left there."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made ({error.strerror})") from error
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cache_of(run: Path, kind: str, key: str) -> Path:
    """Folder beside all runs for what several of them share, named by all that it was made from."""
    return run.parents[1] / CACHE / f"{kind}-{key[:16]}"


def student_of(run: Path, stage: str) -> Path:
    """Folder of the student's weights as they are after a stage."""
    return run / "stages" / stage / WEIGHTS


def is_finished(run: Path) -> bool:
    return (run / VERDICT).exists()


def write_verdict(run: Path, conclusion: Any) -> None:
    """Writes the manifest of everything before it, then the verdict: a run that has one is whole.

    What a killed run left half-written is cleared first, so that it does not become part of the record.
    """
    left = ("scratch*", "*/scratch*", f"stages/*/{CHECKPOINTS}")
    for path in [*run.rglob("*.partial"), *(path for pattern in left for path in run.glob(pattern))]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    write_manifest(run)
    write_text(run / VERDICT, verdict_text(conclusion))


def verdict_text(conclusion: Any) -> str:
    """The verdict file, whole, as a function of what a run came to."""
    return json_text({"schema_version": SCHEMA_VERSION, **to_json(conclusion)})


def series_name(runs: Sequence[str]) -> str:
    """Folder of the verdict over these runs, beside them."""
    return f"series-{hash_of(list(runs))[:8]}"


def series_text(runs: Sequence[str], conclusion: Any, *, is_sequential: bool) -> str:
    """The series file, whole: which runs, whether they were judged look by look, and what they came to."""
    head = {"schema_version": SCHEMA_VERSION, "is_sequential": is_sequential, "runs": list(runs)}
    return json_text({**head, **to_json(conclusion)})


def write_manifest(run: Path) -> None:
    """Hashes every file of the run but its weights."""
    write_lines(run / MANIFEST, manifest_lines(run, record_files(run)))


def manifest_lines(run: Path, files: Iterable[Path]) -> list[str]:
    return [f"{sha256_of(path)}  {path.relative_to(run).as_posix()}\n" for path in sorted(files)]


def record_files(run: Path) -> Iterator[Path]:
    """What the manifest covers: every file but weights, plots, the verdict, its signature and itself."""
    for path in run.rglob("*"):
        inside = path.relative_to(run).parts
        if path.is_file() and WEIGHTS not in inside and inside[0] not in (MANIFEST, SIGNATURE, VERDICT, PLOTS):
            yield path
