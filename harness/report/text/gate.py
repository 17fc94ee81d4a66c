"""The gate for a terminal, as one JSON document, and as annotations on the cards' own lines."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from harness.errors import EXIT_REPRODUCED
from harness.judge.regression import GateResult, On, counts
from harness.record.store import SCHEMA_VERSION, to_json
from harness.report.printable import printable
from harness.report.text.as_github import annotation
from harness.report.text.as_markdown import cards, gate_word
from harness.report.text.tables import make_console, make_table
from harness.report.verdict_rows import VerdictRow, row_of_check

_COLOURS = {
    "pass": "green",
    "fail": "bold red",
    "unmeasured": "yellow",
    "inconclusive": "yellow",
    "invalid": "bold red",
}
_LEVELS = {"fail": "error", "undecided": "warning", "warn": "warning"}
_COLUMNS = ("result", "metric", "claimed", "measured", "tol.", "baseline", "why")


def to_text(gated: Sequence[GateResult], exit_code: int) -> str:
    console = make_console()
    for one in gated:
        console.print(Text(f"card {printable(one.card)}: {one.state}", style=_COLOURS[one.state]))
        console.print(f"  run {printable(one.run or '(none)')}, baseline {printable(one.baseline)}", soft_wrap=True)
        for problem in one.problems:
            console.print(f"  invalid: {printable(problem)}")
        if one.absent is not None:
            console.print(f"  unmeasured: {printable(one.absent)}")
        for note in one.notes:
            console.print(f"  note: {printable(note)}")
        if one.checks:
            console.print()
            console.print(make_table(_COLUMNS, map(_row, map(row_of_check, one.checks)), _COLUMNS[2:6]))
        console.print()
    found = counts(gated)
    said = ", ".join(f"{n} {state}" for state, n in found.items())
    word, of = gate_word(exit_code), cards(len({one.card for one in gated}))
    colours = {"passed": "bold green", "undecided": "bold yellow"}
    console.print(Text(f"GATE {word.upper()}: {said} (metrics, of {of})", style=colours.get(word, "bold red")))
    return console.text()


def to_json_text(gated: Sequence[GateResult], exit_code: int) -> str:
    shown = [
        {
            **to_json(one),
            "state": one.state,
            "checks": [{**to_json(check), "state": check.state, "reason": check.reason} for check in one.checks],
        }
        for one in gated
    ]
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "is_passed": exit_code == EXIT_REPRODUCED,
        "exit_code": exit_code,
        "counts": counts(gated),
        "cards": shown,
    }
    return json.dumps(document, indent=1, ensure_ascii=False)


def annotations(gated: Sequence[GateResult], on: On) -> Iterator[str]:
    """One workflow command for each thing that does not pass, what fails first; nothing of a state that may pass."""
    levels = [("fail", "error"), *((state, _LEVELS[what]) for state, what in on.items() if what in _LEVELS)]
    for one in gated:
        for problem in one.problems:
            yield annotation("error", one.path, 1, printable(f"{one.card}: invalid: {problem}"))
    for state, level in levels:
        for one in gated:
            for check in one.checks:
                if check.state == state and not one.problems:
                    row = row_of_check(check)
                    said = printable(f"{one.card}, {row.metric}: {row.outcome_text}: {row.reason}")
                    yield annotation(level, one.path, check.line or 1, said)


def _row(row: VerdictRow) -> tuple[str | Text, ...]:
    numbers = (row.claimed, row.measured, row.tolerance, row.baseline)
    outcome = Text(row.outcome_text, style=_COLOURS[row.outcome])
    return outcome, printable(row.metric), *(one or "-" for one in numbers), printable(row.reason)
