"""Several seeds of one card, and what a record alone says of a run."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.judge import verdict
from harness.judge.error_rates import LOOKS
from harness.record import store
from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.run import reproduce
from tests.tiny import make_model


@pytest.fixture
def whole(untrained: list[str]) -> list[str]:
    return [*untrained, "--tolerance", "exact=3,f1=3"]


def folders(tmp_path: Path, start: str = "2") -> list[Path]:
    return sorted(path for path in (tmp_path / "results" / "tinybert-6l").iterdir() if path.name.startswith(start))


def test_each_seed_is_a_run_and_the_series_judges_their_mean(
    whole: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*whole, "--seeds", "2", "--json"])
    document = json.loads(capsys.readouterr().out)
    runs, (folder,) = folders(tmp_path), folders(tmp_path, "series")
    assert len(runs) == 2
    written = json.loads((folder / store.SERIES).read_text())
    assert set(written["runs"]) == {run.name for run in runs}
    values = [Run.open(run).conclusion.measurements for run in runs]
    exacts = [next(one.value for one in run if one.metric == "exact") for run in values]
    (estimate,) = (one for one in document["judgement"]["estimates"] if one["metric"] == "exact")
    assert sorted(estimate["values"]) == sorted(exacts)
    assert document["judgement"]["verdicts"][0]["measured"] == pytest.approx(sum(exacts) / 2)
    assert {one.seed for run in values for one in run} == {42, 43}
    assert code == document["judgement"]["exit_code"]


def test_a_seed_that_is_finished_is_not_run_again(whole: list[str], tmp_path: Path) -> None:
    main(whole)
    (first,) = folders(tmp_path)
    kept = (first / "verdict.json").stat().st_mtime_ns
    main([*whole, "--seeds", "2"])
    assert len(folders(tmp_path)) == 2
    assert (first / "verdict.json").stat().st_mtime_ns == kept
    main([*whole, "--seeds", "2"])
    assert len(folders(tmp_path)) == 2


@pytest.mark.parametrize(("by_equivalence", "n_runs"), [("not_reproduced", LOOKS[0]), ("inconclusive", LOOKS[-1])])
def test_auto_stops_at_the_first_look_that_decides(
    by_equivalence: str, n_runs: int, whole: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []

    def one(experiment: Any, *_: Any) -> Any:
        ran.append(experiment.run.value("seed"))
        return reproduce.Outcome(Path("x-1"), experiment, None, was_there=False)  # type: ignore[arg-type]

    monkeypatch.setattr(reproduce, "reproduce", one)
    judged = _judged(by_equivalence)
    monkeypatch.setattr(verdict, "conclude", lambda *_, **__: judged)
    main([*whole, "--seeds", "auto"])
    assert ran == list(range(42, 42 + n_runs))


def _judged(outcome: str) -> Any:
    from harness.record.judgement import Judgement, Opinion

    judgement = Judgement("reproduced", 0, "tolerance", "", other=Opinion("equivalence", outcome, ""))  # type: ignore[arg-type]
    return Conclusion(judgement, (), (), ())


@pytest.mark.parametrize("seeds", ["0", "-1", "two", "1.5"])
def test_a_number_of_seeds_that_is_none_is_wrong_use(seeds: str, whole: list[str]) -> None:
    assert main([*whole, "--seeds", seeds]) == 2


def test_the_record_alone_gives_the_same_conclusion(whole: list[str], tmp_path: Path) -> None:
    published = make_model(tmp_path / "published", layers=2, seed=9)
    main(
        [part if part != "none" or whole[at - 1] != "--published" else str(published) for at, part in enumerate(whole)]
    )
    (run,) = folders(tmp_path)
    again = verdict.conclude([Run.open(run)])
    assert again == Run.open(run).conclusion
    assert {one.metric for one in again.attributions} == {"exact", "f1"}
    assert all(one.training is not None and one.teacher is not None for one in again.attributions)
    assert len(again.operating) == 2


def test_a_tolerance_that_was_changed_after_training_makes_the_run_invalid(whole: list[str], tmp_path: Path) -> None:
    main(whole)
    (run,) = folders(tmp_path)
    experiment = json.loads((run / "experiment.json").read_text())
    (setting,) = (one for one in experiment["run"]["settings"] if one["name"] == "tolerance.f1")
    setting["value"] = 99.0
    (run / "experiment.json").write_text(json.dumps(experiment))
    judgement = verdict.conclude([Run.open(run)]).judgement
    assert (judgement.outcome, judgement.exit_code) == ("invalid", 4)
    assert "written down before training" in judgement.reason


def test_rule_equivalence_decides_where_it_is_asked_for(
    whole: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*whole, "--rule", "equivalence"])
    said = " ".join(capsys.readouterr().out.split())
    assert "decided by rule equivalence; rule tolerance says" in said
    (run,) = folders(tmp_path)
    assert Run.open(run).conclusion.judgement.rule == "equivalence"
