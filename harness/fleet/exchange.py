"""Records of workers without a shared folder: through a private data set of the Hub.

RUN/… of the data set is the run's folder as the worker has it: `<card>/<run-id>/`. A teacher goes with its weights,
since others begin with them on other machines; a run that is not finished goes with its checkpoints, where that is
asked for. Nothing is cleaned: what is sent must be able to come back and pass its audit, so it goes to nobody else.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from harness.errors import DataError, HubError, StoreError
from harness.record import store
from harness.record.folder import Run

_TRIES, _FIRST_WAIT_S = 6, 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--records", metavar="ORG/NAME", help="private data set that records go to")
    add("--begin-with", action="append", default=[], metavar="CARD/RUN", help="runs to fetch from it first")
    add("--weights", action="store_true", help="send the weights with the record")
    add("--checkpoint-minutes", type=float, metavar="X", help="send checkpoints so often, and go on from those there")
    add("--task", default="", help="name of the task, under which its checkpoints are kept")


def fetch(own: argparse.Namespace) -> None:
    """Brings what the run begins with: whole runs, and the checkpoints of one that was stopped."""
    from harness.run import download

    for name in own.begin_with:
        download.fetch_records(own.records, f"{name}/", own.results)
    if own.checkpoint_minutes and own.task:
        kept = f"checkpoints/{own.task}/"
        with tempfile.TemporaryDirectory() as folder:
            download.fetch_records(own.records, kept, Path(folder))
            if (Path(folder) / kept).is_dir():
                shutil.copytree(Path(folder) / kept, own.results, dirs_exist_ok=True)


def wait_and_keep(process: "subprocess.Popen[bytes]", own: argparse.Namespace) -> int:
    """Waits for a run; sends its checkpoints now and then, where that was asked for."""
    while own.checkpoint_minutes:
        try:
            return process.wait(60 * own.checkpoint_minutes)
        except subprocess.TimeoutExpired:
            try:
                _keep(own)
            except HubError as error:  # the next time, or the record itself
                print(f"harness: checkpoints were not sent: {error}", flush=True)
    return process.wait()


def send(own: argparse.Namespace) -> None:
    """Sends every finished run of the folder that was not fetched; of one that is not, its checkpoints."""
    from harness.publish import upload

    for run in _runs(own.results):
        name = f"{run.parent.name}/{run.name}"
        if store.is_finished(run) and name not in own.begin_with:
            files = {f"{name}/{one.relative_to(run).as_posix()}": one for one in _files(run, with_weights=own.weights)}
            how = upload.Push(own.records, name, f"Keep the record {name}", repo_type="dataset", private=True)
            _patiently(partial(upload.push, files, how))
    if own.checkpoint_minutes and any(not store.is_finished(run) for run in _runs(own.results)):
        _keep(own)


def _patiently(push: Callable[[], object]) -> None:
    """Does it again after a while: workers that end at once commit to one data set, and one of them comes first."""
    for number in range(_TRIES):
        try:
            push()
            return
        except HubError as error:
            if number + 1 == _TRIES:
                raise
            print(f"harness: {error}; tried again", file=sys.stderr, flush=True)
            time.sleep(random.uniform(0.5, 1.5) * _FIRST_WAIT_S * 2**number)  # noqa: S311, no secret


def _keep(own: argparse.Namespace) -> None:
    from harness.publish import upload

    folder, files = f"checkpoints/{own.task}", dict[str, bytes | Path]()
    for run in _runs(own.results):
        if f"{run.parent.name}/{run.name}" not in own.begin_with:
            for one in sorted(run.rglob("*")):
                if one.is_file() and not one.name.endswith(".partial"):
                    # As bytes: a checkpoint may be replaced by the next one while it is sent.
                    files[f"{folder}/{one.relative_to(own.results).as_posix()}"] = one.read_bytes()
    if files:
        how = upload.Push(own.records, folder, f"Keep checkpoints of {own.task}", repo_type="dataset", private=True)
        upload.push(files, how)


def _runs(results: Path) -> list[Path]:
    return [path.parent for path in sorted(results.glob("*/*/identity.json"))]


def _files(run: Path, *, with_weights: bool) -> Iterator[Path]:
    for path in sorted(run.rglob("*")):
        if path.is_file() and (with_weights or store.WEIGHTS not in path.relative_to(run).parts):
            yield path


def collect(repo: str, names: Sequence[str], results: Path) -> list[Path]:
    """Brings runs from the data set into a results folder; what is there is never written over.

    Raises StoreError for one that fails its audit: it stays in the data set, and is not taken.
    """
    from harness.run import download

    there = []
    for name in names:
        run = results / name
        if not run.exists():
            folder = results / store.CACHE / "fleet" / "incoming"
            shutil.rmtree(folder / name, ignore_errors=True)
            download.fetch_records(repo, f"{name}/", folder)
            _admit(folder / name, run, repo)
        there.append(run)
    return there


def _admit(incoming: Path, run: Path, repo: str) -> None:
    """Moves a run to where it belongs, whole and only after its audit."""
    from harness.judge.audit import audit, first_of, problems_of  # here: a worker does without statistics

    try:
        problems = problems_of(audit(Run.open(incoming)).checks)
    except DataError as error:
        problems = [str(error)]
    if problems:
        raise StoreError(f"data set {repo}, {run.parent.name}/{run.name}: fails its audit: {first_of(problems)}")
    run.parent.mkdir(parents=True, exist_ok=True)
    try:
        incoming.rename(run)
    except OSError as error:
        if not run.exists():
            raise StoreError(f"{run}: cannot be made ({error.strerror})") from error
