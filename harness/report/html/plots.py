"""The plots of a run as SVG in the page: text stays text, and no two pictures share an identifier."""

import dataclasses
import re
from collections.abc import Iterator

from markupsafe import Markup

from harness.record.judgement import Judgement
from harness.report.html.gather import PageData
from harness.report.plots import articles, claims, layout, losses
from harness.report.plots.layout import Page
from harness.report.plots.read_run import PlotData
from harness.report.printable import printable
from harness.report.verdict_rows import outcome_text

_UNSEEN = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_NAMED = re.compile(r'(\bid="|\bxlink:href="#|\bhref="#|url\(#)')
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def draw(found: PageData, run: PlotData) -> list[tuple[str, Markup]]:
    """Draw claims over all seeds, then the stages and articles of the first, `run`; each with its title."""
    return [(page.title.replace("_", " "), inline(page, f"p{n}-")) for n, page in enumerate(_pages(found, run))]


def _pages(found: PageData, run: PlotData) -> Iterator[Page]:
    """What others wrote is drawn as it may be shown: a font has no shape for control characters."""
    conditions = printable(f"{run.conditions}, seed {run.seed}.")
    if found.conclusion.judgement.verdicts:
        yield _claims(found, run)
    for curve in run.stages:
        yield losses.plot(curve, conditions, layout.NARROW)
    if run.answers:
        answers = [dataclasses.replace(one, article=printable(one.article)) for one in run.answers]
        yield articles.plot(answers, printable(f"{conditions} Scored as {run.signature}."), layout.NARROW)


def _claims(found: PageData, run: PlotData) -> Page:
    judgement: Judgement = found.conclusion.judgement
    seeds = " ".join(map(str, found.seeds))
    said = f"by rule {judgement.rule} {outcome_text(judgement.outcome)}: {judgement.reason}"
    conditions = f"{run.conditions}, seed{'s' * (len(found.seeds) > 1)} {seeds}; {said}."
    published = {one.metric: one.published for one in found.conclusion.attributions if one.published is not None}
    return claims.plot(judgement, found.conclusion.measurements, printable(conditions), published, layout.NARROW)


def inline(page: Page, prefix: str) -> Markup:
    """Take the SVG of a plot without its head; its texts are escaped already, its names get a prefix of their own."""
    drawn = page.files["svg"].decode("utf-8")
    drawn = _UNSEEN.sub("", drawn[drawn.index("<svg") :])
    return Markup(_CONTROL.sub("�", _NAMED.sub(rf"\g<1>{prefix}", drawn)))  # noqa: S704 - escaped by matplotlib
