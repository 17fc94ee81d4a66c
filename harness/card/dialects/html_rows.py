"""Rows and cells of HTML tables, with the line of every row; tags that are never closed do no harm."""

import re
from collections.abc import Iterator, Sequence

_TAG = re.compile(r"<(?P<end>/?)(?P<name>table|tr|td|th)\b[^<>]{0,300}>", re.IGNORECASE)
_OTHER = re.compile(r"<[^<>]{0,300}>")
_MAX_ROWS = 2000

Row = tuple[int, tuple[str, ...]]


def html_tables(lines: Sequence[tuple[int, str]]) -> Iterator[list[Row]]:
    """Every table of the lines as rows of cell texts."""
    is_table, rows, cells, cell, at = False, list[Row](), list[str](), None, 0
    for line, text in lines:
        if not is_table and "<table" not in text.lower():
            continue
        place = 0
        for match in _TAG.finditer(text):
            if cell is not None:
                cell += text[place : match.start()]
            place, name, is_end = match.end(), match["name"].lower(), bool(match["end"])
            if name in ("td", "th", "tr") and cell is not None:
                cells.append(_OTHER.sub("", cell).strip())
                cell = None
            if name == "tr" and cells and len(rows) < _MAX_ROWS:
                rows.append((at, tuple(cells)))
                cells = []
            if name == "table":
                if is_end and rows:
                    yield rows
                is_table, rows, cells = not is_end, [], []
            elif name in ("td", "th") and not is_end and is_table:
                cell, at = "", line
        if cell is not None:
            cell += text[place:] + " "
    if rows:
        yield rows
