"""Exact match and F1 of each article of the evaluation data, the best first."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.plots import layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_ROWS = 40
CONFIDENCE = 0.95
_ROW, _NAME = 0.19, 2.1  # inches: a row's height, the widest name
_COLUMNS = (40, 72, 102)  # right edges of n, exact and f1, in points right of the axes


@dataclass(frozen=True, slots=True)
class Answer:
    """One scored question; `exact` is 0 or 1, `f1` is 0-1."""

    article: str
    exact: float
    f1: float


@dataclass(frozen=True, slots=True)
class ArticleScore:
    """`exact` and `f1` in points over `n` questions; `n_articles` is more than 1 where several are one row."""

    name: str
    n: int
    exact: float
    f1: float
    n_articles: int = 1

    def interval(self) -> tuple[float, float]:
        """Wilson's interval of exact, in points."""
        low, high = wilson(round(self.exact * self.n / 100), self.n)
        return 100 * low, 100 * high


def wilson(n_right: float, n: int) -> tuple[float, float]:
    """Wilson's score interval of a share, 0-1 (Wilson 1927); takes the n answers for independent."""
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = n_right / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    return max(0.0, low), min(1.0, high)


def score_articles(answers: Iterable[Answer]) -> list[ArticleScore]:
    """One score an article, sorted by exact, then f1, from the best; equal ones by name."""
    by_name: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_name[answer.article].append(answer)
    scores = [_pooled(name, of_article) for name, of_article in by_name.items()]
    return sorted(scores, key=lambda score: (-score.exact, -score.f1, score.name))


def _pooled(name: str, answers: Sequence[Answer], n_articles: int = 1) -> ArticleScore:
    n = len(answers)
    exact, f1 = (100 * math.fsum(one) / n for one in ([a.exact for a in answers], [a.f1 for a in answers]))
    return ArticleScore(name, n, exact, f1, n_articles)


def rows_of(scores: Sequence[ArticleScore], max_rows: int = MAX_ROWS) -> list[ArticleScore]:
    """All of them, or the best and the worst with all between as one row of their pooled scores."""
    if len(scores) <= max_rows:
        return list(scores)
    n_best = max_rows // 2
    n_worst = max_rows - 1 - n_best
    between = scores[n_best : len(scores) - n_worst]
    return [*scores[:n_best], _together(between), *scores[len(scores) - n_worst :]]


def _together(scores: Sequence[ArticleScore]) -> ArticleScore:
    n = sum(one.n for one in scores)
    exact, f1 = math.fsum(one.exact * one.n for one in scores) / n, math.fsum(one.f1 * one.n for one in scores) / n
    return ArticleScore(f"{len(scores)} articles between", n, exact, f1, len(scores))


def plot(answers: Sequence[Answer], conditions: str, width: float = layout.WIDTH) -> layout.Page:
    """The page of all articles, of at least one question; `conditions` says how and with which seed it was scored."""
    scores = score_articles(answers)
    rows = [*rows_of(scores), _pooled("all questions", answers, len(scores))]
    with layout.style():
        caption = layout.wrap(_caption(scores, len(answers), conditions), width)
        heights = [_ROW * (len(rows) + 0.6)]
        figure, (axes,) = layout.make_panels(heights, width)
        _limit(axes, rows)
        for place, row in enumerate(rows):
            _draw_row(axes, row, _at(place, rows))
        _name_rows(axes, rows, _NAME * width / layout.WIDTH)
        axes.axhline(len(rows) - 1.4, color=layout.MUTED, linewidth=0.7)
        _heads(figure, axes)
        return layout.finish(figure, "accuracy by article", caption, heights)


def _at(place: int, rows: Sequence[ArticleScore]) -> float:
    """Height of a row; that of all questions, the last, stands a little apart."""
    return place + 0.2 if place == len(rows) - 1 else place


def _limit(axes: "Axes", rows: Sequence[ArticleScore]) -> None:
    lowest = min(min(row.interval()[0], row.f1) for row in rows)
    low = 10 * math.floor(lowest / 10)
    axes.set_xlim(low - 0.02 * (100 - low), 100 + 0.02 * (100 - low))
    axes.set_ylim(len(rows) - 0.2, -0.8)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel("points")
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.6)
    axes.set_axisbelow(True)
    for value, style in ((rows[-1].exact, "-"), (rows[-1].f1, (0, (2, 2)))):
        axes.axvline(value, color=layout.MUTED, linewidth=0.8, linestyle=style, zorder=1.5)


def _draw_row(axes: "Axes", row: ArticleScore, at: float) -> None:
    is_one = row.n_articles == 1
    axes.plot(row.interval(), [at, at], "-", color=layout.BLUE if is_one else layout.INK, linewidth=1.6, zorder=3)
    axes.plot([row.f1], [at], "D", color="white", markeredgecolor=layout.VERMILION, markersize=6.5, zorder=4)
    axes.plot([row.exact], [at], "o", color=layout.BLUE, markersize=3.6, zorder=5)
    for right, text in zip(_COLUMNS, (f"{row.n:,}", f"{row.exact:.1f}", f"{row.f1:.1f}"), strict=True):
        layout.add_beside(axes, at, right, text, ha="right", style="normal" if is_one else "italic")


def _name_rows(axes: "Axes", rows: Sequence[ArticleScore], widest: float) -> None:
    names = [layout.shorten(row.name, widest) for row in rows]
    axes.set_yticks([_at(place, rows) for place in range(len(rows))], names)
    axes.tick_params(axis="y", length=0)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontstyle("normal" if row.n_articles == 1 else "italic")


def _heads(figure: "Figure", axes: "Axes") -> None:
    """Names of the columns, and the legend above them."""
    from matplotlib.lines import Line2D

    for right, text in zip(_COLUMNS, ("n", "exact", "f1"), strict=True):
        layout.add_beside(axes, -1.2, right, text, ha="right", weight="bold")
    exact = f"exact, {CONFIDENCE:.0%} interval"
    handles = [
        Line2D([], [], color=layout.BLUE, marker="o", markersize=3.6, linewidth=1.6, label=exact),
        Line2D([], [], linestyle="", marker="D", color="white", markeredgecolor=layout.VERMILION, label="f1"),
        Line2D([], [], color=layout.MUTED, linewidth=0.8, label="all: exact"),
        Line2D([], [], color=layout.MUTED, linewidth=0.8, linestyle=(0, (2, 2)), label="all: f1"),
    ]
    layout.add_legend(figure, handles)


def _caption(scores: Sequence[ArticleScore], n: int, conditions: str) -> str:
    text = f"{conditions} n={n:,} questions of {len(scores):,} article{'s' * (len(scores) != 1)}, sorted by exact."
    if len(scores) > MAX_ROWS:
        text += f" The {MAX_ROWS // 2} best and the {MAX_ROWS - 1 - MAX_ROWS // 2} worst have a row each."
    return (
        f"{text} Interval of exact: Wilson, {CONFIDENCE:.0%}, as if questions were independent; "
        "those of one paragraph are not, so it is somewhat too narrow."
    )
