"""Multipliers and accumulators at every coupling and bias of a die."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.converters import Sums
from neurosim.errors import DataError
from neurosim.network import Layers, Weights
from neurosim.streams import Streams

__all__ = ["Correlators"]

Array = NDArray[np.float64]


class Correlators:
    """Sums of products of outputs, those of couplings row by row before those of biases.

    A row that failed in either phase is left out: its charge is not passed on, and a counter
    tells the host how many rows there are. Sums are unlimited until they are read, and charge
    does not leak.

    Parameters
    ----------
    block : Sums
    layers : Layers
    unit_V : float
        Voltage of the reference.
    streams : Streams
        Fabrication draws from `fabrication.correlator.*`, accumulation from `correlator`.
    """

    def __init__(self, block: Sums, layers: Layers, unit_V: float, streams: Streams) -> None:
        self.block, self._layers, self._unit_V = block, layers, unit_V
        self._streams = streams
        nodes = np.ones(layers.n_nodes, dtype=bool)
        self._present = np.concatenate([layers.present.ravel(), nodes])
        self._gain: float | Array = 1.0
        if block.gain_spread:
            s2 = np.log1p(block.gain_spread**2)
            self._gain = np.exp(np.sqrt(s2) * self._fabricated("gain") - s2 / 2)
        self._offset_V: tuple[Array, Array] | None = None
        if block.offset_V:
            odd, even = self._fabricated("odd"), self._fabricated("even")
            self._offset_V = block.offset_V * odd, block.offset_V * even
        self._plus_V: Array | None = None
        self._draws = 0
        self._clear()

    def _fabricated(self, name: str) -> Array:
        rng = self._streams.generator(f"fabrication.correlator.{name}")
        return rng.standard_normal(self._present.size)

    def _clear(self) -> None:
        self._sums_V2, self._rows = np.zeros(self._present.size), 0

    @property
    def size(self) -> int:
        """Multipliers."""
        return int(np.count_nonzero(self._present))

    def add(self, output_V: Array, sign: int) -> None:
        """Products of one phase, (rows, n_nodes), onto the sums (+1) or off them (-1), in turn."""
        turn = 1 if self._plus_V is None else -1
        rows = len(output_V if self._plus_V is None else self._plus_V)
        if sign != turn or len(output_V) != rows:
            raise DataError(
                f"Chip.correlate needs the sign {turn:+d} here and {rows} rows, but got {sign:+d} "
                f"and {len(output_V)}; call it with +1 and -1 in turn for the same rows."
            )
        if self._plus_V is None:
            self._plus_V = output_V
        else:
            plus_V, self._plus_V = self._plus_V, None
            self._accumulate(plus_V, output_V)

    def _accumulate(self, plus_V: Array, minus_V: Array) -> None:
        good = np.isfinite(plus_V).all(axis=1) & np.isfinite(minus_V).all(axis=1)
        rows = int(np.count_nonzero(good))
        self._sums_V2 = self._sums_V2 + self._gain * self._contrast(plus_V[good], minus_V[good])
        if self.block.noise:
            rng = self._streams.generator("correlator", self._draws)
            sigma_V2 = self.block.noise * self._unit_V**2 * np.sqrt(2 * rows)
            self._sums_V2 += sigma_V2 * rng.standard_normal(self._present.size) * self._present
        self._draws += 1
        self._rows += rows

    def _contrast(self, plus_V: Array, minus_V: Array) -> Array:
        """Products of both phases, summed over the rows [V^2]."""
        odd, even = self._layers.odd, self._layers.even
        product = plus_V[:, odd].T @ plus_V[:, even] - minus_V[:, odd].T @ minus_V[:, even]
        change_V = (plus_V - minus_V).sum(axis=0)
        sums = np.concatenate([product.ravel(), change_V * self._unit_V])
        if self._offset_V is not None:
            at_odd_V, at_even_V = self._offset_V
            n, shape = product.size, product.shape
            sums[:n] += at_odd_V[:n] * np.broadcast_to(change_V[even], shape).ravel()
            sums[:n] += at_even_V[:n] * np.broadcast_to(change_V[odd, None], shape).ravel()
            sums[n:] += at_even_V[n:] * change_V
        return np.where(self._present, sums, 0.0)

    def read(self) -> tuple[Weights, int, int]:
        """Sums as read [V^2], the rows in them, and how many clipped; the sums start anew."""
        if self._plus_V is not None:
            raise DataError(
                "Chip.read_correlator must not be called between the phases; call correlate with "
                "-1 first."
            )
        unit_V2 = self._unit_V**2
        got, rows = self.block.read(self._sums_V2 / unit_V2), self._rows
        self._clear()
        n, shape = self._layers.present.size, self._layers.present.shape
        value_V2 = got.value * unit_V2
        return Weights(value_V2[:n].reshape(shape), value_V2[n:]), rows, got.n_clipped

    def state(self) -> dict[str, Any]:
        """What the accumulators hold between two presentations."""
        return {"sums_V2": self._sums_V2, "rows": self._rows, "draws": self._draws}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._sums_V2, self._rows = state["sums_V2"], int(state["rows"])
        self._draws, self._plus_V = int(state["draws"]), None
