"""Instruments of the laboratory bench: they see what no host sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.chip import Chip
from neurosim.chip.interface import DataSheet, Others
from neurosim.network import Layers, Weights
from neurosim.tuned import Tuned

__all__ = ["Oscilloscope", "Trace"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Trace:
    """Waveforms of one row.

    Attributes
    ----------
    layers : Layers
        Which column is which node.
    time_s : ndarray, shape (n_points,)
        Time since the first settle; where one settle ends and the next begins, it repeats.
    output_V : ndarray, shape (n_points, n_nodes)
        True output voltage of every node.
    phase_ends_s : tuple of float
        End of each settle.
    """

    layers: Layers
    time_s: Array
    output_V: Array
    phase_ends_s: tuple[float, ...]


@dataclass
class Oscilloscope:
    """A chip with a probe on every node; passes all calls on to it.

    Parameters
    ----------
    chip : Chip
    points : int
        Points recorded in each settle, quadratically closer together at its start.
    row : int
        Row of the batch that is recorded.
    """

    chip: Chip
    points: int = 60
    row: int = 0
    _time_s: list[float] = field(default_factory=list)
    _output_V: list[Array] = field(default_factory=list)
    _ends_s: list[float] = field(default_factory=list)

    @property
    def data_sheet(self) -> DataSheet:
        """Of the chip."""
        return self.chip.data_sheet

    def program(self, weights: Weights) -> None:
        """Pass on."""
        self.chip.program(weights)

    def told_weights(self) -> Weights | None:
        """Pass on."""
        return self.chip.told_weights()

    def tune(self, tuned: Tuned) -> None:
        """Pass on."""
        self.chip.tune(tuned)

    def refresh(self) -> None:
        """Pass on."""
        self.chip.refresh()

    def wait(self, time_s: float) -> None:
        """Pass on."""
        self.chip.wait(time_s)

    def pulse(self, counts: Weights) -> None:
        """Pass on."""
        self.chip.pulse(counts)

    def precharge(self, target_V: Array, others: Others = "zero") -> None:
        """Pass on."""
        self.chip.precharge(target_V, others)

    def drive(
        self, target_V: Array, conductance_S: float | Array, held: Mask | None = None
    ) -> Array:
        """Pass on."""
        return self.chip.drive(target_V, conductance_S, held)

    def clamp(self, target_V: Array, held: Mask | None = None) -> Array:
        """Pass on."""
        return self.chip.clamp(target_V, held)

    def release(self) -> None:
        """Pass on."""
        self.chip.release()

    def inject(self, current_A: Array) -> Array:
        """Pass on."""
        return self.chip.inject(current_A)

    def store(self) -> None:
        """Pass on."""
        self.chip.store()

    def recall(self) -> None:
        """Pass on."""
        self.chip.recall()

    def read(self, layers: Sequence[int] | None = None) -> Array:
        """Pass on."""
        return self.chip.read(layers)

    def read_difference(self) -> Array:
        """Pass on."""
        return self.chip.read_difference()

    def read_visible(self) -> Array:
        """Pass on."""
        return self.chip.read_visible()

    def correlate(self, sign: int) -> None:
        """Pass on."""
        self.chip.correlate(sign)

    def read_correlator(self) -> tuple[Weights, int]:
        """Pass on."""
        return self.chip.read_correlator()

    def sense(self, nodes: Mask | None = None) -> Array:
        """Pass on."""
        return self.chip.sense(nodes)

    def settle(self, time_s: float) -> None:
        """Settle in pieces, and record the outputs after each."""
        start_s = self._ends_s[-1] if self._ends_s else 0.0
        ends_s = time_s * np.linspace(0, 1, self.points + 1) ** 2
        self._record(start_s)
        for before_s, after_s in pairwise(ends_s):
            self.chip.settle(float(after_s - before_s))
            self._record(start_s + float(after_s))
        self._ends_s.append(start_s + time_s)

    def _record(self, time_s: float) -> None:
        self._time_s.append(time_s)
        self._output_V.append(self.chip.output_V[self.row])

    def trace(self) -> Trace:
        """Everything recorded so far."""
        return Trace(
            self.data_sheet.layers,
            np.array(self._time_s),
            np.array(self._output_V),
            tuple(self._ends_s),
        )
