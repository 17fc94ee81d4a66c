"""Which tasks are finished, as their records say: nothing else counts, whatever an engine tells."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import DataError, StoreError
from harness.fleet.jobs import Task
from harness.record import lock, store
from harness.record.folder import Run
from harness.record.read import blaming_the_record, experiment_hash


class Records:
    """The records of a results folder; `code` has the hashes and versions that they must have been made by.

    What was read of a finished record is kept, since that does not change any more: its experiment, in one hash.
    """

    def __init__(self, results: Path, code: Mapping[str, str | None]) -> None:
        self._results, self._code = results, code
        self._known: dict[Path, str | None] = {}

    def of(self, task: Task) -> Path | None:
        """The newest finished run of a task; with its weights, where others begin with them."""
        for folder in self._folders(task):
            if not store.is_finished(folder) or self._experiment_of(folder) != task.experiment:
                continue
            if task.needs_weights and not store.student_of(folder, task.last_stage).is_dir():
                continue
            if self._is_of_data(folder, task):
                return folder
        return None

    def is_busy(self, task: Task) -> bool:
        """Whether some process, of this fleet or not, works on a run of this task."""
        for folder in self._folders(task):
            if store.is_finished(folder):
                continue
            run = Run.open(folder)
            try:
                with blaming_the_record(folder):
                    if experiment_hash(run.experiment) != task.experiment:
                        continue
                    name = f"{task.card}-{run.identity.identity[:16]}"
            except (StoreError, OSError):
                continue
            if lock.is_held(self._results / store.CACHE / "locks", name):
                return True
        return False

    def _folders(self, task: Task) -> Sequence[Path]:
        found = (self._results / task.card).glob("*/identity.json")
        return [path.parent for path in sorted(found, reverse=True)]

    def _experiment_of(self, folder: Path) -> str | None:
        """The hash of a finished run's experiment; None for one of other code, and for one that cannot be read."""
        if folder not in self._known:
            run, found = Run.open(folder), None
            try:
                with blaming_the_record(folder):
                    if self._code.items() <= run.environment.machine.code.items():
                        found = experiment_hash(run.experiment)
            except (StoreError, DataError, OSError):
                found = None
            self._known[folder] = found
        return self._known[folder]

    def _is_of_data(self, folder: Path, task: Task) -> bool:
        """Whether the data files that lie here are those that the run read."""
        if not task.data:
            return True
        inputs = Run.open(folder).inputs
        read = {"train_data": inputs.train_data, "eval_data": inputs.eval_data}
        return all(read[name].get("sha256") == sha256 for name, sha256 in task.data.items())
