"""Claim, tolerance band, each seed's value, and the mean with its interval: a strip for each claimed metric.

Every strip has its own axis. Those of metrics in points are equally many points wide, so that a point has one length
on the whole page; losses have a scale each. Mean, interval and outcome are the judgement's, none is worked out here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.domain import Measurement
from harness.record.judgement import Estimate, Judgement, Verdict
from harness.report.plots import layout
from harness.report.verdict_rows import VerdictRow, number, outcome_text, rows_of_judgement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_LABELS = 8  # runs with a lane and a label each; more share lanes, and only the caption names their seeds
_LANES_WHEN_MANY = 4
_LANE = 0.17  # inches
_POINTS = (0.0, 100.0)
_MARKERS = "osD^vP<>"
_BAND: Mapping[str, Any] = {"facecolor": "#f4f4f4", "edgecolor": layout.PALE, "hatch": "////", "linewidth": 0}
_MEAN: Mapping[str, Any] = {"markerfacecolor": "white", "markeredgewidth": 1.8, "markersize": 6}


@dataclass(frozen=True, slots=True)
class _Strip:
    """What one strip shows: `values` are (seed, value); `estimate` is None where nothing was measured."""

    row: VerdictRow
    verdict: Verdict
    estimate: Estimate | None
    values: tuple[tuple[int, float], ...]
    published: float | None

    @property
    def band(self) -> tuple[float, float]:
        return self.verdict.claimed - self.verdict.tolerance, self.verdict.claimed + self.verdict.tolerance

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the mean; None where neither the seeds nor a prior tell by how much seeds differ."""
        if self.estimate is None or self.estimate.interval is None or self.estimate.spread == 0:
            return None
        low, high = (self.verdict.claimed + end for end in self.estimate.interval)
        if self.verdict.unit == "points":  # no mean is beyond them, whatever Student's t allows for
            low, high = max(low, min(_POINTS[0], self.estimate.mean)), min(high, max(_POINTS[1], self.estimate.mean))
        return low, high

    @property
    def n_lanes(self) -> int:
        """Of runs; the mean has one more, and the published weights one where they were scored."""
        return len(self.values) if len(self.values) <= MAX_LABELS else _LANES_WHEN_MANY

    @property
    def n_rows(self) -> int:
        return self.n_lanes + 1 + (self.published is not None)


def plot(
    judgement: Judgement,
    measurements: Sequence[Measurement],
    conditions: str,
    published: Mapping[str, float] | None = None,
    width: float = layout.WIDTH,
) -> layout.Page:
    """The page of all claims, of at least one, over one run or several seeds.

    `conditions` says what was run and how it was scored; `published` are scores of the card's own weights by metric.
    """
    strips = _strips(judgement, measurements, published or {})
    with layout.style():
        caption = layout.wrap(f"{conditions} {_about_intervals(strips)}", width)
        heights = [_LANE * (strip.n_rows + 1) for strip in strips]
        figure, panels = layout.make_panels(heights, width)
        _legend(figure, has_published=bool(published))
        in_points = [_range(strip) for strip in strips if strip.verdict.unit == "points"]
        span = max((high - low for low, high in in_points), default=0.0)
        for strip, axes in zip(strips, panels, strict=True):
            lines = _lines(_numbers(strip), width)
            pad = 5 + 12 * len(lines)
            axes.set_title(strip.row.metric, loc="left", size=layout.NORMAL, weight="bold", pad=pad)
            axes.annotate("\n".join(lines), (0, 1), (0, 4), "axes fraction", textcoords="offset points")
            _draw(axes, strip, span if strip.verdict.unit == "points" else 0.0, width)
        return layout.finish(figure, "claims", caption, heights)


def _strips(
    judgement: Judgement, measurements: Sequence[Measurement], published: Mapping[str, float]
) -> tuple[_Strip, ...]:
    estimates = {(one.metric, one.line): one for one in judgement.estimates}
    return tuple(
        _Strip(
            row,
            verdict,
            estimates.get((verdict.metric, verdict.line)),
            tuple((one.seed, one.value) for one in measurements if one.metric == verdict.metric),
            published.get(verdict.metric),
        )
        for row, verdict in zip(rows_of_judgement(judgement), judgement.verdicts, strict=True)
    )


def _range(strip: _Strip) -> tuple[float, float]:
    """Everything that the strip has to hold, with some air."""
    ends = [*strip.band, *(value for _, value in strip.values), *(strip.interval or ())]
    if strip.published is not None:
        ends.append(strip.published)
    air = 0.12 * (max(ends) - min(ends)) or 0.05 * abs(strip.verdict.claimed) or 1.0
    return min(ends) - air, max(ends) + air


def _limits(strip: _Strip, span: float) -> tuple[float, float]:
    """Where its axis begins and ends, at least `span` apart; nothing lies beyond 0 and 100 points."""
    low, high = _range(strip)
    more = max(0.0, span - (high - low)) / 2
    low, high = low - more, high + more
    if strip.verdict.unit != "points" or strip.verdict.claimed > _POINTS[1]:  # a claim that cannot be is drawn as it is
        return low, high
    if high > _POINTS[1]:
        return max(_POINTS[0], low - (high - _POINTS[1])), _POINTS[1]
    return (_POINTS[0], min(_POINTS[1], high - low)) if low < _POINTS[0] else (low, high)


