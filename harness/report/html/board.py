"""The board as an HTML page: a picture and a table for each card; tables sort by any column and are filtered."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.report.board import Entry
from harness.report.board_rows import others_text, score_of, score_text, state_text
from harness.report.html.board_strips import Strip, strips
from harness.report.html.pages import render_page

_COLUMNS = (
    "card", "run", "verdict", "exact", "f1", "other claims", "departs in", "seeds", "card states", "training", "where",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardGroup:
    """The runs of one card, newest first."""

    card: str
    entries: Sequence[Entry]
    strips: Sequence[Strip]


def render(entries: Sequence[Entry], results: Path) -> str:
    cards = list(dict.fromkeys(one.card for one in entries))
    same = {card: [one for one in entries if one.card == card] for card in cards}
    outcomes = dict.fromkeys(one.outcome or one.state for one in entries)
    return render_page(
        "board.html",
        title=f"board of {results.resolve().name}",
        scripts=("theme.js", "board.js") if entries else ("theme.js",),
        groups=[CardGroup(card, same[card], strips(same[card])) for card in cards],
        columns=_COLUMNS,
        outcomes=list(outcomes),
        n_runs=sum(one.kind == "run" for one in entries),
        n_series=sum(one.kind == "series" for one in entries),
        others_text=others_text,
        score_of=score_of,
        score_text=score_text,
        state_text=state_text,
    )
