"""Figures of a sweep: each axis with error bars over replicas, and the Pareto front."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from neurosim.report.figures import new_figure, style
from neurosim.report.floor_lines import NO_FLOORS, Floors, draw_floors
from neurosim.report.sweep_bars import draw_bars
from neurosim.report.sweep_lines import (
    MOST_LINES,
    by_kind,
    is_numeric,
    labelled_lines,
    lines_of,
    plain,
    telling,
)
from neurosim.report.ticks import label_decades, label_evenly
from neurosim.report.wording import named, unit_of, worded
from neurosim.sweeps import Group, badness, front

__all__ = ["axis_figure", "pareto_figure"]

# Okabe and Ito (2008), without yellow.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = "osD^vPX"
_LONG = 40  # characters across the width of a figure
_DECADE = 10
_SOFT = "#5a5a5a"
_DISTANCES = ("frechet_feature", "frechet_pixel", "w2")
_UNITS = {"sample_time_s": "s", "sample_energy_J": "J"}
_LABELS = {
    "sample_time_s": "time of one chip a sample",
    "sample_energy_J": "energy of one chip a sample",
}


def _number(group: Group, at: int) -> float:
    """A setting that is an axis of numbers."""
    value = group.settings[at]
    assert isinstance(value, int | float)
    return value


def _best_at(groups: Sequence[Group], at: int, figure: str) -> list[Group]:
    """Of the groups with one value at `at`, the best."""
    best: dict[object, Group] = {}
    for group in groups:
        value = group.settings[at]
        bad = badness(figure, group.mean[figure])
        if value not in best or bad < badness(figure, best[value].mean[figure]):
            best[value] = group
    return list(best.values())


def axis_figure(
    groups: Sequence[Group],
    columns: Sequence[str],
    x: str,
    figures: Sequence[str],
    random: Container[str] = (),
    note: str = "",
    floors: Floors = NO_FLOORS,
) -> Figure:
    """One panel for each figure over the axis `x`; error bars are standard errors over replicas.

    Numbers are joined to lines, words are bars from zero. Where more varies than lines can tell, a
    line shows the best of the rest. Points over one of the `random` columns are not joined. What
    real images and a Gaussian have stands beside each panel. The note stands below.
    """
    chosen, _ = lines_of(groups, columns, x, random)
    at = columns.index(x)
    names = list(dict.fromkeys(group.settings[at] for group in groups))
    numeric = is_numeric(names)
    with style():
        fig = new_figure(1.0 + 2.3 * len(figures))
        stack = fig.subplots(len(figures), 1, sharex=True, squeeze=False)[:, 0]
        for axes, figure in zip(stack, figures, strict=True):
            having = [group for group in groups if figure in group.mean]
            lines = {
                label: _best_at(line, at, figure)
                for label, line in labelled_lines(having, columns, chosen).items()
            }
            if not (chosen or numeric):
                lines = by_kind(lines.get("", []), at)
            if numeric:
                for k, (label, line) in enumerate(lines.items()):
                    _draw_line(axes, line, at, figure, label, k, joined=x not in random)
            else:
                draw_bars(axes, lines, names, at, figure, _COLORS)
            axes.set_ylabel(worded(figure))
            axes.grid(alpha=0.3, lw=0.6)
            axes.set_axisbelow(True)
            _spread(axes, [group.mean[figure] for group in having], figure)
            draw_floors(axes, floors, figure)
        if any(stack[0].get_legend_handles_labels()[1]):
            _legend(fig, stack[0])
        if numeric:
            unit = unit_of(x).replace("tau", "")
            _scale(stack[-1], [_number(group, at) for group in groups], unit, _DECADE)
        else:
            _words(stack[-1])
        _name(stack[-1], x)
        if note:
            fig.supxlabel(note, fontsize=9)
    return fig


def _draw_line(
    axes: Axes,
    line: Sequence[Group],
    at: int,
    figure: str,
    label: str,
    k: int,
    *,
    joined: bool,
) -> None:
    line = sorted(line, key=lambda group: _number(group, at))
    axes.errorbar(
        [_number(group, at) for group in line],
        [group.mean[figure] for group in line],
        yerr=[group.error[figure] for group in line],
        color=_COLORS[k % len(_COLORS)],
        marker=_MARKERS[k % len(_MARKERS)],
        ls="-" if joined else "",
        ms=4,
        lw=1.4,
        capsize=2.5,
        label=label,
    )


def _spread(axes: Axes, values: Sequence[float], figure: str) -> None:
    """A logarithmic scale for distances over more than a decade; shares stay linear."""
    if values and figure in _DISTANCES and 0 < 10 * min(values) < max(values):
        axes.set_yscale("log")
        label_decades(axes.yaxis)


def _legend(fig: Figure, axes: Axes) -> None:
    """Above the panels, where no curve runs through it; a bar of zero length has no place in it."""
    handles, labels = axes.get_legend_handles_labels()
    plain = [handle[0] if isinstance(handle, ErrorbarContainer) else handle for handle in handles]
    columns = 2 if max(map(len, labels)) < _LONG else 1
    fig.legend(plain, labels, loc="outside upper left", frameon=False, fontsize=8, ncols=columns)


def _words(axes: Axes) -> None:
    """Names along the axis: level where there is room, on a slope, or upright where many."""
    names = axes.get_xticklabels()
    longest = max(len(name.get_text()) for name in names)
    axes.set_xlim(-0.6, len(names) - 0.4)
    if longest * len(names) > _LONG:
        angle = 30 if len(names) <= MOST_LINES else 90
        for name in names:
            name.set(rotation=angle, ha="right", va="top" if angle < 90 else "center",
                     rotation_mode="anchor")  # fmt: skip


def _scale(axes: Axes, values: Sequence[float], unit: str, decade: float) -> None:
    """Logarithmic where the largest is more than so many times the smallest."""
    low, high = min(values), max(values)
    if low > 0 and high / low > decade:
        axes.set_xscale("log")
        label_decades(axes.xaxis, unit)
    else:
        label_evenly(axes.xaxis, unit, whole=all(isinstance(value, int) for value in values))


def _name(axes: Axes, column: str) -> None:
    """A setting in words below an axis, and in small its path."""
    words, unit = named(column), unit_of(column)
    axes.set_xlabel(plain(words) + " [C/g]" * (unit == "tau"))
    if words != column:
        axes.annotate(
            plain(column), (0.5, 0), (0, -1), xycoords=axes.xaxis.label, fontsize=7.5, color=_SOFT,
            textcoords="offset points", ha="center", va="top",
        )  # fmt: skip


def pareto_figure(
    groups: Sequence[Group],
    columns: Sequence[str],
    figure: str,
    random: Container[str] = (),
    floors: Floors = NO_FLOORS,
) -> Figure:
    """Quality against time and energy of a sample; a line joins what nothing else beats in both."""
    chosen, _ = lines_of(groups, columns, "", random)
    varied = [columns.index(column) for column in telling(groups, columns, random)]
    worded_at = [at for at in varied if not is_numeric([group.settings[at] for group in groups])]
    with style():
        fig = new_figure(6.4)
        panels = fig.subplots(2, 1)
        for axes, cost in zip(panels, _UNITS, strict=True):
            having = [g for g in groups if figure in g.mean and g.mean.get(cost, 0) > 0]
            lines = labelled_lines(having, columns, chosen)
            if not chosen and worded_at:
                lines = by_kind(having, worded_at[0])
            for k, (label, line) in enumerate(lines.items()):
                axes.errorbar(
                    [group.mean[cost] for group in line],
                    [group.mean[figure] for group in line],
                    yerr=[group.error[figure] for group in line],
                    color=_COLORS[k % len(_COLORS)],
                    marker=_MARKERS[k % len(_MARKERS)],
                    ls="",
                    ms=5,
                    capsize=2.5,
                    label=label,
                )
            _draw_front(axes, having, cost, figure)
            axes.set_xlabel(_LABELS[cost])
            axes.set_ylabel(worded(figure))
            axes.grid(alpha=0.3, lw=0.6)
            _spread(axes, [group.mean[figure] for group in having], figure)
            draw_floors(axes, floors, figure)
            if having:
                _scale(axes, [group.mean[cost] for group in having], _UNITS[cost], 3)
        _legend(fig, panels[0])
    return fig


def _draw_front(axes: Axes, groups: Sequence[Group], cost: str, figure: str) -> None:
    costs = [group.mean[cost] for group in groups]
    kept = front(costs, [badness(figure, group.mean[figure]) for group in groups])
    if not kept:
        return
    x, y = np.array([(costs[k], groups[k].mean[figure]) for k in kept]).T
    axes.plot(x, y, color=_SOFT, lw=1.2, drawstyle="steps-post", zorder=0, label="Pareto front")
