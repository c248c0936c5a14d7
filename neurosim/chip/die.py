"""One fabricated instance: every element with the value that fabrication gave it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import DataSheet
from neurosim.chip.wiring import Wiring
from neurosim.circuit import Amplifier, Circuit, Fluctuation, Locking, Pairs, imperfect
from neurosim.converters import Adc, ChannelErrors, CurrentSense, Dac, Differences, Sums
from neurosim.devices import spread
from neurosim.network import Layers
from neurosim.profile import Profile
from neurosim.streams import Streams
from neurosim.tuned import Tuned

__all__ = ["DeviceArray", "Die", "data_sheet"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DeviceArray:
    """All programmable devices of a chip as one vector of conductances [S].

    Four groups after one another: G+ and G- of the couplings (n_odd x n_even each, row by row) and
    of the biases (n_nodes each); then, where each direction has a device of its own, G+ and G- of
    the couplings once more. Single devices are the G+; the places of G- are empty.
    """

    layers: Layers
    separate: bool
    single: bool = False

    @property
    def _n_couplings(self) -> int:
        return self.layers.n_odd * self.layers.n_even

    @property
    def size(self) -> int:
        """Number of devices."""
        return (4 if self.separate else 2) * self._n_couplings + 2 * self.layers.n_nodes

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which places of the vector hold a device, (size,)."""
        here = self.layers.present.astype(float)
        nodes, also = np.ones(self.layers.n_nodes), 0.0 if self.single else 1.0
        return self.join(Pairs(here, also * here), Pairs(nodes, also * nodes)) > 0

    @cached_property
    def partner(self) -> NDArray[np.intp]:
        """Which place holds the other device of each device's pair, (size,)."""
        places = np.arange(self.size)
        parts = np.split(places, np.cumsum(self._lengths)[:-1])
        swapped = [parts[k + 1 - 2 * (k % 2)] for k in range(len(parts))]
        return np.concatenate(swapped)

    @property
    def _lengths(self) -> list[int]:
        """Numbers of devices of one kind, in their order: G+, G- of each group."""
        c, n = self._n_couplings, self.layers.n_nodes
        return [c, c, n, n, *([c, c] if self.separate else [])]

    def join(self, couplings: Pairs, biases: Pairs) -> Array:
        """One vector from pairs; separate directions are written alike."""
        both = [couplings.plus_S.ravel(), couplings.minus_S.ravel()]
        parts = [*both, biases.plus_S, biases.minus_S, *(both if self.separate else [])]
        return np.concatenate(parts)

    def split(self, vector: Array) -> tuple[Pairs, Pairs, Pairs | None]:
        """Couplings, biases and backward couplings (None if shared)."""
        c, n = self._n_couplings, self.layers.n_nodes
        shape = (self.layers.n_odd, self.layers.n_even)
        present = self.layers.present
        paired = present & (not self.single)

        def pairs(start: int) -> Pairs:
            plus, minus = vector[start : start + c], vector[start + c : start + 2 * c]
            return Pairs(
                np.where(present, plus.reshape(shape), 0.0),
                np.where(paired, minus.reshape(shape), 0.0),
            )

        minus = vector[2 * c + n : 2 * c + 2 * n] * (not self.single)
        biases = Pairs(vector[2 * c : 2 * c + n].copy(), minus)
        return pairs(0), biases, pairs(2 * c + 2 * n) if self.separate else None


def _errors(
    name: str, block: Dac | Adc | CurrentSense, n_values: int, streams: Streams
) -> ChannelErrors | None:
    """What fabrication gave the channels of a converter."""
    if block.channels is None:
        return None
    return block.channels.fabricate(
        n_values, block.bits, lambda effect: streams.generator(f"fabrication.{name}.{effect}")
    )


