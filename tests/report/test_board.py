"""The board: every run of a results folder, finished or not, on a terminal, as JSON and as a page."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.board import to_text
from harness.cli.main import main
from harness.errors import DataError
from harness.judge import verdict as conclusion
from harness.record import progress, store
from harness.record.folder import Run
from harness.report import board
from harness.report.html import board as listing
from harness.report.html.board_strips import strips
from tests.browser import Browser
from tests.recorded import ROOT, make_run

HOSTILE = "<img src=x onerror=window.hit=1>\x1b[31m"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds and their series, and one run each that is unfinished, broken, unreadable, and only just begun."""
    results = tmp_path_factory.mktemp("board") / "results"
    runs = [make_run(results / "pocket" / f"20261123T10150{n}Z-aaaaaaaa", seed=40 + n, limit=None) for n in range(2)]
    names = [one.name for one in runs]
    series = results / "pocket" / store.series_name(names)
    store.write_text(
        series / store.SERIES,
        store.series_text(names, conclusion.conclude([Run.open(run) for run in runs]), is_sequential=False),
    )
    (make_run(results / "other" / "20261123T120000Z-cccccccc") / "verdict.json").unlink()
    broken = make_run(results / "other" / "20261123T130000Z-dddddddd")
    (broken / "verdict.json").unlink()
    store.write_json(broken / "error.json", {"error": f"loss is not finite {HOSTILE}", "stage": "s", "step": 3})
    unreadable = make_run(results / "other" / "20261123T140000Z-eeeeeeee")
    (unreadable / "verdict.json").write_text("{", encoding="utf-8")
    (results / "other" / "20261123T150000Z-ffffffff").mkdir()
    (results / ".cache" / "candidates-1234").mkdir(parents=True)
    (results / "parser").mkdir()
    (results / "parser" / "fuzz.json").write_text("{}", encoding="utf-8")
    return results


def test_every_run_and_series_is_an_entry_newest_first(results: Path) -> None:
    found = [(one.card, one.kind, one.state, one.date) for one in board.read(results)]
    assert found == [
        ("other", "run", "unfinished", "2026-11-23T15:00:00Z"),
        ("other", "run", "unreadable", "2026-11-23T14:00:00Z"),
        ("other", "run", "broken", "2026-11-23T13:00:00Z"),
        ("other", "run", "unfinished", "2026-11-23T12:00:00Z"),
        ("pocket", "series", "finished", "2026-11-23T10:15:01Z"),
        ("pocket", "run", "finished", "2026-11-23T10:15:01Z"),
        ("pocket", "run", "finished", "2026-11-23T10:15:00Z"),
    ]


def test_an_entry_says_what_its_record_says(results: Path) -> None:
    one = board.read(results)[-1]
    judgement = store.read_json(Path(one.path) / "verdict.json")["judgement"]
    assert one.outcome == judgement["outcome"]
    assert [(score.metric, score.measured, score.difference) for score in one.scores] == [
        (verdict["metric"], verdict["measured"], verdict["difference"]) for verdict in judgement["verdicts"]
    ]
    assert (one.seeds, one.train_s, one.completeness) == ((40,), 3.0, 72)
    assert one.where is not None
    assert one.where.startswith("cpu")


def test_a_series_adds_up_its_seeds(results: Path) -> None:
    one = next(one for one in board.read(results) if one.kind == "series")
    assert (one.seeds, one.train_s) == ((40, 41), 6.0)


def test_what_is_not_finished_says_why(results: Path) -> None:
    begun, unreadable, broken, unfinished, *_ = board.read(results)
    assert "stages done: none" in begun.reason
    assert "verdict.json: is broken" in unreadable.reason
    assert broken.reason.startswith("loss is not finite")
    assert "stages done: intermediate_layer, prediction_layer" in unfinished.reason
    assert {one.outcome for one in (begun, unreadable, broken, unfinished)} == {None}


