"""Tables as rows of cells, from Markdown and from HTML; a header of two rows, with titles that span columns, is one."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.card.dialects.document import Document
from harness.card.dialects.html_rows import html_tables
from harness.card.dialects.links import without_links
from harness.card.dialects.metrics import is_metric, metric_of

_OF_RULE = set("|:+=- \t\r")
_OF_PARTS = {metric_of(f"{part} {name}") for part in ("HasAns", "NoAns") for name in ("EM", "F1")}
_NUMBERED = re.compile(r"#?\d[\d.,]*[.)]?$")
_SCORE = re.compile(r"\d+\.\d|^\d+$")
_BREAK = re.compile(r"\s*<\s*/?\s*br\s*/?\s*>\s*", re.IGNORECASE)
_PAIRED = re.compile(r"\d+(?:\.\d+)?\s*/\s*\d+(?:\.\d+)?$")  # a cell with two scores
_BRACKETED = re.compile(r"\(([^()]{4,30})\)")
_MARKS = str.maketrans("", "", "*`")
_MAX_ROWS = 400

Row = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """`over` are the titles above `header`, each repeated over the columns it spans; () where there is one row."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    line: int
    over: tuple[str, ...] = ()


def tables_of(document: Document) -> Iterator[Table]:
    """Every table of a card that has rows."""
    for table in (*_markdown_tables(document), *(_of_rows(rows) for rows in html_tables(document.lines))):
        if table is not None and table.rows:
            yield table


def _markdown_tables(document: Document) -> Iterator[Table | None]:
    rows: list[tuple[int, str]] = []
    for line, text in (*document.lines, (0, "")):
        if "|" in text and text.strip() and (not rows or line == rows[-1][0] + 1):
            rows.append((line, text))
            continue
        if len(rows) > 1:
            yield _of_lines(rows)
        rows = [(line, text)] if "|" in text and text.strip() else []


def _of_lines(lines: Sequence[tuple[int, str]]) -> Table | None:
    """A table of consecutive lines with bars; None where no row of dashes stands near their top."""
    rule = next((n for n, (_, text) in enumerate(lines[:4]) if n and _is_rule(text)), None)
    if rule is None:
        return None
    rows = [(line, _cells(text)) for line, text in lines[rule + 1 : rule + 1 + _MAX_ROWS] if not _is_rule(text)]
    header = _cells(lines[rule - 1][1])
    if len(header) == 2 and is_metric(header[0]) and _SCORE.match(header[1]):
        header, rows = ("Metric", "Value"), [(lines[rule - 1][0], header), *rows]  # scores alone, without a header
    return Table(header, tuple(rows), lines[0][0])


def _cells(text: str) -> tuple[str, ...]:
    text = _BREAK.sub(" ", " ".join(text[:4000].split()).replace("\\|", " "))
    text = text.removeprefix("|").removesuffix("|")
    return tuple(without_links(cell).translate(_MARKS).strip() for cell in text.split("|"))


def _is_rule(text: str) -> bool:
    """Whether a line is the row of dashes below a header."""
    return "-" in text and not set(text) - _OF_RULE


def _of_rows(rows: Sequence[Row]) -> Table | None:
    return Table(rows[0][1], tuple(rows[1 : 1 + _MAX_ROWS]), rows[0][0]) if len(rows) > 1 else None


def with_second_header(table: Table) -> Table:
    """A table whose first row names the metric of each column, under the names of the data or of the models."""
    if not table.rows:
        return table
    cells = table.rows[0][1]
    named = [n for n, cell in enumerate(cells) if is_metric(cell) or pair_of(cell)]
    if len(named) < 2 or any(char.isdigit() for cell in cells for char in re.sub(r"[fF]1|@\d+", "", cell)):
        return table
    over, last = list[str](), ""
    for n in range(max(len(table.header), len(cells))):
        title = table.header[n] if n < len(table.header) else ""
        last = title or (last if n in named else "")
        over.append(last if n in named else "")
    header = [cells[n] if n in named else title for n, title in enumerate(table.header)]
    header += [cells[n] for n in range(len(table.header), len(cells))]
    rows = table.rows[1:]
    if len(rows) > 1 and _names_parts(rows[0][1]):  # a third row of the header: `dev / test`
        parts = rows[0][1]
        over = [f"{title} ({parts[n]})" if title and n < len(parts) else title for n, title in enumerate(over)]
        rows = rows[1:]
    return dataclasses.replace(table, header=tuple(header), rows=rows, over=tuple(over))


def _names_parts(cells: Sequence[str]) -> bool:
    """Whether a row without a label names the parts of the data that the cells below it give scores of."""
    return not cells[0] and any("/" in cell for cell in cells) and not any(_SCORE.search(cell) for cell in cells)


def bare(cell: str) -> str:
    """A header or label without the unit in brackets."""
    return re.sub(r"\s*\((?:%|in %|↑|↓|[^()]{0,30})\)\s*$|[↑↓%]\s*$", "", cell).strip() or cell


def pair_of(cell: str) -> tuple[str, str] | None:
    """Two metrics in one header, such as `EM/F1` or `HasAns (EM/F1)`."""
    if cell.strip() == "P/S":  # Pearson and Spearman
        return "P", "S"
    match = re.match(
        r"^(?P<stem>[\w. -]{0,30}?(?: \((?:[Dd]ev|[Tt]est)\))?)\s*"
        r"(?P<bracket>\(?)(?P<one>[\w-]{1,15}(?: [Mm]atch)?)\s*/\s*"
        r"(?P<two>[\w-]{1,15}(?: [Mm]atch)?)\)?$",
        cell.strip(),
    )
    if match is None or metric_of(match["one"]) is None or metric_of(match["two"]) is None:
        return None
    if match["stem"] and match["bracket"] and metric_of(f"{match['stem']} {match['one']}") not in _OF_PARTS:
        return f"{match['stem']} ({match['one']})", f"{match['stem']} ({match['two']})"  # the stem names the data
    return f"{match['stem']} {match['one']}".strip(), f"{match['stem']} {match['two']}".strip()


def metric_cells(title: str, cell: str, over: str = "") -> Iterator[tuple[str, str]]:
    """A metric and its value, or both of two (`EM/F1`, `77.1/80.2`); `over` is the title above the metric's."""
    pair, values = pair_of(title), cell.split("/")
    if pair is not None and len(values) == 2:
        yield from zip(pair, (value.strip() for value in values), strict=True)
    elif pair is None and len(values) == 2 and (("/" in title and title.endswith(")")) or "/" in over):
        yield from ((title, value.strip()) for value in values)  # `MNLI-m/mm (Acc)`, or one above the other
    elif pair is None:
        yield title, cell


def pair_before(document: Document, table: Table) -> tuple[str, str] | None:
    """The two metrics that the sentence above a table of nothing but pairs names: `… performance (EM/F1)`."""
    cells = [cell for _, row in table.rows for cell in row[1:] if cell]
    if not cells or not all(_PAIRED.match(cell) for cell in cells):
        return None
    named = _BRACKETED.findall(document.sentence_before(table.line)[-400:])
    return next((pair for one in named if (pair := pair_of(one)) is not None), None)


def are_numbers(table: Table, column: int) -> bool:
    """Whether a column holds nothing but numbers."""
    return all(_NUMBERED.match(cells[column]) for _, cells in table.rows if column < len(cells))