class Die:
    """Mismatch of one die, drawn at fabrication from the stream `fabrication`.

    Parameters
    ----------
    profile : Profile
    seed : int
        Which die.

    Attributes
    ----------
    devices : DeviceArray
        How the programmable devices are laid out.
    sources, injectors : ndarray of int
        Numbers of the nodes that have a voltage source, and of those that have a current source.
    spring_factor : ndarray, shape (n_sources,)
        Each spring's conductance over its nominal value.
    readout_factor : ndarray, shape (n_nodes,)
        Gain of each node's difference amplifier over its nominal value.
    dac_errors, adc_errors, sense_errors : ChannelErrors or None
        How the converters stray: those of the sources, of all nodes, of the sources.
    """

    def __init__(self, profile: Profile, seed: int) -> None:
        self.profile, self.layers = profile, profile.network
        node, mismatch, n = profile.node, profile.mismatch, self.layers.n_nodes
        streams = Streams(seed)

        def factors(name: str, shape: int) -> Array:
            rng = streams.generator(f"fabrication.{name}")
            return spread(getattr(mismatch, name), shape, rng)

        coupling = profile.coupling
        self.devices = DeviceArray(self.layers, coupling.separate, coupling.single)
        wires = coupling.wires
        self._wiring = None if wires is None else Wiring(self.layers, wires)
        self.sources = self.layers.nodes_of(profile.sources)
        self.injectors = self.layers.nodes_of(
            () if profile.injectors is None else profile.injectors.layers
        )
        n_sources = len(self.sources)
        self.spring_factor = factors("spring", n_sources)
        self._device_factor = factors("coupling", self.devices.size)
        load_S = self.layers.couplings_per_node * profile.coupling.nominal_load_S(node.leak_S)
        self._leak_S = (node.leak_S - node.loading * load_S) * factors("leak", n)
        self._capacitance = factors("capacitance", n)
        self._parasitic_F = self.layers.couplings_per_node * profile.coupling.parasitic_F
        spread_of_readout = 0.0 if profile.readout is None else profile.readout.gain_spread
        rng = streams.generator("fabrication.readout")
        self.readout_factor = spread(spread_of_readout, n, rng)
        self.dac_errors = _errors("dac", profile.dac, n_sources, streams)
        self.adc_errors = _errors("adc", profile.adc, n, streams)
        sense = profile.current_sense
        self.sense_errors = None
        if sense is not None:
            self.sense_errors = _errors("sense", sense, n_sources, streams)
        self._gain = factors("gain", n)
        self._gain[self.layers.visible] = 1.0
        rng = streams.generator("fabrication.offset_V")
        self._offset_V = mismatch.offset_V * rng.standard_normal(n)
        self._detuned = streams.generator("fabrication.detuning").standard_normal(n)

    def circuit(
        self, devices_S: Array, written_S: Array | None = None, tuned: Tuned | None = None
    ) -> Circuit:
        """The circuit with these programmed conductances, before coupling mismatch.

        Wires leave less of them, as they do of those that were written; where `written_S` is not
        given there are no wires.
        """
        profile = self.profile
        node = profile.node
        couplings, biases, back = self.devices.split(devices_S * self._device_factor)
        crossbars = None
        if self._wiring is not None and written_S is not None:
            first, _, second = self.devices.split(written_S * self._device_factor)
            (couplings, back), crossbars = self._wiring.behind((couplings, back), (first, second))
        attenuation = self._attenuation(couplings, back or couplings)
        capacitance_F = node.capacitance_F * self._capacitance + self._parasitic_F

        def with_errors(ideal: Amplifier, at: slice) -> Amplifier:
            return imperfect(ideal, self._gain[at], self._offset_V[at], attenuation[at])

        return Circuit(
            layers=self.layers,
            law=node.law,
            visible=with_errors(node.visible_amplifier, self.layers.visible),
            hidden=with_errors(node.hidden_amplifier, self.layers.hidden),
            capacitance_F=capacitance_F,
            leak_S=self._leak_S,
            couplings=couplings,
            biases=biases,
            reference_V=node.unit_V,
            loading=node.load_share,
            back_couplings=back,
            amplifier_tau_s=node.amplifier_tau_s,
            cubic_per_V2=profile.coupling.cubic_per_V2,
            shunts=node.shunts(self.layers, self.sources),
            locking=self._locking(capacitance_F, tuned),
            crossbars=crossbars,
        )

    def _locking(self, capacitance_F: Array, tuned: Tuned | None) -> Locking | None:
        """What acts on oscillators besides; None where nodes are voltages."""
        tuned = Tuned.zeros(self.layers.n_nodes) if tuned is None else tuned
        node, n_visible = self.profile.node, self.layers.n_visible
        return node.locking(n_visible, capacitance_F, self._detuned, tuned)

    def _attenuation(self, forward: Pairs, back: Pairs) -> Array:
        """What the output resistance leaves of each output under the devices that hang on it."""
        load_S = np.empty(self.layers.n_nodes)
        load_S[self.layers.even] = forward.sum_S.sum(axis=0)
        load_S[self.layers.odd] = back.sum_S.sum(axis=1)
        return 1 / (1 + self.profile.node.output_Ohm * load_S / 2)

    def fluctuation(self, circuit: Circuit, variance_S2: Array) -> Fluctuation:
        """Noise of `circuit` with these variances of its devices, before coupling mismatch."""
        couplings, biases, back = self.devices.split(variance_S2 * self._device_factor**2)
        if self._wiring is not None:
            couplings, back = self._wiring.noise((couplings, back))
        return Fluctuation(circuit, couplings, biases, back)

    def released(self, circuit: Circuit, tuned: Tuned | None = None) -> Circuit:
        """`circuit` with its visible nodes on their large capacitors."""
        node = self.profile.node
        visible = self.layers.visible
        own_F = node.capacitance_F * self._capacitance[visible]
        larger_F = own_F * (node.release_capacitance_F / node.capacitance_F)
        capacitance_F = circuit.capacitance_F.copy()
        capacitance_F[visible] = larger_F + self._parasitic_F[visible]
        locking = self._locking(capacitance_F, tuned)
        return replace(circuit, capacitance_F=capacitance_F, locking=locking)


def data_sheet(profile: Profile, layers: Layers, pulse_weight: float | None) -> DataSheet:
    """What the maker of a chip of this profile prints."""
    node, injectors, tuning = profile.node, profile.currents, profile.tuning
    return DataSheet(
        name=profile.name,
        layers=layers,
        unit_V=node.unit_V,
        unit_S=node.leak_S,
        tau_s=node.tau_s,
        release_tau_s=node.release_capacitance_F / node.leak_S,
        full_scale=profile.coupling.full_scale,
        least_weight=profile.coupling.least(node.leak_S),
        max_spring_S=profile.spring.max_S,
        has_hold=node.has_hold,
        has_current_sense=profile.current_sense is not None,
        has_difference=isinstance(profile.readout, Differences),
        has_correlator=isinstance(profile.readout, Sums),
        pulse_weight=pulse_weight,
        advised_beta=profile.host.beta,
        advised_settle_tau=profile.host.settle_tau,
        refresh_s=profile.host.refresh_s,
        source_layers=layers.numbers(profile.sources),
        injector_layers=layers.numbers(() if injectors is None else injectors.layers),
        max_injected_A=None if injectors is None else injectors.range_A,
        has_tuning=tuning is not None,
        most_sync=None if tuning is None else tuning.range_sync,
        most_detuning=None if tuning is None else tuning.most_detuning(node.tau_s),
        contrast=node.law.contrast(),
        advised_inputs=profile.host.inputs,
        advised_gain=profile.host.input_gain,
        has_separate_directions=profile.coupling.separate,
    )
