"""What every plot is drawn on: size, type, colours, caption, and how a figure becomes bytes and a file.

A page is 7.2 inches wide, or 4.8 within an HTML page that phones show too; all of its text is 8 points or
more, and matplotlib's constrained layout finds the places: a
plot says how high its panels are, and the page becomes as high as they and the text around them.
Colours are Okabe and Ito's (jfly.uni-koeln.de/color) without the yellow; no colour says anything that a line style,
a marker, a hatch or a label does not say as well. The same data gives the same bytes under one matplotlib version.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.record import store

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2
NARROW = 4.8  # of a plot in an HTML page: legible at the width of a phone, and two beside one another on a desk
MARGIN = 0.15
SMALL, NORMAL = 8.0, 9.0
LINE = 0.15  # inches from one line of small text to the next
_PAD = 0.1  # inches over and under each panel
DPI = 160
INK, MUTED, PALE = "#1a1a1a", "#595959", "#bdbdbd"
BLUE, VERMILION, GREEN, PURPLE, ORANGE = "#0072B2", "#D55E00", "#007A5A", "#A8527F", "#B87400"
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Geneva"],
    "font.size": SMALL,
    "axes.labelsize": SMALL,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a title with two dollar signs is a title
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",  # text stays text: it can be searched and read aloud
    "svg.hashsalt": "harness",
    "savefig.dpi": DPI,
}


@dataclass(frozen=True, slots=True)
class Page:
    """One finished plot: `title` names it where it is not seen, `files` are the bytes of `figure` by file ending."""

    title: str
    caption: str
    figure: "Figure"
    files: Mapping[str, bytes]


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's own defaults with ours on top, whatever the reader's configuration says; restored afterwards."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # A title in a script that DejaVu Sans lacks: boxes in the PNG, right in the SVG.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def make_panels(heights: Sequence[float], width: float = WIDTH) -> "tuple[Figure, list[Axes]]":
    """An empty page of panels one below the other, `heights` and `width` in inches, which `finish` lays out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 2 * sum(heights) + 4), dpi=DPI, facecolor="white")
    figure.set_layout_engine("constrained", h_pad=_PAD, w_pad=MARGIN, hspace=0, wspace=0)
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(heights), squeeze=False, height_ratios=list(heights))[:, 0]
    return figure, list(axes)


def add_legend(figure: "Figure", handles: Sequence[Any]) -> None:
    """At the head of the page, in one row where there is room for one."""
    n_columns = 5 if figure.get_figwidth() >= WIDTH else 2
    figure.legend(
        handles=list(handles), loc="outside upper left", ncols=n_columns, frameon=False, borderpad=0,
        borderaxespad=72 * MARGIN / SMALL, columnspacing=1.6,
    )  # fmt: skip


def add_beside(axes: "Axes", at: float, points: float, text: str, **look: Any) -> None:
    """Text that many points right of the axes, at a height of its data."""
    axes.annotate(
        text, (1, at), xycoords=axes.get_yaxis_transform(), xytext=(points, 0), textcoords="offset points",
        va="center", annotation_clip=False, **look,
    )  # fmt: skip


def wrap(text: str, width: float = WIDTH, size: float = SMALL) -> list[str]:
    """Lines for a page `width` inches wide; breaks at spaces, and behind the bars of a signature."""
    room, lines = width - 2 * MARGIN, [""]
    for word in text.replace("|", "|\u200b").replace(" ", " \u200b").split("\u200b"):
        if lines[-1] and width_of((lines[-1] + word).rstrip(), size) > room:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


def shorten(text: str, width: float, size: float = SMALL) -> str:
    """The text, its middle left out where it is wider than `width` inches."""
    if width_of(text, size) <= width:
        return text
    kept = next(n for n in range(len(text), -1, -1) if width_of(_without_middle(text, n), size) <= width or n == 0)
    return _without_middle(text, kept)


def _without_middle(text: str, kept: int) -> str:
    return text[: (kept + 1) // 2] + "…" + text[len(text) - kept // 2 :]


def width_of(text: str, size: float = SMALL) -> float:
    """Width in inches of one line of text, in our style."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    properties = FontProperties(family="sans-serif", size=size)
    return float(text_to_path.get_text_width_height_descent(text, properties, ismath=False)[0]) / 72


def _lay_out(figure: "Figure", heights: Sequence[float]) -> None:
    """Make the page as high as its panels and what stands around them, and keep every place from then on."""
    figure.draw_without_rendering()
    around = figure.get_figheight() * (1 - sum(axes.get_position().height for axes in figure.axes))
    figure.set_figheight(sum(heights) + around)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # so that PNG and SVG agree, whose letters differ by a hair


def finish(figure: "Figure", title: str, caption: Sequence[str], heights: Sequence[float]) -> Page:
    """Lays the page out over its caption, and turns it into bytes: no date, no program version, fixed identifiers."""
    x = MARGIN / figure.get_figwidth()
    figure.supxlabel("\n".join(caption), x=x, ha="left", size=SMALL, color=MUTED, linespacing=1.35)
    _lay_out(figure, heights)
    text = " ".join(caption)
    metadata = {
        "png": {"Software": None, "Title": title, "Description": text.encode("latin-1", "replace").decode("latin-1")},
        "svg": {"Date": None, "Creator": "harness", "Title": title, "Description": text},
    }
    files = {}
    for kind, about in metadata.items():
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, metadata=about)
        files[kind] = stream.getvalue()
    return Page(title, text, figure, files)


def write_page(out: Path, stem: str, page: Page) -> list[Path]:
    """Writes OUT/STEM.png and OUT/STEM.svg, each whole."""
    paths = [out / f"{stem}.{kind}" for kind in page.files]
    for path, content in zip(paths, page.files.values(), strict=True):
        store.write_bytes(path, (content,), remedy="free the space, or give another folder with --out DIR")
    return paths
