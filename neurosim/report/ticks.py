"""Ticks of an axis: as many as its labels have room for, whatever its range and unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axis import Axis, XAxis
from matplotlib.ticker import (
    EngFormatter,
    Locator,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    StrMethodFormatter,
)

__all__ = ["label_decades", "label_evenly"]

# Of a label's font size: the width of a letter, the height of a line, and the gap to the next.
_LETTER, _LINE, _GAP = 0.64, 1.2, 0.5
# Digits that are labelled in each decade, those that are liked best first.
_DIGITS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0))
_FEWEST, _MOST = 3, 9


class _Fitting(Locator):
    """The first of several locators that has three labels, or most, with room for all of them."""

    def __init__(self, locators: Sequence[Locator]) -> None:
        self._locators = locators

    def set_axis(self, axis: Any) -> None:
        super().set_axis(axis)
        for locator in self._locators:
            locator.set_axis(axis)

    def __call__(self) -> Any:
        return self.tick_values(*self._axis().get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> Any:
        low, high = sorted((vmin, vmax))
        tried = []
        for locator in self._locators:
            ticks = np.asarray(locator.tick_values(low, high))
            inside = ticks[(ticks >= low) & (ticks <= high)]
            tried.append((min(len(inside), _FEWEST) if self._fit(inside) else -len(inside), inside))
        return max(tried, key=lambda found: found[0])[1]

    def _axis(self) -> Axis:
        assert isinstance(self.axis, Axis)
        return self.axis

    def _fit(self, ticks: Any) -> bool:
        """Whether labels at these places are apart, by the size that their letters have."""
        if len(ticks) < 2:
            return True
        axis = self._axis()
        axes, level = axis.axes, isinstance(axis, XAxis)
        to_figure = axes.get_xaxis_transform() if level else axes.get_yaxis_transform()
        places = np.column_stack([ticks, 0 * ticks] if level else [0 * ticks, ticks])
        at = to_figure.transform(places)[:, 0 if level else 1]
        labels = axis.get_major_formatter().format_ticks(ticks)
        em = float(axis.get_major_ticks(1)[0].label1.get_fontsize()) * axes.figure.dpi / 72
        long = np.array([_LETTER * len(text) if level else _LINE for text in labels])
        apart = np.abs(np.diff(at)) - em * (long[1:] + long[:-1]) / 2
        return bool(len(labels) <= _MOST and np.all(apart > (_GAP if level else 0) * em))


def label_decades(axis: Axis, unit: str = "") -> None:
    """Plain numbers on a logarithmic axis, with a prefix before a unit."""
    dense = [LogLocator(subs=digits) for digits in _DIGITS]
    sparse = [LogLocator(subs=(1.0,), numticks=n) for n in (6, 4, 3)]
    axis.set_major_formatter(EngFormatter(unit) if unit else StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())
    even = [MaxNLocator(n) for n in (5, 4, 3, 2)]
    axis.set_major_locator(_Fitting([*dense, *sparse, *even]))


def label_evenly(axis: Axis, unit: str, *, whole: bool = False) -> None:
    """The same on a linear axis; there are no 4.5 bits."""
    if unit:
        axis.set_major_formatter(EngFormatter(unit))
    axis.set_major_locator(_Fitting([MaxNLocator(n, integer=whole) for n in (6, 5, 4, 3, 2)]))
