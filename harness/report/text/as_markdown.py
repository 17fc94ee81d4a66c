"""The gate as a Markdown summary, short enough for a workflow's job page (1,024 KiB a step)."""

import re
from collections.abc import Sequence

from harness.errors import EXIT_INCONCLUSIVE, EXIT_REPRODUCED
from harness.judge.regression import GateResult, counts
from harness.report.printable import printable
from harness.report.verdict_rows import VerdictRow, row_of_check

MOST_ROWS = 200
_LONGEST = 200  # characters of one text
_MARKS = {
    "pass": "✅ pass",
    "fail": "❌ fail",
    "unmeasured": "⚪ unmeasured",
    "inconclusive": "⚪ inconclusive",
    "invalid": "⛔ invalid",
}
_HEAD = ("card", "metric", "claimed", "measured", "tolerance", "baseline", "result", "why")
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&@:])")
_LINKED = re.compile(r"\bwww\.", re.IGNORECASE)


def render(gated: Sequence[GateResult], exit_code: int, *, n_not_annotated: int = 0) -> str:
    """Write the summary; `n_not_annotated` lines a workflow would not have shown, so they stand here alone."""
    found = counts(gated)
    said = ", ".join(f"{n} {state}" for state, n in found.items())
    lines = [
        f"## harness gate: {gate_word(exit_code)}",
        "",
        f"{said} (metrics, of {cards(len({one.card for one in gated}))})",
    ]
    lines += ["", f"| {' | '.join(_HEAD)} |", f"|{'---|' * len(_HEAD)}"]
    rows = [_row(one.card, row_of_check(check)) for one in gated for check in one.checks]
    lines += [f"| {' | '.join(row)} |" for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines += ["", f"{len(rows) - MOST_ROWS} more rows are left out"]
    format_duration = [line for one in gated for line in _said(one)]
    lines += ["", *format_duration[:MOST_ROWS]] if format_duration else []
    if n_not_annotated:
        lines += ["", f"{n_not_annotated} more findings have no annotation; they are in the table"]
    return "\n".join(lines) + "\n"


def _row(card: str, row: VerdictRow) -> tuple[str, ...]:
    numbers = (row.claimed, row.measured, row.tolerance, row.baseline)
    return text(card), text(row.metric), *(one or "-" for one in numbers), _MARKS[row.outcome], text(row.reason)


def _said(one: GateResult) -> list[str]:
    lines = [f"- {text(one.card)}: {_MARKS['invalid']}, {text(problem)}" for problem in one.problems]
    if one.absent is not None:
        lines.append(f"- {text(one.card)}: {_MARKS['unmeasured']}, {text(one.absent)}")
    return lines + [f"- {text(one.card)}: note, {text(note)}" for note in one.notes]


def text(raw: str) -> str:
    """One line of plain text: nothing in it is markup, a link, a cell's end or a mention."""
    shown = printable(raw)
    shown = shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
    return _LINKED.sub(lambda found: found[0][:-1] + "\\.", _PUNCTUATION.sub(r"\\\1", shown))


def gate_word(exit_code: int) -> str:
    """Say what the gate came to."""
    return {EXIT_REPRODUCED: "passed", EXIT_INCONCLUSIVE: "undecided"}.get(exit_code, "failed")


def cards(n: int) -> str:
    return f"{n} card{'' if n == 1 else 's'}"
