"""One process a run: a lock of the operating system, which goes with its holder, whether that ends, crashes or reboots.

results/.cache/locks/<card>-<identity>.lock. The file stays and means nothing by itself; that it is locked does.
"""

import errno
import fcntl
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import StoreError

# A file system without locks, or a server of one that is away.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_NOT_PLAIN = re.compile(r"[^\w.-]")
_log = logging.getLogger(__name__)


@contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """Holds the lock of this name; raises StoreError where another process does.

    Where the file system has no locks it says so and goes on: then it is for the user to start a run once.
    """
    path = folder / f"{_NOT_PLAIN.sub('_', name)}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+", encoding="utf-8")
    except OSError as error:
        what = f"{path}: cannot be made ({error.strerror})"
        raise StoreError(f"{what}; give a folder that can be written with --results DIR") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{path}: {_holder(path)} works on this run; wait for it, or end it first") from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            _log.warning("%s: this file system has no locks; start this run in one process only", folder)
        with suppress(OSError):  # for the message above alone
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
        yield


def _holder(path: Path) -> str:
    with suppress(OSError):
        number = path.read_text(encoding="utf-8").strip()
        if number.isdecimal():
            return f"process {number}"
    return "another process"
