"""Whose the rows and columns of a table are: this model's, by what they say, by its names, by where they link."""

import re

from harness.card.dialects.document import Document
from harness.card.dialects.links import LINK, hub_model
from harness.card.dialects.own_names import plain_name
from harness.card.dialects.table_shapes import Table

THIS = re.compile(
    r"\((?:this|our)(?: model| one)?\)|^(?:this (?:model|one|work)|ours?)$|\bthis model\b|\bours\b"
    r"|^our (?:\w+ )?model\b|(?-i:^Our[A-Z])",
    re.IGNORECASE,
)
_LONG_NAME = 12  # characters of a name that is no family's, such as `bert`


def own_rows(document: Document, table: Table, column: int) -> frozenset[int]:
    """Lines of the rows that are this model's: by their labels, else by the page of the Hub that a label links to.

    Code that was copied from another card names that card's model: what a title says goes before it.
    """
    labels = {line: cells[column].strip() for line, cells in table.rows if column < len(cells)}
    names = {line: plain_name(label) for line, label in labels.items()}
    told = document.told_names
    firm = {n for n, label in labels.items() if THIS.search(label) or names[n] in told or _goes_on(names[n], told)}
    titled = {n for n, name in names.items() if name.startswith(tuple(document.title_words))}
    if not firm and len({names[n] for n in titled}) == 1:
        firm = titled
    others = {n for n, label in labels.items() if n not in firm and is_this(document, label)}
    if firm & titled or others:
        return frozenset(firm if firm & titled else firm | others)
    return frozenset(firm or {n for n in labels if _links_here(document, n)})


def _links_here(document: Document, line: int) -> bool:
    """Whether a row's first link leads to this model's page on the Hub."""
    link = LINK.search(document.text(line))
    model = hub_model(link["target"]) if link else None
    return model is not None and "/" in model and plain_name(model) in document.own_names


def is_this(document: Document, label: str) -> bool:
    """Whether a row is this model's: it says so, or bears the model's own name."""
    name = plain_name(label)
    return THIS.search(label) is not None or name in document.row_names or _goes_on(name, document.own_names)


def _goes_on(name: str, own: frozenset[str]) -> bool:
    """Whether a name is one of the card's own with more behind it, as that of a model which was tuned once more."""
    return any(len(one) >= _LONG_NAME and name.startswith(one) for one in own)
