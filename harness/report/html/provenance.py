"""The card's text beside the settings that it became, each with its line; what the card leaves out has its source."""

import re
from collections.abc import Iterator

from harness.card.dialects.document import split_lines
from harness.domain import Setting, Stage
from harness.report.html.gather import Gathered
from harness.report.html.markup import Html, Part, join, tag
from harness.report.text.tables import shown

_LINES = re.compile(r"\blines? \[?(\d+(?:(?:,| and|, and) \d+)*)")
_ORIGINS = ("stated", "derived", "assumed", "overridden")


def section(found: Gathered) -> Html:
    stages = found.experiment.sections()
    settings = [one for stage in stages for one in stage.settings]
    counts = ", ".join(f"{n} {origin}" for origin in _ORIGINS if (n := sum(one.origin == origin for one in settings)))
    missing = found.completeness.missing
    return tag(
        "section",
        tag("h2", "From the card to the run"),
        tag("p", f"{len(settings)} settings: {counts}. The card states {found.completeness.score} % of what a re-run "
            "needs.", f" Left out: {', '.join(missing)}." if missing else None),
        tag("p", "Touch a line of the card, or a setting, to see what belongs to it.", class_="note screen"),
        tag("div",
            tag("div", tag("h3", "The card"), _card(found), class_="card"),
            tag("div", tag("h3", "What it became"), _claims(found), [_stage(one) for one in stages], class_="became"),
            class_="beside"),
        _ambiguities(found),
        id="provenance",
    )  # fmt: skip


def _card(found: Gathered) -> Html:
    used = set(_used(found))
    lines = split_lines(found.card.text)
    if lines and not lines[-1]:
        lines.pop()
    items = [
        tag("li", tag("code", line or " "), value=number, data_line=number,
            class_="used" if number in used else None, tabindex="0" if number in used else None)
        for number, line in enumerate(lines, start=1)
    ]  # fmt: skip
    return tag("ol", *items, class_="text", aria_label="text of the card")


def lines_of(source: str) -> list[int]:
    """The lines of the card that a source names."""
    found = _LINES.findall(source) if "card line" in source else ()
    return [int(number) for match in found for number in re.findall(r"\d+", match)]


def _used(found: Gathered) -> Iterator[int]:
    for stage in found.experiment.sections():
        for one in stage.settings:
            yield from lines_of(one.source)
    yield from (claim.line for claim in found.experiment.claims)


def _claims(found: Gathered) -> Html:
    rows = [
        _row(f"{claim.metric}", claim.raw, "claimed", f"card line {claim.line}, read as {claim.dialect}", [claim.line])
        for claim in found.experiment.claims
    ]
    return join(tag("h4", "claims"), tag("ul", *rows, class_="settings"))


def _stage(stage: Stage) -> Html:
    return join(tag("h4", stage.name.replace("_", " ")), tag("ul", *map(_setting, stage.settings), class_="settings"))


def _setting(one: Setting) -> Html:
    plain = {None: "none", True: "true", False: "false"}
    value = plain[one.value] if one.value is None or isinstance(one.value, bool) else shown(one.value)
    inert = f"no effect here: {one.inert}" if one.inert else None
    return _row(one.name, f"{value} {one.unit}".strip(), one.origin, one.source, lines_of(one.source), inert)


def _row(name: str, value: str, origin: str, source: str, lines: list[int], inert: str | None = None) -> Html:
    return tag(
        "li",
        tag("span", tag("b", name), " = ", tag("code", value), class_="what"),
        tag("span", origin, class_=f"badge {origin}"),
        tag("small", source, f" · {inert}" if inert else None),
        data_lines=" ".join(map(str, lines)) or None,
        tabindex="0" if lines else None,
        class_="inert" if inert else None,
    )


def _ambiguities(found: Gathered) -> Part:
    said = found.experiment.ambiguities
    if not said:
        return None
    n = f"{len(said)} thing{'s' if len(said) > 1 else ''} that the card leaves open"
    return tag("details", tag("summary", n), tag("ul", *(tag("li", one) for one in said)))
