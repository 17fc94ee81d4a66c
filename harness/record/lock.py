"""One process a run: a lock of the operating system, which goes with its holder, whether that ends, crashes or reboots.

results/.cache/locks/<card>-<identity>.lock. The file stays and means nothing by itself; that it is locked does. It
holds its holder's process id, for the message alone.
"""

import errno
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import StoreError

# A file system without locks, or a server of one that is away.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_NOT_PLAIN = re.compile(r"[^\w.-]")
_log = logging.getLogger(__name__)


@contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of this name; raises StoreError where another process does, or where no file can be written.

    Where the file system has no locks it says so and goes on: then it is for the user to start a run once.
    """
    path = _path_of(folder, name)
    # The library's lock files, its way out without locks, outlive a crash: not here.
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StoreError(f"{path}: {_holder(path)} works on this run; wait for it, or end it first") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            what = f"{path}: cannot be made ({error.strerror})"
            raise StoreError(f"{what}; give a folder that can be written with --results DIR") from error
        _log.warning("%s: this file system has no locks; start this run in one process only", folder)
    try:
        with suppress(OSError):
            path.write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        lock.release()


def is_held(folder: Path, name: str) -> bool:
    """Whether some process holds the lock of this name; False where the file system has none."""
    path = _path_of(folder, name)
    if not path.exists():
        return False
    asked = FileLock(path, blocking=False, fallback_to_soft=False)
    try:
        asked.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    asked.release()
    return False


def _path_of(folder: Path, name: str) -> Path:
    return folder / f"{_NOT_PLAIN.sub('_', name)}.lock"


def _holder(path: Path) -> str:
    with suppress(OSError):
        number = path.read_text(encoding="utf-8").strip()
        if number.isdecimal():
            return f"process {number}"
    return "another process"
