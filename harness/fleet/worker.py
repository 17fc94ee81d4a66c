"""What runs on a worker: `harness reproduce` in a process of its own, and nothing else.

    python -m harness.fleet.worker --results DIR [--fleet NAME] [--code HASH] [--tied] [--records REPO …] -- reproduce …

Before it: whether this is the harness that the fleet was planned with, and whether the results folder is the shared
one. A termination is passed on, so that the run keeps a checkpoint. Without a shared folder (`--records`) what the run
begins with is fetched first, and its record sent afterwards. The exit code is the run's.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from harness.errors import EXIT_INTERRUPTED, EXIT_WRONG_USE, HarnessError, PlanError
from harness.fleet import exchange, shared
from harness.record import environment


def command_of(
    arguments: Sequence[str], *, results: Path | str, code: str | None, fleet: str = "", python: str = sys.executable
) -> list[str]:
    """The command that starts a worker; `arguments` are those of `harness`."""
    own = ["--results", str(results)]
    own += ["--fleet", fleet] if fleet else []
    own += ["--code", code] if code else []
    return [python, "-m", "harness.fleet.worker", *own, "--", *arguments]


def start_logged(command: Sequence[str], log: Path, more_environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Starts a worker whose lines go to `log`, and that ends when this process does: its standard input is a pipe."""
    log.parent.mkdir(parents=True, exist_ok=True)
    at = list(command).index("--")
    with log.open("ab") as stream:
        return subprocess.Popen(
            [*command[:at], "--tied", *command[at:]],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **more_environment},
        )


def wait_for(process: "subprocess.Popen[bytes]") -> int:
    """Waits for a worker; a termination of this process is passed on to it."""
    with _passed_on(process):
        return process.wait()


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="harness.fleet.worker")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--fleet", default="")
    parser.add_argument("--code")
    parser.add_argument("--tied", action="store_true")
    exchange.add_arguments(parser)
    parser.add_argument("arguments", nargs="+")
    own = parser.parse_args(argv)
    try:
        _check_code(own.code)
        if own.fleet:
            shared.check_worker(own.results, own.fleet)
        if own.records:
            exchange.fetch(own)
    except HarnessError as error:
        print(f"harness: {socket.gethostname()}: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    environment_of_run = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "harness", *own.arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment_of_run)
    with _passed_on(process):
        if own.tied:
            threading.Thread(target=_ended_with, args=(sys.stdin, process), daemon=True).start()
        code = exchange.wait_and_keep(process, own) if own.records else process.wait()
    if code < 0:  # it was killed: by memory, or by whoever took the machine away
        print(f"harness: the run was killed by signal {-code}", file=sys.stderr, flush=True)
        code = EXIT_INTERRUPTED
    if own.records:
        try:
            exchange.send(own)
        except HarnessError as error:
            print(f"harness: {error}", file=sys.stderr, flush=True)
            return error.exit_code
    return code


def _check_code(code: str | None) -> None:
    """Raises PlanError where the sources here are others than those that the fleet was planned with."""
    here = environment.code()["harness"]
    if code is not None and here != code:
        raise PlanError(
            [
                f"this worker runs another harness (sources {str(here)[:8]}, the fleet was planned with {code[:8]}): "
                "install the same one, or allow others with --any-code"
            ]
        )


class _passed_on:  # noqa: N801, a context manager
    """Passes SIGTERM and SIGINT on to a process once, in place of ending this one."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process, self._before = process, dict[int, object]()

    def __enter__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                self._before[number] = signal.signal(number, self._handle)
            except ValueError:  # not the main thread: nothing is sent to it
                return

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._process.terminate()

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def _ended_with(stream: object, process: "subprocess.Popen[bytes]") -> None:
    """Ends a process when what is written to `stream` ends: then whoever began this worker is no more."""
    read: Callable[[int], str] = stream.read  # type: ignore[attr-defined]
    while read(1):
        pass
    process.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) or 0) if len(sys.argv) > 1 else sys.exit(EXIT_WRONG_USE)
