"""What the gate does not let through: the undecided, nothing at all, baselines that no run made, and series as runs."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.errors import DataError
from harness.judge import noninferiority, regression
from harness.judge.baseline import FEWEST_OF_BAND, Known, read_baseline
from harness.judge.rules import judge
from harness.judge.verdict import conclude
from harness.plan.tolerances import tolerances_of
from harness.record import store
from harness.record.folder import Run
from tests.recorded import edit, make_run

ON: regression.On = {"unmeasured": "fail", "inconclusive": "undecided"}


@pytest.fixture(autouse=True)
def _no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "pocket" / "a", limit=None)


def metric(name: str, **fields: Any) -> Callable[[Any], None]:
    return lambda plain: plain["metrics"][name].update(fields)


# --- undecided ---


def test_what_is_open_ends_with_a_code_of_its_own_and_says_how_many_runs_would_decide(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(tmp_path / "other" / "pocket" / "b", limit=None, wrong=range(9), seed=43)
    weights = other / "stages" / "prediction_layer"
    (weights / "student" / "model.safetensors").write_text("other weights")
    edit(weights / "stage.json", lambda plain: plain["weights"].update(
        {"model.safetensors": store.sha256_of(weights / "student" / "model.safetensors")}))  # fmt: skip
    store.write_verdict(other, conclude([Run.open(other)]))
    junit = tmp_path / "junit.xml"
    assert main(["gate", str(other), "--baseline", str(run), "--junit", str(junit)]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert "GATE UNDECIDED" in said
    assert re.search(r"(about \d+ runs a side would|20 runs a side would not) decide it", said), said
    assert "<failure" not in junit.read_text(encoding="utf-8")


@pytest.mark.parametrize(("difference", "expected"), [(0.0, 2), (-1.0, None), (-2.5, 5), (-9.0, 1)])
def test_the_runs_that_would_decide_are_those_at_which_the_bounds_leave_the_margin(
    difference: float, expected: int | None
) -> None:
    error, spread, margin, df = 0.2, 0.5, 1.0, 3

    def decided(n: int) -> bool:
        low, high = noninferiority._bounds(difference, error, spread, n, df + 2 * (n - 1))
        return noninferiority._state(low, high, margin) != "inconclusive"

    found = next((n for n in range(1, noninferiority.MOST_RUNS + 1) if decided(n)), None)
    assert (found is None) == (expected is None)
    if found is not None:
        assert all(decided(n) for n in range(found, noninferiority.MOST_RUNS + 1))


def test_a_rule_that_leaves_a_claim_open_leaves_the_gate_open(run: Path) -> None:
    experiment, found = Run.open(run).experiment, Run.open(run).conclusion.measurements
    open_one = judge(experiment.claims, found, tolerances_of(experiment), rule="equivalence")
    assert open_one.outcome == "inconclusive"
    checks = regression.compare(experiment.claims, open_one, found, None)
    assert {check.by_card.state for check in checks if check.by_card} == {"inconclusive"}
    confounded = judge(experiment.claims, found, tolerances_of(experiment), confounded="other rules")
    checks = regression.compare(experiment.claims, confounded, found, None)
    assert {(one.by_card.state, one.by_card.reason) for one in checks if one.by_card} == {
        ("inconclusive", "other rules")
    }


def test_nothing_passed_is_no_pass_whatever_the_options(run: Path, tmp_path: Path) -> None:
    assert main(["gate", str(run), "--baseline", str(tmp_path / "none"), "--on-unmeasured", "warn"]) == 3


# --- baselines that were typed by hand ---


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (metric("exact", n=-5), "n -5 counts no questions or steps"),
        (metric("exact", n=0), "n 0 counts no questions or steps"),
        (metric("exact", unit="loss"), "unit 'loss': it is measured in points"),
        (metric("prediction_layer_loss", unit="points"), "unit 'points': it is measured in loss"),
        (metric("exact", seeds=[42, 42]), r"seeds \[42, 42\]: needs one or more, each once"),
        (metric("exact", seeds=[]), r"seeds \[\]: needs one or more"),
        (lambda plain: plain.update(runs=[]), "names no runs"),
        (lambda plain: plain.update(metrics={}), "no metrics"),
    ],
)
def test_a_baseline_that_no_run_can_have_made_is_refused(
    baseline: Path, change: Callable[[Any], None], said: str
) -> None:
    edit(baseline, change)
    with pytest.raises(DataError, match=said):
        read_baseline(baseline, "pocket")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tolerance": 100.0}, "its tolerance of 100 is wider than the card's 7.23"),
        ({"tolerance": 7.24}, "is wider than the card's"),
        ({"value": 0.0}, "another evaluation, or no run's number"),
    ],
)
def test_a_baseline_that_anything_passes_is_named_and_is_no_pass(
    run: Path, baseline: Path, fields: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(baseline, metric("exact", **fields))
    assert main(["gate", str(run), "--baseline", str(baseline), "--json"]) == 1
    checks = {one["metric"]: one for one in json.loads(capsys.readouterr().out)["cards"][0]["checks"]}
    assert checks["exact"]["state"] == "unmeasured"
    assert said in checks["exact"]["by_baseline"]["reason"]
    assert checks["f1"]["state"] == "pass"


def test_a_band_s_tolerance_follows_from_its_runs(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"{n}" / "pocket" / "x", seed=n, wrong=range(n % 3)) for n in range(FEWEST_OF_BAND)]
    for n, one in enumerate(runs):  # answers of so few questions are alike: their margins are not
        rows = one / "evaluation" / "per_question.jsonl"
        rows.write_text(rows.read_text().replace('"span_over_null": 0.25', f'"span_over_null": 0.{n + 1}'))
        store.write_verdict(one, conclude([Run.open(one)]))
    path = tmp_path / "band.json"
    assert main(["gate", *map(str, runs), "--baseline", str(path), "--update-baseline"]) == 0
    known: Known = read_baseline(path, "pocket.proxy").metrics["exact"]  # type: ignore[union-attr]
    edit(path, metric("exact", tolerance=100.0))
    with pytest.raises(DataError, match="tolerance 100 does not follow from spread"):
        read_baseline(path, "pocket.proxy")
    assert known.tolerance > 0


# --- series ---


def test_a_series_is_gated_by_the_mean_of_its_seeds(
    run: Path, baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(run.parent / "b", limit=None, wrong=(2, 3, 4), seed=43)
    names = [run.name, other.name]
    folder = run.parent / store.series_name(names)
    found = conclude([Run.open(run), Run.open(other)])
    store.write_text(folder / store.SERIES, store.series_text(names, found, is_sequential=False))
    assert main(["audit", str(folder)]) == 0
    assert main(["gate", str(folder), "--baseline", str(baseline), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out.split("record:")[-1].partition("\n")[2])["cards"]
    exact = next(check for check in one["checks"] if check["metric"] == "exact")
    assert one["run"] == str(folder)
    assert exact["measured"] == pytest.approx(100 * (1 - 2.5 / 240))
    assert main(["gate", str(folder), str(run), "--baseline", str(baseline)]) == 2
    assert "is given twice" in capsys.readouterr().err
    assert main(["gate", str(folder), "--baseline", str(tmp_path / "mean.json"), "--update-baseline"]) == 0
    known = read_baseline(tmp_path / "mean.json", "pocket")
    assert known is not None
    assert (known.metrics["exact"].seeds, len(known.runs)) == ((42, 43), 2)


def test_a_series_of_a_run_and_its_copy_fails_its_audit(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = make_run(run.parent / "b", limit=None, seed=43)
    names = [run.name, copy.name]
    folder = run.parent / store.series_name(names)
    found = conclude([Run.open(run), Run.open(copy)])
    store.write_text(folder / store.SERIES, store.series_text(names, found, is_sequential=False))
    assert main(["audit", str(folder)]) == 4
    assert "seeds 42 and 43 have the same answer to every question" in " ".join(capsys.readouterr().out.split())
    shutil.rmtree(folder)
