"""Figures of settles: the voltages or phases of every layer over time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from neurosim.blocks.units import format_quantity
from neurosim.chip.oscilloscope import Trace
from neurosim.report.figures import new_figure, ordered_colors, style, titled

__all__ = ["settle_figure", "waveform_figure"]

Array = NDArray[np.float64]

_GREY = "#5a5a5a"
_SHADES = {"free": "#ffffff", "free again": "#ffffff", "+β": "#fbe3cf", "\u2212β": "#d6e9f5"}
_LINES = 24
# Outputs that stay within this part of a unit are drawn without its dotted lines.
_FAR = 0.3


def settle_figure(trace: Trace, profile: Any, task: Any) -> Figure:
    """The waveforms of a chip of this profile, in volts or radians, as its task nudges it."""
    nudged, node = getattr(task, "sources", (0,))[-1], profile.node
    how: dict[str, Any] = {"nudged": nudged, "phases": node.oscillating}
    fig = waveform_figure(trace, node.unit_V, node.tau_s, **how)
    return titled(fig, f"One settle of {profile.name}")


def waveform_figure(
    trace: Trace, unit_V: float, tau_s: float, *, nudged: int = 0, phases: bool = False
) -> Figure:
    """One settle: the outputs of each layer, and how far the nudges move the one that they pull.

    Parameters
    ----------
    trace : Trace
        The free phase and the nudged ones after it.
    unit_V : float
        Voltage of 1 in the host's numbers, dotted where outputs come near it.
    tau_s : float
        C / g of a node; time is given in its units below and in seconds above.
    nudged : int
        Layer that is nudged; -1 is the last.
    phases : bool
        Whether nodes are phases, drawn in radians, of which one is a unit.
    """
    blocks = _blocks(trace)
    names = _phase_names(len(blocks))
    unit, scale = ("rad", 1 / unit_V) if phases else ("V", 1.0)
    time, output = trace.time_s / tau_s, scale * trace.output_V
    free_end = blocks[0].stop - 1
    panels = _panels(trace, nudged)
    pulled, pulled_nodes = panels[nudged]
    change = _change_since_free(output[:, pulled_nodes], blocks, names)
    moved = bool(np.isfinite(change).any())
    with style():
        fig = new_figure(1.2 + 1.6 * (len(panels) + moved))
        stack = fig.subplots(len(panels) + moved, 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, nodes) in zip(stack, panels, strict=False):
            own, one = output[:, nodes], scale * unit_V
            factor = _draw_nodes(axes, time, own, own[free_end], name, unit)
            for level in (-one, one) if np.abs(own).max() > _FAR * one else ():
                axes.axhline(factor * level, color=_GREY, lw=0.8, ls=":")
        if moved:
            name = f"change of\n{pulled}"
            _draw_nodes(stack[-1], time, change, output[free_end, pulled_nodes], name, unit)
        ends = [0.0, *(end_s / tau_s for end_s in trace.phase_ends_s)]
        top = stack[0].get_xaxis_transform()
        for name, (start, end) in zip(names, pairwise(ends), strict=True):
            for axes in stack:
                axes.axvspan(start, end, color=_SHADES.get(name, "#ffffff"), lw=0, zorder=0)
            stack[0].text((start + end) / 2, 1.02, name, transform=top, ha="center", va="bottom")
        stack[0].set_xlim(0, ends[-1])
        stack[-1].set_xlabel(f"time [τ = C/g = {format_quantity(tau_s, 's', 3)}]")
        seconds = stack[0].secondary_xaxis(
            1.14, functions=(lambda t: t * tau_s, lambda s: s / tau_s)
        )
        seconds.xaxis.set_major_formatter(EngFormatter(unit="s"))
        fig.align_ylabels()
    return fig


def _panels(trace: Trace, nudged: int) -> list[tuple[str, slice]]:
    """What each layer is, with its name, and its nodes."""
    names, last = trace.layers.names(), len(trace.layers.sizes) - 1
    answers = last if nudged % (last + 1) == last else 0
    said = ["visible", *["hidden"] * last]
    if answers:
        said[0], said[last] = "inputs", "answers"
    return [(f"{said[k]} {name}", trace.layers.nodes(k)) for k, name in enumerate(names)]


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


def _draw_nodes(
    axes: Axes, time: Array, output: Array, order: Array, name: str, unit: str
) -> float:
    """Up to 24 nodes of (points, nodes), evenly chosen, coloured by rank of `order`.

    The prefix of their unit is that of the largest; by what numbers were multiplied for it.
    """
    prefix, factor = _prefixed(output, 0.1 if unit == "rad" else 1.0)
    chosen = np.unique(np.linspace(0, len(order) - 1, _LINES).round().astype(int))
    chosen = chosen[np.argsort(order[chosen])]
    for node, color in zip(chosen, ordered_colors(len(chosen)), strict=True):
        axes.plot(time, factor * output[:, node], color=color, lw=0.8)
    axes.set_ylabel(f"{name} [{prefix}{unit}]")
    return factor


def _prefixed(values: Array, least: float) -> tuple[str, float]:
    """The first prefix by which the largest of some numbers is `least` or more, and its factor."""
    known = np.abs(values[np.isfinite(values)])
    largest = float(known.max(initial=0.0))
    for prefix, factor in (("", 1.0), ("m", 1e3), ("\u00b5", 1e6), ("n", 1e9)):
        if largest * factor >= least or not largest:
            return prefix, factor
    return "p", 1e12
