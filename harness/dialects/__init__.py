"""The shelf of dialects: the ways in which cards state facts, settings and numbers. One file each.

A dialect reads a `Document` and yields findings with line numbers; it knows no other dialect. Order matters only for
facts: the first dialect that states one is the one `Card.fact` returns.
"""

from collections.abc import Callable, Iterable

from harness.dialects import front_matter, key_value_block, overview, prose
from harness.dialects.document import Document, Finding

Dialect = Callable[[Document], Iterable[Finding]]

DIALECTS: tuple[Dialect, ...] = (prose.find, overview.find, front_matter.find, key_value_block.find)
