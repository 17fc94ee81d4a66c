"""How far a run is, for another terminal: one small file a run, rewritten as it goes, which is no part of its record.

results/.cache/progress/<run>.json. Whether the run still goes on is told by its process, not by the file.
"""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import HarnessError
from harness.record import store
from harness.record.typed import parse

FRESH_S = 180.0  # of another machine, whose processes cannot be asked, a file this old is of a run that stopped


@dataclass(frozen=True, slots=True)
class Progress:
    """One part of a run, such as a stage, and how far it is; times in seconds, None where not known yet.

    `number` counts the part among the `n_parts` of the run, from 1. `updated` is in UTC.
    """

    card: str
    run: str
    seed: int
    part: str
    number: int
    n_parts: int
    step: int
    n_steps: int
    loss: float | None
    left_s: float | None
    run_left_s: float | None
    pid: int
    host: str
    updated: str

    def is_running(self) -> bool:
        """Whether its process is there; on another machine, whether it wrote something lately."""
        if self.host == socket.gethostname():
            return _is_alive(self.pid)
        return (datetime.now(UTC) - datetime.fromisoformat(self.updated)).total_seconds() < FRESH_S


def write(results: Path, progress: Progress) -> None:
    """Replace what was known of a run; where nothing can be written, a run goes on without."""
    with suppress(OSError, HarnessError):
        store.write_json(_path(results, progress.run), progress)


def read(results: Path, run: str) -> Progress | None:
    """What was last written of a run, None where that is nothing, or was written by another version."""
    path = _path(results, run)
    try:
        return parse(Progress, path.read_bytes(), path)
    except (OSError, HarnessError):
        return None


def remove(results: Path, run: str) -> None:
    """Forget a run that is finished."""
    with suppress(OSError):
        _path(results, run).unlink(missing_ok=True)


def here() -> tuple[int, str]:
    """Process id and machine of this process."""
    return os.getpid(), socket.gethostname()


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _path(results: Path, run: str) -> Path:
    return results / store.CACHE / "progress" / f"{run}.json"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
