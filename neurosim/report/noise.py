"""Pictures of the noise ledger: bars by source, and the gradient over beta."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from neurosim.analysis import ALL, BETA, SETTLE, Point, Row
from neurosim.outputs import check_suffix, check_writable, write_bytes
from neurosim.report.figures import (
    figure_png,
    figure_svg,
    legend_above,
    new_figure,
    style,
    titled,
)

__all__ = ["noise_figure", "write_noise_figure"]

Array = NDArray[np.float64]

_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#5a5a5a"
_DISTANCE = "1 - cosine to the exact gradient"
_FORMATS: dict[str, Callable[[Figure], bytes]] = {
    ".png": figure_png,
    ".svg": lambda fig: figure_svg(fig).encode(),
}


def noise_figure(rows: Sequence[Row], points: Sequence[Point]) -> Figure:
    """Distance of the gradient from the exact one by source, and over beta with all sources on.

    Bars and curves are 1 - cosine on a logarithmic scale: a tenth as long is ten times better.
    """
    with style():
        fig = new_figure(0.21 * len(rows) + 4.0)
        bars, curve = fig.subplots(2, 1, height_ratios=[0.21 * len(rows), 2.4])
        _draw_bars(bars, rows)
        _draw_betas(curve, points)
    return fig


def _draw_bars(axes: Axes, rows: Sequence[Row]) -> None:
    y = np.arange(len(rows))
    asked = _distance([row.gradient.cosine for row in rows])
    held = _distance([row.gradient.cosine_held for row in rows])
    colors = [_GREY if row.name in {BETA, SETTLE, ALL} else _BLUE for row in rows]
    axes.barh(y, held, color=colors, height=0.7)
    axes.barh([], [], color=_BLUE, label="at the weights held")
    axes.plot(asked, y, "|", color=_ORANGE, ms=9, mew=2, label="at the weights asked for")
    for at in held[[row.name == SETTLE for row in rows]]:
        axes.axvline(at, color=_GREY, lw=0.8, ls="--")
    axes.set_yticks(y, [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    _distance_scale(axes.set_xscale, axes.set_xlim, np.concatenate([asked, held]))
    axes.set_xlabel(f"{_DISTANCE}\ndashed: beta and settling time alone")
    axes.grid(axis="x", alpha=0.3, lw=0.6)
    legend_above(axes, 2)


def _draw_betas(axes: Axes, points: Sequence[Point]) -> None:
    beta = [point.beta for point in points]
    curves = [
        ("one estimate", _BLUE, _distance([p.gradient.cosine_held for p in points])),
        ("mean of all", _ORANGE, _distance([p.gradient.cosine_of_mean for p in points])),
    ]
    for label, color, values in curves:
        axes.plot(beta, values, "o-", color=color, ms=4, label=label)
        best = int(np.argmin(values))
        axes.plot(beta[best], values[best], "o", color=color, ms=9, mfc="none")
    axes.set_xscale("log")
    _distance_scale(axes.set_yscale, axes.set_ylim, np.concatenate([v for _, _, v in curves]))
    axes.xaxis.set_major_locator(
        FixedLocator([digit * 10.0**k for k in range(-6, 2) for digit in (1, 3)])
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("strength of the nudge, beta; all sources on; rings: best")
    axes.set_ylabel(_DISTANCE)
    axes.grid(alpha=0.3, lw=0.6)
    axes.legend(frameon=False)


def _distance(cosine: Sequence[float]) -> Array:
    """1 - cosine, at least the rounding of a double."""
    distance: Array = np.maximum(1 - np.array(cosine, dtype=float), 1e-15)
    return distance


def _distance_scale(
    set_scale: Callable[[str], None],
    set_limits: Callable[[float, float], object],
    values: Array,
) -> None:
    """Logarithmic, with room at both ends and two decades at least, so that two have a number."""
    set_scale("log")
    if values.size:
        low, high = float(values.min()) / 2, 2 * float(values.max())
        wider = max(1.0, 10 / np.sqrt(high / low))
        set_limits(low / wider, high * wider)


def write_noise_figure(path: Path) -> Callable[[Sequence[Row], Sequence[Point], str], None]:
    """Writer of the picture with a title to `path`, as its suffix says: .png or .svg.

    Raises
    ------
    DataError
        At once, before anything is measured: the format is not known, or there is no such folder.
    """
    check_suffix(path, _FORMATS)
    check_writable(path)
    make = _FORMATS[path.suffix.lower()]
    return lambda rows, points, title: write_bytes(
        path, make(titled(noise_figure(rows, points), title))
    )
