"""The board as an HTML page: every run and series in one table that sorts by any column."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.report.board import Entry, Gap, said
from harness.report.html.markup import Html, Part, document, table, tag
from harness.report.html.report import bar

_COLUMNS = (
    "card",
    "UTC",
    "verdict",
    "measured − claimed",
    "departs in",
    "seeds",
    "card states",
    "training",
    "where",
    "record",
)


def render(entries: Sequence[Entry], results: Path) -> str:
    n_runs = sum(one.kind == "run" for one in entries)
    counts = f"{n_runs} runs and {len(entries) - n_runs} series, newest first."
    shown: Part = table(_COLUMNS, map(_row, entries), label="runs", class_="stack") if entries else "No runs yet."
    return document(
        f"board of {results.resolve().name}",
        bar([]),
        tag("main", tag("header", tag("h1", "Board"), tag("p", counts)), tag("div", shown, class_="wide", id="board")),
        scripts=("theme.js", "board.js") if entries else ("theme.js",),
    )


def _row(one: Entry) -> Iterator[Part]:
    yield tag("b", one.card)
    yield one.date[:16].replace("T", " ") or "no date"
    yield tag("span", said(one.outcome or one.state), class_=f"badge {one.outcome or one.state}", title=one.reason)
    yield (
        tag("div", *(_gap(gap, is_judged=one.is_judged) for gap in one.gaps)) if one.gaps else tag("small", one.reason)
    )
    yield tag("small", ", ".join(one.departs) or "–")
    yield " ".join(map(str, one.seeds)) or "–"
    yield _keyed(one.completeness, "–" if one.completeness is None else f"{one.completeness} %")
    yield _keyed(one.train_s, "–" if one.train_s is None else f"{one.train_s:,.0f} s")
    yield tag("small", one.where or "–")
    yield tag("code", Path(one.path).name)


def _keyed(key: float | None, text: str) -> Html:
    """A cell that sorts by the number and not by its text."""
    return tag("span", text, data_key="" if key is None else str(key))


def _gap(one: Gap, *, is_judged: bool) -> Html:
    digits = 2 if one.unit == "points" else 4
    value = "unmeasured" if one.difference is None else f"{one.difference:+.{digits}f}"
    look = one.outcome if is_judged else None
    key = None if one.difference is None else abs(one.difference)
    return tag("div", f"{one.metric} ", tag("b", value, class_=look), data_key="" if key is None else str(key))
