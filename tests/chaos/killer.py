"""Starts one command again and again, each in a forked process that is killed somewhere, until it ends by itself.

Run as `python -m tests.chaos.killer SEED N_KILLS RESULTS ARGUMENT…`, where {results} in an argument is the results
folder of a round. A round ends when the command does; rounds go on until N_KILLS processes were killed. Prints a line
of JSON for each process: round, where it was to be killed, and its exit code (-9: it was).
Libraries are loaded once, before the first fork, so that a start takes a fraction of a second.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

from harness.cli.main import main
from harness.record import store
from harness.train.models import loading

LONGEST_S = 4.0  # of the command on one core, about
# What is counted in a process that is to die at its n-th call, and how far n may go.
CALLS = {"rename": 60, "flush to disk": 60, "half a file": 60, "optimiser step": 50, "forward": 120, "weights": 2}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(call: Callable[..., Any], at: int, *, after: bool) -> Callable[..., Any]:
    """The call, which kills its process the `at`th time, before or after it is done."""
    left = at

    def counted(*args: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not after:
            die()
        given = call(*args, **options)
        if left == 0:
            die()
        return given

    return counted


def half_written(call: Callable[..., Any], at: int) -> Callable[..., Any]:
    """store.write_bytes, whose `at`th file is left after its first piece."""
    left = at

    def cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece[: len(piece) // 2]
            die()

    def counted(path: Path, pieces: Iterable[bytes], **options: Any) -> Any:
        nonlocal left
        left -= 1
        return call(path, cut(pieces) if left == 0 else pieces, **options)

    return counted


def arm(kind: str, at: int, after: bool) -> None:
    if kind == "rename":
        os.replace = dying(os.replace, at, after=after)
    elif kind == "flush to disk":
        os.fsync = dying(os.fsync, at, after=after)
    elif kind == "half a file":
        store.write_bytes = half_written(store.write_bytes, at)
    elif kind == "optimiser step":
        torch.optim.AdamW.step = dying(torch.optim.AdamW.step, at, after=after)  # type: ignore[method-assign]
    elif kind == "forward":
        from transformers import BertModel

        BertModel.forward = dying(BertModel.forward, at, after=after)  # type: ignore[method-assign]
    else:
        loading.save_model = dying(loading.save_model, at, after=after)


def attempt(arguments: list[str], kind: str, at: float, after: bool) -> int:
    """Exit code of one process, -9 where it was killed."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if kind != "time":
            arm(kind, int(at), after)
        code = 70
        try:
            code = main(arguments)
        finally:
            os._exit(code)
    if kind == "time":
        end = time.monotonic() + at
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def rounds(seed: int, n_kills: int, results: str, arguments: list[str]) -> Iterator[dict[str, Any]]:
    chance, n_killed, number = random.Random(seed), 0, 0
    while n_killed < n_kills:
        own = [part.replace("{results}", f"{results}/{number}") for part in arguments]
        kind = chance.choice(["time", *CALLS])
        at = chance.uniform(0, LONGEST_S) if kind == "time" else chance.randint(1, CALLS[kind])
        after = chance.random() < 0.5
        code = attempt(own, kind, at, after)
        yield {"round": number, "kind": kind, "at": at, "after": after, "code": code}
        n_killed += code == -9
        number += code != -9
    # The last round is ended, so that all of them can be compared.
    own = [part.replace("{results}", f"{results}/{number}") for part in arguments]
    yield {"round": number, "kind": "time", "at": 0.0, "after": False, "code": attempt(own, "time", 600.0, False)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in rounds(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]):
        print(json.dumps(line), flush=True)
