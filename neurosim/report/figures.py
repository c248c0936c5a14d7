"""Figures of a run, drawn for a phone's width; colours can be told apart without colour vision.

Nothing here touches pyplot: a figure belongs to its caller and to no global list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO, StringIO
from itertools import pairwise
from math import isqrt
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import (
    EngFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
    StrMethodFormatter,
)
from numpy.typing import NDArray

from neurosim.chip.oscilloscope import Trace
from neurosim.errors import DataError

__all__ = [
    "Picture",
    "class_figure",
    "completion_figure",
    "figure_png",
    "figure_svg",
    "label_decades",
    "legend_above",
    "new_figure",
    "ordered_colors",
    "sample_figure",
    "settle_figure",
    "style",
    "waveform_figure",
]

Array = NDArray[np.float64]

_WIDTH_IN = 5.4
# Okabe and Ito (2008); ordered quantities take viridis without its pale end.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#5a5a5a"
_SHADES = {"free": "#ffffff", "free again": "#ffffff", "+β": "#fbe3cf", "\u2212β": "#d6e9f5"}
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
_LINES = 24


def sample_figure(samples: Array, n: int = 100, columns: int = 20, note: str = "") -> Figure:
    """The first `n` samples as gray tiles from -1 (black) to 1 (white); failed ones are orange.

    Parameters
    ----------
    samples : ndarray, shape (rows, n_visible) or (rows, height, width)
        A square number of pixels is drawn as a square, any other as a strip of one row.
    n, columns : int
        Number of samples, and of square tiles beside each other.
    note : str
        Written below.
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
        tiles_in, note_in = _WIDTH_IN * image.shape[0] / image.shape[1], 0.25 * bool(note)
        fig = new_figure(tiles_in + note_in, layout=None)
        below = note_in / (tiles_in + note_in)
        axes = fig.add_axes((0, below, 1, 1 - below))
        fig.text(0.5, below / 2, note, ha="center", va="center", fontsize=9)
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


def settle_figure(trace: Trace, node: Any, task: Any) -> Figure:
    """The waveforms of a chip with such nodes, in volts or radians, as its task nudges it."""
    nudged = getattr(task, "sources", (0,))[-1]
    return waveform_figure(trace, node.unit_V, node.tau_s, nudged=nudged, phases=node.oscillating)


def waveform_figure(
    trace: Trace, unit_V: float, tau_s: float, *, nudged: int = 0, phases: bool = False
) -> Figure:
    """One settle: the outputs of each layer, and how far the nudges move the one that they pull.

    Parameters
    ----------
    trace : Trace
        The free phase and the nudged ones after it.
    unit_V : float
        Voltage of 1 in the host's numbers, dotted.
    tau_s : float
        C / g of a node; time is given in its units below and in seconds above.
    nudged : int
        Layer that is nudged; -1 is the last.
    phases : bool
        Whether nodes are phases, drawn in radians, of which one is a unit.
    """
    blocks = _blocks(trace)
    names = _phase_names(len(blocks))
    unit, scale = ("rad", 1 / unit_V) if phases else ("mV", 1e3)
    time, output = trace.time_s / tau_s, scale * trace.output_V
    free_end = blocks[0].stop - 1
    panels = [(name, trace.layers.nodes(k)) for k, name in enumerate(trace.layers.names())]
    pulled, pulled_nodes = panels[nudged]
    change = _change_since_free(output[:, pulled_nodes], blocks, names)
    moved = bool(np.isfinite(change).any())
    with style():
        fig = new_figure(1.0 + 1.6 * (len(panels) + moved))
        stack = fig.subplots(len(panels) + moved, 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, nodes) in zip(stack, panels, strict=False):
            _draw_nodes(axes, time, output[:, nodes], output[free_end, nodes])
            axes.set_ylabel(f"{name} [{unit}]")
            for level in (-scale * unit_V, scale * unit_V):
                axes.axhline(level, color=_GREY, lw=0.8, ls=":")
        if moved:
            _draw_nodes(stack[-1], time, change, output[free_end, pulled_nodes])
            stack[-1].set_ylabel(f"change of {pulled} [{unit}]")
        ends = [0.0, *(end_s / tau_s for end_s in trace.phase_ends_s)]
        top = stack[0].get_xaxis_transform()
        for name, (start, end) in zip(names, pairwise(ends), strict=True):
            for axes in stack:
                axes.axvspan(start, end, color=_SHADES.get(name, "#ffffff"), lw=0, zorder=0)
            stack[0].text((start + end) / 2, 1.02, name, transform=top, ha="center", va="bottom")
        stack[0].set_xlim(0, ends[-1])
        stack[-1].set_xlabel("time [τ]")
        seconds = stack[0].secondary_xaxis(
            1.14, functions=(lambda t: t * tau_s, lambda s: s / tau_s)
        )
        seconds.xaxis.set_major_formatter(EngFormatter(unit="s"))
        fig.align_ylabels()
    return fig


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


def label_decades(axis: Axis, unit: str = "") -> None:
    """Numbers at 1, 2 and 5 of each decade of a logarithmic axis; with a prefix before a unit."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(EngFormatter(unit) if unit else StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_above(axes: Axes, columns: int, **words: Any) -> None:
    """A legend that is above the axes, where it hides nothing."""
    axes.legend(
        frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), borderaxespad=0.2,
        ncols=columns, columnspacing=1.2, handlelength=1.2, handletextpad=0.5, **words,
    )  # fmt: skip


def ordered_colors(n: int) -> Array:
    """Colours of n ordered quantities."""
    return np.asarray(mpl.colormaps["viridis"](np.linspace(0, 0.85, n)))


def _phase_names(n: int) -> tuple[str, ...]:
    if n > 4:
        return tuple(f"phase {k + 1}" for k in range(n))
    return ("free", "+β", *(("free again",) if n == 4 else ()), "\u2212β")[:n]


def _blocks(trace: Trace) -> list[slice]:
    """Points of each settle: a new one begins where time repeats."""
    cuts = [0, *(np.flatnonzero(np.diff(trace.time_s) <= 0) + 1), len(trace.time_s)]
    return [slice(int(a), int(b)) for a, b in pairwise(cuts)]


def _change_since_free(output: Array, blocks: list[slice], names: tuple[str, ...]) -> Array:
    """Output minus that at the end of the last free phase, NaN outside of the nudged phases."""
    change, reference = np.full_like(output, np.nan), output[0]
    for block, name in zip(blocks, names, strict=True):
        if name.endswith("β"):
            change[block] = output[block] - reference
        elif name.startswith("free"):
            reference = output[block.stop - 1]
    return change


def _draw_nodes(axes: Axes, time: Array, output: Array, order: Array) -> None:
    """Up to 24 nodes of (points, nodes), evenly chosen, coloured by rank of `order`."""
    chosen = np.unique(np.linspace(0, len(order) - 1, _LINES).round().astype(int))
    chosen = chosen[np.argsort(order[chosen])]
    for node, color in zip(chosen, ordered_colors(len(chosen)), strict=True):
        axes.plot(time, output[:, node], color=color, lw=0.8)
