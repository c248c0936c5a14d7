"""Sources of a die: DACs that hold nodes by springs, rigidly, or let them go; and injectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.die import Die
from neurosim.chip.meter import Meter
from neurosim.circuit import Springs
from neurosim.converters.channels import turns
from neurosim.errors import DataError
from neurosim.profile import Profile
from neurosim.safe_text import counted
from neurosim.streams import Streams

__all__ = ["CurrentSources", "Sources"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Sources:
    """Voltage sources of a die; what they deliver is entered into the ledger.

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
    released : bool
        Whether visible nodes are on their large capacitors: those that no source holds.
    """

    def __init__(self, profile: Profile, die: Die, streams: Streams, meter: Meter) -> None:
        self._profile, self._die, self._streams, self._meter = profile, die, streams, meter
        self._n_drives = 0
        self.release()

    def release(self) -> None:
        """All sources let go."""
        self.springs: Springs | None = None
        self.released = True

    def charge(self, target_V: Array) -> tuple[NDArray[np.intp], Array]:
        """Which nodes these targets charge, and to what voltages [V]."""
        _, actual_V = self._convert(target_V, None)
        return self._die.sources[: actual_V.shape[1]], actual_V

    def drive(self, target_V: Array, conductance_S: float | Array, held: Mask | None) -> Array:
        """Springs to these voltages, the nodes of `held` rigidly; nominal voltages [V]."""
        n = self._columns(target_V)
        held = self._mask(held, n, default=False)
        self._check_springs(conductance_S, held)
        springs_S = np.where(held, np.inf, conductance_S * self._die.spring_factor[:n])
        used = springs_S > 0
        nominal_V = self._set(target_V, springs_S, None if used.all() else used)
        self.released = False
        return nominal_V

    def clamp(self, target_V: Array, held: Mask | None) -> Array:
        """The nodes of `held` rigidly at these voltages, the others free; nominal voltages [V]."""
        n = self._columns(target_V)
        held = self._mask(held, n, default=True)
        if not held.any():
            self.release()
            return target_V
        nominal_V = self._set(target_V, np.where(held, np.inf, 0.0), held)
        self.released = not held[: self._die.layers.n_visible].all()
        return nominal_V

    def _set(self, target_V: Array, springs_S: Array, used: Mask | None) -> Array:
        """Springs of these conductances; sources that are not `used` stay at 0 V."""
        nominal_V, actual_V = self._convert(target_V, used)
        self.springs = Springs(springs_S, actual_V, self._die.sources[: len(springs_S)])
        return nominal_V

    def _columns(self, target_V: Array) -> int:
        """How many nodes these are targets of: the visible ones, or all with sources.

        Raises
        ------
        DataError
            Another number.
        """
        counts = sorted({self._die.layers.n_visible, len(self._die.sources)})
        if target_V.ndim != 2 or target_V.shape[1] not in counts:
            raise DataError(
                f"Target voltages must have shape (rows, {' or '.join(map(str, counts))}), but "
                f"have {target_V.shape}; give a row for each presentation."
            )
        return int(target_V.shape[1])

    def _mask(self, held: Mask | None, n: int, *, default: bool) -> Mask:
        """`held` as a mask of the nodes that have a target.

        Raises
        ------
        DataError
            It has another shape or type.
        """
        if held is None:
            return np.full(n, default)
        if held.shape != (n,) or held.dtype != bool:
            raise DataError(
                f"A mask of nodes to hold must be of bool and have one value for each of "
                f"{counted(n, f'{self._kind(n)} node')}, but is of {held.dtype} and "
                f"shape {held.shape}; give such "
                "a one, or none."
            )
        return held

    def _kind(self, n: int) -> str:
        return "visible" if n == self._die.layers.n_visible else "driven"

    def _check_springs(self, conductance_S: float | Array, held: Mask) -> None:
        """Refuse springs that the chip does not have, of nodes that are not held.

        Raises
        ------
        DataError
            One is negative or beyond the largest, or there is not one for all or for each.
        """
        limit_S = self._profile.spring.max_S or np.inf
        if np.shape(conductance_S) not in {(), held.shape}:
            raise DataError(
                f"Chip.drive needs one spring, or one for each of "
                f"{counted(len(held), 'node')}, but got "
                f"springs of shape {np.shape(conductance_S)}."
            )
        asked_S = np.atleast_1d(conductance_S)
        asked_S = asked_S[~held] if asked_S.shape == held.shape else asked_S
        wrong_S = asked_S[~((asked_S >= 0) & (asked_S <= limit_S))]
        if wrong_S.size:
            raise DataError(
                f"Chip.drive needs a spring between 0 S and {limit_S:g} S, but got "
                f"{wrong_S[0]:g} S; choose another stiffness or a smaller beta."
            )

    def _convert(self, target_V: Array, used: Mask | None) -> tuple[Array, Array]:
        """Nominal and actual voltage [V] of the DACs for these targets; only those `used` set."""
        n = self._columns(target_V)
        wanted_V = target_V if used is None else np.where(used, target_V, 0.0)
        nominal_V, n_clipped = self._profile.dac.codes(wanted_V)
        errors = None if self._die.dac_errors is None else self._die.dac_errors.take(slice(0, n))
        rng = self._streams.generator("dac", self._n_drives)
        dac, values = self._profile.dac, target_V if used is None else target_V[:, used]
        self._meter.drive(values, n_clipped, dac.bits, turns(dac.channels, values.shape[1]))
        self._n_drives += 1
        return nominal_V, self._profile.dac.drive(nominal_V, rng, errors)

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
                f"Target voltages must have one row for each precharged row, but have "
                f"{len(self.springs.target_V)} for {rows}; precharge first."
            )
        return self.springs

    def state(self) -> dict[str, Any]:
        """What later drives depend on, between two presentations."""
        return {"draws": {"drive": self._n_drives}}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._n_drives = int(state["draws"]["drive"])


class CurrentSources:
    """Injectors of a die, if it has any; what they are set to is entered into the ledger.

    Parameters
    ----------
    profile : Profile
    die : Die
    streams : Streams
        Draws of a setting come from `injector`.
    meter : Meter

    Attributes
    ----------
    current_A : ndarray, shape (rows, n_nodes), or None
        Into each node; None where they are off.
    """

    def __init__(self, profile: Profile, die: Die, streams: Streams, meter: Meter) -> None:
        self._injectors, self._die = profile.currents, die
        self._streams, self._meter = streams, meter
        self._n_settings = 0
        self.current_A: Array | None = None

    def off(self) -> None:
        """No current."""
        self.current_A = None

    def inject(self, current_A: Array, rows: int) -> Array:
        """Set them for this many rows; nominal currents [A].

        Raises
        ------
        DataError
            There is not one current for each row and injector.
        """
        injectors, nodes = self._injectors, self._die.injectors
        assert injectors is not None
        if np.shape(current_A) != (rows, len(nodes)):
            raise DataError(
                f"Chip.inject needs currents of shape ({rows}, {len(nodes)}), one for each "
                f"precharged row and injector, but got {np.shape(current_A)}."
            )
        nominal_A, n_clipped = injectors.codes(current_A)
        rng = self._streams.generator("injector", self._n_settings)
        self._meter.drive(current_A, n_clipped, injectors.bits, kind="injector")
        self._n_settings += 1
        self.current_A = np.zeros((rows, self._die.layers.n_nodes))
        self.current_A[:, nodes] = injectors.drive(nominal_A, rng)
        return nominal_A

    def state(self) -> dict[str, Any]:
        """What later settings depend on; a chip without injectors has no count of them."""
        return {"draws": {} if self._injectors is None else {"inject": self._n_settings}}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self.current_A, self._n_settings = None, int(state["draws"].get("inject", 0))
