"""The sources of the visible nodes: DACs that hold them by springs, rigidly, or let them go."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.die import Die
from neurosim.chip.meter import Meter
from neurosim.circuit import Springs
from neurosim.errors import DataError
from neurosim.profile import Profile
from neurosim.streams import Streams

__all__ = ["Sources"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Sources:
    """Sources of a die; what they deliver is entered into the ledger.

    Parameters
    ----------
    profile : Profile
    die : Die
    streams : Streams
        Draws of a conversion come from `dac`.
    meter : Meter

    Attributes
    ----------
    springs : Springs or None
        What holds each node; None where all run free.
    """

    def __init__(self, profile: Profile, die: Die, streams: Streams, meter: Meter) -> None:
        self._profile, self._die, self._streams, self._meter = profile, die, streams, meter
        self.springs: Springs | None = None
        self._n_drives = 0

    @property
    def released(self) -> bool:
        """Whether some visible nodes are on their large capacitors, held by no source."""
        springs = self.springs
        return springs is None or (
            springs.clamped and not springs.held.all() and not springs.soft_S.any()
        )

    def mask(self, held: Mask | None, *, default: bool) -> Mask:
        """`held` as a mask of the visible nodes.

        Raises
        ------
        DataError
            It has another shape or type.
        """
        n_visible = self._die.layers.n_visible
        if held is None:
            return np.full(n_visible, default)
        if held.shape != (n_visible,) or held.dtype != bool:
            raise DataError(
                f"Chip needs a mask of {n_visible} visible nodes to hold, but got {held.dtype} of "
                f"shape {held.shape}."
            )
        return held

    def convert(self, target_V: Array, used: Mask | None = None) -> tuple[Array, Array]:
        """Nominal and actual voltage [V] of the DACs for these targets; only those `used` set."""
        n_visible = self._die.layers.n_visible
        if target_V.ndim != 2 or target_V.shape[1] != n_visible:
            raise DataError(
                f"Chip needs target voltages of shape (rows, {n_visible}), but got "
                f"{target_V.shape}."
            )
        nominal_V, n_clipped = self._profile.dac.codes(target_V)
        rng = self._streams.generator("dac", self._n_drives)
        self._meter.drive(target_V if used is None else target_V[:, used], n_clipped)
        self._n_drives += 1
        return nominal_V, self._profile.dac.drive(nominal_V, rng, self._die.dac_errors)

    def drive(self, target_V: Array, conductance_S: float, held: Mask) -> Array:
        """Springs to these voltages, the nodes of `held` rigidly; nominal voltages [V]."""
        limit = self._profile.spring.max_S
        if not 0 <= conductance_S <= (np.inf if limit is None else limit):
            raise DataError(
                f"Chip.drive needs a spring between 0 S and {limit or np.inf:g} S, but got "
                f"{conductance_S:g} S; choose another stiffness or a smaller beta."
            )
        nominal_V, actual_V = self.convert(target_V)
        springs_S = conductance_S * self._die.spring_factor
        self.springs = Springs(np.where(held, np.inf, springs_S), actual_V)
        return nominal_V

    def clamp(self, target_V: Array, held: Mask) -> Array:
        """The nodes of `held` rigidly at these voltages, the others free; nominal voltages [V]."""
        wanted_V = np.where(held, target_V, 0.0)
        nominal_V, actual_V = self.convert(wanted_V, held)
        self.springs = Springs(np.where(held, np.inf, 0.0), actual_V)
        return nominal_V

    def state(self) -> dict[str, Any]:
        """What later drives depend on, between two presentations."""
        return {"draws": {"drive": self._n_drives}}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._n_drives = int(state["draws"]["drive"])

    def of_rows(self, rows: int) -> Springs:
        """What holds the nodes of this many rows.

        Raises
        ------
        DataError
            The sources were set for another number.
        """
        if self.springs is None:
            n_visible = self._die.layers.n_visible
            return Springs(np.zeros(n_visible), np.zeros((rows, n_visible)))
        if len(self.springs.target_V) != rows:
            raise DataError(
                f"Chip.drive must have one row for each precharged row, but has "
                f"{len(self.springs.target_V)} for {rows}; precharge first."
            )
        return self.springs
