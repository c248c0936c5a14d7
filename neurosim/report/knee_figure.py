"""Quality against the settling of a sample, with where it is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurosim.report.figures import new_figure, style
from neurosim.report.floor_lines import NO_FLOORS, Floors, draw_floors
from neurosim.report.ticks import label_decades
from neurosim.report.wording import worded
from neurosim.sweeps.knees import FEWEST_LENGTHS, Knee, mean_curve
from neurosim.sweeps.settling import NOISELESS

__all__ = ["knee_figure"]

_SHARES = ("test_accuracy", "test_explained")
_WAYS = {
    "alone": ("#0072B2", "alone"),
    NOISELESS: ("#8a8a8a", "without noise and errors of converters"),
    "stepped": ("#D55E00", "stepped by its host"),
    "read": ("#0072B2", "asked once"),
}


def knee_figure(
    rows: Sequence[Mapping[str, Any]],
    found: Mapping[str, Knee],
    figure: str,
    floors: Floors = NO_FLOORS,
) -> Figure:
    """A curve for each way of drawing, a pale one for each seed; a bar where it is enough.

    Parameters
    ----------
    rows : sequence of mapping
        Of the sweep, with a column ``drawn``. Shares of right answers, where it has any, have a
        panel of their own below.
    found : mapping from str to Knee
    figure : str
        Smaller is better.
    floors : mapping
        What needs no chip, beside each panel.
    """
    shown = [figure, *(share for share in _SHARES if any(row.get(share, "") != "" for row in rows))]
    with style():
        fig = new_figure(3.9 + 2.3 * (len(shown) - 1))
        panels = fig.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        lengths = [row["sample_tau"] for row in rows if not row["error"]]
        panels[-1].set_xscale("log")
        panels[-1].set_xlim(min(lengths) / 1.3, 1.3 * max(lengths))
        label_decades(panels[-1].xaxis)
        for axes, name in zip(panels, shown, strict=True):
            for way, knee in found.items():
                _draw_way(axes, rows, way, knee, name)
            if name == figure:
                axes.set_yscale("log")
                label_decades(axes.yaxis)
            axes.set_ylabel(worded(name))
            draw_floors(axes, floors, name)
        panels[-1].set_xlabel("settling [C/g]")
        fig.legend(
            *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2,
            frameon=False,
        )  # fmt: skip
    return fig


def _draw_way(
    axes: Axes, rows: Sequence[Mapping[str, Any]], way: str, knee: Knee, figure: str
) -> None:
    """Curves of one way of drawing, and their mean.

    Of a share, at lengths that all seeds have; of others as `mean_curve` has it.
    """
    color, name = _WAYS[way]
    own = [r for r in rows if str(r["drawn"]).startswith(f"{way},") and not r["error"]]
    by_length: dict[float, list[float]] = {}
    curves: dict[Any, list[tuple[float, float]]] = {}
    for row in own:
        tau, y = row["sample_tau"], row[figure]
        if y != "" and (y > 0 or figure in _SHARES):
            by_length.setdefault(tau, []).append(y)
            curves.setdefault(row.get("replica", 0), []).append((tau, y))
    for curve in curves.values():
        axes.plot(*np.array(sorted(curve)).T, color=color, lw=0.8, alpha=0.35)
    if figure in _SHARES:
        every = max(map(len, by_length.values()))
        whole = [(tau, np.mean(of)) for tau, of in sorted(by_length.items()) if len(of) == every]
        means = np.array(whole).T
    else:
        enough = [curve for curve in curves.values() if len(curve) >= FEWEST_LENGTHS]
        means = mean_curve([np.array(sorted(curve)).T for curve in enough])
    every_seed = len({row.get("replica", 0) for row in rows if not row["error"]})
    if len(curves) < every_seed:
        name += f", {len(curves)} of {every_seed} seeds"
    line = "o--" if way == NOISELESS else "o-"
    axes.plot(*means, line, ms=4, color=color, label=name)
    if way != NOISELESS:
        axes.axvline(knee.tau, color=color, ls="--", lw=1)
    if way != NOISELESS and np.isfinite(knee.low):
        axes.axvspan(knee.low, knee.high, color=color, alpha=0.12, lw=0)
