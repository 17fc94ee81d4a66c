"""Checkpoints: a stage that goes on from one ends in the same bits, and what is no checkpoint of it is passed over."""

import logging
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor

from harness.run.stages import _Recorder
from harness.run.tracking import Tracking
from harness.train import interrupts
from harness.train.engine.checkpoint import KEPT, Cadence, Checkpoints
from harness.train.engine.loop import StageLog, optimise
from harness.train.engine.optimiser import Optimisation
from tests.train.engine.test_loop import SETTINGS, Kept, Line, Rows

LONG = Optimisation(**{**SETTINGS, "num_train_epochs": 9})  # 27 steps of 20 rows
KEY = {"stage": "line", "seed": "42", "code": "c", "experiment": "e"}


class Killed(Exception):  # noqa: N818
    """In place of a SIGKILL: nothing after it is done."""


class Deadly(Rows):
    """Rows whose `at`th batch, from 1, is never given."""

    def __init__(self, at: int | None) -> None:
        super().__init__(20)
        self.left = at

    def batch(self, rows: Any) -> dict[str, Any]:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Killed
        return super().batch(rows)


def checkpoints(folder: Path, *, steps: int | None = 2, key: Mapping[str, str] = KEY) -> Checkpoints:
    cadence = Cadence(steps, None)
    return Checkpoints(folder / "checkpoints", folder / "train.jsonl", key, Accelerator(cpu=True), cadence)


def run(
    folder: Path, rows: Rows, kept: Checkpoints | None = None, module: Line | None = None
) -> tuple[StageLog, Tensor, bytes]:
    """Log, final weights and file of losses of one run, with dropout."""
    kept = kept or checkpoints(folder)
    module, watch = module or Line(dropout=0.3), _Recorder(kept.losses, Kept(), Tracking(None), is_main=True)
    log = optimise(
        module, rows, LONG, accelerator=kept.accelerator, stage="line", seed=42, watch=watch, checkpoints=kept
    )
    weights = torch.cat([parameter.detach().flatten() for parameter in module.parameters()])
    return log, weights, kept.losses.read_bytes()


@pytest.fixture
def whole(tmp_path: Path) -> tuple[StageLog, Tensor, bytes]:
    """A run that nothing stops."""
    return run(tmp_path / "whole", Rows(20), checkpoints(tmp_path / "whole", steps=None))


def assert_same(found: tuple[StageLog, Tensor, bytes], whole: tuple[StageLog, Tensor, bytes]) -> None:
    assert found[0] == whole[0]
    assert torch.equal(found[1], whole[1])
    assert found[2] == whole[2]


def steps_in(folder: Path) -> list[int]:
    return sorted(int(path.stem.split("-")[1]) for path in (folder / "checkpoints").glob("step-*.checkpoint"))


@pytest.mark.parametrize("at", [1, 2, 3, 4, 8, 13, 21, 22, 26, 27])
def test_a_stage_killed_in_any_step_ends_in_the_same_bits(
    at: int, tmp_path: Path, whole: tuple[StageLog, Tensor, bytes]
) -> None:
    with pytest.raises(Killed):
        run(tmp_path, Deadly(at))
    assert steps_in(tmp_path) == [step for step in range(2, at, 2)][-KEPT:]
    assert_same(run(tmp_path, Rows(20)), whole)


def test_a_stage_killed_again_and_again_ends_in_the_same_bits(
    tmp_path: Path, whole: tuple[StageLog, Tensor, bytes]
) -> None:
    n_killed = 0
    while True:
        try:
            assert_same(run(tmp_path, Deadly(4)), whole)
            break
        except Killed:
            n_killed += 1
    assert n_killed == 12


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interruption_ends_in_a_checkpoint_after_the_step_it_came_in(
    number: int, tmp_path: Path, whole: tuple[StageLog, Tensor, bytes]
) -> None:
    class Interrupted(Rows):
        n = 0

        def batch(self, rows: Any) -> dict[str, Any]:
            self.n += 1
            if self.n == 5:
                os.kill(os.getpid(), number)
            return super().batch(rows)

    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Interrupted(20), checkpoints(tmp_path, steps=None))
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == before
    assert steps_in(tmp_path) == [5]
    assert_same(run(tmp_path, Rows(20)), whole)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("at", [1, 5, 27])
