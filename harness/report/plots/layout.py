"""What every plot is drawn on: size, type, colours, caption, and how a figure becomes bytes and a file.

A page is 7.2 inches wide, all of its text is 8 points or more, and it is laid out in inches from its top left corner.
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
MARGIN = 0.15
SMALL, NORMAL = 8.0, 9.0
LINE = 0.15  # inches from one line of small text to the next
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


def make_figure(height: float) -> "Figure":
    """An empty page; `height` in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def add_panel(figure: "Figure", *, left: float, top: float, width: float, height: float) -> "Axes":
    """Axes whose frame lies that many inches from the left and the top of the page."""
    total = figure.get_figheight()
    return figure.add_axes((left / WIDTH, (total - top - height) / total, width / WIDTH, height / total))


def add_text(figure: "Figure", x: float, top: float, text: str, **look: Any) -> None:
    """Text whose upper left corner lies at those inches."""
    look = {"size": SMALL, "va": "top", **look}
    figure.text(x / WIDTH, 1 - top / figure.get_figheight(), text, **look)


def add_legend(figure: "Figure", handles: Sequence[Any]) -> None:
    """One row at the head of the page."""
    where = (MARGIN / WIDTH, 1 - 0.1 / figure.get_figheight())
    figure.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=where, ncols=5, frameon=False, borderpad=0,
        borderaxespad=0, columnspacing=1.6,
    )  # fmt: skip


def wrap(text: str, width: float = WIDTH - 2 * MARGIN, size: float = SMALL) -> list[str]:
    """Lines of at most `width` inches; breaks at spaces, and behind the bars of a signature."""
    lines = [""]
    for word in text.replace("|", "|\u200b").replace(" ", " \u200b").split("\u200b"):
        if lines[-1] and width_of((lines[-1] + word).rstrip(), size) > width:
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


def caption_height(lines: Sequence[str]) -> float:
    return len(lines) * LINE + 2 * MARGIN


def add_caption(figure: "Figure", lines: Sequence[str]) -> None:
    """The conditions, at the foot of the page."""
    top = figure.get_figheight() - caption_height(lines) + MARGIN
    for number, line in enumerate(lines):
        add_text(figure, MARGIN, top + number * LINE, line, color=MUTED)


def finish(figure: "Figure", title: str, caption: Sequence[str]) -> Page:
    """Writes the caption and turns the figure into bytes: no date, no program version, fixed identifiers."""
    add_caption(figure, caption)
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