def test_an_unfinished_run_says_how_far_it_is(results: Path, tmp_path: Path) -> None:
    begun, _, broken, evaluating, *_ = board.read(results)
    assert begun.progress is None
    assert [str(one.progress) for one in (broken, evaluating)] == ["evaluation, stage 3 of 3"] * 2
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    (run / "verdict.json").unlink()
    (run / "stages" / "prediction_layer" / "stage.json").unlink()
    (one,) = board.read(tmp_path)
    n_epochs = Run.open(run).experiment.stages[1].value("num_train_epochs")
    assert one.progress == board.Progress("prediction_layer", 2, 3, 4, 2 * n_epochs)  # two steps an epoch
    assert one.progress.share == pytest.approx((1 + 4 / (2 * n_epochs)) / 3)
    assert f"prediction_layer, stage 2 of 3, step 4 of {2 * n_epochs}" in to_text([one], tmp_path)
    assert '<progress max="1"' in listing.render([one], tmp_path)
    said = progress.Progress("pocket", run.name, 42, "teacher", 1, 4, 3, 6, None, None, None, *progress.here(), "")
    progress.write(tmp_path, said)
    (one,) = board.read(tmp_path)
    assert str(one.progress) == "running: teacher, stage 1 of 4, step 3 of 6"


def test_a_record_of_any_shape_is_an_entry(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    names = ("experiment.json", "environment.json", "verdict.json", "stages/prediction_layer/stage.json", "card.md")
    contents = ("", "[]", "null", "\udcff", '{"run": 3, "seconds": "x", "machine": [], "judgement": 1}')
    for path in map(run.joinpath, names):
        was = path.read_bytes()
        for content in contents:
            path.write_bytes(content.encode("utf-8", "surrogateescape"))
            assert len(board.read(tmp_path)) == 1, (path, content)
        path.write_bytes(was)
    assert board.read(tmp_path)[0].state == "finished"


def test_what_can_be_read_of_an_unreadable_run_is_shown(results: Path) -> None:
    one = board.read(results)[1]
    assert (one.state, one.seeds, one.train_s, one.completeness) == ("unreadable", (42,), 3.0, 72)


def test_a_series_of_runs_that_are_gone_is_an_entry(tmp_path: Path) -> None:
    store.write_json(tmp_path / "pocket" / "series-01234567" / "series.json", {"runs": ["20261123T101500Z-aaaaaaaa"]})
    (one,) = board.read(tmp_path)
    assert one.state == "unreadable"


@pytest.mark.parametrize("columns", [60, 140])
def test_the_board_fits_the_terminal(
    columns: int, results: Path, capsys: pytest.CaptureFixture[str], terminal: Callable[[int], None]
) -> None:
    terminal(columns)
    assert main(["board", "--results", str(results)]) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines() if "/" not in line) <= columns  # but for folders' names
    seeds = "2 seeds (40 41)" if columns == 60 else "20261123T150000Z-ffffffff"
    for word in ("UNREADABLE", "UNFINISHED", "BROKEN", seeds):
        assert word in out
    assert "\x1b" not in out


def test_a_gap_outside_its_tolerance_is_marked_where_it_judges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa", limit=None, wrong=range(40))
    make_run(tmp_path / "pocket" / "20261122T101500Z-bbbbbbbb", wrong=range(4))
    assert main(["board", "--results", str(tmp_path)]) == 0
    judged, limited = capsys.readouterr().out.split("LIMITED")
    assert "NOT REPRODUCED" in judged
    assert re.search(r"\d+\.\d\d \(-\d+\.\d\d !\)", judged)
    assert " !" not in limited
    assert "in brackets: measured - claimed" in limited


def test_json_is_one_document(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", "--results", str(results), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == store.SCHEMA_VERSION
    assert len(document["entries"]) == 7


def test_no_runs_and_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["board", "--results", str(tmp_path)]) == 0
    assert "no runs yet" in capsys.readouterr().out
    assert "No runs yet" in listing.render([], tmp_path)
    assert main(["board", "--results", str(tmp_path / "none")]) == 2
    with pytest.raises(DataError):
        board.read(tmp_path / "none")


