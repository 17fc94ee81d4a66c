"""harness board"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.record import store
from harness.report import board
from harness.report.board import MAIN, Entry
from harness.report.board_rows import others_text, score_text, seeds_text, state_text
from harness.report.printable import printable
from harness.report.text.tables import make_console, make_table
from harness.report.verdict_rows import outcome_text

_WIDE = 140  # columns that a table of everything needs
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
    console = make_console()
    if not entries:
        console.print(f"{results}: no runs yet; harness reproduce CARD makes one")
    elif console.width >= _WIDE:
        _print_table(console, entries)
    else:
        for one in entries:
            _print_lines(console, one)
    if any(score.difference is not None for one in entries for score in one.scores):
        console.print("in brackets: measured - claimed")
    return console.text()


def _print_table(console: Console, entries: Sequence[Entry]) -> None:
    columns = ("card", "UTC", "verdict", "exact", "f1", "other claims", "departs in", "seeds", "training", "record")
    rows = [
        (
            one.card,
            _date(one),
            _verdict(one),
            *_scores(one),
            printable(others_text(one) or state_text(one) or "-"),
            printable(_departs(one)),
            str(len(one.seeds)),
            _cost(one),
            Path(one.path).name,
        )
        for one in entries
    ]
    console.print(make_table(columns, rows, ("exact", "f1", "seeds", "training")))


def _print_lines(console: Console, one: Entry) -> None:
    console.print(Text.assemble((one.card, "bold"), "  ", _date(one), "  ", _verdict(one)))
    scores = [f"{metric} {said}" for metric, said in zip(MAIN, _scores(one), strict=True) if said != "-"]
    others = others_text(one)
    for line in filter(None, (", ".join(scores), others and f"other claims: {others}", state_text(one))):
        console.print(f"  {printable(line)}")
    if one.departs:
        console.print(f"  departs in {printable(_departs(one))}")
    about = f"{seeds_text(one)} · card states {_percent(one)} · training {_cost(one)}"
    console.print(f"  {about} · {printable(one.where or '-')}")
    console.print(f"  {one.card}/{Path(one.path).name}", soft_wrap=True)


def _verdict(one: Entry) -> Text:
    if one.outcome is None:
        return Text(one.state.upper(), style=_STATES.get(one.state, "yellow"))
    return Text(outcome_text(one.outcome).upper(), style=_COLOURS.get(one.outcome, "yellow"))


def _scores(one: Entry) -> tuple[str, str]:
    return score_text(one, MAIN[0]) or "-", score_text(one, MAIN[1]) or "-"


def _departs(one: Entry) -> str:
    return ", ".join(one.departs) or "-"


def _date(one: Entry) -> str:
    return one.date[:16].replace("T", " ") or "no date"


def _percent(one: Entry) -> str:
    return "-" if one.completeness is None else f"{one.completeness} %"


def _cost(one: Entry) -> str:
    return "-" if one.train_s is None else f"{one.train_s:,.0f} s"
