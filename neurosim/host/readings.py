"""How the nudged phases leave a chip, and what the host makes of them: three strategies.

=========== ==================================== ==============================================
readout     after each nudged phase              then
=========== ==================================== ==============================================
`Plain`     every node's output is read          the data sheet's contrast of both
`Change`    what has changed since the free one  the same, of the free state plus the changes
`Summed`    the chip multiplies and adds         its sums are read, once for all rows
=========== ==================================== ==============================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface
from neurosim.network import Weights

__all__ = ["Change", "Plain", "Reading", "Summed", "compared", "reading_of"]

Array = NDArray[np.float64]


class Reading(Protocol):
    """Two phases to compare, in the host's units."""

    def take(self, sign: int) -> None:
        """Read the phase that has just settled: the positive one (+1), then the other (-1)."""

    def contrast(self) -> tuple[Weights, int]:
        """dE/dW and dE/db of the first less those of the second, mean over the rows; rows lost."""

    @property
    def outputs(self) -> tuple[Array, ...]:
        """Node outputs of both phases, (rows, n_nodes) each; none where the chip keeps them."""


def compared(
    chip: ChipInterface,
    first: Array,
    second: Array,
    of: Callable[[Array, Array], Weights] | None = None,
) -> tuple[Weights, int]:
    """Contrast of two phases of outputs (rows, n_nodes), and how many rows are in no mean.

    A row of which a phase failed (NaN) is left out. What both are compared by, `of`, is the data
    sheet's contrast unless it is said.
    """
    sheet = chip.data_sheet
    good = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    n_lost = int(np.count_nonzero(~good))
    if not good.any():
        return Weights.zeros(sheet.layers), n_lost
    if of is not None:
        return of(first[good], second[good]), n_lost
    high, low = (sheet.contrast.derivative(a[good], sheet.layers) for a in (first, second))
    return high - low, n_lost


class Plain:
    """Every phase is read by itself.

    Parameters
    ----------
    chip : ChipInterface
    of : callable, optional
        See `compared`.
    """

    def __init__(
        self, chip: ChipInterface, of: Callable[[Array, Array], Weights] | None = None
    ) -> None:
        self._chip, self._of, self._taken = chip, of, list[Array]()

    def take(self, sign: int) -> None:
        """See `Reading.take`."""
        del sign
        self._taken.append(self._chip.read() / self._chip.data_sheet.unit_V)

    def contrast(self) -> tuple[Weights, int]:
        """See `Reading.contrast`."""
        first, second = self._taken
        return compared(self._chip, first, second, self._of)

    @property
    def outputs(self) -> tuple[Array, ...]:
        """See `Reading.outputs`."""
        return tuple(self._taken)


class Change(Plain):
    """The free state plus what has changed since, so that the ADC's step counts over its gain.

    What the free state itself was misread by appears only times the small difference.

    Parameters
    ----------
    chip : ChipInterface
        Whose state is stored.
    free : ndarray, shape (rows, n_nodes)
        Outputs of that state.
    """

    def __init__(self, chip: ChipInterface, free: Array) -> None:
        super().__init__(chip)
        self._free = free

    def take(self, sign: int) -> None:
        """See `Reading.take`."""
        del sign
        change = self._chip.read_difference() / self._chip.data_sheet.unit_V
        self._taken.append(self._free + change)


class Summed:
    """Products that the chip forms and sums; the states themselves stay on it.

    Parameters
    ----------
    chip : ChipInterface
    rows : int
        How many are presented.
    """

    outputs: tuple[Array, ...] = ()

    def __init__(self, chip: ChipInterface, rows: int) -> None:
        self._chip, self._rows = chip, rows

    def take(self, sign: int) -> None:
        """See `Reading.take`."""
        self._chip.correlate(sign)

    def contrast(self) -> tuple[Weights, int]:
        """See `Reading.contrast`."""
        sums_V2, rows = self._chip.read_correlator()
        scale = -1 / (max(rows, 1) * self._chip.data_sheet.unit_V**2)
        return scale * sums_V2, self._rows - rows


def reading_of(chip: ChipInterface, free: Array) -> Reading:
    """What the data sheet offers; `free` are the outputs of the state that both start from."""
    if chip.data_sheet.has_correlator:
        return Summed(chip, len(free))
    return Change(chip, free) if chip.data_sheet.has_difference else Plain(chip)
