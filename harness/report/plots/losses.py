"""Loss of one stage and its terms over the steps, layer by layer where they are logged so, and the learning rate.

A long run is thinned: each bin of consecutive steps becomes its mean (line), minimum and maximum (shade).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.plots import layout
from harness.report.verdict_rows import loss_text, steps_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_BINS = 250  # of a curve, so at most 750 points: more than that is a smear at the width of a page
MAX_SHADES = 3  # curves in one panel whose minimum and maximum are shaded; more of them are mud
MAX_LINES = 13  # in one panel
_NOT_LOSSES = ("grad_norm",)
_LAYER = re.compile(r"(.+)_(\d+)")
_DECADE = 10.0
_COLOURS = (layout.INK, layout.VERMILION, layout.BLUE, layout.GREEN, layout.PURPLE, layout.ORANGE)
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.5, 1.5), (6, 1.5, 1.5, 1.5), (9, 2))
_MARKERS = "osD^vP<>Xphd*"


@dataclass(frozen=True, slots=True)
class StageCurve:
    """What a stage logged: a value a step in each series, NaN where a step has none; `terms` holds "loss".

    `last_epoch` are the first and last step of the last epoch that was begun; None: all steps are one epoch.
    """

    stage: str
    steps: tuple[int, ...]
    learning_rate: tuple[float, ...]
    terms: Mapping[str, tuple[float, ...]]
    n_epochs: int = 1
    last_epoch: tuple[int, int] | None = None

    def final(self, term: str) -> float:
        """The mean of a term over the steps of the last epoch: the stage's loss wherever one number stands for it."""
        first, last = self.last_epoch or (self.steps[0], self.steps[-1])
        kept = [value for step, value in zip(self.steps, self.terms[term], strict=True) if first <= step <= last]
        return math.fsum(kept) / len(kept)


@dataclass(frozen=True, slots=True)
class Thinned:
    """One point a bin: `steps` is the middle of the bin's finite steps; low = mean = high where a bin is one step."""

    steps: tuple[float, ...]
    low: tuple[float, ...]
    mean: tuple[float, ...]
    high: tuple[float, ...]


def thin(steps: Sequence[int], values: Sequence[float], max_bins: int = MAX_BINS) -> Thinned:
    """At most `max_bins` bins of equally many steps; a run of no more steps than that is kept step by step.

    Values that are not finite count in no bin, and a bin with no other value is a gap (NaN).
    """
    size = math.ceil(len(steps) / max_bins)
    bins = []
    for start in range(0, len(steps), size):
        pairs = zip(steps[start : start + size], values[start : start + size], strict=True)
        finite = [(step, value) for step, value in pairs if math.isfinite(value)]
        bins.append(_one_bin(finite) if finite else (float(steps[start]), math.nan, math.nan, math.nan))
    return Thinned(*(tuple(column) for column in zip(*bins, strict=True)))


def _one_bin(pairs: Sequence[tuple[int, float]]) -> tuple[float, float, float, float]:
    values = [value for _, value in pairs]
    return (pairs[0][0] + pairs[-1][0]) / 2, min(values), math.fsum(values) / len(values), max(values)


def panels_of(curve: StageCurve) -> tuple[dict[str, list[str]], list[str]]:
    """Names of the terms in each panel, by its heading, and those that are drawn in none."""
    panels: dict[str, list[str]] = {"loss": ["loss"] if "loss" in curve.terms else []}
    left_out = []
    for name in curve.terms:
        layer = _LAYER.fullmatch(name)
        if name in _NOT_LOSSES:
            left_out.append(name)
        elif name != "loss":
            panels.setdefault(f"{layer[1]} by layer" if layer else "loss", []).append(name)
    for heading, names in panels.items():
        kept = _evenly(names, MAX_LINES)
        left_out += [name for name in names if name not in kept]
        panels[heading] = kept
    return {heading: names for heading, names in panels.items() if names}, left_out


def _evenly(names: list[str], n: int) -> list[str]:
    """At most n of them, the first and the last among them."""
    if len(names) <= n:
        return names
    return [names[round(k * (len(names) - 1) / (n - 1))] for k in range(n)]


