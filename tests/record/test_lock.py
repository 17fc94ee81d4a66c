"""The lock of a run: who else comes is told by whom it is held, and it ends with its holder."""

import errno
import fcntl
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.record.lock import held

HOLD = (
    "import sys, pathlib; from harness.record.lock import held\n"
    "with held(pathlib.Path(sys.argv[1]), 'a run'): print('held', flush=True); sys.stdin.read()"
)


def hold(folder: Path) -> subprocess.Popen[str]:
    """Another process that has the lock until it is killed."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_others_are_turned_away_by_the_holders_id_and_a_crash_frees_the_lock(tmp_path: Path) -> None:
    with hold(tmp_path) as other:
        for _ in range(2):  # whoever comes leaves the id where it is
            with pytest.raises(StoreError, match=rf"a_run\.lock: process {other.pid} works on this run; wait for it"):
                held(tmp_path, "a run").__enter__()
        other.kill()
        other.wait()
    with held(tmp_path, "a run"):
        assert (tmp_path / "a_run.lock").read_text() == str(os.getpid())


def test_a_lock_is_free_again_after_use_and_names_are_apart(tmp_path: Path) -> None:
    for _ in range(2):
        with held(tmp_path, "a run"), held(tmp_path, "another"):
            pass


def test_the_same_process_does_not_hold_it_twice(tmp_path: Path) -> None:
    with held(tmp_path, "a run"), pytest.raises(StoreError, match=f"process {os.getpid()} works on this run"):
        held(tmp_path, "a run").__enter__()


def test_where_no_folder_can_be_made_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="give a folder that can be written with --results DIR"):
        held(tmp_path / "file" / "locks", "a run").__enter__()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_said_and_used(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none)
    with caplog.at_level(logging.WARNING), held(tmp_path, "a run"):
        assert "this file system has no locks; start this run in one process only" in caplog.text
