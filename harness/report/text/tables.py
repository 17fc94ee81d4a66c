"""What every text report is made of: a console as wide as the terminal, tables that fit it, values in short form."""

import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

UNWRAPPED = 1_000_000  # columns of a page that goes to a file or another program: a line is a line
_GAP = 2  # blanks between two columns of a table
_WORD = re.compile(r"\S+\s*")


class Page(Console):
    """A console into a text that breaks lines between words alone: a name longer than the line stays whole."""

    def __init__(self, **how: Any) -> None:
        self._printed = io.StringIO()
        super().__init__(file=self._printed, **how)

    def text(self) -> str:
        """What was printed, without the blanks that a table pads its lines with."""
        return "\n".join(line.rstrip() for line in self._printed.getvalue().rstrip().splitlines())

    def print(self, *objects: Any, **how: Any) -> None:
        if len(objects) != 1 or not isinstance(objects[0], str | Text):
            super().print(*objects, **{"crop": False, **how})
            return
        text = Text(objects[0]) if isinstance(objects[0], str) else objects[0]
        for line in text.split("\n", allow_blank=True):
            for part in _wrapped(line, self.width):
                super().print(part, **{**how, "soft_wrap": True})


class FittedTable:
    """A table where every word fits into its column; on a narrower page, a paragraph for each row."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str | Text]], right: Sequence[str]) -> None:
        self._columns, self._rows = columns, rows
        self._table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
        for column in columns:
            self._table.add_column(column, justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            self._table.add_row(*row)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        columns = zip(self._columns, *self._rows, strict=True)
        widths = (max((cell_len(word) for cell in cells for word in str(cell).split()), default=0) for cells in columns)
        if sum(width + _GAP for width in widths) - _GAP <= options.max_width:
            yield self._table
            return
        for first, *others in self._rows:
            named = zip(self._columns[1:], others, strict=True)
            said = [Text.assemble(f"{column} ", cell) for column, cell in named if str(cell) not in ("", "-")]
            paragraph = Text.assemble((str(first), "bold"), ": ", Text(", ").join(said))
            for at, line in enumerate(_wrapped(paragraph, options.max_width - _GAP)):
                yield Text.assemble(" " * _GAP * bool(at), line, no_wrap=True, overflow="ignore")


def _wrapped(line: Text, width: int) -> Iterator[Text]:
    """The parts of a line that fit the width, broken between words; a word that is wider stands alone."""
    start, breaks = 0, []
    for word in _WORD.finditer(line.plain):
        if word.start() > start and cell_len(line.plain[start : word.end()].rstrip()) > width:
            start = word.start()
            breaks.append(start)
    for part in line.divide(breaks):
        part.rstrip()
        yield part


def make_console() -> Page:
    """As wide as the terminal; what goes elsewhere is never wrapped. Plain there too, and where NO_COLOR says so."""
    is_terminal = os.isatty(1)
    width = max(30, shutil.get_terminal_size((100, 24)).columns) if is_terminal else UNWRAPPED
    has_colours = is_terminal and "NO_COLOR" not in os.environ
    return Page(width=width, force_terminal=has_colours, highlight=False, markup=False)


def make_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], right: Sequence[str] = ()) -> FittedTable:
    return FittedTable(columns, tuple(rows), right)


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
