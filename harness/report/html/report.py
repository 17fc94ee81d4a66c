"""The report of a finished run or series: one HTML file, the same bytes for the same record and matplotlib."""

from pathlib import Path

from harness.report.board import said
from harness.report.html import plots, provenance, questions, sections
from harness.report.html.gather import gather
from harness.report.html.markup import Html, document, tag

_PLACES = (
    ("claims", "claims"),
    ("hops", "gap"),
    ("provenance", "card"),
    ("plots", "plots"),
    ("deviations", "deviations"),
    ("explorer", "questions"),
    ("environment", "environment"),
)


def render(folder: Path) -> str:
    """Raises DataError for a folder that is no finished run, StoreError for a broken record."""
    found = gather(folder)
    hops = sections.hops(found)
    outcome = said(found.conclusion.judgement.outcome)
    return document(
        f"{found.experiment.name}: {outcome}",
        bar([(name, says) for name, says in _PLACES if name != "hops" or hops is not None]),
        tag(
            "main",
            sections.verdict(found),
            sections.claims(found),
            hops,
            provenance.section(found),
            plots.section(found),
            sections.deviations(found),
            questions.section(found),
            sections.environment(found),
        ),
        scripts=("theme.js", "report.js"),
    )


def bar(places: list[tuple[str, str]]) -> Html:
    """The line at the head: where things are, and the switch between light and dark."""
    links = [tag("a", says, href=f"#{name}") for name, says in places]
    return tag("nav", tag("div", *links), tag("button", "theme", type="button", id="theme", aria_label="light or dark"))
