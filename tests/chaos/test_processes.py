"""Runs in processes of their own: interrupted, started twice, shared by two of which one dies."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.chaos.test_kills import SAME, STAGES, arguments, the_run
from tests.conftest import ROOT

__all__ = ["arguments"]
PATIENCE_S = 300.0  # of the test; how long a machine takes is no fact about the code
SLOW = ["--set", "intermediate_layer.num_train_epochs=400", "--set", "prediction_layer.num_train_epochs=1"]


def start(arguments: list[str], results: Path, *more: str) -> "subprocess.Popen[str]":
    own = [part.replace("{results}", str(results)) for part in arguments if part != "--quiet"]
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *own, *more], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def until(condition: Callable[[], bool], process: "subprocess.Popen[str]", seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1][-3000:]
        assert time.monotonic() < end
        time.sleep(0.02)


def n_checkpoints(results: Path) -> int:
    return len(list(results.glob("*/*/stages/*/checkpoints/*.checkpoint")))


def n_steps(run: Path) -> int:
    return len((run / "stages" / "intermediate_layer" / "train.jsonl").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=pytest.mark.chaos), signal.SIGINT])
def test_an_interruption_exits_130_and_the_same_command_goes_on(
    number: int, arguments: list[str], tmp_path: Path, counts: Counter[str]
) -> None:
    process = start(arguments, tmp_path, *SLOW)
    until(lambda: n_checkpoints(tmp_path) > 0, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said.count("the same command goes on from the last checkpoint")) == (130, 1)
    run = the_run(tmp_path)
    before = n_steps(run)
    (newest,) = list((run / "stages" / "intermediate_layer" / "checkpoints").iterdir())[-1:]
    assert max(int(path.stem.split("-")[1]) for path in newest.parent.iterdir()) == before
    again = start(arguments, tmp_path, *SLOW)
    until(lambda: n_steps(run) > before, again)
    again.send_signal(number)
    _, said = again.communicate(timeout=PATIENCE_S)
    assert f"steps, from {before} on" in said
    counts["interruptions"] += 2


@pytest.mark.chaos
def test_a_second_process_on_the_same_run_says_so_and_leaves_and_a_crash_frees_it(
    arguments: list[str], tmp_path: Path, counts: Counter[str]
) -> None:
    first = start(arguments, tmp_path, *SLOW)
    until(lambda: n_checkpoints(tmp_path) > 0, first)
    second = start(arguments, tmp_path, *SLOW)
    _, said = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 5
    assert f"process {first.pid} works on this run; wait for it, or end it first" in said
    first.kill()
    first.communicate(timeout=PATIENCE_S)
    before = n_steps(the_run(tmp_path))
    third = start(arguments, tmp_path, *SLOW)
    until(lambda: n_steps(the_run(tmp_path)) > before, third)
    third.terminate()
    third.communicate(timeout=PATIENCE_S)
    assert third.returncode == 130
    counts["second processes turned away"] += 1


def ranks() -> dict[str, int]:
    """Process id of each rank at work."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            own = dict(part.split("=", 1) for part in path.read_text(errors="replace").split("\0") if "=" in part)
            command = (path.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if "RANK" in own and "HARNESS_EXIT_FILE" in own and "-m harness reproduce" in command:
            found[own["RANK"]] = int(path.parent.name)
    return found


def assert_equal(run: Path, reference: Path) -> None:
    """Losses and weights within what sharing a batch moves in fp32; dropout off, as each rank draws its own."""
    for stage in STAGES:
        mine, yours = ([json.loads(line) for line in (one / "stages" / stage / "train.jsonl").read_text().splitlines()]
                       for one in (run, reference))  # fmt: skip
        for a, b in zip(mine, yours, strict=True):
            assert a == pytest.approx(b, rel=1e-4, abs=1e-6)
        weights = [load_file(one / "stages" / stage / "student" / "model.safetensors") for one in (run, reference)]
        for name, tensor in weights[0].items():
            assert abs(tensor - weights[1][name]).max() < 5e-3, name


@pytest.mark.chaos
@pytest.mark.parametrize("how", ["a rank is killed", "the launcher is interrupted", "begun by one process alone"])
def test_two_processes_stop_without_a_hang_and_go_on_to_what_one_gives(
    how: str, arguments: list[str], tmp_path: Path, counts: Counter[str]
) -> None:
    options = ["--set", "intermediate_layer.num_train_epochs=40", "--set", "intermediate_layer.train_batch_size=4",
               "--set", "prediction_layer.embeds_dropout_prob=0"]  # fmt: skip
    for folder in ("teacher", "student"):
        path = Path(arguments[arguments.index(f"--{folder}") + 1])
        config = path / "config.json"
        config.write_text(re.sub(r'(_dropout_prob": )0\.1', r"\g<1>0.0", config.read_text()))
    shared = [] if how == "begun by one process alone" else ["--num-processes", "2"]
    process = start(arguments, tmp_path / "two", *options, *shared)
    until(lambda: n_checkpoints(tmp_path / "two") > 0, process, 120)
    begun = time.monotonic()
    if how == "a rank is killed":
        os.kill(ranks()["1"], signal.SIGKILL)
    else:
        process.terminate()
    _, said = process.communicate(timeout=100)
    assert time.monotonic() - begun < 60
    if how == "a rank is killed":
        assert process.returncode == 5
        assert "process 0 of this run no longer hears from another one" in said
        assert "process 1 of it died without a word; the same command goes on from the last checkpoint" in said
    else:
        assert process.returncode == 130
    again = start(arguments, tmp_path / "two", *options, "--num-processes", "2")
    _, said = again.communicate(timeout=300)
    assert again.returncode == 4, said[-3000:]
    assert ", from " in said
    one = start(arguments, tmp_path / "one", *options)
    one.communicate(timeout=300)
    assert one.returncode == 4
    assert_equal(the_run(tmp_path / "two"), the_run(tmp_path / "one"))
    counts["processes of several lost"] += 1


@pytest.mark.chaos
def test_strict_determinism_gives_the_same_bytes_twice(
    arguments: list[str], tmp_path: Path, counts: Counter[str]
) -> None:
    for folder in ("first", "second"):
        process = start(arguments, tmp_path / folder, "--deterministic", "strict")
        _, said = process.communicate(timeout=120)
        assert process.returncode == 4, said[-2000:]
    first, second = the_run(tmp_path / "first"), the_run(tmp_path / "second")
    for name in SAME:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert json.loads((first / "environment.json").read_text())["deterministic"] is True
    counts["pairs of runs with the same bytes"] += 1
