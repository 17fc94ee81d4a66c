"""The shelf of dialects: the ways in which cards state facts, settings and numbers. One file each.

A dialect reads a `Document` and yields findings with line numbers; it knows no other dialect. Order matters only for
facts: the first dialect that states one is the one `Card.fact` returns.
"""

from collections.abc import Callable, Iterable

from harness.card.dialects import (
    bullets,
    call,
    front_matter,
    key_value_block,
    machines,
    model_index,
    overview,
    prose,
    prose_models,
    prose_numbers,
    sentence_transformers,
    shell,
    tables,
)
from harness.card.dialects.document import Document, Finding

Dialect = Callable[[Document], Iterable[Finding]]

DIALECTS: tuple[Dialect, ...] = (
    front_matter.find,
    overview.find,
    prose_models.find,
    prose.find,
    machines.find,
    model_index.find,
    key_value_block.find,
    shell.find,
    call.find,
    sentence_transformers.find,
    bullets.find,
    tables.find,
    prose_numbers.find,
)
