"""harness board"""

import argparse
import io
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.record import store
from harness.report import board
from harness.report.board import Entry, Gap
from harness.report.printable import printable
from harness.report.text.tables import make_console, make_table, text_of
from harness.report.verdict_rows import number, outcome_text

_WIDE = 110  # columns that a table of everything needs
_MISSED = " !"
_COLOURS = {
    "reproduced": "green",
    "within_tolerance": "green",
    "better": "green",
    "not_reproduced": "red",
    "invalid": "red",
}
_STATES = {"broken": "red", "unreadable": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="where records are (default: results)"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as an HTML page as well")


def run(arguments: argparse.Namespace) -> int:
    entries = board.read(arguments.results)
    if arguments.html is not None:
        from harness.report.html import board as listing  # here, so that a board of text does not wait for it

        store.write_text(arguments.html, listing.render(entries, arguments.results))
    if arguments.json:
        document = {"schema_version": store.SCHEMA_VERSION, "entries": store.to_json(entries)}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(to_text(entries, arguments.results))
        if arguments.html is not None:
            print(arguments.html)
    return 0


def to_text(entries: Sequence[Entry], results: Path) -> str:
    """A table where there is room for one, else a few lines for each run."""
    stream = io.StringIO()
    console = make_console(stream)
    if not entries:
        console.print(f"{results}: no runs yet; harness reproduce CARD makes one")
    elif console.width >= _WIDE:
        _print_table(console, entries)
    else:
        for one in entries:
            _print_lines(console, one)
    if any(gap.outcome == "not_reproduced" for one in entries if one.is_judged for gap in one.gaps):
        console.print(f"{_MISSED.strip()} is not reproduced")
    return text_of(stream)


def _print_table(console: Console, entries: Sequence[Entry]) -> None:
    columns = (
        "card",
        "UTC",
        "verdict",
        "measured - claimed",
        "departs in",
        "seeds",
        "card states",
        "training",
        "where",
        "record",
    )
    rows = [
        (
            one.card,
            _date(one),
            _verdict(one),
            _gaps(one) or printable(one.reason),
            printable(_departs(one)),
            _seeds(one),
            _percent(one),
            _cost(one),
            printable(one.where or "-"),
            Path(one.path).name,
        )
        for one in entries
    ]
    console.print(make_table(columns, rows, ("card states", "training")))


def _print_lines(console: Console, one: Entry) -> None:
    console.print(Text.assemble((one.card, "bold"), "  ", _date(one), "  ", _verdict(one)))
    console.print(f"  {_gaps(one) or printable(one.reason)}")
    if one.departs:
        console.print(f"  departs in {printable(_departs(one))}")
    about = f"seed {_seeds(one)} · card states {_percent(one)} · training {_cost(one)}"
    console.print(f"  {about} · {printable(one.where or '-')}")
    console.print(f"  {one.card}/{Path(one.path).name}")


def _verdict(one: Entry) -> Text:
    if one.outcome is None:
        return Text(one.state.upper(), style=_STATES.get(one.state, "yellow"))
    return Text(outcome_text(one.outcome).upper(), style=_COLOURS.get(one.outcome, "yellow"))


def _gaps(one: Entry) -> str:
    return ", ".join(_gap(gap, is_judged=one.is_judged) for gap in one.gaps)


def _gap(gap: Gap, *, is_judged: bool) -> str:
    if gap.difference is None:
        return f"{gap.metric} unmeasured"
    mark = _MISSED if is_judged and gap.outcome == "not_reproduced" else ""
    return f"{gap.metric} {number(gap.difference, gap.unit, '+')}{mark}"


def _departs(one: Entry) -> str:
    return ", ".join(one.departs) or "-"


def _date(one: Entry) -> str:
    return one.date[:16].replace("T", " ") or "no date"


def _seeds(one: Entry) -> str:
    return " ".join(map(str, one.seeds)) or "-"


def _percent(one: Entry) -> str:
    return "-" if one.completeness is None else f"{one.completeness} %"


def _cost(one: Entry) -> str:
    return "-" if one.train_s is None else f"{one.train_s:,.0f} s"
