"""Bars of a sweep's figure over an axis of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from neurosim.report.sweep_lines import word
from neurosim.sweeps import Group

__all__ = ["draw_bars"]

_WIDTH = 0.8
_MOST_LABELS = 9
# Behind a value, so that a floor's line does not strike it through.
_BACK = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4}


def draw_bars(
    axes: Axes,
    lines: Mapping[str, Sequence[Group]],
    names: Sequence[object],
    at: int,
    figure: str,
    colors: Sequence[str],
) -> None:
    """One bar for each group of each line, side by side over its word; error bars where known.

    Lines that have no word in common have a bar's whole width. Where bars are few their values
    stand above them.
    """
    every = [group.settings[at] for line in lines.values() for group in line]
    n_beside = max(1, len(lines)) if len(set(every)) < len(every) else 1
    width, few = _WIDTH / n_beside, len(every) <= _MOST_LABELS
    for k, (label, line) in enumerate(lines.items()):
        middle = (k - (n_beside - 1) / 2) * width if n_beside > 1 else 0.0
        x = [names.index(group.settings[at]) + middle for group in line]
        mean = [group.mean[figure] for group in line]
        error = [group.error[figure] if group.rows > 1 else np.nan for group in line]
        axes.bar(
            x, mean, width * 0.92, yerr=error, capsize=2.5, label=label,
            color=colors[k % len(colors)], error_kw={"lw": 1.2}, alpha=0.85,
        )  # fmt: skip
        for where, y, bar in zip(x, mean, np.nan_to_num(error), strict=True):
            if few:
                axes.annotate(
                    f"{y:.3g}", (where, y - bar if y < 0 else y + bar), fontsize=7.5,
                    xytext=(0, -2 if y < 0 else 2), textcoords="offset points", bbox=_BACK,
                    ha="center", va="top" if y < 0 else "bottom",
                )  # fmt: skip
    axes.set_xticks(range(len(names)), labels=[word(name) for name in names])
    axes.margins(y=0.14 if few else 0.05)
