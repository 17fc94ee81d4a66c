"""A badge of a run as SVG: what the card claims, what came of it, and when; one file that loads nothing.

Its texts are measured in DejaVu Sans, whose widths are Verdana's, and each is told its width: whatever font a reader
has, no text leaves its box.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from harness.record.folder import Run
from harness.record.judgement import Conclusion
from harness.record.read import begun, require_finished, seeds_of
from harness.report.plots import layout
from harness.report.printable import printable
from harness.report.verdict_rows import number, outcome_text

_SHOWN = ("exact", "f1")
_GOOD, _BAD, _DOUBT, _PLAIN = "#13703a", "#b3261e", "#8a5300", "#0a58b0"  # white on each has a contrast above 4.5
_COLOURS = {
    "reproduced": _GOOD, "within_tolerance": _GOOD, "better": _GOOD, "measured": _PLAIN,
    "not_reproduced": _BAD, "invalid": _BAD,
}  # fmt: skip
_LABEL = "#3f474f"
_SIZE, _PAD, _HEIGHT = 11, 7, 20  # pixels
_WIDEST = 400  # pixels of one text
_PX_AN_INCH = 96
_PT_A_PX = 0.75


@dataclass(frozen=True, slots=True)
class Badge:
    """`label` is what the card claims, `message` what came of it, and when."""

    label: str
    message: str
    colour: str


def badge_of(folder: Path) -> Badge:
    """Say what a finished run or series came to; raises DataError for a folder that is none of these."""
    record = Run.open(folder)
    runs = seeds_of(record)
    for run in runs:
        require_finished(run)
    conclusion = record.conclusion
    outcome = conclusion.judgement.outcome
    date = max(begun(run) for run in runs)[:10]
    message = " · ".join(filter(None, (outcome_text(outcome), date)))
    return Badge(_numbers(conclusion), message, _COLOURS.get(outcome, _DOUBT))


def _numbers(conclusion: Conclusion) -> str:
    """The claimed exact and f1, else the first claim, else what was measured of a card that claims nothing."""
    verdicts = conclusion.judgement.verdicts
    main = [one for one in verdicts if one.metric in _SHOWN] or list(verdicts[:1])
    if main:
        said = ", ".join(f"{one.metric} {number(one.claimed, one.unit)}" for one in main)
        return f"claims {said}"
    return ", ".join(filter(None, (_mean(conclusion, name) for name in _SHOWN))) or "no score"


def _mean(conclusion: Conclusion, metric: str) -> str:
    found = [one.value for one in conclusion.measurements if one.metric == metric]
    return f"{metric} {number(sum(found) / len(found), 'points')}" if found else ""


def to_svg(badge: Badge) -> str:
    """Draw it; what a card wrote is text and no markup."""
    texts = [_fitting(printable(one)) for one in (badge.label, badge.message)]
    inner = [_width(one) for one in texts]
    outer = [width + 2 * _PAD for width in inner]
    said = escape(": ".join(texts))
    boxes = "".join(
        f'<rect x="{x}" width="{width}" height="{_HEIGHT}" fill="{colour}"/>'
        for x, width, colour in zip((0, outer[0]), outer, (_LABEL, badge.colour), strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sum(outer)}" height="{_HEIGHT}" role="img" '
        f'aria-label="{said}"><title>{said}</title>'
        f'<clipPath id="round-{sum(outer)}"><rect width="{sum(outer)}" height="{_HEIGHT}" rx="3"/></clipPath>'
        f'<g clip-path="url(#round-{sum(outer)})">{boxes}</g>'
        f'<g fill="#fff" font-family="DejaVu Sans,Verdana,Geneva,sans-serif" font-size="{_SIZE}">'
        f"{_text(texts[0], _PAD, inner[0])}{_text(texts[1], outer[0] + _PAD, inner[1])}</g></svg>\n"
    )


def _text(text: str, x: int, width: int) -> str:
    return f'<text x="{x}" y="14" textLength="{width}">{escape(text)}</text>'


def _width(text: str) -> int:
    """Pixels of a line, a whole number of them."""
    return max(1, round(layout.width_of(text, _SIZE * _PT_A_PX) * _PX_AN_INCH))


def _fitting(text: str) -> str:
    return layout.shorten(text, _WIDEST / _PX_AN_INCH, _SIZE * _PT_A_PX)
