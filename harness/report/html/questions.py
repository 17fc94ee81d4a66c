"""The questions of a run one by one, as compact rows that a script of the page filters, searches and turns over."""

import math
from typing import Any

from harness.errors import StoreError
from harness.record.parts import ScoredAnswer
from harness.report.html.asked import AskedQuestions
from harness.report.html.gather import PageData
from harness.report.printable import printable

_FILTERS = (
    ("all", "all"),
    ("wrong", "wrong"),
    ("right", "right"),
    ("unanswerable", "gold: no answer"),
    ("unanswered", "predicted: no answer"),
)
_FLIPPED = (("gained", "gained on published"), ("lost", "lost to published"))
_COLUMNS = ("question", "gold", "answer", "exact", "f1")


def filters(found: PageData) -> tuple[tuple[str, str], ...]:
    """List what the questions can be filtered by: the script's name of a filter, and the reader's."""
    return _FILTERS + (_FLIPPED if found.published is not None else ())


def columns(found: PageData) -> tuple[str, ...]:
    return _COLUMNS + (("published weights",) if found.published is not None else ())


def packed(found: PageData) -> dict[str, Any]:
    """Article names once, then [id, article, has answer, prediction, exact, f1] for each question.

    Where the published weights were scored, their exact follows, and their prediction where it is another one. Where
    the questions are at hand, `asked` has [question, passage, [gold answer, its start] …] for each row.
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
    more = {} if found.asked is None else _asked(found.asked)
    return {"articles": list(names), "rows": rows, "has_published": found.published is not None, **more}


def _asked(asked: AskedQuestions) -> dict[str, Any]:
    """Passages once, as they are, since answers are counted in their characters; the page sets them as text."""
    said = []
    for one in asked.questions:
        golds = {printable(gold.text): gold.start for gold in reversed(one.gold)}
        said.append([printable(one.text), one.passage, *([text, golds[text]] for text in reversed(golds))])
    return {"passages": [_settable(one) for one in asked.passages], "asked": said}


def _settable(passage: str) -> str:
    """The passage with a sign in place of each control character, and as many characters as before."""
    return "".join(one if one in "\n\t" or printable(one) == one else "�" for one in passage)


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
