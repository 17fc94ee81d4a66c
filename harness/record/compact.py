"""The compact form of a finished record, in which a hundred of them fit a repository: the same files, in fewer bytes.

- `NAME.gz` stands for NAME: the answers of a scored model, the losses of a stage.
- predictions.json is left out where it follows from the answers beside it.
- `per_question.jsonl.from` names the record that scored the same model on the same questions, most often the
  teacher's own: its answers are read there. The path is of an evaluation's folder, in the same results folder.

What a reader gets is byte for byte what was written, so MANIFEST.sha256, its signature and the verdict hold for both
forms.
"""

import functools
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.errors import StoreError
from harness.record import store
from harness.record.store import ANSWERS, LOSSES, PREDICTIONS

_GZ, _FROM = ".gz", ".from"
_LARGEST = 2**30  # bytes of a file when it is unpacked: a few kilobytes can stand for any number


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a record: bytes of its files, weights aside, before and after."""

    run: str
    bytes_before: int
    bytes_after: int


def names(folder: Path) -> list[str]:
    """The record's files by their names in the plain form, sorted; without weights, plots, verdict and manifest."""
    stored = {path.relative_to(folder).as_posix() for path in store.record_files(folder)}
    found = set()
    for name in stored:
        plain = _plain(name)
        found.add(name if plain in stored else plain)  # both at once: the second one is no part of the record
        if PurePosixPath(plain).name == ANSWERS and plain not in stored:
            found.add(_beside(plain, PREDICTIONS))
    return sorted(found)


def has(folder: Path, name: str) -> bool:
    """Whether a record has this file, in either form."""
    if (folder / name).is_file():
        return True
    kind = PurePosixPath(name).name
    if kind == PREDICTIONS:
        name = _beside(name, ANSWERS)
    kept = [_GZ] if kind == LOSSES else [_GZ, _FROM] if kind in (ANSWERS, PREDICTIONS) else []
    return any((folder / f"{name}{ending}").is_file() for ending in kept)


def read(folder: Path, name: str, known: Callable[[str], bytes] | None = None) -> bytes:
    """The bytes of a record's file as they were written; raises StoreError where it is missing or damaged.

    `known` gives the bytes of another file of the record, to whom has read it before.
    """
    path, kind = folder / name, PurePosixPath(name).name
    if path.is_file() or not has(folder, name):
        return store.read_bytes(path)
    if kind == PREDICTIONS:
        answers = _beside(name, ANSWERS)
        return _predictions_of(known(answers) if known else read(folder, answers), path)
    packed = path.with_name(f"{path.name}{_GZ}")
    return _unpacked(packed) if packed.is_file() else _elsewhere(folder, path.with_name(f"{path.name}{_FROM}"))


def compact(folder: Path) -> Change:
    """Gives a finished record its compact form; a second time changes nothing.

    Each file is written, read again and held against the manifest before the plain one goes, so a kill loses nothing.
    Raises StoreError where a file is not as the manifest has it.
    """
    before, hashes = _size(folder), _manifest(folder)
    for name in names(folder):
        if PurePosixPath(name).name in (ANSWERS, LOSSES) and (folder / name).is_file():
            content = _as_listed(folder, name, hashes)
            stored = _found_elsewhere(folder, name, hashes) or (_GZ, gzip.compress(content, mtime=0))
            _replace(folder, name, hashes, *stored)
    for name in names(folder):
        answers = _beside(name, ANSWERS)
        if PurePosixPath(name).name != PREDICTIONS or not (folder / name).is_file() or (folder / answers).is_file():
            continue
        content = _as_listed(folder, name, hashes)
        if has(folder, answers) and _predictions_of(read(folder, answers), folder / name) == content:
            (folder / name).unlink()
    return Change(str(folder), before, _size(folder))


def expand(folder: Path) -> Change:
    """The reverse: every file under its own name, whole."""
    before, hashes = _size(folder), _manifest(folder)
    missing = [name for name in names(folder) if not (folder / name).is_file()]
    for name in missing:
        store.write_bytes(folder / name, [_as_listed(folder, name, hashes)])
    for name in missing:
        for ending in (_GZ, _FROM):
            (folder / f"{name}{ending}").unlink(missing_ok=True)
    return Change(str(folder), before, _size(folder))


