"""What of a run goes to the Hub: the last stage's student, the regenerated card, the record; and what speaks against.

The record goes without weights and drawings, and without what tells where it was made: files that hold absolute paths,
host names or tokens go as cleaned copies. Their manifest, and where the experiment is a cleaned one its identity, are
made again, so that the pushed record follows from itself under `harness audit`; the card names the run's own identity.
A data set that keeps records gets the same one in a folder of its run, and the card's index links to that.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.card.references import Reference, is_data_of_hub
from harness.errors import DataError, InvalidRunError
from harness.judge.audit import audit, first_of, problems_of
from harness.plan.beside import files_beside
from harness.publish import model_card, privacy
from harness.publish.licences import licences_of, refusals
from harness.publish.model_card import Regenerated
from harness.record import store
from harness.record.folder import Run
from harness.record.read import identity_of

CARD, RECORD = "README.md", "record"
_IDENTITY = "identity.json"
_WEIGHTS = ".safetensors"
_MODEL = (_WEIGHTS, ".json", ".txt", ".model", ".jinja")
_SETTINGS = ("config.json", "tokenizer_config.json")  # where libraries may note where they found a model
_LARGEST_BESIDE = 10_000_000  # bytes, of a card or a list of ids
_JUDGES_NOTHING = ("invalid", "limited")
_ANSWERS = (store.PREDICTIONS, "metrics.json")  # what was scored is never touched


@dataclass(frozen=True, slots=True)
class Publication:
    """`files` are what is pushed, by path in the repository: bytes, or the file that holds them.

    `name` is the card's, `folder` where a data set of records keeps the run; `cleaned` are the files that are not byte
    for byte what lies in the run's folder; `refused` is what of the card the Hub would not take.
    """

    name: str
    folder: str
    files: Mapping[str, bytes | Path]
    cleaned: tuple[str, ...]
    card: str
    outcome: str
    licences: Mapping[str, str]
    refused: tuple[str, ...]

    def record(self) -> dict[str, bytes | Path]:
        """The record's files alone, by their paths in a data set of records."""
        start = f"{RECORD}/"
        return {
            f"{self.folder}/{name.removeprefix(start)}": content
            for name, content in self.files.items()
            if name.startswith(start)
        }

    def listed(self) -> Iterator[tuple[str, int, str]]:
        """Path, size in bytes and sha256 of every file."""
        for name, content in self.files.items():
            yield name, size_of(content), sha256_of(content)


