"""The plots of a run as SVG in the page: text stays text, and no two pictures share an identifier."""

import dataclasses
import re
from collections.abc import Iterator

from harness.domain import Judgement
from harness.report.html.gather import Gathered
from harness.report.html.markup import Html, Part, tag
from harness.report.plots import articles, claims, losses
from harness.report.plots.layout import Page
from harness.report.plots.read_run import Recorded, read_run
from harness.report.printable import printable

_UNSEEN = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_NAMED = re.compile(r'(\bid="|\bxlink:href="#|\bhref="#|url\(#)')
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def section(found: Gathered) -> Html:
    """Claims over all seeds, then the stages and articles of the first; what cannot be drawn says why."""
    run = read_run(found.runs[0])
    shown: list[Part] = [_figure(page, f"p{n}-") for n, page in enumerate(_pages(found, run))]
    why = tag("ul", *(tag("li", one) for one in run.left_out)) if run.left_out else None
    return tag("section", tag("h2", "Plots"), *shown, tag("p", "Not drawn:") if run.left_out else None, why, id="plots")


def _figure(page: Page, prefix: str) -> Html:
    title = page.title.replace("_", " ")
    drawn = tag("div", inline(page, prefix), class_="plot", tabindex="0", role="group", aria_label=title)
    return tag("figure", tag("figcaption", title), drawn)


def _pages(found: Gathered, run: Recorded) -> Iterator[Page]:
    """What others wrote is drawn as it may be shown: a font has no shape for control characters."""
    conditions = printable(f"{run.conditions}, seed {run.seed}.")
    if found.conclusion.judgement.verdicts:
        yield _claims(found, run)
    for curve in run.stages:
        yield losses.plot(curve, conditions)
    if run.answers:
        answers = [dataclasses.replace(one, article=printable(one.article)) for one in run.answers]
        yield articles.plot(answers, printable(f"{conditions} Scored as {run.signature}."))


def _claims(found: Gathered, run: Recorded) -> Page:
    judgement: Judgement = found.conclusion.judgement
    seeds = " ".join(map(str, found.seeds))
    said = f"by rule {judgement.rule} {judgement.outcome.replace('_', ' ')}: {judgement.reason}"
    conditions = f"{run.conditions}, seed{'s' * (len(found.seeds) > 1)} {seeds}; {said}."
    published = {one.metric: one.published for one in found.conclusion.attributions if one.published is not None}
    return claims.plot(judgement, found.conclusion.measurements, printable(conditions), published)


def inline(page: Page, prefix: str) -> Html:
    """The SVG of a plot without its head; its texts are escaped already, its names get a prefix of their own."""
    drawn = page.files["svg"].decode("utf-8")
    drawn = _UNSEEN.sub("", drawn[drawn.index("<svg") :])
    return Html(_CONTROL.sub("�", _NAMED.sub(rf"\g<1>{prefix}", drawn)))
