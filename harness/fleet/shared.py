"""The results folder that all workers share: what it must be able to do, asked of it before anything is run.

A record is safe where a rename replaces a file at once, where a lock keeps a second process out, and where all
processes see one folder. NFS 4, Lustre with `flock` and CephFS do all of that; a mounted object store does not: there,
workers have folders of their own and send records (`exchange.py`).
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import PlanError
from harness.record import store

SKEW_S = 60.0  # that clocks may differ by: the newest run of a card is told by the time in its name


def marker_of(results: Path, fleet: str) -> Path:
    """What a driver leaves and a worker looks for, so that one which sees another folder notices."""
    return results / store.CACHE / "fleet" / f"{fleet}.here"


def check_driver(results: Path, fleet: str) -> None:
    """Raises PlanError with every guarantee that the folder fails; leaves the marker that workers look for."""
    folder = results / store.CACHE / "fleet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(
            [f"--results {results}: cannot be written ({error.strerror}); give a folder that can"]
        ) from None
    problems = problems_of(folder)
    if problems:
        raise PlanError([f"--results {results}: {one}" for one in problems])
    store.write_text(marker_of(results, fleet), f"{socket.gethostname()}\n")


def problems_of(folder: Path) -> list[str]:
    """What a folder cannot do of what records need."""
    path = folder / f"try-{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
    try:
        path.write_bytes(b"one")
    except OSError as error:
        return [f"cannot be written ({error.strerror}); workers keep records there"]
    try:
        checks = (_no_rename(path), _no_locks(path.with_suffix(".lock")), _other_clock(path))
        return [one for one in checks if one is not None]
    finally:
        for left in folder.glob(f"{path.name}*"):
            with contextlib.suppress(OSError):
                left.unlink()


def check_worker(results: Path, fleet: str) -> None:
    """Raises PlanError where a worker does not see the driver's folder, cannot write there, or its clock is off."""
    marker = marker_of(results, fleet)
    if not marker.is_file():
        what = f"--results {results}: is not the folder of the fleet's driver, or is not mounted here"
        raise PlanError([f"{what}; workers need one folder that all of them share"])
    problems = [one for one in (_unwritable(marker.parent), _other_clock(marker.parent / _own_name())) if one]
    if problems:
        raise PlanError([f"--results {results}: {one}" for one in problems])


def _own_name() -> str:
    return f"clock-{socket.gethostname()}-{os.getpid()}"


def _unwritable(folder: Path) -> str | None:
    path = folder / _own_name()
    try:
        path.write_bytes(b"")
        path.unlink()
    except OSError as error:
        return f"cannot be written ({error.strerror}); a worker keeps its record there"
    return None


def _no_rename(path: Path) -> str | None:
    new = path.with_suffix(".new")
    try:
        new.write_bytes(b"two")
        new.replace(path)
        is_replaced = path.read_bytes() == b"two" and not new.exists()
    except OSError as error:
        return f"a file cannot be renamed over another there ({error.strerror}); a record needs that"
    return None if is_replaced else "renaming a file over another does not replace it there; a record needs that"


_TRY = "import sys, filelock; filelock.FileLock(sys.argv[1], blocking=False, fallback_to_soft=False).acquire()"


def _no_locks(path: Path) -> str | None:
    """Asks with a second process, because a file system may give every process its own lock."""
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except (OSError, Timeout) as error:
        said = getattr(error, "strerror", None) or str(error)
        return f"has no locks ({said}); two workers could write one run"
    try:
        done = subprocess.run([sys.executable, "-c", _TRY, str(path)], capture_output=True, check=False, timeout=60)
    finally:
        lock.release()
    return (
        None if done.returncode else "a lock there does not keep a second process out; two workers could write one run"
    )


def _other_clock(path: Path) -> str | None:
    """Compares this machine's clock with the one that dates files there."""
    try:
        path.write_bytes(b"")
        off = path.stat().st_mtime - time.time()
    except OSError as error:
        return f"cannot be written ({error.strerror})"
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
    if abs(off) <= SKEW_S:
        return None
    ahead = "behind" if off > 0 else "ahead of"
    return f"the clock of {socket.gethostname()} is {abs(off):,.0f} s {ahead} the file server's; runs are told by time"
