"""harness fleet: what it is given, what it prints, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.fleet.jobs import JobState
from tests.fleet.fakes import POCKET, FakeEngine, record

LIMITED = ["--with", "--limit", "8"]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine in memory in place of every other."""
    made = FakeEngine(lambda task: record(tmp_path / "results", task))
    for place in ("fleets", "oversight"):
        monkeypatch.setattr(f"harness.fleet.{place}.open_engine", lambda *_: made)
    monkeypatch.setattr("harness.judge.error_rates.rates_of", lambda *_, **__: ())
    return made


def test_a_file_is_the_same_as_the_words(tmp_path: Path, engine: FakeEngine, capsys: Any) -> None:
    (tmp_path / "pocket.md").write_bytes(POCKET.read_bytes())
    text = 'cards = ["pocket.md"]\nseeds = 2\nresults = "results"\noptions = ["--limit", "8"]\nbudget = "5usd"\n'
    path = tmp_path / "nightly.toml"
    path.write_text(text, encoding="utf-8")
    engine._hourly = 0.5
    assert main(["fleet", str(path), "--json"]) == 4
    shown = json.loads(capsys.readouterr().out)
    assert (shown["name"], shown["exit_code"], len(shown["cards"][0]["runs"])) == ("nightly", 4, 2)
    assert shown["cards"][0]["outcome"] == "limited"
    assert Path(shown["board"]).is_file()
    words = ["fleet", str(tmp_path / "pocket.md"), "--seeds", "2", "--results", str(tmp_path / "results")]
    assert main([*words, *LIMITED]) == 4
    assert len(engine.begun) == 2  # all of it was finished before
    out = capsys.readouterr().out
    assert "LIMITED" in out
    assert "87.50" in out


def test_what_is_wrong_in_a_file_is_told_at_once(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text('cards = "x"\nsedes = 3\nseeds = 0\n', encoding="utf-8")
    assert main(["fleet", str(path)]) == 2
    said = capsys.readouterr().err
    for one in ("sedes: no such key; did you mean seeds?", "cards: expected a list", "seeds: expected a number"):
        assert one in said
    path.write_text("cards = [", encoding="utf-8")
    assert main(["fleet", str(path)]) == 2
    assert "is no fleet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no card was given"),
        (["--on", "nowhere"], "--on nowhere: no such engine"),
        (["--address", "x", "--on", "slurm"], "--address x: goes with --on ray"),
        (["--name", "../up"], "letters, digits"),
        (["--engine-option", "threads=none"], "expected a number from 1 up"),
        (["--with", "--seeds", "3"], "--seeds: is no option of a fleet's runs"),
        (["--with", "--precison", "bf16"], "unrecognized arguments: --precison bf16"),
    ],
)
def test_wrong_use_is_a_sentence(tmp_path: Path, capsys: Any, words: list[str], says: str) -> None:
    cards = [] if not words else [str(POCKET)]
    assert main(["fleet", *cards, "--results", str(tmp_path), *words]) == 2
    assert says in capsys.readouterr().err


def test_a_dry_run_forecasts_and_begins_nothing(tmp_path: Path, engine: FakeEngine, capsys: Any) -> None:
    engine._hourly = 3600.0
    words = ["fleet", str(POCKET), "--seeds", "3", "--results", str(tmp_path / "results"), "--dry-run", "--json"]
    assert main(words) == 0
    shown = json.loads(capsys.readouterr().out)
    (card,) = shown["cards"]
    assert (card["n_runs"], card["n_done"]) == (3, 0)
    assert card["all_s"] == pytest.approx(3 * card["run_s"])
    assert shown["usd"] == pytest.approx(card["all_s"])
    assert main([*words[:-1], "--budget", "1usd"]) == 6
    assert "more than the budget of $1.00" in capsys.readouterr().err
    assert engine.begun == []
    assert not (tmp_path / "results" / "pocket").exists()


def test_status_logs_and_cancel_go_by_the_state(tmp_path: Path, engine: FakeEngine, capsys: Any) -> None:
    where = ["--results", str(tmp_path / "results")]
    assert main(["fleet", "status", *where]) == 2
    assert "holds no fleet" in capsys.readouterr().err
    engine._ends["pocket:43"] = [JobState("ended", 2)]
    assert main(["fleet", str(POCKET), "--seeds", "2", "--name", "f", *where, *LIMITED]) == 2
    assert "pocket:43: pocket:43 is broken" in capsys.readouterr().out
    assert main(["fleet", "status", *where]) == 0
    out = capsys.readouterr().out
    assert "fleet f on local: 1 of 2 runs finished" in out
    assert "no driver is at work" in out
    assert main(["fleet", "logs", "f", "pocket:43", *where]) == 0
    assert "pocket:43 is broken" in capsys.readouterr().out
    assert main(["fleet", "logs", "f", "pocket:44", *where]) == 2
    assert "no such task; did you mean pocket:43?" in capsys.readouterr().err
    assert main(["fleet", "cancel", "f", *where]) == 0
    assert "0 jobs ended" in capsys.readouterr().out
