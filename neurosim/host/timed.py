"""A host's own clock: how long it has had its chip settle."""

from __future__ import annotations

from typing import Any

from neurosim.chip.interface import Array, ChipInterface, Others

__all__ = ["Timed"]


class Timed:
    """A chip whose settles are timed; it obeys as the chip itself does.

    Parameters
    ----------
    chip : ChipInterface

    Attributes
    ----------
    settled_s : float
        Settling of all rows, one after another, since it was last set to 0.
    """

    def __init__(self, chip: ChipInterface) -> None:
        self._chip, self._rows = chip, 0
        self.settled_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chip, name)

    def precharge(self, target_V: Array, others: Others = "zero") -> None:
        """See `ChipInterface.precharge`."""
        if others == "zero":
            self._chip.precharge(target_V)
        else:
            self._chip.precharge(target_V, others)
        self._rows = len(target_V)

    def settle(self, time_s: float) -> None:
        """See `ChipInterface.settle`."""
        self._chip.settle(time_s)
        self.settled_s += self._rows * time_s
