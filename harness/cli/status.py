"""harness status"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.plan.cost import format_duration
from harness.record import progress, store
from harness.record.progress import Progress
from harness.report import board
from harness.report.printable import printable
from harness.report.text.tables import make_console, make_table
from harness.report.verdict_rows import outcome_text

FOLLOW_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run: `state` is running, stopped (the same command goes on with it), broken, unreadable or finished."""

    card: str
    run: str
    state: Literal["running", "stopped", "broken", "unreadable", "finished"]
    outcome: str | None
    reason: str
    progress: Progress | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where records are (default: results)")
    add("--follow", action="store_true", help="show it again and again, until nothing runs")


def run(arguments: argparse.Namespace) -> int:
    while True:
        found = read(arguments.results)
        if arguments.json:
            document = {"schema_version": store.SCHEMA_VERSION, "runs": store.to_json(found)}
            print(json.dumps(document, indent=1, ensure_ascii=False), flush=True)
        else:
            print(to_text(found, arguments.results), flush=True)
        if not arguments.follow or not any(one.state == "running" for one in found):
            return 0
        sys.stdout.flush()
        time.sleep(FOLLOW_EVERY_S)


def read(results: Path) -> list[RunStatus]:
    """Every run under a results folder, newest first; raises DataError where there is no such folder."""
    entries = [one for one in board.read(results) if one.kind == "run"]
    return [_of(one, progress.read(results, Path(one.path).name)) for one in entries]


def _of(entry: board.Entry, known: Progress | None) -> RunStatus:
    state: Literal["running", "stopped", "broken", "unreadable", "finished"]
    if entry.state == "finished":
        state, known = "finished", None
    elif known is not None and known.is_running():
        state = "running"
    else:
        state = "stopped" if entry.state == "unfinished" else entry.state
    return RunStatus(entry.card, Path(entry.path).name, state, entry.outcome, entry.reason, known)


def to_text(found: Sequence[RunStatus], results: Path) -> str:
    """A row a run: part, step, loss, what is left, process."""
    console = make_console()
    if not found:
        console.print(f"{results}: no runs yet; harness reproduce CARD makes one")
        return console.text()
    columns = ("card", "run", "state", "part", "step", "loss", "left", "of the run", "process")
    console.print(make_table(columns, [tuple(map(printable, _row(one))) for one in found], ("step", "loss")))
    return console.text()


def _row(one: RunStatus) -> tuple[str, ...]:
    at = one.progress
    if one.state == "finished":
        return one.card, one.run, f"finished: {outcome_text(one.outcome or '')}", *("-",) * 6
    if at is None:
        return one.card, one.run, one.state, one.reason, *("-",) * 5
    is_running = one.state == "running"
    return (
        one.card,
        one.run,
        one.state,
        f"{at.part}, {at.number} of {at.n_parts}" if at.number else at.part,
        f"{at.step:,}/{at.n_steps:,}",
        "-" if at.loss is None else f"{at.loss:.4f}",
        "-" if at.left_s is None else format_duration(at.left_s),
        "-" if at.run_left_s is None else format_duration(at.run_left_s),
        f"{at.pid} on {at.host}" if is_running else f"none; the same command goes on (last seen {at.updated})",
    )
