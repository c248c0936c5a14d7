"""What reads a die: converters, held samples to compare with, correlators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.correlators import Correlators
from neurosim.chip.die import Die
from neurosim.chip.meter import Meter, Reading
from neurosim.converters import Adc, Differences, Sums
from neurosim.errors import DataError
from neurosim.network import Weights
from neurosim.profile import Profile
from neurosim.safe_text import counted
from neurosim.streams import Streams

__all__ = ["Reader"]

Array = NDArray[np.float64]


class Reader:
    """Converters of a die; every reading is entered into the ledger.

    Parameters
    ----------
    profile : Profile
    die : Die
    streams : Streams
        Draws of a reading come from `adc` and `difference`, of a sample from `double_sampling`.
    meter : Meter
    """

    def __init__(self, profile: Profile, die: Die, streams: Streams, meter: Meter) -> None:
        self._profile, self._die, self._streams, self._meter = profile, die, streams, meter
        self._sampled_V: Array | None = None
        own = (
            getattr(profile.readout, "bits", None)
            if isinstance(profile.readout, Differences)
            else None
        )
        adc = profile.adc
        self._of_differences = adc if own is None else adc.model_copy(update={"bits": own})
        self._layer_gain = np.ones(die.layers.n_nodes)
        for layer, gain in enumerate(getattr(profile.readout, "layer_gain", ())):
            self._layer_gain[die.layers.nodes(layer)] = gain
        self._n_reads = self._n_samples = 0
        self._correlators: Correlators | None = None
        if isinstance(profile.readout, Sums):
            unit_V = profile.node.unit_V
            self._correlators = Correlators(profile.readout, die.layers, unit_V, streams)

    @property
    def has_sample(self) -> bool:
        """Whether there is something to take a difference from."""
        return self._sampled_V is not None

    def forget(self) -> None:
        """Lose the sample."""
        self._sampled_V = None

    def sample(self, output_V: Array) -> None:
        """Hold the outputs, with the noise kT/C of that switch, if differences can be read."""
        readout, temperature_K = self._profile.readout, self._profile.thermal.temperature_K
        index, self._n_samples = self._n_samples, self._n_samples + 1
        if not isinstance(readout, Differences):
            return
        self._sampled_V = output_V.copy()
        if temperature_K is not None:
            rng = self._streams.generator("double_sampling", index)
            sigma_V = readout.sample_noise_V(temperature_K)
            self._sampled_V += sigma_V * rng.standard_normal(output_V.shape)

    def read(self, v_V: Array, layers: Sequence[int] | None = None) -> Array:
        """Voltages [V] of all nodes, (rows, n_nodes), or of some layers' alone, through the ADC."""
        return self._read(v_V, layers, self._profile.adc)

    def _read(
        self, v_V: Array, layers: Sequence[int] | None, adc: Adc, kind: Reading = "adc"
    ) -> Array:
        of, errors = self._die.layers, self._die.adc_errors
        n_visible = of.n_visible
        if layers is not None:
            nodes = of.nodes_of(layers)
            v_V, n_visible = v_V[:, nodes], int(np.count_nonzero(nodes < n_visible))
            errors = None if errors is None else errors.take(nodes)
        rng = self._streams.generator("adc", self._n_reads)
        value, n_clipped = adc.read(v_V, n_visible, rng, errors)
        rows, values = v_V.shape
        self._meter.read(rows, values, adc, n_clipped, kind)
        self._n_reads += 1
        return value

    def read_difference(self, output_V: Array) -> Array:
        """Outputs less those of the sample [V], amplified for the ADC and back."""
        readout, sampled_V = self._profile.readout, self._sampled_V
        assert isinstance(readout, Differences)
        assert sampled_V is not None
        rng = self._streams.generator("difference", self._n_reads)
        difference_V = output_V - sampled_V
        amplified_V = readout.amplify(
            difference_V, self._layer_gain * self._die.readout_factor, rng
        )
        read_V = self._read(amplified_V, None, self._of_differences, "difference")
        return read_V / (readout.gain * self._layer_gain)

    def sense(self, current_A: Array, nodes: NDArray[np.bool_] | None = None) -> Array:
        """Currents [A] of all sources or of the first ones, (rows, n), through the ammeter.

        Raises
        ------
        DataError
            The mask of those to be measured has another shape or type.
        """
        sense, errors = self._profile.current_sense, self._die.sense_errors
        assert sense is not None
        rows, n = current_A.shape
        asked = np.ones(n, dtype=bool) if nodes is None else nodes
        if asked.shape != (n,) or asked.dtype != bool:
            raise DataError(
                f"Chip.sense needs a mask of bool with one value for each of {counted(n, 'node')}, "
                f"but got one of {asked.dtype} and shape {asked.shape}; give such a one, or none."
            )
        errors = None if errors is None else errors.take(np.flatnonzero(asked))
        value, n_clipped = sense.read(current_A[:, asked], errors)
        self._meter.read(rows, int(np.count_nonzero(asked)), sense, n_clipped, "ammeter")
        found = np.zeros_like(current_A)
        found[:, asked] = value
        return found

    def correlate(self, output_V: Array, sign: int) -> None:
        """Products of the outputs onto the accumulators (+1) or off them (-1)."""
        assert self._correlators is not None
        self._correlators.add(output_V, sign)

    def read_correlator(self) -> tuple[Weights, int]:
        """Sums of products [V^2] and the rows in them; they start anew."""
        assert self._correlators is not None
        sums_V2, rows, n_clipped = self._correlators.read()
        size, block = self._correlators.size, self._correlators.block
        self._meter.read(1, size, block, n_clipped, "correlator")
        return sums_V2, rows

    def state(self) -> dict[str, Any]:
        """What later readings depend on, between two presentations."""
        state: dict[str, Any] = {"draws": {"read": self._n_reads, "store": self._n_samples}}
        if self._correlators is not None:
            state["correlators"] = self._correlators.state()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self._sampled_V = None
        self._n_reads, self._n_samples = (int(state["draws"][name]) for name in ("read", "store"))
        if self._correlators is not None:
            self._correlators.restore(state["correlators"])
