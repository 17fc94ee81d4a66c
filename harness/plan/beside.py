"""Files that a card names beside itself: cards of other models, and lists of question ids.

A card that is moved needs them where it goes. Data files are not among them: they may be large, and their licence is
not the card's.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from harness.card.read import read_card
from harness.domain import Card
from harness.errors import CardError
from harness.plan.datasets import list_of_ids

_NAME = re.compile(r"[\w-][\w.-]*")  # of a file in the same folder


def named_beside(card: Card) -> tuple[str, ...]:
    """Names of the files, as the card's words have them."""
    models = [fact.value for name in ("teacher", "student") if (fact := card.fact(name)) is not None]
    found = [*(name for name in models if name.endswith(".md")), *filter(None, [list_of_ids(card)])]
    return tuple(dict.fromkeys(name for name in found if _NAME.fullmatch(name)))


def files_beside(card: Path) -> dict[str, Path]:
    """The files by their names, with those that cards among them name; whether or not they are there."""
    return dict(_followed(card, {card.name}))


def _followed(card: Path, seen: set[str]) -> Iterator[tuple[str, Path]]:
    try:
        named = named_beside(read_card(card))
    except CardError:  # what is not there, or is no card, names nothing
        return
    for name in named:
        if name in seen:
            continue
        seen.add(name)
        path = card.parent / name
        yield name, path
        if name.endswith(".md"):
            yield from _followed(path, seen)
