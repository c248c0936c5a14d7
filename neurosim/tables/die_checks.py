"""What a weight table says of its die: faults and mismatch are those that fabrication gave it."""

from __future__ import annotations

import numpy as np

from neurosim.chip.bank import DeviceBank
from neurosim.chip.clock import Clock
from neurosim.chip.die import Die
from neurosim.devices import FAULTS
from neurosim.errors import DataError
from neurosim.profile import Profile
from neurosim.streams import Streams
from neurosim.tables.fabrication import fabricated
from neurosim.tables.layout import positions
from neurosim.tables.table import Array, WeightTable

__all__ = ["UNKNOWN_DIE", "check_cells", "check_die"]

# Seed in the sheet of a table whose die nobody knows.
UNKNOWN_DIE = -1
# Text and tools may round a number.
_TOLERANCE = 1e-9


def check_die(table: WeightTable, profile: Profile) -> None:
    """Refuse flags and mismatch of another die; of an unknown one, what none can have.

    Raises
    ------
    DataError
        A cell is not that of the die.
    """
    seed = int(table.sheet["die_seed"])
    die = Die(profile, max(seed, 0))
    _check_faults(table, profile, die)
    for name, columns in fabricated(die).items():
        for column, wanted in columns.items():
            found = table.blocks[name].get(column)
            if found is None:
                continue
            if seed == UNKNOWN_DIE:
                good, text = (found >= 0) | (column == "offset_V"), "at least 0"
            else:
                good = np.isclose(found, wanted, rtol=_TOLERANCE, atol=0)
                text = f"that of die {seed}"
            check_cells(good, name, column, found, text)


def _check_faults(table: WeightTable, profile: Profile, die: Die) -> None:
    """Flags are those of the die, if it is known; else any that there are."""
    if not any(column.startswith("fault_") for column in table.blocks["W0"]):
        return
    seed = int(table.sheet["die_seed"])
    bank = DeviceBank(profile, die.devices, Streams(max(seed, 0)), Clock())
    assert bank.faulty is not None
    for side, blocks in positions(die).items():
        column = f"fault_{side.removesuffix('_S')}"
        for name, at in blocks.items():
            flags = table.blocks[name].get(column)
            if flags is None:
                continue
            if seed == UNKNOWN_DIE:
                good = (flags < len(FAULTS)) & (flags == np.rint(flags))
                text = f"a whole number from 0 to {len(FAULTS) - 1}"
            else:
                good, text = flags == bank.faulty.kind[at], f"that of die {seed}"
            check_cells(good, name, column, flags, text)


def check_cells(good: Array, name: str, column: str, values: Array, text: str) -> None:
    """Refuse the first cell that is not good."""
    if not np.all(good):
        first = tuple(int(k) for k in np.argwhere(~good)[0])
        place = ", ".join(map(str, first))
        raise DataError(
            f"{name}[{place}] {column} must be {text}, but is {values[first]:.9g} "
            f"({np.count_nonzero(~good)} such cells); nothing was programmed."
        )
