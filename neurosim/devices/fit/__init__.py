"""Blocks of a hardware profile from measured devices: writes, drift, and pulse by pulse.

Every number comes with its standard error; what the table does not tell is said to be assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurosim.devices.fit.drifts import fit_drift
from neurosim.devices.fit.measurements import (
    KINDS,
    Measurements,
    column_names,
    read_measurements,
)
from neurosim.devices.fit.nothing import next_to_nothing
from neurosim.devices.fit.part import DeviceFit, Part
from neurosim.devices.fit.pulses import fit_update
from neurosim.devices.fit.writes import fit_write
from neurosim.errors import DataError

__all__ = [
    "KINDS",
    "DeviceFit",
    "Measurements",
    "Part",
    "column_names",
    "fit_devices",
    "read_measurements",
]

_FITS: dict[str, Callable[[dict[str, Any]], Part]] = {
    "write": fit_write,
    "drift": fit_drift,
    "update": fit_update,
}


def fit_devices(data: Measurements) -> DeviceFit:
    """Fit every kind of measurement that the table has.

    Raises
    ------
    DataError
        A kind cannot be fitted: too few readings, none that differ, ramps that do not move.
    """
    tables = {kind: getattr(data, kind) for kind in KINDS if getattr(data, kind)}
    parts = [_fitted(kind, table) for kind, table in tables.items()]
    every = np.concatenate([table["conductance"] for table in tables.values()])
    return DeviceFit(parts, float(every.min()), float(every.max()), data.remarks)


def _fitted(kind: str, table: dict[str, Any]) -> Part:
    """A part that first says which readings are none, as does its refusal."""
    doubtful = list(next_to_nothing(kind, table))
    try:
        part = _FITS[kind](table)
    except DataError as error:
        raise DataError(" ".join([str(error), *(f"Mind: {text}." for text in doubtful)])) from None
    part.warnings[:0] = doubtful
    return part
