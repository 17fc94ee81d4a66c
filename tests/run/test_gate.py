"""The gate: what passes, fails or is unmeasured, what it writes, and that nothing half-right becomes a baseline."""

import argparse
import dataclasses
import json
import math
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from harness.card import loss_traces
from harness.card.read import read_card
from harness.cli.gate import MOST_ANNOTATIONS, _report
from harness.cli.main import main, make_parser
from harness.domain import Claim, Measurement
from harness.judge import regression, verdict
from harness.judge.baseline import read_baseline
from harness.judge.rules import judge
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.plan.tolerances import tolerances_of
from harness.record import store
from harness.record.folder import Run
from harness.report.text import as_junit, as_markdown
from harness.report.text import gate as as_gate
from harness.run import gate as gating
from harness.run import self_contained
from tests.recorded import POCKET, ROOT, edit, make_run

BASELINES = ROOT / "results" / "baseline"
ON: regression.On = {"unmeasured": "fail", "inconclusive": "warn"}
METRICS = ["exact", "f1", "intermediate_layer_loss", "prediction_layer_loss"]
NASTY = "a\n::error::b ]]> <x y='1'>&|`*_[l](http://e.org)\x1b[2J\x00\ufffe"


@pytest.fixture(autouse=True)
def _no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All 240 questions, two of them wrong: every claim of the pocket card is within its tolerance."""
    return make_run(tmp_path_factory.mktemp("made") / "pocket" / "20260101T000000Z-0", limit=None)


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made.parents[0], tmp_path / "results" / "pocket")
    return tmp_path / "results"


@pytest.fixture
def run(results: Path) -> Path:
    return next((results / "pocket").iterdir())


def states(out: str) -> dict[str, str]:
    return {check["metric"]: check["state"] for one in json.loads(out)["cards"] for check in one["checks"]}


def gated(path: Path, baseline: Path, *more: str) -> int:
    return main(["gate", str(path), "--baseline", str(baseline), *more])


# --- what passes and what does not ---


def test_a_run_passes_its_card_and_its_own_baseline(
    run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gated(run, baseline, "--json") == 0
    out = capsys.readouterr().out
    assert states(out) == dict.fromkeys(METRICS, "pass")
    assert json.loads(out)["is_passed"] is True
    assert gated(run, baseline) == 0
    assert "GATE PASSED: 4 pass, 0 fail, 0 unmeasured (metrics, of 1 card)" in capsys.readouterr().out


@pytest.mark.parametrize("share", [-0.99, 0.99, -1.01, 1.01])
@pytest.mark.parametrize("metric", ["intermediate_layer_loss", "prediction_layer_loss"])
def test_a_loss_fails_once_the_baseline_is_moved_either_way_by_more_than_its_tolerance(
    metric: str, share: float, run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def move(plain: Any) -> None:
        plain["metrics"][metric]["value"] += share * plain["metrics"][metric]["tolerance"]

    edit(baseline, move)
    is_beyond = abs(share) > 1
    assert gated(run, baseline, "--json") == int(is_beyond)
    assert states(capsys.readouterr().out) == {
        **dict.fromkeys(METRICS, "pass"),
        metric: "fail" if is_beyond else "pass",
    }


@pytest.mark.parametrize(("share", "code"), [(-0.99, 0), (0.99, 0), (-1.01, 0), (1.01, 1)])
def test_a_score_fails_only_where_it_is_lower_than_the_baseline_by_more_than_its_tolerance(
    share: float, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lower = make_run(tmp_path / "pocket" / "lower", limit=None, wrong=range(18))  # exact 92.5, still within the claim
    path = tmp_path / "pocket.json"
    assert gated(lower, path, "--update-baseline") == 0

    def move(plain: Any) -> None:
        plain["metrics"]["exact"]["value"] += share * plain["metrics"]["exact"]["tolerance"]

    edit(path, move)
    capsys.readouterr()
    assert gated(lower, path, "--json") == code
    assert states(capsys.readouterr().out)["exact"] == ("fail" if code else "pass")


def test_a_run_that_misses_its_card_fails_whatever_the_baseline_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worse = make_run(tmp_path / "pocket" / "worse", limit=None, wrong=range(60))
    path = tmp_path / "pocket.json"
    assert gated(worse, path, "--update-baseline") == 0
    capsys.readouterr()
    assert gated(worse, path, "--on-unmeasured", "warn") == 1
    assert "below the claim, beyond the tolerance" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("moved", [-1.01, 1.01])
def test_the_committed_pocket_baseline_notices_a_move_beyond_its_tolerance(moved: float) -> None:
    known = read_baseline(BASELINES / "pocket.json", "pocket")
    assert known is not None
    for metric, one in known.metrics.items():
        for share, state in ((moved, "pass" if one.unit == "points" and moved > 0 else "fail"), (0.9 * moved, "pass")):
            found = Measurement(metric, one.value + share * one.tolerance, one.unit, one.n, one.seeds[0], one.signature)
            assert regression.against(one, found).state == state, (metric, share)


@pytest.mark.parametrize("name", ["pocket", "pocket-teacher"])
def test_a_committed_baseline_has_every_claim_with_the_cards_own_tolerance_and_keeps_the_claim(name: str) -> None:
    known = read_baseline(BASELINES / f"{name}.json", name)
    assert known is not None
    experiment = plan(read_card(ROOT / "cards" / f"{name}.md"), Options())
    assert list(known.metrics) == [claim.metric for claim in experiment.claims]
    for claim in experiment.claims:
        one = known.metrics[claim.metric]
        assert one.tolerance == experiment.run.value(f"tolerance.{claim.metric}")
        assert one.spread == claim.spread
        assert abs(one.value - claim.value) <= one.tolerance


@pytest.mark.parametrize(("name", "recorded"), [("pocket", "runs.json"), ("pocket-teacher", "teacher.json")])
def test_every_recorded_run_passes_the_committed_baseline(name: str, recorded: str) -> None:
    known = read_baseline(BASELINES / f"{name}.json", name)
    assert known is not None
    runs = store.read_json(ROOT / "results" / "pocket" / recorded)["runs"]
    assert len(runs) >= 10
    for one in runs:
        for metric, of in known.metrics.items():
            if loss_traces.point_of(metric) is None or one["seed"] in of.seeds:
                found = Measurement(metric, one[metric], of.unit, of.n, one["seed"], of.signature)
                assert regression.against(of, found).state == "pass", (one["seed"], one["condition"], metric)


# --- what is unmeasured ---


def drop_f1(plain: Any) -> None:
    del plain["metrics"]["f1"]


def other_signature(plain: Any) -> None:
    plain["metrics"]["f1"]["signature"] = plain["metrics"]["f1"]["signature"].replace("len:112", "len:384")


def more_than_the_card(plain: Any) -> None:
    plain["metrics"]["finetune_loss"] = plain["metrics"]["prediction_layer_loss"]


@pytest.mark.parametrize(
    ("change", "metric", "said"),
    [
        (drop_f1, "f1", "the baseline has no such metric"),
        (other_signature, "f1", "they differ in: len (384 / 112)"),
        (more_than_the_card, "finetune_loss", "the card makes no such claim any more"),
    ],
)
def test_what_cannot_be_compared_is_unmeasured_and_never_a_pass(
    change: Callable[[Any], None],
    metric: str,
    said: str,
    run: Path,
    baseline: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    edit(baseline, change)
    assert gated(run, baseline, "--json") == 1
    out = capsys.readouterr().out
    assert [name for name, state in states(out).items() if state == "unmeasured"] == [metric]
    assert said in out
    assert gated(run, baseline, "--json", "--on-unmeasured", "warn") == 0
    assert states(capsys.readouterr().out)[metric] == "unmeasured"


def test_without_a_baseline_every_metric_is_unmeasured(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gated(run, tmp_path, "--json") == 1
    assert states(capsys.readouterr().out) == dict.fromkeys(METRICS, "unmeasured")
    assert list(tmp_path.glob("*.json")) == []


def test_a_claim_that_was_not_measured_is_unmeasured() -> None:
    claims = plan(read_card(POCKET), Options()).claims
    checks = regression.compare(claims, None, (), None, "there is no run")
    assert [(one.metric, one.state, one.reason) for one in checks] == [
        (metric, "unmeasured", "there is no run") for metric in METRICS
    ]


def test_a_claim_that_the_rule_leaves_open_is_inconclusive(run: Path) -> None:
    experiment, found = Run.open(run).experiment, Run.open(run).conclusion
    undecided = judge(experiment.claims, found.measurements, tolerances_of(experiment), rule="equivalence")
    assert undecided.outcome == "inconclusive"
    checks = regression.compare(experiment.claims, undecided, found.measurements, None)
    assert {one.by_card.state for one in checks} == {"inconclusive"}


# --- cards ---


def test_a_card_is_gated_by_its_newest_finished_run(
    results: Path, run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = Path(shutil.copytree(run, run.parent / "20260202T000000Z-0"))
    (run.parent / "20260303T000000Z-0").mkdir()  # begun, not finished
    assert gated(POCKET, baseline.parent, "--results", str(results), "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["cards"]
    assert one["run"] == str(newest)
    assert one["path"] == "tests/cards/pocket.md"


def test_a_run_of_other_settings_is_no_run_of_the_card(
    tmp_path: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "other" / "pocket" / "seed-43", limit=None, seed=43)
    assert gated(POCKET, baseline.parent, "--results", str(tmp_path / "other")) == 1
    assert "no finished run of its experiment" in " ".join(capsys.readouterr().out.split())


def test_a_card_without_a_run_is_unmeasured_and_says_how_to_get_one(
    tmp_path: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = [str(POCKET), str(ROOT / "cards" / "tinybert-6l.md")]
    options = ["--results", str(tmp_path / "none"), "--baseline", str(baseline.parent), "--json"]
    assert main(["gate", *cards, *options, "--on-unmeasured", "warn"]) == 3  # nothing passed, so it is no pass
    first, second = json.loads(capsys.readouterr().out)["cards"]
    assert (first["state"], second["state"]) == ("unmeasured", "unmeasured")
    assert first["absent"].endswith("--run makes one")
    assert "does not come with this package; harness reproduce makes one" in second["absent"]


def test_a_card_goes_by_its_short_name_and_by_its_name_on_the_hub(
    tmp_path: Path, baseline: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.run.download.fetch_card", lambda *_: POCKET)
    monkeypatch.setattr("harness.run.download.fetch_beside", lambda *_: None)
    options = ["--results", str(tmp_path / "none"), "--baseline", str(baseline.parent), "--json"]
    assert main(["gate", "pocket", "org/pocket", *options]) == 1
    assert [one["card"] for one in json.loads(capsys.readouterr().out)["cards"]] == ["pocket", "org__pocket"]
    assert main(["gate", "pockett", *options]) == 2
    assert "pockett: no such folder, and no card that ships; did you mean pocket?" in capsys.readouterr().err


def test_run_never_starts_a_full_size_card(tmp_path: Path, baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = ROOT / "cards" / "tinybert-6l.md"
    assert gated(target, baseline.parent, "--results", str(tmp_path / "none"), "--run", "--quiet") == 1
    assert "not run here" in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("pocket", ("", ""), None),
        ("pocket-teacher", ("", ""), None),
        ("pocket", ("`random:pocket/student`", "`org/student`"), "student org/student does not come with this package"),
        (
            "pocket",
            ("package:pocket/squad.json", "other.json"),
            "train data other.json does not come with this package",
        ),
        ("pocket", ("n_epochs = 40", "n_epochs = 4000000"), "it takes about"),
    ],
)
def test_only_cards_that_bring_everything_along_are_quick(
    name: str, change: tuple[str, str], said: str | None, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "tests" / "cards" / "pocket-teacher.md", tmp_path)
    path = tmp_path / f"{name}.md"
    text = (ROOT / "tests" / "cards" / f"{name}.md").read_text(encoding="utf-8")
    path.write_text(text.replace(*change), encoding="utf-8")
    why = self_contained.why_not_shipped(plan(read_card(path), Options()))
    assert (why is None) if said is None else (why is not None and why.startswith(said))


@pytest.mark.parametrize("name", ["pocket", "pocket-teacher"])
def test_the_cards_that_ship_bring_everything_along(name: str) -> None:
    experiment = plan(read_card(ROOT / "cards" / f"{name}.md"), Options())
    assert self_contained.why_not_shipped(experiment) is None


# --- the baseline ---


def test_update_shows_the_difference_first_and_writes_the_same_bytes_twice(
    run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = baseline.read_bytes()
    assert gated(run, baseline, "--update-baseline") == 0
    assert "the same numbers: left as it is" in capsys.readouterr().out

    def move(plain: Any) -> None:
        plain["metrics"]["exact"]["value"] = 90.0
        del plain["metrics"]["f1"]

    edit(baseline, move)
    assert gated(run, baseline, "--update-baseline") == 0
    out = capsys.readouterr().out
    assert "exact: 90 ± 7.23 -> 99.1667 ± 7.23 (+9.167)" in out
    assert "f1: (none) -> 99.1667 ± 6.33" in out
    assert out.index("exact:") < out.index("written")
    assert baseline.read_bytes() == first


def test_several_runs_of_a_card_make_the_baseline_of_their_mean(
    run: Path, baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(tmp_path / "other" / "pocket" / "seed-43", limit=None, wrong=range(18), seed=43)
    path = tmp_path / "mean.json"
    assert main(["gate", str(run), str(other), "--baseline", str(path), "--update-baseline"]) == 0
    known = read_baseline(path, "pocket")
    assert known is not None
    assert [one.run for one in known.runs] == [run.name, other.name]
    exact = known.metrics["exact"]
    assert (exact.value, exact.seeds) == (pytest.approx((100 * 238 / 240 + 92.5) / 2), (42, 43))
    capsys.readouterr()
    assert main(["gate", str(run), str(other), "--baseline", str(path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["cards"]) == 2


# --- a proxy: a run on part of the questions ---


def proxies(folder: Path, wrong: Sequence[Sequence[int]]) -> list[Path]:
    """Runs on the first eight questions, a seed each, wrong at these places."""
    return [make_run(folder / "pocket" / f"seed-{n}", wrong=one, seed=n) for n, one in enumerate(wrong)]


def test_a_proxy_is_held_against_the_band_of_good_ones_and_praises_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "baseline"
    good = proxies(tmp_path / "good", [(), (1,), (1,), (6,), (1, 6)])
    options = ["--baseline", str(folder)]
    assert main(["gate", *map(str, good), *options, "--update-baseline"]) == 0
    known = read_baseline(folder / "pocket.proxy.json", "pocket.proxy")
    assert known is not None
    values = [100.0, 87.5, 87.5, 87.5, 75.0]
    mean, sd = statistics.mean(values), statistics.stdev(values)
    exact = known.metrics["exact"]
    assert (exact.value, exact.spread, exact.seeds) == (mean, pytest.approx(sd), (0, 1, 2, 3, 4))
    assert exact.tolerance == pytest.approx(2.7764451 * sd * math.sqrt(1.2))  # t at 0.975 with 4 degrees of freedom
    capsys.readouterr()
    fine, broken = (
        make_run(tmp_path / "fine" / "pocket" / "x", wrong=(0, 1), seed=9),
        make_run(tmp_path / "broken" / "pocket" / "x", wrong=range(6), seed=9),
    )
    assert main(["gate", str(fine), *options]) == 0
    out = capsys.readouterr().out
    assert "it can show a regression, and says nothing about the card" in out
    assert main(["gate", str(broken), *options, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert {one["metric"]: one["state"] for one in document["cards"][0]["checks"]}["exact"] == "fail"
    assert [one["by_card"] for one in document["cards"][0]["checks"]] == [None] * len(METRICS)


def test_a_proxy_without_a_band_is_unmeasured_and_is_not_held_against_the_cards_own_baseline(
    tmp_path: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limited = make_run(tmp_path / "pocket" / "limited")
    assert gated(limited, baseline.parent, "--json") == 1
    assert set(states(capsys.readouterr().out).values()) == {"unmeasured"}
    assert gated(limited, baseline) == 2
    assert "is the baseline of 'pocket', not of 'pocket.proxy'" in capsys.readouterr().err


@pytest.mark.parametrize("seeds", [(0, 1, 2, 3), (0, 1, 2, 3, 3)])
def test_a_band_needs_five_seeds(tmp_path: Path, seeds: Sequence[int], capsys: pytest.CaptureFixture[str]) -> None:
    runs = [make_run(tmp_path / f"{n}" / "pocket" / "x", seed=seed) for n, seed in enumerate(seeds)]
    assert main(["gate", *map(str, runs), "--baseline", str(tmp_path / "new"), "--update-baseline"]) == 2
    assert "a band needs runs of 5 seeds or more, each once" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


# --- another run's record as the baseline: exact and f1 are paired by question ---


def test_a_run_is_no_worse_than_itself(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gated(run, run) == 2
    assert "is no baseline of itself" in capsys.readouterr().err
    copy = shutil.copytree(run, run.parents[1] / "other" / run.name)
    assert gated(run, copy, "--json") == 0
    checks = json.loads(capsys.readouterr().out)["cards"][0]["checks"]
    assert {one["state"] for one in checks} == {"pass"}
    assert "no worse by a margin of 7.23: +0, 95 % bounds +0 and +0" in checks[0]["by_baseline"]["reason"]


@pytest.mark.parametrize(("option", "code"), [("undecided", 3), ("fail", 1), ("warn", 0), ("pass", 0)])
def test_what_one_run_of_each_leaves_open_is_inconclusive(
    run: Path, tmp_path: Path, option: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_run(tmp_path / "other" / "pocket" / "x", limit=None, wrong=range(8), seed=43)
    edit_weights(other)
    assert gated(other, run, "--on-inconclusive", option, "--json", "--github") == code
    captured = capsys.readouterr()
    checks = json.loads(captured.out)["cards"][0]["checks"]
    assert {one["metric"]: one["state"] for one in checks}["exact"] == "inconclusive"
    annotated = [line.split()[0] for line in captured.err.splitlines() if ", exact: inconclusive" in line]
    said = {"undecided": ["::warning"], "fail": ["::error"], "warn": ["::warning"], "pass": []}
    assert annotated == said[option]


def test_a_run_that_is_worse_by_more_than_the_margin_fails(run: Path, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other" / "pocket" / "x", limit=None, wrong=range(60), seed=43)
    edit_weights(other)
    assert gated(other, run) == 1


def test_a_run_of_another_card_or_one_that_was_changed_is_no_baseline(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limited = make_run(tmp_path / "pocket" / "limited")
    assert gated(run, limited) == 2
    assert "is a run of 'pocket.proxy', not of 'pocket'" in capsys.readouterr().err
    assert gated(run, run, "--update-baseline") == 2
    assert "is a run, whose record stays as it is" in capsys.readouterr().err
    answers = limited / "evaluation" / "predictions.json"
    answers.write_text(answers.read_text(encoding="utf-8").replace("nothing", "something"), encoding="utf-8")
    assert gated(run, limited) == 2
    assert "fails its audit, so is no baseline" in capsys.readouterr().err


def edit_weights(run: Path) -> None:
    """Other weights than every other toy's, and a record that follows."""
    folder = run / "stages" / "prediction_layer"
    store.write_text(folder / "student" / "model.safetensors", "other weights of a toy")
    written = store.read_json(folder / "stage.json")
    weights = {"model.safetensors": store.sha256_of(folder / "student" / "model.safetensors")}
    store.write_json(folder / "stage.json", {**written, "weights": weights})
    store.write_verdict(run, verdict.conclude([Run.open(run)]))


