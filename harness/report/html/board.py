"""The board as an HTML page: every run and series in one table that sorts by any column."""

from collections.abc import Sequence
from pathlib import Path

from harness.report.board import Entry
from harness.report.html.pages import render_page


def render(entries: Sequence[Entry], results: Path) -> str:
    return render_page(
        "board.html",
        title=f"board of {results.resolve().name}",
        scripts=("theme.js", "board.js") if entries else ("theme.js",),
        entries=entries,
        n_runs=sum(one.kind == "run" for one in entries),
    )
