"""Progress: parts by name and number, what is left of the run, a file for other terminals, `harness status`."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.card.read import read_card
from harness.cli.main import main
from harness.plan.experiment import plan
from harness.plan.options import Options
from harness.record import progress, store
from harness.run import watched as module
from harness.run.watched import Watched
from harness.train import progress as watchers
from tests.recorded import ROOT, make_run


class Told:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.records: list[dict[str, float]] = []

    def start(self, stage: str, n_steps: int, begin: int = 0) -> None:
        self.started.append(f"{stage} {begin}/{n_steps}")

    def steps(self, records: list[dict[str, float]]) -> None:
        self.records += records

    def end(self) -> None:
        self.started.append("end")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "pocket" / "20261123T101500Z-aaaaaaaa"
    store.write_json(folder / "identity.json", {})
    return folder


@pytest.fixture
def watch(run: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(module, "WRITE_EVERY_S", 0.0)
    experiment = plan(read_card(ROOT / "cards" / "pocket.md"), Options())
    work = {"intermediate_layer": 30.0, "prediction_layer": 10.0, "evaluation: student": 5.0}
    return Watched(Told(), experiment, run, work)


def test_a_part_has_its_card_its_number_and_what_is_left_behind_it(
    watch: Watched, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 112.0, 112.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    watch.start("intermediate_layer", 100, 10)
    watch.steps([{"step": 69}, {"step": 70, "loss": 2.5}])
    inner = watch.inner
    assert isinstance(inner, Told)
    assert inner.started == ["pocket: intermediate_layer, 1 of 3 10/100"]
    # 60 of 100 steps, 18 of 30 units of work, took 12 s: 15 more units are behind it.
    assert [sorted(one) for one in inner.records] == [["step"], ["loss", "run_left_s", "step"]]
    assert inner.records[-1]["run_left_s"] == pytest.approx(10.0)
    found = progress.read(run.parents[1], run.name)
    assert found is not None
    assert (found.part, found.number, found.n_parts, found.step, found.loss) == ("intermediate_layer", 1, 3, 70, 2.5)
    assert (found.left_s, found.run_left_s) == (pytest.approx(6.0), pytest.approx(16.0))
    assert found.is_running()


def test_work_that_is_no_part_of_the_plan_keeps_its_name_and_promises_nothing(watch: Watched) -> None:
    watch.start("teacher logits", 2)
    watch.steps([{"step": 1}])
    inner = watch.inner
    assert isinstance(inner, Told)
    assert inner.started == ["pocket: teacher logits 0/2"]
    assert inner.records == [{"step": 1}]


def test_status_tells_what_runs_from_what_stopped_and_what_is_finished(
    watch: Watched, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = run.parents[1]
    make_run(results / "pocket" / "20261123T100000Z-bbbbbbbb")
    watch.start("prediction_layer", 200)
    watch.steps([{"step": 50, "loss": 1.25}])
    assert main(["status", "--results", str(results), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["runs"]
    assert (first["state"], first["progress"]["step"], second["state"]) == ("running", 50, "finished")
    assert main(["status", "--results", str(results)]) == 0
    said = capsys.readouterr().out
    for part in ("running", "prediction_layer, 2 of 3", "50/200", "1.2500", f"{first['progress']['pid']} on ", "fin"):
        assert part in said
    found = progress.read(results, run.name)
    assert found is not None
    progress.write(results, replace(found, pid=2**22 + 1))  # above what Linux gives a process
    assert main(["status", "--results", str(results), "--follow"]) == 0  # nothing runs: it ends
    assert "stopped" in capsys.readouterr().out
    other = replace(found, host="elsewhere", updated="2026-11-01T00:00:00+00:00")
    assert [one.is_running() for one in (other, replace(other, updated=progress.now()))] == [False, True]


@pytest.mark.parametrize("text", ["", "{", '{"card": 1}', "[]"])
def test_a_file_of_progress_that_is_broken_is_none(run: Path, text: str) -> None:
    path = run.parents[1] / store.CACHE / "progress" / f"{run.name}.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert progress.read(run.parents[1], run.name) is None
    progress.remove(run.parents[1], run.name)
    progress.remove(run.parents[1], run.name)
    assert not path.exists()


def test_lines_say_how_far_it_is_even_where_no_step_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watchers, "LINE_EVERY_S", 0.01)
    lines = watchers.Lines()
    lines.start("pocket: prediction_layer, 3 of 4", 760)
    lines.steps([{"step": 76, "loss": 1.25, "run_left_s": 300.0}])
    heard = _until(capsys, lambda text: "no step ended for" in text)
    lines.end()
    assert "pocket: prediction_layer, 3 of 4: step 76/760, loss 1.2500, " in heard
    assert "then 5.0 min for the rest of the run" in heard
    assert "760 steps in" in capsys.readouterr().err


def _until(capsys: pytest.CaptureFixture[str], is_said: Callable[[str], bool]) -> str:
    heard = ""
    while not is_said(heard):
        time.sleep(0.01)
        heard += capsys.readouterr().err
    return heard
