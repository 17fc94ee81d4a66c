"""The card's text beside the settings that it became, each with its line; what the card leaves out has its source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.card.dialects.document import split_lines
from harness.domain import Setting
from harness.plan.sources import describe
from harness.report.html.gather import PageData
from harness.report.text.tables import shown

_ORIGINS = ("stated", "derived", "assumed", "overridden")


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of the card; `is_used` where a setting or a claim is from it."""

    number: int
    text: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One claim or setting as the page shows it, with the lines of the card that it is from."""

    name: str
    value: str
    origin: str
    source: str
    lines: Sequence[int]
    inert: str | None = None


def card_lines(found: PageData) -> list[CardLine]:
    used = set(_used(found))
    lines = split_lines(found.card.text)
    if lines and not lines[-1]:
        lines.pop()
    return [CardLine(number, line, number in used) for number, line in enumerate(lines, start=1)]


def _used(found: PageData) -> Iterator[int]:
    for stage in found.experiment.sections():
        for one in stage.settings:
            yield from one.source.lines
    yield from (claim.line for claim in found.experiment.claims)


def count_origins(found: PageData) -> str:
    """Say how many settings there are, and how many of each origin."""
    origins = [one.origin for stage in found.experiment.sections() for one in stage.settings]
    counts = ", ".join(f"{origins.count(origin)} {origin}" for origin in _ORIGINS if origin in origins)
    return f"{len(origins)} settings: {counts}"


def became(found: PageData) -> list[tuple[str, list[Item]]]:
    """List what the card became, by heading: its claims, then the settings of each part of the run."""
    claims = [
        Item(one.metric, one.raw, "claimed", f"card line {one.line}, read as {one.dialect}", (one.line,))
        for one in found.experiment.claims
    ]
    stages = found.experiment.sections()
    return [("claims", claims), *((one.name.replace("_", " "), list(map(_item, one.settings))) for one in stages)]


def _item(one: Setting) -> Item:
    plain = {None: "none", True: "true", False: "false"}
    value = plain[one.value] if one.value is None or isinstance(one.value, bool) else shown(one.value)
    return Item(one.name, f"{value} {one.unit}".strip(), one.origin, describe(one.source), one.source.lines, one.inert)
