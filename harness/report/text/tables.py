"""What every text report is made of: a console as wide as the terminal, tables that fold, values in short form."""

import io
import os
import shutil
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def make_console(stream: io.StringIO) -> Console:
    """Plain when the output is no terminal, or NO_COLOR says so."""
    is_terminal = os.isatty(1) and "NO_COLOR" not in os.environ
    width = max(40, shutil.get_terminal_size((100, 24)).columns)
    return Console(file=stream, width=width, force_terminal=is_terminal, highlight=False, markup=False)


def make_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], right: Sequence[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
