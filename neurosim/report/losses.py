"""Figures of a training's loss, and of any column of numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from neurosim.report.figures import legend_above, new_figure, ordered_colors, style

__all__ = ["curve_figure", "loss_figure"]

Array = NDArray[np.float64]

_BLUE = "#0072B2"
# Updates that are marked each, and from which on a mean of several is drawn, see `_running_mean`.
_FEW, _SMOOTHED = 30, 100


def loss_figure(metrics: Mapping[str, Array]) -> Figure:
    """Loss against updates: each update thin, its running mean bold; below, by fifths of t.

    Parameters
    ----------
    metrics : mapping of str to ndarray, shape (n_updates,)
        `update`, `flow_loss` and `flow_loss_0` to `flow_loss_4`; NaN where nothing was measured.
        A task without a time t, which has none of these, has `accuracy` below, or no panel.
    """
    update, loss = np.asarray(metrics["update"]), np.asarray(metrics["flow_loss"])
    some = np.unique(np.linspace(0, len(update) - 1, 300).round().astype(int))
    names = tuple(f"flow_loss_{k}" for k in range(5))
    has_times = any(np.isfinite(metrics.get(name, np.nan)).any() for name in names)
    names = names if has_times else tuple({"accuracy"} & set(metrics))
    smooth, *curves = (_running_mean(np.asarray(metrics[n]))[some] for n in ("flow_loss", *names))
    marker = "." if len(update) <= _FEW else None
    with style():
        fig = new_figure(5.6 if names else 2.8)
        total, *lower = fig.subplots(2 if names else 1, 1, sharex=True, squeeze=False)[:, 0]
        below = lower[0] if lower else total
        if len(update) < _SMOOTHED:
            total.plot(update, loss, color=_BLUE, lw=1.4, marker=marker, label="each update")
        else:
            total.plot(update, loss, color=_BLUE, lw=0.6, alpha=0.45, label="each update")
            total.plot(update[some], smooth, color=_BLUE, lw=2.0, label="running mean")
        for k, (curve, color) in enumerate(zip(curves, ordered_colors(len(curves)), strict=True)):
            label = f"{k / 5:.1f} to {(k + 1) / 5:.1f}"
            below.plot(update[some], curve, color=color, lw=1.5, marker=marker, label=label)
        panels = [(total, [smooth]), *((axes, curves if has_times else []) for axes in lower)]
        for axes, drawn in panels:
            _loss_scale(axes, np.concatenate([[], *drawn]))
            axes.grid(alpha=0.3, lw=0.6, which="both")
        total.set_ylabel("flow loss" if has_times else "loss")
        total.legend(frameon=False)
        _label_below(below, lower=bool(lower), has_times=has_times, n=len(update))
    return fig


def _label_below(axes: Axes, *, lower: bool, has_times: bool, n: int) -> None:
    """Words of the last panel of n updates, which may be the `lower` one of two."""
    axes.set_xlabel("updates")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    smoothed = n >= _SMOOTHED
    if not lower:
        return
    if not has_times:
        axes.set_ylabel("running mean of accuracy" if smoothed else "accuracy")
        return
    axes.set_ylabel("running mean by t" if smoothed else "flow loss by t")
    legend_above(axes, 5, title="t from", title_fontsize=9)


def curve_figure(values: Array) -> Figure:
    """A column of numbers (n,) over 1 to n; NaN is a gap."""
    with style():
        fig = new_figure(2.8)
        axes = fig.subplots()
        marker = "." if len(values) <= _FEW else None
        axes.plot(np.arange(1, len(values) + 1), values, color=_BLUE, lw=1.4, marker=marker)
        _loss_scale(axes, np.asarray(values, dtype=float))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3, lw=0.6, which="both")
        axes.set_xlabel("number in the array")
    return fig


def _running_mean(values: Array) -> Array:
    """Mean over a fiftieth of all updates around each, (n,); NaN is left out, not spread."""
    half = len(values) // 100
    good = np.isfinite(values)
    window = np.ones(2 * half + 1)
    total = np.convolve(np.where(good, values, 0.0), window)[half : half + len(values)]
    count = np.convolve(good, window)[half : half + len(values)]
    return np.where(count > 0.5, total / np.maximum(count, 1), np.nan)


def _loss_scale(axes: Axes, drawn: Array) -> None:
    """Logarithmic if the curve falls by more than a factor of 4."""
    low, high = (np.nanmin(drawn), np.nanmax(drawn)) if np.isfinite(drawn).any() else (1.0, 1.0)
    if low > 0 and high / low > 4:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda v, _: f"{v:g}" if f"{v:e}"[0] in "25" else "")