def _plain(name: str) -> str:
    for kind, endings in ((ANSWERS, (_GZ, _FROM)), (LOSSES, (_GZ,))):
        for ending in endings:
            if PurePosixPath(name).name == f"{kind}{ending}":
                return name.removesuffix(ending)
    return name


def _beside(name: str, other: str) -> str:
    return PurePosixPath(name).with_name(other).as_posix()


def _unpacked(path: Path) -> bytes:
    state = path.stat()
    return _unpacked_once(path.resolve(), state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=4)  # a teacher's answers are read for each of its students
def _unpacked_once(path: Path, _changed: int, _size: int) -> bytes:
    packed = store.read_bytes(path)
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = stream.decompress(packed, _LARGEST)
    except zlib.error as error:
        raise StoreError(f"{path}: is damaged ({error}); take the whole record") from error
    if not stream.eof or stream.unused_data:
        raise StoreError(
            f"{path}: is cut short, longer than one file, or over {_LARGEST:,} bytes; take the whole record"
        )
    return content


def _elsewhere(folder: Path, path: Path) -> bytes:
    """The answers that a `.from` file names."""
    words = store.read_bytes(path).decode(errors="replace").strip()
    results, named = folder.resolve().parents[1], PurePosixPath(words)
    if named.is_absolute() or ".." in named.parts or len(named.parts) != 3:
        raise StoreError(f"{path}: {words[:80]!r} is no CARD/RUN/FOLDER of the same results folder")
    other, answers = results.joinpath(*named.parts[:2]), f"{named.parts[2]}/{ANSWERS}"
    if (other / f"{answers}{_FROM}").is_file() or not has(other, answers):
        remedy = "take that record too, or the whole of this one (harness compact --expand)"
        raise StoreError(f"{path}: these answers are in {words}, which is not here; {remedy}")
    return read(other, answers)


def _found_elsewhere(folder: Path, name: str, hashes: dict[str, str]) -> tuple[str, bytes] | None:
    """Where another finished record has the same answers as its student's own: the `.from` file that says so."""
    if PurePosixPath(name).name != ANSWERS or PurePosixPath(name).parts[0] == store.EVALUATION:
        return None
    own = f"{store.EVALUATION}/{ANSWERS}"
    for manifest in sorted(folder.resolve().parents[1].glob(f"*/*/{store.MANIFEST}")):
        other = manifest.parent
        if other != folder.resolve() and _manifest(other).get(own) == hashes[name] and has(other, own):
            where = other.relative_to(other.parents[1]) / store.EVALUATION
            return _FROM, f"{where.as_posix()}\n".encode()
    return None


def _replace(folder: Path, name: str, hashes: dict[str, str], ending: str, content: bytes) -> None:
    path = folder / f"{name}{ending}"
    store.write_bytes(path, [content])
    again = _unpacked(path) if ending == _GZ else _elsewhere(folder, path)
    if hashlib.sha256(again).hexdigest() != hashes[name]:
        path.unlink()
        raise StoreError(f"{path}: does not give {name} back; the record is left as it was")
    (folder / name).unlink()


def _as_listed(folder: Path, name: str, hashes: dict[str, str]) -> bytes:
    content = read(folder, name)
    if hashlib.sha256(content).hexdigest() != hashes.get(name):
        raise StoreError(f"{folder / name}: is not as {store.MANIFEST} has it; `harness audit` lists all that changed")
    return content


def _manifest(folder: Path) -> dict[str, str]:
    lines = store.read_bytes(folder / store.MANIFEST).decode(errors="replace").splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}


def _predictions_of(answers: bytes, path: Path) -> bytes:
    try:
        rows = (json.loads(line) for line in answers.splitlines() if line)
        return store.json_text({row["id"]: row["prediction"] for row in rows}).encode()
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{path}: cannot be made from the answers beside it, which are damaged ({error})") from error


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in store.record_files(folder))