def test_a_step_that_an_interruption_comes_in_is_given_up_and_done_again(
    at: int, number: int, tmp_path: Path, whole: tuple[StageLog, Tensor, bytes]
) -> None:
    class Long(Line):
        n = 0

        def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            self.n += 1
            if self.n == at:
                os.kill(os.getpid(), number)
            interrupts.check()
            assert self.n != at, "the step went on"
            return super().forward(batch)

    module = Long(dropout=0.3)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Rows(20), checkpoints(tmp_path, steps=None), module)
    assert module.n == at
    assert steps_in(tmp_path) == [at - 1] * (at > 1)
    assert_same(run(tmp_path, Rows(20)), whole)
    interrupts.check()  # what is over holds nothing back


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    at = len(content) // 2
    changed = {
        "cut": content[:at],
        "empty": b"",
        "flipped": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
    }
    path.write_bytes(changed[how])


@pytest.mark.parametrize("how", ["cut", "empty", "flipped"])
@pytest.mark.parametrize("n_spoiled", [1, 2])
def test_a_damaged_checkpoint_is_passed_over_and_said(
    how: str, n_spoiled: int, tmp_path: Path, whole: tuple[StageLog, Tensor, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Killed):
        run(tmp_path, Deadly(12))
    paths = sorted((tmp_path / "checkpoints").iterdir(), reverse=True)
    for path in paths[:n_spoiled]:
        spoil(path, how)
    kept = checkpoints(tmp_path)
    with caplog.at_level(logging.WARNING):
        found = run(tmp_path, Rows(20), kept)
    *passed_over, last = [record.getMessage() for record in caplog.records]
    assert [one.split(": not used")[0] for one in passed_over] == list(map(str, paths[:n_spoiled]))
    assert "the one before" not in " ".join(passed_over)
    step = int(paths[-1].name.removeprefix("step-").removesuffix(".checkpoint"))
    older = f"goes on from the checkpoint of step {step}, the newest that can be used"
    anew = "no checkpoint is whole; the stage begins anew"
    assert last == f"{tmp_path / 'checkpoints'}: {older if n_spoiled < len(paths) else anew}"
    assert_same(found, whole)


@pytest.mark.parametrize(
    ("name", "said"),
    [("stage", "it is of another stage line in place of other"), ("seed", "seed 42"), ("code", "code c"),
     ("experiment", "experiment e")],
)  # fmt: skip
def test_a_checkpoint_of_something_else_is_refused_with_the_reason(
    name: str, said: str, tmp_path: Path, whole: tuple[StageLog, Tensor, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Killed):
        run(tmp_path, Deadly(12))
    with caplog.at_level(logging.WARNING):
        found = run(tmp_path, Rows(20), checkpoints(tmp_path, key={**KEY, name: "other"}))
    *passed_over, last = [record.getMessage() for record in caplog.records]
    assert len(passed_over) == KEPT
    assert all(said in one for one in passed_over)
    assert last.endswith("no checkpoint is of this stage of this run; the stage begins anew")
    assert_same(found, whole)


@pytest.mark.parametrize("how", ["cut", "empty", "flipped", "gone"])
def test_losses_that_are_not_those_before_the_checkpoint_make_it_useless(
    how: str, tmp_path: Path, whole: tuple[StageLog, Tensor, bytes]
) -> None:
    with pytest.raises(Killed):
        run(tmp_path, Deadly(12))
    path = tmp_path / "train.jsonl"
    path.unlink() if how == "gone" else spoil(path, how)
    assert_same(run(tmp_path, Rows(20)), whole)


def test_a_checkpoint_is_due_by_steps_or_by_minutes_whichever_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("harness.train.engine.checkpoint.time.monotonic", lambda: now)
    kept = Checkpoints(tmp_path, tmp_path / "l", KEY, Accelerator(cpu=True), Cadence(steps=100, minutes=10))
    kept.resume(Line(), torch.optim.AdamW(Line().parameters()))
    assert not kept.is_due(99)
    assert kept.is_due(100)
    now += 599
    assert not kept.is_due(5)
    now += 1
    assert kept.is_due(5)


def test_the_seconds_of_a_stage_count_those_before_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("harness.train.engine.checkpoint.time.monotonic", lambda: now[0])

    class Slow(Deadly):
        def batch(self, rows: Any) -> dict[str, Any]:
            now[0] += 1
            return super().batch(rows)

    with pytest.raises(Killed):
        run(tmp_path, Slow(12))
    kept = checkpoints(tmp_path)
    run(tmp_path, Slow(None), kept)
    assert kept.elapsed() == 27  # 10 before the checkpoint, 17 after it