def plot(curve: StageCurve, conditions: str, width: float = layout.WIDTH) -> layout.Page:
    """The page of one stage, of at least one step; `conditions` says what was run, and with which seed."""
    panels, left_out = panels_of(curve)
    with layout.style():
        caption = layout.wrap(_caption(curve, left_out, conditions), width)
        heights = [max(2.3 if n == 0 else 1.5, 0.17 * len(names)) for n, names in enumerate(panels.values())]
        heights.append(1.0)
        figure, axes = layout.make_panels(heights, width)
        for (heading, names), height, panel in zip(panels.items(), heights, axes, strict=False):
            is_log = _losses(panel, curve, names, height)
            panel.tick_params(labelbottom=False)
            _head(panel, f"{heading}{' (log axis)' if is_log else ''}")
        _head(axes[-1], "learning rate")
        _learning_rate(axes[-1], curve)
        return layout.finish(figure, f"loss, stage {curve.stage}", caption, heights)


def _head(axes: "Axes", text: str) -> None:
    axes.set_title(text, loc="left", size=layout.SMALL, weight="bold")


def _losses(axes: "Axes", curve: StageCurve, names: Sequence[str], height: float) -> bool:
    """Draws one panel, `height` inches high; True where its axis is logarithmic."""
    curves = {name: thin(curve.steps, curve.terms[name]) for name in names}
    are_shaded = len(curve.steps) > MAX_BINS and len(names) <= MAX_SHADES
    drawn = [one.mean for one in curves.values()]
    if are_shaded:
        drawn += [edge for one in curves.values() for edge in (one.low, one.high)]
    is_log = _limit(axes, curve, drawn)
    ends = []
    for number, (name, points) in enumerate(curves.items()):
        colour, dashes, marker = _look(number)
        if are_shaded:
            axes.fill_between(points.steps, points.low, points.high, color=colour, alpha=0.16, linewidth=0, zorder=2)
        line = axes.plot(points.steps, points.mean, color=colour, linewidth=1.6 if name == "loss" else 1.1)[0]
        every = max(1, len(points.steps) // 8)
        line.set(marker=marker, markersize=4.5, markevery=(number * every // len(curves), every), zorder=3)
        line.set_dashes(dashes or (None, None))
        last = next((mean for mean in reversed(points.mean) if math.isfinite(mean)), math.nan)
        ends.append((name, last, curve.final(name), number))
    _mark_broken(axes, curve, names)
    _label_ends(axes, [end for end in ends if math.isfinite(end[1])], height)
    return is_log


def _look(number: int) -> tuple[str, tuple[float, ...], str]:
    return (
        _COLOURS[number % len(_COLOURS)],
        _DASHES[number % len(_DASHES)],
        _MARKERS[number % len(_MARKERS)],
    )


def _limit(axes: "Axes", curve: StageCurve, drawn: Iterable[Sequence[float]]) -> bool:
    """Sets both axes around what is drawn; logarithmic where all of it is above zero and spans a decade."""
    _limit_steps(axes, curve)
    finite = [value for values in drawn for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    is_log = low > 0 and high / low >= _DECADE
    if is_log:
        from matplotlib.ticker import LogLocator, NullFormatter

        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < _DECADE**2 else (1,), numticks=8))
        axes.yaxis.set_minor_formatter(NullFormatter())
        air = (high / low) ** 0.06
        axes.set_ylim(low / air, high * air)
    else:
        air = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
        axes.set_ylim(low - air, high + air)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    return is_log


def _limit_steps(axes: "Axes", curve: StageCurve) -> None:
    first, last = curve.steps[0], curve.steps[-1]
    air = 0.02 * (last - first) or 0.5
    axes.set_xlim(first - air, last + air)
    axes.locator_params(axis="x", integer=True, min_n_ticks=1)


def _mark_broken(axes: "Axes", curve: StageCurve, names: Sequence[str]) -> None:
    """A cross at the upper edge over every step at which one of the terms is not finite."""
    steps = sorted({s for name in names for s, v in zip(curve.steps, curve.terms[name], strict=True) if _is_broken(v)})
    if steps:
        axes.plot(steps, [0.97] * len(steps), "x", color=layout.INK, transform=axes.get_xaxis_transform(), zorder=6)


def _is_broken(value: float) -> bool:
    return not math.isfinite(value)


def _label_ends(axes: "Axes", ends: Sequence[tuple[str, float, float, int]], height: float) -> None:
    """Names each curve beside its end, with its mean over the last epoch and a piece of its line; pushed apart."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import BboxTransformTo, ScaledTranslation, blended_transform_factory

    to_axes = axes.transData + axes.transAxes.inverted()
    right = axes.figure.dpi_scale_trans + ScaledTranslation(
        1, 0, BboxTransformTo(axes.bbox)
    )  # inches from the right edge on
    beside = blended_transform_factory(right, axes.transAxes)
    placed = sorted((float(to_axes.transform((0, end[1]))[1]), *end) for end in ends)
    at = spread_out([one[0] for one in placed], 1.05 * layout.LINE / height)
    for y, (end, name, _, mean, number) in zip(at, placed, strict=True):
        colour, dashes, marker = _look(number)
        leader = Line2D([-0.07, 0.12], [end, y], color=layout.PALE, linewidth=0.8)
        sample = Line2D([0.12, 0.28, 0.44], [y, y, y], color=colour, linewidth=1.4, marker=marker, markevery=[1])
        sample.set_markersize(4.5)
        sample.set_dashes(dashes or (None, None))
        for line in (leader, sample):
            line.set(transform=beside, clip_on=False)
            axes.add_line(line)
        text = f"{layout.shorten(name, 0.8)} {loss_text(mean)}"
        axes.text(0.5, y, text, transform=beside, va="center", size=layout.SMALL)


def spread_out(at: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved as little as it takes to keep `gap` between two, and inside 0-1 where they fit."""
    groups: list[tuple[float, int]] = []  # (middle, size) of labels that stand shoulder to shoulder
    for place in at:
        groups.append((place, 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (upper, n), (lower, m) = groups.pop(), groups.pop()
            groups.append(((upper * n + lower * m) / (n + m), n + m))
    spread = [middle + (k - (n - 1) / 2) * gap for middle, n in groups for k in range(n)]
    for k, place in enumerate(spread):
        spread[k] = max(place, gap / 2 if k == 0 else spread[k - 1] + gap)
    for k in range(len(spread) - 1, -1, -1):
        spread[k] = min(spread[k], 1 - gap / 2 if k == len(spread) - 1 else spread[k + 1] - gap)
    return spread


def _learning_rate(axes: "Axes", curve: StageCurve) -> None:
    points = thin(curve.steps, curve.learning_rate)
    _limit_steps(axes, curve)
    high = max((v for v in points.high if math.isfinite(v)), default=0.0)
    axes.set_ylim(-0.06 * (high or 1.0), 1.1 * (high or 1.0))
    marker = "o" if len(points.steps) == 1 else ""
    axes.plot(points.steps, points.mean, color=layout.INK, linewidth=1.4, marker=marker)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.locator_params(axis="y", nbins=4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("optimiser step")


def _of_last_epoch(curve: StageCurve) -> str:
    """Say of which steps a stage's one loss is the mean."""
    first, last = curve.last_epoch or (curve.steps[0], curve.steps[-1])
    return f"mean over the last epoch, {steps_text(first, last)}"


def _caption(curve: StageCurve, left_out: Sequence[str], conditions: str) -> str:
    n = len(curve.steps)
    size = math.ceil(n / math.ceil(n / MAX_BINS))
    parts = [
        f"{conditions} Stage {curve.stage}: n={n:,} step{'s' * (n != 1)}, {curve.n_epochs} "
        f"epoch{'s' * (curve.n_epochs != 1)}; loss as logged before each update, in training mode; "
        f"numbers at the right: {_of_last_epoch(curve)}."
    ]
    if size < n:
        shade = f"shade minimum to maximum, where a panel has at most {MAX_SHADES} curves"
        parts.append(f"Thinned to {size} bins of {math.ceil(n / MAX_BINS)} steps: line mean, {shade}.")
    broken = [
        f"{name} at step {step}"
        for name, values in curve.terms.items()
        for step, value in zip(curve.steps, values, strict=True)
        if _is_broken(value)
    ]
    if broken:
        more = f" and {len(broken) - 4} more" if len(broken) > 4 else ""
        parts.append(f"Not finite (x): {', '.join(broken[:4])}{more}.")
    if left_out:
        parts.append(f"Not drawn: {', '.join(left_out)}.")
    return " ".join(parts)
