"""The card's text, each line beside the settings that it became; what the card leaves out is listed with its source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.card.dialects.document import split_lines
from harness.domain import Setting
from harness.plan.sources import describe
from harness.report.html.gather import PageData
from harness.report.text.tables import shown

_ORIGINS = ("stated", "derived", "assumed", "overridden")
_FOLDED = 6  # lines in a row that became nothing: from so many on they are folded up


@dataclass(frozen=True, slots=True)
class Item:
    """One claim or setting as the page shows it; `parts` are the parts of the run that it holds for."""

    name: str
    value: str
    origin: str
    source: str
    lines: Sequence[int] = ()
    parts: Sequence[str] = ()
    inert: str | None = None


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of the card and what it became; a setting of several lines stands beside the first of them."""

    number: int
    text: str
    became: Sequence[Item]
    is_used: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of the card that follow one another; `is_folded` where they became nothing and are many."""

    lines: Sequence[CardLine]
    is_folded: bool


def passages(found: PageData) -> list[Passage]:
    """List the whole card in order, with what became of each line."""
    items = [*_claims(found), *_items(found)]
    used = {line for one in items for line in one.lines}
    texts = split_lines(found.card.text)
    if texts and not texts[-1]:
        texts.pop()
    lines = [
        CardLine(number, text, [one for one in items if one.lines[:1] == (number,)], number in used)
        for number, text in enumerate(texts, start=1)
    ]
    return list(_folded(lines))


def _folded(lines: Sequence[CardLine]) -> Iterator[Passage]:
    """Fold up what became nothing, where it is long; the lines around it stay."""
    kept: list[CardLine] = []
    idle: list[CardLine] = []
    for line in (*lines, None):
        if line is not None and not line.is_used:
            idle.append(line)
            continue
        if len(idle) >= _FOLDED:
            yield Passage(kept, is_folded=False)
            yield Passage(idle, is_folded=True)
            kept = []
        else:
            kept += idle
        idle = []
        if line is not None:
            kept.append(line)
    yield Passage(kept, is_folded=False)


def count_origins(found: PageData) -> str:
    """Say how many settings there are, and how many of each origin."""
    origins = [one.origin for stage in found.experiment.sections() for one in stage.settings]
    counts = ", ".join(f"{origins.count(origin)} {origin}" for origin in _ORIGINS if origin in origins)
    return f"{len(origins)} settings: {counts}"


def not_in_card(found: PageData) -> list[tuple[str, list[Item]]]:
    """List the settings that stand on no line of the card, by the parts of the run that have them alike."""
    by_parts: dict[str, list[Item]] = {}
    for one in _items(found):
        if not one.lines:
            by_parts.setdefault(", ".join(one.parts), []).append(replace(one, parts=()))
    return list(by_parts.items())


def _claims(found: PageData) -> Iterator[Item]:
    for one in found.experiment.claims:
        yield Item(one.metric, one.raw, "claimed", f"card line {one.line}, read as {one.dialect}", (one.line,))


def _items(found: PageData) -> list[Item]:
    """List all settings; what several parts of the run have alike from one place is one."""
    kept: dict[tuple[str, str, str, str, str | None], Item] = {}
    for stage in found.experiment.sections():
        for setting in stage.settings:
            one = _item(setting)
            key = (one.name, one.value, one.origin, one.source, one.inert)
            before = kept[key].parts if key in kept else ()
            kept[key] = replace(one, parts=(*before, stage.name.replace("_", " ")))
    return list(kept.values())


def _item(one: Setting) -> Item:
    plain = {None: "none", True: "true", False: "false"}
    value = plain[one.value] if one.value is None or isinstance(one.value, bool) else shown(one.value)
    source, lines = describe(one.source), tuple(one.source.lines)
    return Item(one.name, f"{value} {one.unit}".strip(), one.origin, source, lines, inert=one.inert)