def size_of(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def sha256_of(content: bytes | Path) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else store.sha256_of(content)


def publication_of(
    run: Path,
    *,
    repo: str | None = None,
    allow_verdict: bool = False,
    accept_license: bool = False,
    records: str | None = None,
    task_of: Callable[[str, str], str | None] | None = None,
) -> Publication:
    """Everything that is pushed of a finished run.

    `repo` is where it will stand: the card's command names it. `records` is the address of the data set that gets the
    record too; `task_of` says under which task a data set of the Hub, by name and split, ranks results, None where it
    is no benchmark.

    Raises DataError for a run that is not finished, for a series, for weights that are not there, for a verdict or
    licence that forbids it; InvalidRunError for a record that fails its audit.
    """
    if (run / store.SERIES).exists():
        raise DataError(run, "", "is a series of seeds; push one of its runs, whose weights are one model")
    made = model_card.read(run)
    failed = problems_of(audit(made.runs[0]).checks)
    if failed:
        raise InvalidRunError(f"{run}: the record fails its audit: {first_of(failed)}; `harness audit` lists all")
    licences = licences_of(made.experiment)
    student = store.student_of(run, made.experiment.stages[-1].name)
    problems = list(_problems(made, licences, student, run, allow_verdict=allow_verdict, accept_license=accept_license))
    if problems:
        raise DataError(run, "", "is not pushed: " + "\n  and ".join(problems))
    folder = f"{made.experiment.name}/{run.resolve().name}"  # as a results folder keeps it
    source = f"{records}/tree/main/{folder}" if records else None
    beside = files_beside(Path(made.experiment.card_path))
    absent = [f"`{name}`, which it names" for name, path in beside.items() if not _goes_along(path)]
    card = model_card.render(made, licences, source, repo=repo, absent=absent)
    files: dict[str, bytes | Path] = {name: path for name, path in beside.items() if _goes_along(path)}
    files[CARD] = card
    cleaned: list[str] = []
    for path in sorted(student.iterdir()):
        if path.suffix in _MODEL:
            files[path.name] = _shown(path, path.name, cleaned, is_ours=path.name in _SETTINGS)
    files |= _record_of(made.runs[0], cleaned) | _results_of(made, task_of, source)
    return Publication(
        name=made.experiment.name,
        folder=folder,
        files=dict(sorted(files.items())),
        cleaned=tuple(cleaned),
        card=card.decode(),
        outcome=made.concluded.judgement.outcome,
        licences=licences,
        refused=tuple(model_card.refused(card)),
    )


def _goes_along(path: Path) -> bool:
    """Whether a file that the card names beside it is pushed: it is there, and small."""
    return path.is_file() and path.stat().st_size <= _LARGEST_BESIDE


def _problems(
    made: Regenerated,
    licences: Mapping[str, str],
    student: Path,
    run: Path,
    *,
    allow_verdict: bool,
    accept_license: bool,
) -> Iterator[str]:
    """What speaks against giving a run away, and the option that says otherwise."""
    judgement = made.concluded.judgement
    if judgement.outcome in _JUDGES_NOTHING and not allow_verdict:
        yield f"the run is {judgement.outcome} ({judgement.reason}); --allow-verdict pushes it"
    if not accept_license and (found := refusals(licences)):
        yield f"{'; '.join(found)}; --accept-license says that you may pass on what was made from it"
    if not list(student.glob(f"*{_WEIGHTS}")):
        yield f"the weights are not there ({student.relative_to(run)} holds no {_WEIGHTS} file)"


def _results_of(
    made: Regenerated, task_of: Callable[[str, str], str | None] | None, source: str | None
) -> dict[str, bytes]:
    """The file for the Hub's benchmark on the evaluation data, where they are one and this run says something."""
    data, found = str(made.experiment.run.value("eval_data")), made.concluded.measurements
    if task_of is None or not is_data_of_hub(data) or made.concluded.judgement.outcome in _JUDGES_NOTHING:
        return {}
    of_hub = Reference("hub", data)
    task = task_of(of_hub.repo, of_hub.split)
    if task is None:
        return {}
    revision = made.runs[0].inputs.eval_data.get("revision")
    return dict([model_card.result_file(found, data, task=task, revision=revision, source=source)])


def _record_of(run: Run, cleaned: list[str]) -> dict[str, bytes | Path]:
    """The record's files under RECORD, with a manifest of themselves."""
    files: dict[str, bytes | Path] = {}
    for name in run.names():
        path = run.folder / name
        is_ours = path.suffix == ".json" and path.name not in _ANSWERS
        # A compact record goes whole: who takes it may have no other.
        files[name] = _shown(path, f"{RECORD}/{name}", cleaned, is_ours=is_ours) if path.is_file() else run.read(name)
    identity = dataclasses.replace(run.identity, identity=_identity_of(files))
    if identity != run.identity:
        files[_IDENTITY] = store.json_text(identity).encode()
        cleaned.append(f"{RECORD}/{_IDENTITY}")
    manifest = "".join(f"{sha256_of(content)}  {name}\n" for name, content in files.items())
    files[store.MANIFEST] = manifest.encode()
    files[store.VERDICT] = _shown(run.folder / store.VERDICT, f"{RECORD}/{store.VERDICT}", cleaned, is_ours=True)
    return {f"{RECORD}/{name}": content for name, content in files.items()}


def _identity_of(files: Mapping[str, bytes | Path]) -> str:
    """The hash by which the pushed experiment is found again, as a run has it of its own."""
    names = ("experiment.json", "inputs.json", "environment.json")
    contents = (files[name] for name in names)
    experiment, inputs, environment = (json.loads(c if isinstance(c, bytes) else c.read_bytes()) for c in contents)
    return identity_of(experiment, inputs, environment["machine"]["code"])


def _shown(path: Path, name: str, cleaned: list[str], *, is_ours: bool) -> bytes | Path:
    """The file, or a copy of a JSON file without what tells where it was made."""
    if not is_ours:
        return path
    plain = json.loads(path.read_text(encoding="utf-8"))
    shown = privacy.clean_json(plain)
    if name == f"{RECORD}/experiment.json":
        shown["card_path"] = "card.md"  # beside it, wherever the record is; no part of the run's identity
    if shown == plain:
        return path
    cleaned.append(name)
    return store.json_text(shown).encode()
