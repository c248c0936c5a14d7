"""Figures of a run, drawn for a phone's width; colours can be told apart without colour vision.

Nothing here touches pyplot: a figure belongs to its caller and to no global list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO, StringIO
from math import isqrt
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from neurosim.errors import DataError
from neurosim.safe_text import printable

__all__ = [
    "Picture",
    "class_figure",
    "completion_figure",
    "figure_png",
    "figure_svg",
    "legend_above",
    "new_figure",
    "ordered_colors",
    "sample_figure",
    "style",
    "titled",
]

Array = NDArray[np.float64]

_WIDTH_IN = 5.4
# Okabe and Ito (2008); ordered quantities take viridis without its pale end.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#5a5a5a"
_STYLE: Any = {
    "font.size": 10,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "path.simplify_threshold": 0.3,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "svg.hashsalt": "neurosim",
    "text.usetex": False,
}


def sample_figure(
    samples: Array, n: int = 100, columns: int = 20, note: str = "", title: str = ""
) -> Figure:
    """The first `n` samples as gray tiles from -1 (black) to 1 (white); failed ones are orange.

    Parameters
    ----------
    samples : ndarray, shape (rows, n_visible) or (rows, height, width)
        A square number of pixels is drawn as a square, any other as a strip of one row.
    n, columns : int
        Number of samples, and of square tiles beside each other.
    note, title : str
        Written below and above.
    """
    size = np.shape(samples)[1:]
    shown = np.clip(np.atleast_2d(np.asarray(samples, dtype=float))[:n], -1, 1)
    if not shown.size:
        raise DataError("sample_figure needs at least one sample, but there is none; draw some.")
    shown = shown.reshape(len(shown), -1)
    count, pixels = shown.shape
    side = isqrt(pixels)
    height, width = (side, side) if side**2 == pixels else (1, pixels)
    if len(size) == 2:
        height, width = size
    columns = min(count, max(1, columns * side // width))
    rows = -(-count // columns)
    # NaN is the gap between tiles; above the range stands a sample that failed.
    shown = np.where(np.isfinite(shown).all(axis=1, keepdims=True), shown, 2.0)
    sheet = np.full((rows, height + 1, columns, width + 1), np.nan)
    for k, sample in enumerate(shown):
        sheet[k // columns, :height, k % columns, :width] = sample.reshape(height, width)
    image = sheet.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]
    with style():
        tiles_in = _WIDTH_IN * image.shape[0] / image.shape[1]
        note_in, title_in = 0.25 * bool(note), 0.3 * bool(title)
        height_in = note_in + tiles_in + title_in
        fig = new_figure(height_in, layout=None)
        axes = fig.add_axes((0, note_in / height_in, 1, tiles_in / height_in))
        fig.text(0.5, note_in / 2 / height_in, note, ha="center", va="center", fontsize=9)
        if title:
            how: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False}
            fig.text(0.5, 1 - title_in / 2 / height_in, printable(title), fontsize=10, **how)
        cmap = mpl.colormaps["gray"].with_extremes(bad="white", over=_ORANGE)
        axes.imshow(image, cmap=cmap, vmin=-1, vmax=1, interpolation="nearest", aspect="auto")
        axes.set_axis_off()
    return fig


def completion_figure(completed: Array, known: Array, truth: Array | None) -> Figure:
    """Known pixels on middle grey, completed images and the truth, in rows below each other.

    Parameters
    ----------
    completed, known, truth : ndarray, shape (n, n_pixels)
        `known` with NaN where pixels were unknown; the truth may be None. Up to 48 are shown.
    """
    columns = 16
    kinds = [np.where(np.isnan(known), 0.0, known), completed]
    kinds += [] if truth is None else [truth]
    count = min(len(completed), 3 * columns)
    rows = []
    for start in range(0, count, columns):
        for kind in kinds:
            part = kind[start : min(start + columns, count)]
            blank = np.ones((min(columns, count) - len(part), kind.shape[1]))
            rows += [part, blank]
    shown = np.concatenate(rows)
    return sample_figure(shown, n=len(shown), columns=min(columns, count))


def class_figure(shares: Array) -> Figure:
    """Share of each class among the samples; the line is where all are equal."""
    shares = np.asarray(shares, dtype=float)
    with style():
        fig = new_figure(2.4)
        axes = fig.subplots()
        axes.bar(np.arange(len(shares)), shares, color=_BLUE, width=0.75)
        axes.axhline(1 / len(shares), color=_ORANGE, lw=1.5, ls="--", label="uniform")
        axes.set_xticks(np.arange(len(shares)))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylim(0, 1.25 * max(float(np.nanmax(shares)), 1 / len(shares)))
        axes.set_xlabel("class")
        axes.set_ylabel("share of samples")
        axes.legend(frameon=False, loc="upper right")
    return fig


def figure_png(fig: Figure, dpi: int = 150) -> bytes:
    """The figure as a PNG file."""
    buffer = BytesIO()
    with style(), _laid_out(fig):
        fig.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def figure_svg(fig: Figure) -> str:
    """The figure as an SVG file; text is drawn as paths, coordinates have 0.01 points."""
    buffer = StringIO()
    with style(), _laid_out(fig):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = re.sub(r">\s+<", "><", buffer.getvalue())
    return re.sub(r'(?<= d=")[^"]*', lambda path: _shorter(path.group()), svg)


@contextmanager
def _laid_out(fig: Figure) -> Iterator[None]:
    """A figure whose parts have their places; by itself Matplotlib draws it twice to find them."""
    engine = fig.get_layout_engine()
    if engine is not None:
        engine.execute(fig)
    fig.set_layout_engine(None)
    try:
        yield
    finally:
        fig.set_layout_engine(engine)


def _shorter(path: str) -> str:
    """Path data with two decimals; among straight lines only, `L` need not be repeated."""
    short = re.sub(r"(?<=\.\d\d)\d+", "", path).replace("\n", "")
    return short if "Q" in short or "C" in short else short.replace(" L ", " ")


def style() -> AbstractContextManager[None]:
    """Matplotlib's settings of all our figures."""
    return mpl.rc_context(_STYLE)


class Picture(Figure):
    """A figure that a notebook shows by itself, whether pyplot is there or not."""

    def _repr_png_(self) -> bytes:
        return figure_png(self)


def new_figure(height_in: float, **options: Any) -> Figure:
    """An empty figure of the common width."""
    fig = Picture(figsize=(_WIDTH_IN, height_in), **({"layout": "constrained"} | options))
    FigureCanvasAgg(fig)
    return fig


def titled(fig: Figure, title: str) -> Figure:
    """The figure with a title above it, word for word."""
    with style():
        fig.suptitle(printable(title), fontsize=10, parse_math=False)
    return fig


def legend_above(axes: Axes, columns: int, **words: Any) -> None:
    """A legend that is above the axes, where it hides nothing."""
    axes.legend(
        frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), borderaxespad=0.2,
        ncols=columns, columnspacing=1.2, handlelength=1.2, handletextpad=0.5, **words,
    )  # fmt: skip


def ordered_colors(n: int) -> Array:
    """Colours of n ordered quantities."""
    return np.asarray(mpl.colormaps["viridis"](np.linspace(0, 0.85, n)))
