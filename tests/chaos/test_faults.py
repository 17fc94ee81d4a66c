"""What breaks under a run: each fault ends in a clear error or is mended, and never in a wrong verdict."""

import errno
import fcntl
import json
import logging
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.cli.main import main
from harness.qa.squad import Paragraph
from harness.record import store
from harness.run import evaluate, stages
from harness.train.models import loading
from harness.train.recipes import haystack
from tests.chaos.test_kills import SAME, STAGES
from tests.conftest import QUESTIONS, without
from tests.tiny import make_model


@pytest.fixture
def whole(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A run of the command that nothing disturbs."""
    assert main([*without(command, "--results"), "--results", str(tmp_path / "whole")]) == 4
    capsys.readouterr()
    return the_run(tmp_path / "whole")


def the_run(results: Path) -> Path:
    (found,) = results.glob("tinybert-6l/*")
    return found


def assert_same(run: Path, whole: Path) -> None:
    for name in SAME:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    assert main(["audit", str(run)]) == 0


def stop_after(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupts every run once this stage is finished."""
    save = store.write_json

    def written(path: Path, thing: Any) -> None:
        save(path, thing)
        if path.name == "stage.json" and path.parent.name == stage:
            raise KeyboardInterrupt

    monkeypatch.setattr(store, "write_json", written)


# --- the disk ---


@pytest.mark.parametrize("step", [13, pytest.param(1, marks=pytest.mark.chaos)])
def test_a_disk_that_is_full_at_any_write_is_said_and_the_same_command_goes_on(
    step: int, command: list[str], tmp_path: Path, whole: Path, counts: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    flush, n_full, at = os.fsync, 0, 1
    while True:
        left = [at]

        def full(number: int, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            flush(number)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", full)
            code = main([*command, "--checkpoint-steps", "1"])
        if left[0] > 0:
            break
        said = capsys.readouterr().err
        assert code == 5
        assert "No space left on device" in said
        assert "free the space, or give --results DIR" in said
        n_full += 1
        at = step  # a run that goes on writes less each time
        if step == 1:
            assert main([*command, "--checkpoint-steps", "1"]) == 4
            break
    capsys.readouterr()
    assert n_full >= 1
    assert_same(the_run(tmp_path / "results"), whole)
    counts["faults injected"] += n_full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts, or mounts again, a file system of the tests' own with these options."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = False

    def mount(options: str) -> Path:
        nonlocal mounted
        how = f"remount,{options}" if mounted else options
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
        mounted = True
        return folder

    yield mount
    if mounted:
        subprocess.run(["umount", str(folder)], check=False)


@pytest.mark.parametrize(
    "n_kib", [4, 64, 256, pytest.param(16, marks=pytest.mark.chaos), pytest.param(128, marks=pytest.mark.chaos),
              pytest.param(384, marks=pytest.mark.chaos), pytest.param(512, marks=pytest.mark.chaos)]
)  # fmt: skip
def test_a_disk_too_small_is_said_and_a_larger_one_takes_what_is_missing(
    n_kib: int, command: list[str], small_disk: Callable[[str], Path], whole: Path, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    on_disk = [*without(command, "--results"), "--results", str(small_disk(f"size={n_kib}k"))]
    assert main(on_disk) == 5
    assert "--results DIR" in capsys.readouterr().err
    small_disk("size=64m")
    assert main(on_disk) == 4
    capsys.readouterr()
    assert_same(the_run(Path(on_disk[-1])), whole)
    counts["faults injected"] += 1


def test_a_folder_that_can_only_be_read_is_said(
    command: list[str], small_disk: Callable[[str], Path], counts: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    on_disk = [*without(command, "--results"), "--results", str(small_disk("size=64m,ro"))]
    assert main(on_disk) == 5
    assert "give a folder that can be written with --results DIR" in capsys.readouterr().err
    counts["faults injected"] += 1


def test_a_file_system_without_locks_is_said_and_used(
    command: list[str], tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with caplog.at_level(logging.WARNING):
        assert main([part for part in command if part != "--quiet"]) == 4
    assert "this file system has no locks; start this run in one process only" in caplog.text
    assert_same(the_run(tmp_path / "results"), whole)
    counts["faults injected"] += 1


@pytest.mark.parametrize("name", ["mit Leer zeichen", "ü-日本-é", "a'b\"c$d;e"])
def test_any_path_will_do(
    name: str, command: list[str], tmp_path: Path, whole: Path, counts: Counter[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for option in ("--teacher", "--student", "--masked-lm"):
        at = command.index(option) + 1
        command[at] = str(Path(shutil.copytree(command[at], folder / option)))
    shutil.copy(command[1], folder / "tinybert-6l.md")
    command[1] = str(folder / "tinybert-6l.md")
    moved = [*without(command, "--results"), "--results", str(folder / "results")]
    assert main(moved) == 4
    capsys.readouterr()
    for file in SAME:
        assert (the_run(folder / "results") / file).read_bytes() == (whole / file).read_bytes(), file
    counts["faults injected"] += 1


# --- files that are cut or changed ---


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("how", [spoil, cut])
@pytest.mark.parametrize("kind", ["teacher-logits", "augmentation"])
def test_a_damaged_cache_is_made_anew(
    how: Callable[[Path], None], kind: str, command: list[str], tmp_path: Path, whole: Path, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    cache = tmp_path / "results" / store.CACHE
    shutil.copytree(tmp_path / "whole" / store.CACHE, cache)
    before = {path: path.read_bytes() for path in cache.glob(f"{kind}-*/*")}
    assert before
    for path in before:
        how(path)
    assert main(command) == 4
    capsys.readouterr()
    assert {path: path.read_bytes() for path in before} == before
    assert_same(the_run(tmp_path / "results"), whole)
    counts["faults injected"] += len(before)


def test_cached_logits_of_another_teacher_are_noticed(
    command: list[str], tmp_path: Path, whole: Path, counts: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Sealed and named as they should be, and wrong: only the teacher itself can tell."""
    from harness.train import teacher_logits

    write = teacher_logits._Chunks.write
    shutil.copytree(tmp_path / "whole" / store.CACHE, tmp_path / "results" / store.CACHE)
    (path,) = (tmp_path / "results" / store.CACHE).glob("teacher-logits-*/*.logits")
    kept = np.fromfile(path, dtype="<f4", offset=32).reshape(-1, 224, 2)
    done = []

    def build(model: Any, rows: Any, folder: Path, key: str, **options: Any) -> Any:
        write(teacher_logits._Chunks(folder, key, kept.shape, len(kept)), 0, kept + 0.5)
        done.append(key)
        return original(model, rows, folder, key, **options)

    original = teacher_logits.build
    with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(teacher_logits, "build", build)
        assert main([part for part in command if part != "--quiet"]) == 4
    assert done
    assert "differs from the teacher by 0.5; all are made anew" in caplog.text
    assert_same(the_run(tmp_path / "results"), whole)
    counts["faults injected"] += 1


def lower(plain: dict[str, Any]) -> None:
    plain["claims"][0]["value"] = 1.0


def widen(plain: dict[str, Any]) -> None:
    for one in plain["run"]["settings"]:
        if one["name"].startswith("tolerance."):
            one["value"] = 99.0


def better(plain: dict[str, Any]) -> None:
    plain["log"]["terms"]["loss"] = 0.0


def perfect(plain: dict[str, Any]) -> None:
    plain["scores"]["exact"] = 100.0


@pytest.mark.parametrize(
    ("name", "change"),
    [("experiment.json", lower), ("experiment.json", widen), ("stages/intermediate_layer/stage.json", better),
     ("evaluation/metrics.json", perfect)],
    ids=["a claim", "a tolerance", "a loss", "a score"],
)  # fmt: skip
def test_a_record_edited_before_its_verdict_gets_none(
    name: str, change: Callable[[dict[str, Any]], None], command: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, counts: Counter[str], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with monkeypatch.context() as patch:
        if name.startswith("evaluation"):
            patch.setattr(store, "write_verdict", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        else:
            stop_after("intermediate_layer", patch)
        assert main(command) == 130
    run = the_run(tmp_path / "results")
    plain = json.loads((run / name).read_text(encoding="utf-8"))
    change(plain)
    (run / name).write_text(store.json_text(plain), encoding="utf-8")
    capsys.readouterr()
    assert main(command) == 4
    assert "the record was changed while it was made: " in capsys.readouterr().err
    assert not (run / "verdict.json").exists()
    counts["faults injected"] += 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"\x00" * 50, b"[1]"], ids=["empty", "cut", "deep", "zeros", "other"]
)
@pytest.mark.parametrize("name", ["experiment.json", "identity.json", "stages/intermediate_layer/stage.json"])
def test_a_record_file_that_cannot_be_read_is_named(
    name: str, content: bytes, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    counts: Counter[str], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with monkeypatch.context() as patch:
        stop_after("intermediate_layer", patch)
        assert main(command) == 130
    run = the_run(tmp_path / "results")
    (run / name).write_bytes(content)
    capsys.readouterr()
    code = main(command)
    said = capsys.readouterr().err
    if name == "identity.json":  # no run of this identity is there any more: a new one is made
        assert code == 4
        assert len(list((tmp_path / "results").glob("*/*/verdict.json"))) == 1
    else:
        assert code in (4, 5)
        assert not (run / "verdict.json").exists()
        assert Path(name).name in said
        assert "Traceback" not in said
    counts["bad inputs tried"] += 1


def test_training_data_that_change_during_a_run_end_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    data = Path(shutil.copy(QUESTIONS, tmp_path / "data.json"))
    moved = [*without(command, "--train"), "--train", str(data)]
    train = stages._train_stage

    def and_change(*arguments: Any) -> Any:
        done = train(*arguments)
        data.write_text(data.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        return done

    monkeypatch.setattr(stages, "_train_stage", and_change)
    assert main(moved) == 4
    assert f"{data}: changed since this run began" in capsys.readouterr().err
    assert not list(tmp_path.glob("results/*/*/verdict.json"))
    counts["faults injected"] += 1


@pytest.mark.parametrize("which", ["--teacher", "--student"])
def test_a_model_folder_that_changes_during_a_run_ends_it(
    which: str, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = Path(command[command.index(which) + 1])
    load, other = loading.load_model, make_model(tmp_path / "other", layers=4 if which == "--teacher" else 2, seed=9)

    def and_change(path: Path, **options: Any) -> Any:
        if path == folder:
            shutil.copy(other / "model.safetensors", folder)
        return load(path, **options)

    monkeypatch.setattr(stages.loading, "load_model", and_change)
    assert main(command) == 4
    assert f"{folder}: changed since this run began" in capsys.readouterr().err
    assert not list(tmp_path.glob("results/*/*/verdict.json"))
    counts["faults injected"] += 1


# --- numbers, memory, time ---


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_number_that_is_none_ends_the_run_by_stage_and_step(
    value: float, where: str, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    counts: Counter[str], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    forward = haystack.PredictionLayerLoss.forward
    n = 0

    def spoiled(self: Any, batch: Any) -> dict[str, torch.Tensor]:
        nonlocal n
        n += 1
        terms = forward(self, batch)
        if n == 1:
            term = terms["loss"]
            bad = term * value if where == "loss" else term + (value * (term - term.detach()))
            terms = {**terms, "loss": bad}
        return terms

    monkeypatch.setattr(haystack.PredictionLayerLoss, "forward", spoiled)
    assert main([*command, "--checkpoint-steps", "1"]) == 5
    assert "stage prediction_layer, step 1, seed 42" in capsys.readouterr().err
    run = the_run(tmp_path / "results")
    assert not list(run.glob("stages/prediction_layer/checkpoints/*"))
    counts["faults injected"] += 1


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(),
                                   RuntimeError("DefaultCPUAllocator: can't allocate memory")])  # fmt: skip
def test_no_memory_left_is_said_with_what_helps_and_the_same_command_goes_on(
    error: Exception, command: list[str], tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch,
    counts: Counter[str], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def none(*_: Any, **__: Any) -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(haystack.PredictionLayerLoss, "forward", none)
        assert main(command) == 5
    assert "out of memory; a batch was split into as many as 8 parts" in capsys.readouterr().err
    assert main(command) == 4
    capsys.readouterr()
    assert_same(the_run(tmp_path / "results"), whole)
    counts["faults injected"] += 1


def test_a_clock_that_goes_backwards_changes_nothing(
    command: list[str], tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    begun = time.time()
    clock = iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: begun - 3600.0 * next(clock))
    monkeypatch.setattr(store.time, "gmtime", lambda *_: time.struct_time((1999, 12, 31, 23, 59, 59, 4, 365, 0)))
    with monkeypatch.context() as patch:
        stop_after("intermediate_layer", patch)
        assert main(command) == 130
    assert main(command) == 4
    capsys.readouterr()
    assert the_run(tmp_path / "results").name.startswith("19991231T235959Z")
    assert_same(the_run(tmp_path / "results"), whole)
    counts["faults injected"] += 1


def test_a_run_killed_before_it_had_an_identity_leaves_no_folder_behind(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("harness.run.reproduce._environment_of", interrupted)
        assert main(command) == 130
    assert len(list((tmp_path / "results" / "tinybert-6l").iterdir())) == 1
    assert main(command) == 4
    assert len(list((tmp_path / "results" / "tinybert-6l").iterdir())) == 1
    counts["faults injected"] += 1


def test_an_evaluation_that_breaks_is_done_again(
    command: list[str], tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, counts: Counter[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def broken(paragraphs: list[Paragraph], *_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "answer", broken)
        assert main(command) == 130
    assert main(command) == 4
    capsys.readouterr()
    assert_same(the_run(tmp_path / "results"), whole)
    assert STAGES
    counts["faults injected"] += 1
