"""Whose the rows and columns of a table are: this model's, by what they say, by its names, by where they link."""

import re
from collections.abc import Iterable

from harness.card.dialects import model_index
from harness.card.dialects.document import Document
from harness.card.dialects.links import LINK, hub_model
from harness.card.dialects.own_names import plain_name
from harness.card.dialects.table_shapes import Table
from harness.domain import Claim

THIS = re.compile(
    r"\((?:this|our)(?: model| one)?\)|^(?:this (?:model|one|work)|ours?)$|\bthis model\b|\bours\b"
    r"|^our (?:\w+ )?model\b|(?-i:^Our[A-Z])",
    re.IGNORECASE,
)
OTHER = re.compile(
    r"original|base ?line|\bpaper\b|reported|reference|previous|\bsota\b|state[- ]of|human|teacher", re.IGNORECASE
)
_BOLD_LABEL = re.compile(r"^\s*\|?\s*(?:\d+\s*\|\s*)?\*\*[^*|]+\*\*\s*\|\s*\*\*")  # `| **this one** | **74.3** |`
_OF_FAMILY = re.compile(
    r"^(?P<model>(?:m|Al|Distil|Ro|Camem)?BERT|mT5|XLM-?R(?:oBERTa)?|RoBERTa|ELECTRA)(?:[- ](?:base|large))? "
    r"(?P<metric>F1|EM|[Aa]ccuracy|[Pp]recision|[Rr]ecall)$"
)
_OF_MODEL = re.compile(r"^(?P<model>\S.{1,40}?)\s+(?:F1(?:[- ][Ss]core)?|EM|[Aa]ccuracy|[Pp]recision|[Rr]ecall)$")
_DECIMAL = re.compile(r"\d{1,3}\.\d+$")
_LONG_NAME = 12  # characters of a name that is no family's, such as `bert`


def own_rows(document: Document, table: Table, column: int) -> frozenset[int]:
    """Lines of the rows that are this model's: by their labels, else by the page of the Hub that a label links to.

    Code that was copied from another card names that card's model: what a title says goes before it.
    """
    labels = {line: cells[column].strip() for line, cells in table.rows if column < len(cells)}
    names = {line: plain_name(label) for line, label in labels.items()}
    told = document.told_names
    firm = {n for n, label in labels.items() if THIS.search(label) or names[n] in told}
    bold = {n for n in labels if _BOLD_LABEL.match(document.text(n))}
    if not firm and len(bold) == 1 < len(labels):
        return frozenset(bold)
    if (
        len(labels) == 1
        and len(table.header) > 3
        and not any(OTHER.search(label) for label in labels.values())
        and not _pages(document, labels)
    ):
        return frozenset(labels)  # a card with one row of scores has its own
    firm |= {n for n, name in names.items() if _goes_on(name, told)}
    titled = {n for n, name in names.items() if name.startswith(tuple(document.title_words))}
    if not firm and len({names[n] for n in titled}) == 1:
        firm = titled
    said = {n for n, label in labels.items() if THIS.search(label)}
    if len(said) > 1 and said & titled:
        return frozenset(said & titled)  # `small (ours)` and `large (ours)`, on the card of the large one
    indexed = set() if firm else _indexed(document, table)
    if len(indexed) == 1:
        return frozenset(indexed)
    others = {n for n, label in labels.items() if n not in firm and is_this(document, label)}
    if firm & titled or others:
        return frozenset(firm if firm & titled else firm | others)
    return frozenset(firm or _linked(document, labels))


def _indexed(document: Document, table: Table) -> set[int]:
    """The rows that repeat two or more scores of the `model-index`."""
    scores = {round(one.value, 2) for one in model_index.find(document) if isinstance(one, Claim) and one.value > 1}
    found = {line: {float(cell) for cell in cells if _DECIMAL.match(cell)} for line, cells in table.rows if scores}
    return {line for line, row in found.items() if len(scores & {round(100 * x if x <= 1 else x, 2) for x in row}) > 1}


def _linked(document: Document, labels: Iterable[int]) -> set[int]:
    """The rows that link to this model's page on the Hub; else those that link to the only page that any links to."""
    pages = _pages(document, labels)
    own = {n for n, model in pages.items() if plain_name(model) in document.own_names}
    return own or (set(pages) if len(set(pages.values())) == 1 else set())


def pages_of_others(document: Document, table: Table) -> dict[int, str]:
    """Lines of rows that link to the pages of other models on the Hub, with the pages.

    Where rows lead to several models, code that loads one of them does not make that this card's.
    """
    pages = _pages(document, (line for line, _ in table.rows))
    own = document.told_names if len(set(pages.values())) > 1 else document.own_names
    return {n: page for n, page in pages.items() if plain_name(page) not in own}


def _pages(document: Document, lines: Iterable[int]) -> dict[int, str]:
    """The models on the Hub to whose pages the first links of rows lead, by line."""
    links = {line: LINK.search(document.text(line)) for line in lines}
    models = {line: hub_model(link["target"]) for line, link in links.items() if link}
    return {line: model for line, model in models.items() if model is not None and "/" in model}


def is_this(document: Document, label: str) -> bool:
    """Whether a row is this model's: it says so, or bears the model's own name."""
    name = plain_name(label)
    return THIS.search(label) is not None or name in document.row_names or _goes_on(name, document.own_names)


def _goes_on(name: str, own: frozenset[str]) -> bool:
    """Whether a name is one of the card's own with more behind it, as that of a model which was tuned once more."""
    return any(len(one) >= _LONG_NAME and name.startswith(one) for one in own)


def family(document: Document, table: Table, n: int) -> str | None:
    """The model that a column names where another names this one; else a family, where others do not."""
    models = [match["model"] for title in table.header if (match := _OF_MODEL.match(title)) is not None]
    match = _OF_MODEL.match(table.header[n])
    if match and not is_this(document, match["model"]) and any(is_this(document, one) for one in models):
        return match["model"]
    match = _OF_FAMILY.match(table.header[n])
    if match is None or is_this(document, match["model"]):
        return None
    same = [title for title in table.header if title.endswith(f" {match['metric']}")]
    return match["model"] if any(not _OF_FAMILY.match(title) for title in same) else None
