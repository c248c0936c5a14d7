"""Ramps of pulses as arrays: one row a ramp, readings along it, in units of the range seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.devices.fit.part import Array, need
from neurosim.devices.fit.series import series_of
from neurosim.errors import DataError

__all__ = ["Ramps", "ramps_of"]

_LEAST_PULSES = 5
_LEAST_STEPS = 10
# A count that jumps by more than this, and more than so many times over, is a slip.
_LONGEST_JUMP = 1000
_MOST_TIMES = 100


@dataclass(frozen=True)
class Ramps:
    """Ramps of every device, mirrored so that each rises.

    Attributes
    ----------
    g : ndarray, shape (n_ramps, n_readings)
        Place in the range seen, 0 to 1; of down ramps 1 less that. NaN beyond a ramp's end.
    n : ndarray, shape (n_ramps, n_readings)
        Pulses before each reading.
    group : ndarray of int, shape (n_ramps,)
        Device times 2, plus 1 for down ramps.
    devices : list of str
    low_S, range_S : float
        The range seen, of all readings.
    """

    g: Array
    n: Array
    group: NDArray[np.intp]
    devices: list[str]
    low_S: float
    range_S: float

    @property
    def down(self) -> NDArray[np.bool_]:
        """Which ramps fall."""
        return np.asarray(self.group % 2 == 1)


def ramps_of(table: dict[str, Any]) -> Ramps:
    """Ramps of a table of updates.

    Raises
    ------
    DataError
        Ramps cannot be told apart, do not go both ways, are too short, or do not move.
    """
    down = table["direction"] == "down"
    need(bool(down.any() and not down.all()), "update", "up and down pulses")
    every = [rows for rows in series_of(table, "pulses", "update") if len(rows) > 1]
    names, of = np.unique(table["device"], return_inverse=True)
    need(bool(every), "update", "ramps of more than one reading")
    steps = max(int(table["pulses"][rows].max() - table["pulses"][rows].min()) for rows in every)
    need(steps >= _LEAST_PULSES, "update", f"at least {_LEAST_PULSES} pulses each way")
    need(
        sum(len(rows) - 1 for rows in every) >= _LEAST_STEPS,
        "update",
        f"at least {_LEAST_STEPS} steps",
    )
    g_S = table["conductance"]
    low_S, range_S = float(g_S.min()), float(np.ptp(g_S))
    _check(table, every, g_S)
    longest = max(map(len, every))
    g, n = (np.full((len(every), longest), np.nan) for _ in range(2))
    group = np.empty(len(every), dtype=np.intp)
    for k, rows in enumerate(every):
        place = (g_S[rows] - low_S) / range_S
        g[k, : len(rows)] = 1 - place if down[rows[0]] else place
        n[k, : len(rows)] = table["pulses"][rows]
        group[k] = 2 * of[rows[0]] + down[rows[0]]
    both = np.isin([2 * k for k in range(len(names))], group) & np.isin(
        [2 * k + 1 for k in range(len(names))], group
    )
    if not both.all():
        raise DataError(
            f"update: device {names[~both][0] or 'of all rows'} must have ramps up and down, but "
            "has one way only; leave it out."
        )
    return Ramps(g, n, group, [str(name) for name in names], low_S, range_S)


def _check(table: dict[str, Any], every: list[NDArray[np.intp]], g_S: Array) -> None:
    """Refuse ramps that stand still, go the other way, or count in leaps."""
    for rows in every:
        n = table["pulses"][rows]
        leap = np.flatnonzero((np.diff(n) > _LONGEST_JUMP) & (n[1:] > _MOST_TIMES * (n[:-1] + 1)))
        if leap.size:
            at = leap[0]
            raise DataError(
                f"update: pulses must count on within a ramp, but go from {n[at]:g} to "
                f"{n[at + 1]:g} in line {table['line'][rows[at + 1]]}; correct that row."
            )
    for way, sign in (("up", 1), ("down", -1)):
        rows_of = [rows for rows in every if table["direction"][rows[0]] == way]
        moved = np.array([g_S[rows[-1]] - g_S[rows[0]] for rows in rows_of])
        if not np.mean(sign * moved) > 0:
            raise DataError(
                f"update: {way} ramps must {'raise' if sign > 0 else 'lower'} the conductance, but "
                f"change it by {np.mean(moved):.3g} S on average; check the column direction."
            )
