"""The evaluator matrix for a terminal, and as one JSON document."""

import json
from collections.abc import Mapping, Sequence

from harness.qa.protocol_matrix import COLUMNS, Matrix, Row
from harness.run.score_document import to_document

_GAP = "  "


def to_text(matrix: Matrix, record: str | None) -> str:
    lines = [matrix.subject, ""]
    compared = list(matrix.differences(matrix.rows[0])) if matrix.rows else []
    nearest = matrix.nearest()
    head = ("protocol", "scorer", *COLUMNS, "n", *(f"{name} - claim" for name in compared))
    body = [_cells(matrix, row, compared) for row in matrix.rows]
    is_choice = nearest is not None and len(matrix.rows) > 1
    lines += _aligned([head, *body], n_left=2, marked=matrix.rows.index(nearest) + 1 if nearest and is_choice else None)
    lines.append("")
    if matrix.best is not None:
        lines += [
            f"{name} {matrix.best[name]:.4f} at threshold {matrix.best[f'{name}_thresh']:g}: chosen on these labels, "
            "so no score and never compared with one"
            for name in ("best_exact", "best_f1")
        ]
    lines += [f"left out: {why}" for why in matrix.left_out]
    lines += [f"note: {note}" for note in matrix.notes]
    if matrix.limited is not None:
        lines.append(f"LIMITED: {matrix.limited}")
    if nearest is not None and is_choice:
        lines.append(f"nearest: {describe_row(nearest, matrix.differences(nearest))} (evidence, not proof)")
    warning = matrix.warning()
    if warning is not None:
        lines.append(f"warning: {warning}")
    lines += [f"scored as {row.signature}" for row in matrix.rows]
    return "\n".join([*lines, f"record: {record}"] if record else lines)


def to_json_text(matrix: Matrix, record: str | None) -> str:
    return json.dumps(to_document(matrix, record), indent=1, ensure_ascii=False)


def describe_row(row: Row, differences: Mapping[str, float]) -> str:
    said = ", ".join(f"{name} {value:+.1f}" for name, value in differences.items())
    return f"{row.protocol}, {row.scorer}: {said}"


def _cells(matrix: Matrix, row: Row, compared: Sequence[str]) -> tuple[str, ...]:
    scores = (f"{row.scores[name]:.2f}" if name in row.scores else "-" for name in COLUMNS)
    differences = matrix.differences(row)
    against = (f"{differences[name]:+.2f}" if name in differences else "-" for name in compared)
    return row.protocol, row.scorer, *scores, str(row.n), *against


def _aligned(rows: Sequence[Sequence[str]], *, n_left: int, marked: int | None) -> list[str]:
    """Columns lined up, all but the first `n_left` to the right; the marked row ends in an arrow."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for number, row in enumerate(rows):
        cells = [
            cell.ljust(width) if place < n_left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((_GAP.join(cells) + (f"{_GAP}<- nearest" if number == marked else "")).rstrip())
    return lines
