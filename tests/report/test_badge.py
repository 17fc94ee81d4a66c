"""The badge: what is on it, that nothing of a card becomes markup, and that every text fits its box."""

import json
import xml.etree.ElementTree as Tree
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.record import store
from harness.report.badge import Badge, to_svg
from tests.browser import Browser
from tests.recorded import make_run

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>window.hit=1</script>&\"'\x1b[31m\u202e"
BADGES = (
    Badge("claims exact 95.00, f1 95.56", "within tolerance · 2026-11-29", "#13703a"),
    Badge(f"claims {HOSTILE}", "measured", "#0a58b0"),
    Badge("claims i", "W" * 400, "#8a5300"),
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("results") / "pocket" / "20261123T101500Z-aaaaaaaa", limit=None)


def test_a_badge_says_claim_outcome_and_date(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["badge", str(run)]) == 0
    drawn = Tree.fromstring(capsys.readouterr().out)  # noqa: S314 - our own
    judgement = store.read_json(run / "verdict.json")["judgement"]
    claimed = {one["metric"]: one["claimed"] for one in judgement["verdicts"]}
    label, message = (one.text for one in drawn.iter(f"{SVG}text"))
    assert label == f"claims exact {claimed['exact']:.2f}, f1 {claimed['f1']:.2f}"
    assert message == f"{judgement['outcome'].replace('_', ' ')} · 2026-11-23"
    title = drawn.find(f"{SVG}title")
    assert title is not None
    assert title.text == f"{label}: {message}"


def test_a_badge_goes_into_a_file_or_a_document(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "badge.svg"
    assert main(["badge", str(run), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert main(["badge", str(run), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["svg"] == out.read_text(encoding="utf-8")
    assert (document["message"], document["colour"]) == ("within tolerance · 2026-11-23", "#13703a")


def test_an_unfinished_run_has_no_badge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "pocket" / "20261123T101500Z-aaaaaaaa")
    (run / "verdict.json").unlink()
    assert main(["badge", str(run)]) == 2
    assert "is not finished" in capsys.readouterr().err


@pytest.mark.parametrize("badge", BADGES)
def test_whatever_is_on_it_a_badge_is_one_drawing_of_two_texts(badge: Badge) -> None:
    drawn = Tree.fromstring(to_svg(badge))  # noqa: S314 - our own
    assert {one.tag.removeprefix(SVG) for one in drawn.iter()} == {"svg", "title", "clipPath", "rect", "g", "text"}
    boxes = [(float(one.get("x", 0)), float(one.get("width", 0))) for one in drawn.iter(f"{SVG}rect")][1:]
    for (left, width), text in zip(boxes, drawn.iter(f"{SVG}text"), strict=True):
        begin, length = float(text.get("x", 0)), float(text.get("textLength", 0))
        assert left < begin < begin + length < left + width <= float(drawn.get("width", 0))


def test_no_text_leaves_its_box_in_a_browser_nor_is_squeezed(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "badges.html"
    page.write_text("<!doctype html><meta charset=utf-8>" + "<br>".join(map(to_svg, BADGES)), encoding="utf-8")
    browser.look()
    browser.open(page)
    both = "[one.getBBox().width, (one.removeAttribute('textLength'), one.getBBox().width)]"
    widths = f"[...document.querySelectorAll('text')].map((one) => {both})"
    for told, own in browser.run(widths):
        assert told == pytest.approx(own, rel=0.06)
    assert browser.run("window.hit ?? null") is None
    assert browser.said == []