def test_one_card_without_a_run_keeps_every_baseline_as_it_is(results: Path, baseline: Path) -> None:
    before = baseline.read_bytes()
    edit(baseline, drop_f1)
    changed = baseline.read_bytes()
    cards = [str(ROOT / "tests" / "cards" / f"{name}.md") for name in ("pocket", "pocket-teacher")]
    options = ["--results", str(results), "--baseline", str(baseline.parent), "--update-baseline"]
    assert main(["gate", *cards, *options]) == 1
    assert baseline.read_bytes() == changed != before
    assert list(baseline.parent.iterdir()) == [baseline]


# --- bad input ---


@pytest.mark.parametrize("name", ["evaluation/predictions.json", "stages/prediction_layer/train.jsonl", "verdict.json"])
def test_a_record_that_fails_its_audit_ends_with_4(
    name: str, run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = baseline.read_bytes()
    (run / name).write_bytes((run / name).read_bytes().replace(b"1", b"2", 1))
    for more in ((), ("--on-unmeasured", "warn"), ("--update-baseline",)):
        assert gated(run, baseline, *more) == 4
    assert "GATE FAILED: 0 pass, 0 fail, 4 unmeasured" in capsys.readouterr().out
    assert baseline.read_bytes() == before


def test_a_broken_experiment_ends_with_4(run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "experiment.json").write_text("{", encoding="utf-8")
    assert gated(run, baseline.parent) == 4
    assert "experiment.json" in capsys.readouterr().out


def test_an_unfinished_run_is_wrong_use(run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "verdict.json").unlink()
    assert gated(run, baseline) == 2
    assert "is not finished" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is broken"),
        ("[" * 100_000, "is broken"),
        ("\udcff", "is broken"),
        ("[]", "has schema version None"),
        ('{"schema_version": 2}', "has schema version 2; this harness reads 1"),
        ('{"schema_version": true}', "has schema version True"),
        ('{"schema_version": 1, "card": "other"}', "is the baseline of 'other', not of 'pocket'"),
        ('{"schema_version": 1, "card": "pocket"}', "is no baseline"),
        ('{"schema_version": 1, "card": "pocket", "runs": [], "metrics": {"f1": 3}}', "metric 'f1': needs"),
    ],
)
def test_a_baseline_that_is_none_is_wrong_use_and_stays_as_it_is(
    text: str, said: str, run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline.write_bytes(text.encode(errors="surrogateescape"))
    before = baseline.read_bytes()
    for more in ((), ("--update-baseline",)):
        assert gated(run, baseline, *more) == 2
        captured = capsys.readouterr()
        assert said in captured.err
        assert captured.out == ""
    assert baseline.read_bytes() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", float("nan")),
        ("value", True),
        ("value", 10**400),
        ("value", 100.5),
        ("tolerance", -1.0),
        ("tolerance", float("inf")),
        ("tolerance", None),
        ("spread", "wide"),
        ("n", 1.5),
        ("seeds", "42"),
        ("seeds", []),
        ("signature", None),
        ("unit", "percent"),
    ],
)
def test_a_field_of_a_baseline_that_cannot_be_is_wrong_use(
    field: str, value: Any, run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = json.loads(baseline.read_text(encoding="utf-8"))
    plain["metrics"]["exact"][field] = value
    baseline.write_text(json.dumps(plain), encoding="utf-8")
    assert gated(run, baseline) == 2
    assert "metric 'exact'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["tests/cards/pocket.md", "cards/pocket-teacher.md", "--baseline", "none/one.json"], "give a folder"),
        (["tests/cards/pocket.md", "--update-baseline", "--junit", "x.xml"], "leave --junit"),
        (["tests/cards/pocket.md", "--device", "cpu"], "--device goes with --run"),
        (["cards/none.md"], "no such card"),
        (["results"], "is no run folder"),
        (["none"], "no such folder"),
    ],
)
def test_wrong_use_exits_2(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", *options]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_card_name_that_leads_elsewhere_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(run / "experiment.json", lambda plain: plain.update(name="../up"))
    assert gated(run, tmp_path / "baseline", "--update-baseline") == 2
    assert "is no file name" in capsys.readouterr().err
    assert not (tmp_path / "up.json").exists()


# --- what is written ---


def test_junit_has_a_case_for_each_metric_and_one_for_preconditions(run: Path, baseline: Path, tmp_path: Path) -> None:
    def move(plain: Any) -> None:
        plain["metrics"]["prediction_layer_loss"]["value"] += 1
        other_signature(plain)

    edit(baseline, move)
    path = tmp_path / "out" / "gate.xml"
    for policy, tags in (("fail", ["failure", "failure"]), ("warn", ["skipped", "failure"])):
        assert gated(run, baseline, "--junit", str(path), "--on-unmeasured", policy) == 1
        cases = list(ElementTree.fromstring(path.read_text(encoding="utf-8")).iter("testcase"))  # noqa: S314
        assert [case.get("name") for case in cases] == ["preconditions", *METRICS]
        assert {case.get("file") for case in cases} == {"tests/cards/pocket.md"}
        found = [child.tag for case in cases for child in case if child.tag in ("failure", "skipped", "error")]
        assert found == tags
    exact = {one.get("name"): one.get("value") for one in cases[1].iter("property")}
    assert (exact["claimed"], exact["unit"]) == ("95.38", "points")
    assert float(exact["measured"] or "") == pytest.approx(100 * 238 / 240)


def test_junit_says_error_for_an_invalid_run(run: Path, baseline: Path, tmp_path: Path) -> None:
    (run / "verdict.json").write_text("{}", encoding="utf-8")
    path = tmp_path / "gate.xml"
    assert gated(run, baseline, "--junit", str(path)) == 4
    whole = ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314
    assert (whole.get("errors"), whole.get("tests")) == ("1", "5")


def test_annotations_stand_on_the_claims_lines_and_commands_are_stopped_around_the_text(
    run: Path, baseline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(baseline, drop_f1)
    assert gated(run, baseline, "--github") == 1
    first, *text, last, annotation = capsys.readouterr().out.splitlines()
    token = first.removeprefix("::stop-commands::")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert last == f"::{token}::"
    assert text[-1].startswith("GATE FAILED")
    line = 1 + POCKET.read_text(encoding="utf-8").splitlines().index('"f1": 95.60 ± 2.11')
    place, why = f"tests/cards/pocket.md,line={line}", "the baseline has no such metric"
    expected = f"::error file={place}::pocket, f1: unmeasured: baseline: {why}"
    assert annotation == expected


def test_annotations_do_not_name_lines_of_a_card_that_was_changed(tmp_path: Path) -> None:
    experiment = plan(read_card(POCKET), Options())
    assert gating._path_of(experiment) == "tests/cards/pocket.md"
    other = tmp_path / "pocket.md"
    other.write_text("# other\n", encoding="utf-8")
    assert gating._path_of(dataclasses.replace(experiment, card_path=str(other))) is None


def test_the_summary_is_added_to_the_workflows_own_and_an_asked_one_is_written_whole(
    run: Path, baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_step, asked = tmp_path / "step.md", tmp_path / "asked.md"
    of_step.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(of_step))
    assert gated(run, baseline) == 0
    assert of_step.read_text(encoding="utf-8").startswith("before\n## harness gate: passed\n")
    assert gated(run, baseline, "--summary", str(asked)) == 0
    assert asked.read_text(encoding="utf-8").count("✅ pass") == 4


def nasty(n_claims: int = 1) -> regression.GateResult:
    claims = [Claim(f"{NASTY}{n}", 1.0, "points", 1, "1.0", n + 1, "x") for n in range(n_claims)]
    checks = regression.compare(claims, None, (), None, NASTY)
    return regression.GateResult(NASTY, "a:b,c\n.md", NASTY, NASTY, checks, absent=NASTY, notes=(NASTY,))


def test_no_text_of_a_card_escapes_from_xml_markdown_or_a_workflow_command() -> None:
    one = nasty()
    xml = as_junit.render([one], ON)
    case = list(ElementTree.fromstring(xml).iter("testcase"))[1]  # noqa: S314
    assert (case.get("name") or "").startswith("a\\n::error::b ]]> <x y='1'>&|`*_[l](http://e.org)\\x1b[2J\\x00\ufffd")
    summary = as_markdown.render([one], 1)
    (row,) = [line for line in summary.splitlines() if line.startswith("| a")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 9
    assert not re.search(r"(?<!\\)([<`\[]|://)", summary.replace("\\\\", ""))
    (line,) = as_gate.annotations([one], ON)
    assert line.startswith("::error file=a%3Ab%2Cc%0A.md,line=1::a\\n::error::b")
    assert "\x1b" not in as_gate.to_text([one], 1) + summary + xml + line


def test_at_most_ten_annotations_and_the_rest_is_counted_in_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    asked = argparse.Namespace(
        on_unmeasured="fail", on_inconclusive="warn", json=True, github=True, junit=None, summary=summary
    )
    _report(asked, [nasty(13)], 1)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["counts"]["unmeasured"] == 13
    assert len(captured.err.splitlines()) == MOST_ANNOTATIONS == 10
    assert "3 more findings have no annotation" in summary.read_text(encoding="utf-8")


def test_a_summary_of_many_cards_stays_below_what_a_step_may_write() -> None:
    assert len(as_markdown.render([nasty(1)] * 5000, 1).encode()) < 1024 * 1024


# --- the workflow ---


def test_the_workflow_reads_only_and_its_commands_are_ours() -> None:
    plain = yaml.safe_load((ROOT / ".github" / "workflows" / "gate.yml").read_text(encoding="utf-8"))
    assert plain["permissions"] == {"contents": "read"}
    steps = plain["jobs"]["gate"]["steps"]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    commands = [step["run"].split()[1:] for step in steps if step.get("run", "").startswith("harness ")]
    assert [command[0] for command in commands] == ["lint", "gate", "gate"]
    for command in commands:
        make_parser({command[0]})[0].parse_args(command)


def test_the_gate_over_a_finished_run_loads_no_torch(run: Path, baseline: Path) -> None:
    code = (
        "import sys, harness.cli.main\n"
        "assert harness.cli.main.main(sys.argv[1:]) == 0\n"
        "heavy = {'torch', 'transformers', 'datasets', 'accelerate', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    command = [sys.executable, "-c", code, "gate", str(run), "--baseline", str(baseline)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
