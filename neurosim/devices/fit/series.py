"""Rows of a table that belong together: one ramp of pulses, or one device's drift after one write.

A column `cycle` tells ramps of one device apart. Without it rows stand in the order of measurement:
a ramp ends where its count goes back. Repeated readings of one state are told from two ramps by
`cycle` alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError

__all__ = ["series_of"]


def series_of(table: dict[str, Any], along: str, kind: str) -> list[NDArray[np.intp]]:
    """Rows of each series, in the order of `along`.

    Raises
    ------
    DataError
        Rows of one device can be told apart neither by `cycle` nor by their order.
    """
    names = [table[name] for name in ("device", "direction", "cycle") if name in table]
    _, key = np.unique(
        np.array([" ".join(row) for row in zip(*names, strict=True)]), return_inverse=True
    )
    found: list[NDArray[np.intp]] = []
    for k in range(int(key.max()) + 1):
        rows = np.flatnonzero(key == k)
        x = table[along][rows]
        if table["cycle"][rows[0]] or len(np.unique(x)) == len(x):
            found.append(rows[np.argsort(x, kind="stable")])
            continue
        twice = np.flatnonzero(np.diff(x) == 0)
        if twice.size:
            first, second = table["line"][rows[twice[0] : twice[0] + 2]]
            raise DataError(
                f"{kind}: {along} must go on within a ramp, but device "
                f"{table['device'][rows[0]] or 'of all rows'} has {x[twice[0]]:g} in lines {first} "
                f"and {second}; add a column cycle, one name a ramp."
            )
        ramps = np.split(rows, np.flatnonzero(np.diff(x) < 0) + 1)
        if len(ramps) != np.unique(x, return_counts=True)[1].max():
            raise DataError(
                f"{kind}: rows of device {table['device'][rows[0]] or 'of all rows'} must stand in "
                "the order of measurement, but do not; sort them, or add a column cycle, one name "
                "a ramp."
            )
        found += ramps
    return found
