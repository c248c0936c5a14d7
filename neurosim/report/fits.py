"""The report of a device fit: a profile's blocks as text, and a picture of data and fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neurosim.blocks.document import written
from neurosim.devices.fit import DeviceFit, Part

__all__ = ["fit_blocks", "fit_figure"]

_COLOURS = ("#0072b2", "#d55e00")


def _rounded(value: Any, error: Any) -> Any:
    """Numbers to two digits more than their standard errors can tell."""
    if isinstance(value, dict):
        return {k: _rounded(v, (error or {}).get(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v, e) for v, e in zip(value, error or value, strict=True)]
    if isinstance(value, float):
        digits = 6
        if isinstance(error, float) and error > 0 and value:
            digits = int(np.clip(np.floor(np.log10(abs(value) / error)) + 3, 2, 8))
        return float(f"{value:.{digits}g}")
    return value


def _flat(errors: dict[str, Any]) -> str:
    def text(value: Any) -> str:
        if isinstance(value, dict):
            return text(next(iter(value.values())))
        if isinstance(value, list):
            return "[" + ", ".join(f"{v:.2g}" for v in value) + "]"
        return f"{value:.2g}"

    return ", ".join(f"{name} +- {text(value)}" for name, value in errors.items())


def fit_blocks(fit: DeviceFit, source: str) -> str:
    """Blocks of a profile as YAML, their standard errors in comments."""
    lines = [f"# conductances seen: {fit.low_S:.6g} to {fit.high_S:.6g} S"]
    for part in fit.parts:
        block = _rounded(part.block, part.errors) | {"source": source}
        lines += ["", f"# {part.n} readings; standard errors: {_flat(part.errors)}"]
        lines.append(written({part.name: block}).rstrip())
    return "\n".join(lines) + "\n"


def _panel(ax: Any, part: Part) -> None:
    for (x, measured, fitted, label), colour in zip(part.curves, _COLOURS, strict=False):
        ax.plot(x, measured, "o", color=colour, markersize=4, label=f"{label}, measured")
        ax.plot(x, fitted, "-", color=colour, label=f"{label}, fit")
    if part.name == "drift":
        ax.set_xscale("log")
    ax.set_title(part.name)
    ax.set_xlabel(part.x_label)
    ax.set_ylabel(part.y_label)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=8)


def fit_figure(fit: DeviceFit) -> Figure:
    """Data and fit of every kind, a panel each."""
    fig = Figure(figsize=(4.2 * len(fit.parts), 3.6), layout="constrained")
    FigureCanvasAgg(fig)
    axes = np.atleast_1d(fig.subplots(1, len(fit.parts)))
    for ax, part in zip(axes, fit.parts, strict=True):
        _panel(ax, part)
    return fig
