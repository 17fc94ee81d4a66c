"""The parser against cards whose settings, claims and facts were typed by hand, and over all cards there are."""

from pathlib import Path

import pytest

from harness.card.read import read_card
from harness.errors import CardError
from tests.card.score_truth import Score, score_folder, table


@pytest.fixture(scope="module")
def scores(shared: Path) -> dict[str, Score]:
    return score_folder(shared / "cards", shared / "cards" / "truth")


def test_the_table_of_scores_meets_its_bars(scores: dict[str, Score], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\n" + table(scores))
    assert scores["settings"].share() >= 98
    assert scores["settings"].wrong == 0
    assert scores["claims"].share() >= 97
    assert scores["claims"].wrong_share() <= 1
    assert scores["attribution"].share() >= 99
    for name in ("teacher", "base model", "licence", "infrastructure", "language", "data sets"):
        assert scores[name].share() >= 97, scores[name].misses


def test_every_card_is_read(shared: Path) -> None:
    n = 0
    for path in sorted((shared / "cards").glob("*.md")):
        try:
            read_card(path)
        except CardError as error:
            pytest.fail(f"a real card cannot be read: {error}")
        n += 1
    assert n > 370


def test_lines_of_findings_hold_what_they_quote(shared: Path) -> None:
    wrong = [
        f"{path.name}:{one.line}: {one.raw}"
        for path in sorted((shared / "cards").glob("*.md"))
        for found in [read_card(path)]
        for lines in [found.text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        for one in (*found.stated, *found.claims)
        if one.raw != "true" and (one.raw.split() or [""])[0][:12] not in lines[one.line - 1]
    ]
    # What remains was resolved from a variable, or stands in cells that were put together.
    assert len(wrong) <= 60, wrong
