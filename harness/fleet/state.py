"""results/fleet/NAME.json: which jobs a fleet has begun. Written whole; what is finished, the records alone say."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import DataError
from harness.record import store, typed

VERSION = 1


@dataclass(frozen=True, slots=True)
class Attempt:
    """The latest job of a task: its name, the how many-th it is, and what was said of its end."""

    job: str
    number: int
    begun: float
    is_open: bool = True
    says: str = ""
    exit_code: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A fleet as it was asked for, and the attempts at its tasks.

    `spent_s` are seconds of jobs that have ended, by task. `n_runs` the cards want by now, and `n_done` of them are
    finished, as the driver last saw it: what counts are the records.
    """

    name: str
    cards: tuple[str, ...]
    seeds: int | None
    options: tuple[str, ...]
    engine: str
    where: str
    engine_options: Mapping[str, str]
    code: str | None
    begun: float = field(default_factory=time.time)
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    spent_s: Mapping[str, float] = field(default_factory=dict)
    n_runs: int = 0
    n_done: int = 0
    version: int = VERSION

    @property
    def jobs(self) -> dict[str, str]:
        """The jobs that have not ended, by their task's key."""
        return {key: one.job for key, one in self.attempts.items() if one.is_open}


def path_of(results: Path, name: str) -> Path:
    return results / "fleet" / f"{name}.json"


def read(results: Path, name: str) -> State | None:
    """The state of a fleet, None where there is none; raises DataError where it is another program's, or broken."""
    path = path_of(results, name)
    if not path.is_file():
        return None
    return typed.parse(State, store.read_bytes(path), path, _refused)


def write(results: Path, state: State) -> None:
    store.write_json(path_of(results, state.name), state)


def names(results: Path) -> list[str]:
    return sorted(path.stem for path in (results / "fleet").glob("*.json"))


def _refused(path: Path, place: tuple[int | str, ...], says: str) -> Exception:
    where = ".".join(map(str, place))
    what = f"is no state of a fleet of this version ({says}); remove it: the records stay, and say what is finished"
    return DataError(path, where, what)


def locks_of(results: Path) -> Path:
    """Where the lock of a fleet's driver is, beside those of runs."""
    return results / store.CACHE / "locks"


def stop_marker(results: Path, name: str) -> Path:
    """What tells the driver of a fleet to stop."""
    return results / "fleet" / f"{name}.stop"
