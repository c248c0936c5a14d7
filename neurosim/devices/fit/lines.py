"""A straight line through the readings of each device over the logarithm of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.devices.fit.part import Array

__all__ = ["Aged", "Lines", "lines_of"]


@dataclass(frozen=True)
class Aged:
    """Readings of drift: which rows are of one device after one write, and what they say.

    Attributes
    ----------
    every : list of ndarray
        Rows of each series.
    targets : ndarray
        Target of each series [S].
    time_s, conductance_S : ndarray
        Of each row.
    """

    every: list[NDArray[np.intp]]
    targets: Array
    time_s: Array
    conductance_S: Array

    @property
    def start_s(self) -> float:
        """The first time of all."""
        return float(self.time_s.min())

    @property
    def log_t(self) -> Array:
        """Logarithm of t / t_0 of each row."""
        logs: Array = np.log(self.time_s / self.start_s)
        return logs

    @property
    def x(self) -> Array:
        """Target of each series over the highest."""
        return np.asarray(self.targets / self.targets.max(), dtype=np.float64)


class Lines(NamedTuple):
    """Slopes over ln (t / t_0), their standard errors and starts; noise of a reading, and misfit.

    `rest` is what the lines leave of each row; `left` the mean square of it over the unit.
    """

    slopes: Array
    errors: Array
    starts: Array
    noise: float
    rest: Array
    left: float


def lines_of(data: Aged, y: Array, unit: Array) -> Lines:
    """Fit the lines; all devices share the noise of a reading.

    Parameters
    ----------
    data : Aged
    y : ndarray
        What the lines go through, of each row.
    unit : ndarray
        What `left` is a share of, of each row.
    """
    slopes, inverse, starts, rest = [], [], [], np.zeros(len(y))
    freedom = sum(len(rows) - 2 for rows in data.every)
    for rows in data.every:
        x = data.log_t[rows] - data.log_t[rows].mean()
        slopes.append(float(x @ y[rows] / (x @ x)))
        inverse.append(1 / float(x @ x))
        starts.append(float(y[rows].mean() - slopes[-1] * data.log_t[rows].mean()))
        rest[rows] = y[rows] - y[rows].mean() - slopes[-1] * x
    noise = float(np.sqrt(rest @ rest / freedom))
    errors = noise * np.sqrt(np.array(inverse))
    # A reading of next to nothing is infinitely far in units of itself.
    with np.errstate(over="ignore"):
        left = float(np.sum((rest / unit) ** 2)) / freedom
    return Lines(np.array(slopes), errors, np.array(starts), noise, rest, left)
