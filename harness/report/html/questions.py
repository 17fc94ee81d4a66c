"""The questions of a run one by one, as compact rows that a script of the page filters, searches and turns over."""

import math
from typing import Any

from harness.errors import StoreError
from harness.record.parts import ScoredAnswer
from harness.report.html.gather import Gathered
from harness.report.html.markup import Html, Part, data, join, tag
from harness.report.printable import printable

_FILTERS = (
    ("all", "all"),
    ("wrong", "wrong"),
    ("right", "right"),
    ("unanswerable", "gold: no answer"),
    ("unanswered", "predicted: no answer"),
)
_FLIPPED = (("gained", "gained on published"), ("lost", "lost to published"))
_COLUMNS = ("question", "article", "gold", "prediction", "exact", "f1")


def section(found: Gathered) -> Html:
    """The explorer; contexts and gold answers are not in a record, so they are not in a report."""
    filters = _FILTERS + (_FLIPPED if found.published is not None else ())
    columns = _COLUMNS + (("published weights",) if found.published is not None else ())
    of_seed = f" of seed {found.seeds[0]}, the first of {len(found.seeds)}" if len(found.seeds) > 1 else ""
    return tag(
        "section",
        tag("h2", "Question by question"),
        tag("p", f"All {len(found.rows):,} answers{of_seed}. Questions and passages are not in the record; the ids "
            "are those of the data set.", class_="note"),
        tag("noscript", tag("p", "To look through the questions, let this page run its own script; it loads nothing.")),
        tag("div", _controls(filters), class_="controls"),
        tag("p", id="count", role="status", class_="note"),
        tag("div", tag("table", tag("thead", tag("tr", *(tag("th", name, scope="col") for name in columns))),
            tag("tbody", id="questions"), class_="stack", aria_label="questions"), class_="wide"),
        tag("div", *(tag("button", says, type="button", id=name) for name, says in
            (("earlier", "← earlier"), ("later", "later →"))), tag("span", id="place"), class_="pager"),
        data("rows", packed(found)),
        id="explorer",
    )  # fmt: skip


def _controls(filters: tuple[tuple[str, str], ...]) -> Html:
    chips: list[Part] = [
        tag("button", says, " ", tag("span", class_="n"), type="button", class_="chip", data_filter=name,
            aria_pressed="true" if name == "all" else "false")
        for name, says in filters
    ]  # fmt: skip
    box = tag("input", type="search", id="search", placeholder="search id, article, prediction", aria_label="search",
              autocomplete="off", spellcheck="false")  # fmt: skip
    return join(tag("div", *chips, class_="chips", role="group", aria_label="show"), box)


def packed(found: Gathered) -> dict[str, Any]:
    """Article names once, then [id, article, has answer, prediction, exact, f1] for each question.

    Where the published weights were scored, their exact follows, and their prediction where it is another one.
    """
    published = {one.id: one for one in found.published or ()}
    names: dict[str, int] = {}
    rows = []
    for row in found.rows:
        article = names.setdefault(printable(row.article or ""), len(names))
        name, *rest = _shown(row)
        one = [name, article, *rest]
        other = published.get(row.id)
        if other is not None:
            said, exact = printable(other.prediction), _number(other.exact)
            one += [exact] if said == one[3] else [exact, said]
        rows.append(one)
    return {"articles": list(names), "rows": rows, "has_published": found.published is not None}


def _shown(row: ScoredAnswer) -> list[Any]:
    try:
        scores = _number(row.exact), _number(row.f1)
        return [printable(row.id), int(row.has_answer), printable(row.prediction), *scores]
    except ValueError as error:
        raise StoreError(f"per_question.jsonl: a row cannot be shown ({error}); audit the run") from error


def _number(value: float) -> float | int:
    """With four decimals, and without them where it has none."""
    number = round(float(value), 4)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no score")
    return int(number) if number == int(number) else number
