"""Several processes: starts this command again under accelerate's launcher and brings its exit code back."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.errors import EXIT_BROKE, PlanError

_EXIT_FILE = "HARNESS_EXIT_FILE"  # where the launched main process leaves its exit code: launchers have their own


def is_wanted(num_processes: int, config: Path | None) -> bool:
    """True for a command that asks for a launcher and was not started by it."""
    return _EXIT_FILE not in os.environ and (num_processes > 1 or config is not None)


def relaunch(argv: Sequence[str], num_processes: int, config: Path | None, *, on_cpu: bool) -> int:
    """Runs the same command in every process of a launcher; returns the main process's exit code."""
    # Here, because every command loads this module, and only this one looks for GPUs.
    from harness.record.environment import find_gpus

    if config is not None and not config.is_file():
        raise PlanError([f"--accelerate-config {config}: no such file; make one with `accelerate config`"])
    command = [*_launcher(num_processes, config, on_cpu=on_cpu or not find_gpus()[0]), "-m", "harness", *argv]
    with tempfile.TemporaryDirectory() as folder:
        exit_file = Path(folder) / "exit"
        threads = os.environ.get("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // num_processes)))
        env = {**os.environ, _EXIT_FILE: str(exit_file), "OMP_NUM_THREADS": threads}
        code = _wait_for(subprocess.Popen(command, env=env))
        dead = sorted(path.suffix.removeprefix(".") for path in exit_file.parent.glob("alive.*"))
        left = int(exit_file.read_text(encoding="utf-8")) if exit_file.exists() else None
    if left is not None and not dead:
        return left
    died = f"process {', '.join(dead)} of it died without a word" if dead else f"it ended with {code}"
    print(
        f"harness: the launched run left no verdict: {died}; the same command goes on from the last checkpoint",
        file=sys.stderr,
    )
    return EXIT_BROKE if left is None else left


def _wait_for(process: "subprocess.Popen[bytes]") -> int:
    """Its exit code. An interruption is passed on, and waited for: the run keeps a checkpoint and says so itself."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()


@contextmanager
def counted() -> Iterator[None]:
    """Leaves word, for the launching process, that this one is at work; one that is killed cannot take it back."""
    path = os.environ.get(_EXIT_FILE)
    if path is None:
        yield
        return
    word = Path(path).parent / f"alive.{os.environ.get('RANK', '0')}"
    word.touch()
    try:
        yield
    finally:
        word.unlink(missing_ok=True)


def _launcher(num_processes: int, config: Path | None, *, on_cpu: bool) -> list[str]:
    accelerate = [sys.executable, "-m", "accelerate.commands.launch"]
    if config is not None:
        return [*accelerate, "--config_file", str(config)]
    if on_cpu:
        # accelerate starts several CPU processes through MPI alone; under torch's own launcher it joins them by gloo.
        return [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={num_processes}"]
    return [*accelerate, "--multi_gpu", f"--num_processes={num_processes}"]


def is_main_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def leave(exit_code: int) -> bool:
    """Leaves the main process's exit code for the launching process; False when nothing launched this one."""
    path = os.environ.get(_EXIT_FILE)
    if path is not None and is_main_process():
        Path(path).write_text(str(exit_code), encoding="utf-8")
    return path is not None
