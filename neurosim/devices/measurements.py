"""Tables of measured devices.

A table of measurements has one row a reading, with the columns

=============== ============================================================================
kind            `write`, `drift` or `update`
conductance_S   what was read
target_S        of `write` and `drift`: what the write aimed at
time_s          of `drift`: since the write, above 0
device          of `drift` and `update`: any name
direction       of `update`: `up` from the low end, or `down` from the high end
pulses          of `update`: how many there have been in this direction, from 0
=============== ============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError
from neurosim.files import read_rows

__all__ = ["KINDS", "Measurements", "read_measurements"]

Array = NDArray[np.float64]

KINDS = ("write", "drift", "update")
_NEEDS = {
    "write": ("target_S",),
    "drift": ("target_S", "time_s", "device"),
    "update": ("pulses", "direction", "device"),
}


@dataclass(frozen=True)
class Measurements:
    """Columns of the table, by kind."""

    write: dict[str, Array]
    drift: dict[str, Array]
    update: dict[str, Array]


def read_measurements(path: Path) -> Measurements:
    """Read and check a table of measurements.

    Raises
    ------
    DataError
        The file cannot be read, a column is missing, or a cell is no finite number: the first one.
    """
    rows = read_rows(path, ["kind", "conductance_S"])
    if not rows:
        raise DataError(f"{path} must have a row for each reading, but has none.")
    tables: dict[str, dict[str, list[Any]]] = {kind: {} for kind in KINDS}
    for number, row in rows:
        kind = (row["kind"] or "").strip()
        if kind not in KINDS:
            raise DataError(
                f"{path}:{number}: kind must be one of {', '.join(KINDS)}, but is {kind!r}."
            )
        for column in ("conductance_S", *_NEEDS[kind]):
            value = row.get(column)
            tables[kind].setdefault(column, []).append(_cell(path, number, column, value))
    columns = {
        kind: {name: np.array(values) for name, values in table.items()}
        for kind, table in tables.items()
    }
    return Measurements(**columns)


def _cell(path: Path, number: int, column: str, text: str | None) -> Any:
    if text is None or not text.strip():
        raise DataError(f"{path}:{number}: {column} must be given, but is missing.")
    if column == "device":
        return text.strip()
    if column == "direction":
        if text.strip() not in {"up", "down"}:
            raise DataError(f"{path}:{number}: direction must be up or down, but is {text!r}.")
        return text.strip()
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value) or value < 0:
        raise DataError(
            f"{path}:{number}: {column} must be a finite number of at least 0, but is {text!r}."
        )
    return value
