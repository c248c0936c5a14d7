"""Quality against the settling of a sample, with where it is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from neurosim.report.figures import label_decades, new_figure, style
from neurosim.report.wording import worded
from neurosim.sweeps.knees import Knee

__all__ = ["ANSWER", "HYPOTHETICAL", "PICTURE", "knee_figure"]

# Files of a study's folder, which its page shows first.
ANSWER, PICTURE = "settling.txt", "settling.png"
# What draws of a chip that nobody has are called.
HYPOTHETICAL = "quiet,"

_WAYS = {
    "alone": ("#0072B2", "alone"),
    "quiet": ("#8a8a8a", "without noise and errors of converters"),
    "stepped": ("#D55E00", "stepped by its host"),
    "read": ("#0072B2", "asked once"),
}


def knee_figure(
    rows: Sequence[Mapping[str, Any]], found: Mapping[str, Knee], figure: str, floor: float | None
) -> Figure:
    """A curve for each way of drawing, a pale one for each seed; a bar where it is enough.

    Parameters
    ----------
    rows : sequence of mapping
        Of the sweep, with a column ``drawn``.
    found : mapping from str to Knee
    figure : str
        Smaller is better.
    floor : float or None
        Of real data against real data, where there is such a figure.
    """
    with style():
        fig = new_figure(3.9)
        axes = fig.subplots()
        for way, knee in found.items():
            color, name = _WAYS[way]
            own = [r for r in rows if str(r["drawn"]).startswith(f"{way},") and not r["error"]]
            by_length: dict[float, list[float]] = {}
            curves: dict[Any, list[tuple[float, float]]] = {}
            for row in own:
                tau, y = row["sample_tau"], row[figure]
                if y != "" and y > 0:
                    by_length.setdefault(tau, []).append(y)
                    curves.setdefault(row.get("replica", 0), []).append((tau, y))
            for curve in curves.values():
                axes.plot(*np.array(sorted(curve)).T, color=color, lw=0.8, alpha=0.35)
            mean = [(tau, np.exp(np.log(of).mean())) for tau, of in sorted(by_length.items())]
            line = "o--" if way == "quiet" else "o-"
            axes.plot(*np.array(mean).T, line, ms=4, color=color, label=name)
            if way != "quiet" and knee.seeds:
                axes.axvline(knee.tau, color=color, ls="--", lw=1)
            if way != "quiet" and np.isfinite(knee.low):
                axes.axvspan(knee.low, knee.high, color=color, alpha=0.12, lw=0)
        if floor is not None:
            axes.axhline(floor, color="#5a5a5a", ls=":", lw=1.2, label="real against real")
        lengths = [row["sample_tau"] for row in rows if not row["error"]]
        axes.set_xscale("log")
        axes.set_xlim(min(lengths) / 1.3, 1.3 * max(lengths))
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            label_decades(axis)
        axes.set_xlabel("settling, units of C/g")
        axes.set_ylabel(worded(figure))
        fig.legend(loc="outside upper center", ncols=2, frameon=False)
    return fig
