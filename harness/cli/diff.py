"""harness diff A B"""

import argparse
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from harness.errors import PlanError
from harness.record import store
from harness.record.folder import Run
from harness.record.read import blaming_the_record
from harness.report.text.tables import make_console, make_table

if TYPE_CHECKING:
    from harness.judge.diff import Comparison, Flips, Metric

_LONGEST = 40  # characters of an answer in the table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, metavar="A", help="folder of a finished run")
    parser.add_argument("second", type=Path, metavar="B", help="folder of another one")
    parser.add_argument("--questions", type=int, default=10, metavar="N", help="flipped questions shown (default: 10)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.questions < 0:
        raise PlanError([f"--questions {arguments.questions}: must be 0 or more"])
    # Here, because what it compares with loads numpy, which no other command needs at its start.
    from harness.judge import diff

    with blaming_the_record(f"{arguments.first} or {arguments.second}"):
        found = diff.compare(Run.open(arguments.first), Run.open(arguments.second))
    if arguments.json:
        document = {"schema_version": store.SCHEMA_VERSION, **store.to_json(found)}
        if found.flips is not None:
            document["flips"]["questions"] = document["flips"]["questions"][: arguments.questions]
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        print(to_text(found, arguments.questions))
    return 0


def to_text(found: "Comparison", n_questions: int) -> str:
    console = make_console()
    console.print(f"A  {found.first}", soft_wrap=True)
    console.print(f"B  {found.second}", soft_wrap=True)
    for section, group in itertools.groupby(found.differences, key=lambda one: one.section):
        rows = [(one.name, _short(one.first), _short(one.second)) for one in group]
        console.print()
        console.print(make_table((section, "A", "B"), rows))
    if not found.differences:
        console.print("\nsettings, deviations, claims, inputs and environment are the same")
    console.print()
    _print_metrics(console, found.metrics)
    if found.flips is not None:
        console.print()
        _print_flips(console, found.flips, n_questions)
    for what in found.not_compared:
        console.print(Text(f"not compared: {what}", style="yellow"))
    return console.text()


def _print_metrics(console: Console, metrics: "Sequence[Metric]") -> None:
    rows = [
        (
            one.metric,
            _number(one.first, one.unit),
            _number(one.second, one.unit),
            _number(one.difference, one.unit, "+"),
        )
        for one in metrics
    ]
    columns = ("metric", "A", "B", "B - A")
    console.print(make_table(columns, rows, columns[1:]))
    for fields, group in itertools.groupby(metrics, key=lambda one: one.differs_in):
        if fields:
            names = ", ".join(one.metric for one in group)
            console.print(Text(f"scored under different conditions, in {', '.join(fields)}: {names}", style="yellow"))


def _print_flips(console: Console, flips: "Flips", n_questions: int) -> None:
    console.print(
        f"{flips.n:,} questions: {flips.gained} right in B alone, {flips.lost} right in A alone, {flips.n_changed} "
        f"answered differently; McNemar p = {flips.p_value:.3g}"
    )
    shown = flips.questions[:n_questions]
    if shown:
        rows = [("B" if one.is_gained else "A", one.id, _answer(one.first), _answer(one.second)) for one in shown]
        console.print(make_table(("right in", "question", "A answers", "B answers"), rows))
    if len(flips.questions) > len(shown):
        console.print(f"{len(flips.questions) - len(shown)} more; --questions {len(flips.questions)} shows all")


def _number(value: float | None, unit: str, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.{2 if unit == 'points' else 4}f}"


def _answer(text: str) -> str:
    return "(no answer)" if text == "" else text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _short(value: str) -> str:
    """Hashes by their first characters, as everywhere else."""
    is_hash = len(value) in (40, 64) and set(value) <= set("0123456789abcdef")
    return f"{value[:12]}…" if is_hash else value
