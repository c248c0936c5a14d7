"""States of a batch and what their nodes put out, which is computed once a state."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import Circuit

__all__ = ["Known", "State"]

Array = NDArray[np.float64]
# The free state, and the last one.
_MOST = 2


class State(NamedTuple):
    """Node voltages, and the voltages that the nodes put out where they put out one, (rows, n)."""

    u_V: Array
    output_V: Array | None

    def rows(self, rows: NDArray[np.intp]) -> State:
        """Some rows of the batch."""
        return State(self.u_V[rows], None if self.output_V is None else self.output_V[rows])


class Known:
    """Outputs of the last two states.

    A state is known by its array, which nothing writes to from then on; nor to what is returned.
    """

    def __init__(self) -> None:
        self._last: deque[tuple[Circuit, Array, Array]] = deque(maxlen=_MOST)

    def reading_V(self, circuit: Circuit, u_V: Array) -> Array:
        """See `Circuit.reading_V`."""
        for of, state_V, known_V in self._last:
            if of is circuit and state_V is u_V:
                return known_V
        reading_V = circuit.reading_V(u_V)
        u_V.flags.writeable = reading_V.flags.writeable = False
        self._last.append((circuit, u_V, reading_V))
        return reading_V

    def state(self, circuit: Circuit, u_V: Array) -> State:
        """A state for who asks for outputs rather than readings."""
        alike = not circuit.passive and not circuit.oscillating
        return State(u_V, self.reading_V(circuit, u_V) if alike else None)