def _lines(parts: Sequence[str], width: float) -> list[str]:
    """As many parts in a line as a page `width` inches wide has room for; none is broken."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and layout.width_of(longer) <= width - 2 * layout.MARGIN:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _numbers(strip: _Strip) -> list[str]:
    row, claim, found, interval = strip.row, strip.verdict, strip.estimate, strip.interval
    parts = [f"claim {row.claimed} {(row.tolerance or '').replace('±', '± ')}"]
    if found is not None:
        ends = ", ".join(number(end, claim.unit) for end in interval or ())
        mean, difference = number(found.mean, claim.unit), number(found.difference, claim.unit, "+")
        parts.append(f"mean {mean} {f'[{ends}]' if ends else '(no interval)'}, {difference} from the claim")
    if found is None or claim.outcome != "unmeasured":
        parts.append(outcome_text(claim.outcome))
    return parts


def _draw(axes: "Axes", strip: _Strip, span: float, width: float) -> None:
    """One strip of a page `width` inches wide, at least `span` long; from the top: runs, published weights, mean."""
    axes.set_xlim(*_limits(strip, span))
    axes.set_ylim(0, strip.n_rows + 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(strip.verdict.unit, loc="right", labelpad=1)
    axes.locator_params(axis="x", nbins=8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.6g}")
    axes.axvspan(*strip.band, zorder=1, **_BAND)
    for edge in strip.band:
        axes.axvline(edge, color=layout.MUTED, linestyle=(0, (4, 2)), linewidth=0.9, zorder=2)
    axes.axvline(strip.verdict.claimed, color=layout.INK, linewidth=1.6, zorder=3)
    are_labelled = len(strip.values) <= MAX_LABELS
    for place, (seed, value) in enumerate(strip.values):
        at = strip.n_rows + 0.5 - place % strip.n_lanes
        marker = _MARKERS[place] if are_labelled else "o"
        look: Any = {"color": layout.BLUE, "markersize": 6, "markeredgecolor": "white", "clip_on": False}
        axes.plot([value], [at], marker, zorder=5, **look)
        if are_labelled:
            _label(axes, value, at, f"seed {seed}", strip.verdict.claimed, width)
    if strip.published is not None:
        axes.plot([strip.published], [1.6], "*", color=layout.INK, markersize=8, zorder=5, clip_on=False)
        _label(axes, strip.published, 1.6, "published weights", strip.verdict.claimed, width)
    if strip.interval is not None:
        axes.plot(strip.interval, [0.65, 0.65], "-|", color=layout.VERMILION, lw=2.2, ms=9, mew=2.2, zorder=4)
    if strip.estimate is not None:
        axes.plot([strip.estimate.mean], [0.65], "D", color=layout.VERMILION, zorder=6, clip_on=False, **_MEAN)


def _label(axes: "Axes", value: float, at: float, text: str, claimed: float, width: float) -> None:
    """Beside a marker, on the side away from the claim's line where there is room."""
    low, high = axes.get_xlim()
    room = (value - low if value < claimed else high - value) / (high - low) * width
    is_left = (value < claimed) == (room > layout.width_of(text) + 0.15)
    axes.annotate(
        text,
        (value, at),
        xytext=(-7 if is_left else 7, 0),
        textcoords="offset points",
        ha="right" if is_left else "left",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        zorder=4,
    )


def _legend(figure: "Figure", *, has_published: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D([], [], color=layout.INK, linewidth=1.6, label="claim"),
        Patch(label="tolerance", **_BAND),
        Line2D([], [], linestyle="", marker="o", color=layout.BLUE, markersize=6, label="a run, by its seed"),
        Line2D([], [], color=layout.VERMILION, linewidth=2.2, marker="D", label="mean, 90% interval", **_MEAN),
    ]
    if has_published:
        handles.append(Line2D([], [], linestyle="", marker="*", color=layout.INK, ms=8, label="published weights"))
    layout.add_legend(figure, handles)


def _about_intervals(strips: Sequence[_Strip]) -> str:
    """What the intervals rest on, by metric."""
    known = [strip.estimate for strip in strips if strip.estimate is not None and strip.interval is not None]
    parts = []
    if known:
        n = max(len(one.values) for one in known)
        spreads = ", ".join(f"{one.metric} {one.spread:.3g} (prior {one.prior:.3g})" for one in known)
        what = f"90% interval of the mean: Student t, n={n} seed{'s' * (n != 1)}, the claim's rounding added"
        parts.append(f"{what}; spread of a seed, moderated by a prior: {spreads}.")
    unknown = [strip.verdict.metric for strip in strips if strip.estimate is not None and strip.interval is None]
    if unknown:
        parts.append(f"No interval for {', '.join(unknown)}: nothing tells by how much seeds differ.")
    return " ".join(parts)
