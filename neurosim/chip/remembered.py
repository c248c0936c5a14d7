"""What the nodes of the last states put out, which is computed once a state."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import Circuit

__all__ = ["Remembered", "Standing"]

Array = NDArray[np.float64]
# The free state, and the last one.
_MOST = 2


class Standing(NamedTuple):
    """Node voltages, and what amplifiers put out at them where nodes have some, (rows, n_nodes)."""

    u_V: Array
    output_V: Array | None

    def rows(self, rows: NDArray[np.intp]) -> Standing:
        """Some rows of the batch."""
        return Standing(self.u_V[rows], None if self.output_V is None else self.output_V[rows])


class Remembered:
    """Readings of the last two states of one circuit.

    A state is known by its array, which must not be written to; nor must what is returned.
    """

    def __init__(self) -> None:
        self._circuit: Circuit | None = None
        self._last: deque[tuple[Array, Array]] = deque(maxlen=_MOST)

    def __reduce__(self) -> tuple[type[Remembered], tuple[()]]:
        """A copy of a chip, whose arrays are others, remembers nothing."""
        return Remembered, ()

    def forget(self) -> None:
        """Remember nothing."""
        self._circuit = None
        self._last.clear()

    def reading_V(self, circuit: Circuit, u_V: Array) -> Array:
        """See `Circuit.reading_V`."""
        if circuit is not self._circuit:
            self.forget()
            self._circuit = circuit
        for state_V, known_V in self._last:
            if state_V is u_V:
                return known_V
        reading_V = circuit.reading_V(u_V)
        reading_V.flags.writeable = False
        self._last.append((u_V, reading_V))
        return reading_V

    def standing(self, circuit: Circuit, u_V: Array) -> Standing:
        """A state and, where readings are the amplifiers' outputs, these."""
        amplified = not circuit.passive and not circuit.oscillating
        return Standing(u_V, self.reading_V(circuit, u_V) if amplified else None)