def test_the_board_loads_nothing_heavy(results: Path, tmp_path: Path) -> None:
    code = (
        "import sys, harness.cli.main\n"
        "harness.cli.main.main(sys.argv[1:])\n"
        "heavy = {'torch', 'transformers', 'datasets', 'numpy', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    command = [sys.executable, "-c", code, "board", "--results", str(results)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_shows_every_entry_and_escapes_it(results: Path) -> None:
    entries = board.read(results)
    page = listing.render(entries, results)
    assert page.count("<tr data-outcome=") == len(entries)
    assert "<img" not in page
    assert "\x1b" not in page
    assert "default-src 'none'" in page


def test_the_page_sorts_by_a_column_and_back(browser: Browser, results: Path, tmp_path: Path) -> None:
    path = tmp_path / "board.html"
    assert main(["board", "--results", str(results), "--html", str(path)]) == 0
    browser.look()
    browser.open(path)
    click = "document.querySelectorAll('#board th button')[{}].click()"
    column = "[...document.querySelectorAll('#board tbody tr')].map((row) => row.cells[{}].innerText.split('\\n')[0])"
    browser.run("document.getElementById('group').click()")
    assert browser.run("[...document.querySelectorAll('.of-card')].filter((one) => !one.hidden).length") == 1
    browser.run(click.format(1))
    dates = browser.run(column.format(1))
    assert dates == sorted(dates)
    browser.run(click.format(1))
    assert browser.run(column.format(1)) == dates[::-1]
    browser.run(click.format(9))
    assert [cost for cost in browser.run(column.format(9)) if cost != "–"] == ["3 s"] * 5 + ["6 s"]
    shown = "[...document.querySelectorAll('#board tbody tr')].filter((row) => row.offsetParent).length"
    assert browser.run(f"(document.querySelector('[data-outcome=broken].chip').click(), {shown})") == 1
    browser.run("document.querySelector('[data-outcome=\"\"].chip').click()")
    search = "document.getElementById('search')"
    assert browser.run(f"({search}.value = 'series-', {search}.dispatchEvent(new Event('input')), {shown})") == 1
    assert browser.said == []
    assert browser.asked == [path.resolve().as_uri()]
    browser.look(360, 740)
    assert browser.run("document.documentElement.scrollWidth") == 360


def test_a_measured_run_shows_its_numbers_and_every_run_what_it_departs_in(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "cards" / "pocket-teacher.md", tmp_path)
    text = (ROOT / "tests" / "cards" / "pocket.md").read_text(encoding="utf-8").partition("## Performance")[0]
    (tmp_path / "pocket.md").write_text(text, encoding="utf-8")
    run = make_run(tmp_path / "results" / "pocket" / "a", limit=None, described=tmp_path / "pocket.md")
    other = make_run(tmp_path / "results" / "pocket" / "b", wrong=(0,))
    found = {one.path: one for one in board.read(tmp_path / "results")}
    exact = store.read_json(run / "evaluation" / "metrics.json")["scores"]["exact"]
    assert found[str(run)].outcome == "measured"
    first = found[str(run)].scores[0]
    assert (first.metric, first.measured, first.difference) == ("exact", exact, None)
    assert found[str(run)].departs == ()
    assert found[str(other)].departs == ("first 8 questions",)
    assert re.search(rf"MEASURED +{exact:.2f} +\d", to_text(list(found.values()), tmp_path))


def test_a_card_has_one_picture_of_claims_seeds_and_spread(results: Path) -> None:
    entries = [one for one in board.read(results) if one.card == "pocket"]
    exact, _ = strips(entries)
    (lane,) = exact.lanes
    assert len(lane.dots) == 2
    assert lane.said.endswith("(sd of 2)")
    claimed = next(one for one in entries[0].scores if one.metric == "exact").claimed
    assert exact.claim_text.startswith(f"claim {claimed:.2f} ±")
    assert 0 < exact.claim < 100
    page = listing.render(entries, results)
    assert page.count('class="dot"') == 4
    assert 'title="seed 40: ' in page
