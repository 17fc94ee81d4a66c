"""Trackers: what they are told, that nothing is sent without the option, and that a broken one breaks no run."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.record.folder import Run
from harness.run import tracking
from harness.run.tracking import Tracking, tracked
from tests.recorded import N_STEPS, make_run

TRACKERS = os.environ.get("HARNESS_TEST_TRACKERS", sys.executable)  # a Python in which the trackers are installed


class Fake:
    """Notes what it is told; fails at `breaks`."""

    def __init__(self, breaks: str = "") -> None:
        self.told: list[tuple[str, Any]] = []
        self._breaks = breaks

    def _note(self, name: str, *told: Any) -> None:
        if name == self._breaks:
            raise ConnectionError("no such host")
        print("a tracker that talks")
        self.told.append((name, told))

    def start(self) -> None:
        self._note("start")

    def store_init_configuration(self, values: dict[str, Any]) -> None:
        self._note("config", values)

    def log(self, values: dict[str, Any], step: int) -> None:
        self._note("log", values, step)

    def finish(self) -> None:
        self._note("finish")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "results" / "pocket" / "20261123T101500Z-aaaaaaaa", limit=None)


def show(run: Path, name: str | None) -> None:
    """Shows a finished run as it would have been shown while it trained."""
    record = Run.open(run)
    with tracked(name) as shown:
        for stage in record.experiment.stages:
            shown.begin(record.experiment, run, stage.name)
            for step in record.steps(stage.name):
                shown.steps(stage.name, [{"step": step.step, "epoch": 0, "learning_rate": 1e-3, **step.terms}])
        shown.conclude(record.conclusion)


def test_a_tracker_is_told_every_step_once_and_in_order_then_scores_verdict_and_claims(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake()
    monkeypatch.setitem(tracking._MAKERS, "trackio", lambda *_: fake)
    show(run, "trackio")
    logged = [told for name, told in fake.told if name == "log"]
    assert [step for _, step in logged] == list(range(1, 2 * N_STEPS + 3))
    assert set(logged[0][0]) == {"intermediate_layer/loss", "intermediate_layer/learning_rate"}
    assert set(logged[N_STEPS][0]) == {"prediction_layer/loss", "prediction_layer/learning_rate"}
    judgement = Run.open(run).conclusion.judgement
    summary, table = logged[-2][0], logged[-1][0]["claims"]
    assert (summary["outcome"], summary["exact"]) == (judgement.outcome, judgement.verdicts[0].measured)
    assert f"| exact | {judgement.verdicts[0].claimed} | {judgement.verdicts[0].measured} |" in table
    config = next(told for name, told in fake.told if name == "config")[0]
    assert config["prediction_layer.learning_rate"] == 3e-3
    assert [name for name, _ in fake.told][-1] == "finish"
    assert capsys.readouterr().out == ""  # stdout is the result's


@pytest.mark.parametrize("breaks", ["start", "config", "log", "finish"])
def test_a_tracker_that_fails_is_given_up_and_named_once(
    breaks: str, run: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[Fake] = []
    monkeypatch.setitem(tracking._MAKERS, "wandb", lambda *_: made.append(Fake(breaks)) or made[-1])  # type: ignore[func-returns-value]
    with caplog.at_level(logging.WARNING, "harness"):
        show(run, "wandb")
    assert len(made) == 1
    assert len(caplog.messages) == 1
    assert "--track wandb" in caplog.messages[0]
    assert "no such host" in caplog.messages[0]


def test_without_the_option_no_tracker_is_made(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracking.NAMES:
        monkeypatch.setitem(tracking._MAKERS, name, lambda *_: pytest.fail("a tracker was made"))
    show(run, None)
    assert Tracking()._tracker is None


def test_a_tracker_that_is_not_installed_is_named_before_anything_is_computed(
    command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda _: None)
    assert main([*command, "--track", "trackio"]) == 2
    assert "trackio is not installed; pip install trackio" in capsys.readouterr().err
    assert not list((tmp_path / "results").glob("*/*"))


def has(name: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([TRACKERS, "-c", code], check=False).returncode == 0


SHOW = (
    "import sys; from pathlib import Path; from accelerate import PartialState; PartialState(cpu=True)\n"
    "from tests.run.test_tracking import show; show(Path(sys.argv[1]), sys.argv[2])\n"
)


def shown_by(name: str, run: Path, **environment: str) -> None:
    if not has(name):
        pytest.skip(f"{name} is not installed in {TRACKERS}: HARNESS_TEST_TRACKERS names a Python that has it")
    given = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    done = subprocess.run(
        [TRACKERS, "-c", SHOW, str(run), name], capture_output=True, text=True, check=False, env=given
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "--track" not in done.stderr, done.stderr


@pytest.mark.slow
def test_trackio_keeps_curves_scores_and_claims_on_this_machine(run: Path, tmp_path: Path) -> None:
    shown_by("trackio", run, TRACKIO_DIR=str(tmp_path / "trackio"), HF_HUB_OFFLINE="1")
    code = (
        "import json; from trackio.sqlite_storage import SQLiteStorage as kept\n"
        "(name,) = kept.get_runs('pocket')\n"
        "print(json.dumps([name, kept.get_logs('pocket', name)], default=str))"
    )
    given = {**os.environ, "TRACKIO_DIR": str(tmp_path / "trackio")}
    read = subprocess.run([TRACKERS, "-c", code], capture_output=True, text=True, check=True, env=given)
    name, history = json.loads(read.stdout.splitlines()[-1])
    assert name == f"seed-42-{run.name}"
    losses = [row["prediction_layer/loss"] for row in history if "prediction_layer/loss" in row]
    assert losses == [step.terms["loss"] for step in Run.open(run).steps("prediction_layer")]
    assert any(row.get("outcome") == Run.open(run).conclusion.judgement.outcome for row in history)
    assert any("claims" in row for row in history)


@pytest.mark.slow
def test_tensorboard_writes_below_the_results(run: Path) -> None:
    shown_by("tensorboard", run)
    (folder,) = (run.parents[1] / tracking.FOLDER / "pocket").iterdir()
    assert folder.name == f"seed-42-{run.name}"
    assert list(folder.glob("events.out.tfevents.*"))
    assert main(["audit", str(run), "--quiet"]) == 0


@pytest.mark.slow
def test_wandb_offline_keeps_a_run_on_this_machine(run: Path, tmp_path: Path) -> None:
    shown_by("wandb", run, WANDB_MODE="offline", WANDB_DIR=str(tmp_path), WANDB_SILENT="true")
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))


@pytest.mark.slow
def test_a_run_is_shown_while_it_trains(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = Fake()
    monkeypatch.setitem(tracking._MAKERS, "trackio", lambda *_: fake)
    monkeypatch.setattr(tracking, "check_installed", lambda _: None)
    code = main([*command, "--track", "trackio", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == document["judgement"]["exit_code"]
    record = Run.open(Path(document["record"]))
    logged = [told[0] for name, told in fake.told if name == "log"]
    for stage in record.experiment.stages:
        losses = [values[f"{stage.name}/loss"] for values in logged if f"{stage.name}/loss" in values]
        assert losses == [step.terms["loss"] for step in record.steps(stage.name)]
    assert "claims" in logged[-1]
    assert [name for name, _ in fake.told][:: len(fake.told) - 1] == ["start", "finish"]
