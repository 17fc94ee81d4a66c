"""What a run will take, from its own steps; and a budget, which refuses or stops it."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.plan.cost import Cost, Part, format_duration
from harness.record import store
from harness.run import budget, timing
from tests.conftest import ROOT, STAGES, without

SAME = [f"stages/{stage}/{name}" for stage in STAGES for name in ("student/model.safetensors", "train.jsonl")]


@pytest.fixture(autouse=True)
def _timed_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage's steps are timed for a moment: nothing here depends on how exactly."""
    monkeypatch.setattr(timing, "LONGEST_S", 0.5)


def the_run(results: Path) -> Path:
    (found,) = results.glob("tinybert-6l/*")
    return found


def test_a_forecast_has_every_part_its_rows_and_its_padding_and_changes_no_bit(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--forecast"]) == 4
    said = capsys.readouterr().out
    assert all(f"{stage}: forecast " in said for stage in STAGES)
    run = the_run(tmp_path / "results")
    cost = store.read_json(run / store.FORECAST)
    names = [part["name"] for part in cost["parts"]]
    assert names == [*STAGES, "prediction_layer: teacher logits", "evaluation: teacher", "evaluation: student"]
    assert all(0 <= part["low"] <= part["seconds"] <= part["high"] for part in cost["parts"])
    assert cost["actual_s"] == {
        stage: store.read_json(run / "stages" / stage / "stage.json")["seconds"] for stage in STAGES
    }
    # Eight questions of one paragraph, a window each; two copies of it in the first stage.
    n_steps = {stage: store.read_json(run / "stages" / stage / "stage.json")["log"]["n_steps"] for stage in STAGES}
    assert cost["n_rows"] == {"intermediate_layer": 16, "prediction_layer": 8}
    assert n_steps == {"intermediate_layer": 1, "prediction_layer": 1}
    assert 0 < cost["share_of_padding"] < 1
    assert cost["peak_bytes"] > 10**8 > cost["disk_bytes"] > 0
    assert main([*without(command, "--results"), "--results", str(tmp_path / "plain")]) == 4
    for name in SAME:
        assert (run / name).read_bytes() == (the_run(tmp_path / "plain") / name).read_bytes()
    assert main(["audit", str(run)]) == 0


@pytest.mark.slow
def test_a_plan_with_a_forecast_trains_nothing_and_says_what_a_run_would_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = [
        "plan",
        str(ROOT / "tests" / "cards" / "pocket.md"),
        "--device",
        "cpu",
        "--results",
        str(tmp_path / "results"),
    ]
    shorter = [part for stage in STAGES for part in ("--set", f"{stage}.num_train_epochs=1")]
    assert main([*plan, *shorter, "--forecast"]) == 0
    said = capsys.readouterr().out
    for part in (*STAGES, "prediction_layer: teacher logits", "evaluation: teacher", "evaluation: student", "all"):
        assert f"\n{part} " in said
    assert "rows: intermediate_layer 298, prediction_layer 298" in said
    assert "17% of all positions are padding" in said
    assert "V100" in said
    assert "kWh" in said
    assert main([*plan, *shorter, "--budget", "0.001s", "--json"]) == 6
    printed = capsys.readouterr()
    assert "more than the budget of 0 s" in printed.err
    cost = json.loads(printed.out)["cost"]
    assert cost["n_micro"] == 1
    # By hand: 2 layers of 64 beside a teacher of 4, 298 windows of 112 tokens: padding counts.
    layer = 24 * 64**2 * 112 + 4 * 112**2 * 64
    assert cost["tflop"]["intermediate_layer"] == pytest.approx(298 * (4 + 3 * 2) * layer / 1e12)
    assert not list(tmp_path.glob("results/*"))


@pytest.mark.slow
def test_a_run_over_the_budget_is_refused_before_it_begins(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--budget", "0.001s"]) == 6
    said = capsys.readouterr().err
    assert "more than the budget of 0 s; raise --budget, or make it smaller" in said
    assert main([*command, "--budget", "0.001s"]) == 6  # and so it is when it is asked again
    assert not list((tmp_path / "results").glob("*/*/stages"))
    assert main(command) == 4


def test_a_budget_that_is_spent_stops_a_run_with_a_checkpoint(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cheap(*_: Any) -> Cost:
        return Cost((Part("all", 0.0, 0.0, 0.0),), {}, {}, 0.0, {}, 1, 0, 0, "cpu", 1)

    monkeypatch.setattr(budget, "calibrate", cheap)
    long = [*command, "--set", "intermediate_layer.train_batch_size=1"]
    assert main([*long, "--budget", "0.001s"]) == 6
    assert "stage intermediate_layer, step 1: the budget is spent; the same command goes on" in capsys.readouterr().err
    run = the_run(tmp_path / "results")
    assert [path.name for path in run.glob("stages/*/checkpoints/*")] == ["step-000000001.checkpoint"]
    assert main(long) == 4
    assert main([*without(long, "--results"), "--results", str(tmp_path / "plain")]) == 4
    for name in SAME:
        assert (run / name).read_bytes() == (the_run(tmp_path / "plain") / name).read_bytes()


@pytest.mark.parametrize("text", ["6", "h", "-1h", "0s", "xs", "nanh", "infh", ""])
def test_a_budget_that_is_no_time_is_wrong_use(text: str, command: list[str]) -> None:
    assert main([*command, f"--budget={text}"]) == 2


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (119, "119 s"), (600, "10.0 min"), (9000, "2.5 h")])
def test_seconds_as_a_reader_takes_them_in(seconds: float, said: str) -> None:
    assert format_duration(seconds) == said
