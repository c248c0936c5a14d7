"""Pulses to the devices of a die: which of a pair takes them, and when a pair is worn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.die import DeviceArray
from neurosim.circuit import Pairs
from neurosim.devices import CouplingDevice
from neurosim.devices.pulses import PulseLaw
from neurosim.errors import DataError
from neurosim.network import Weights
from neurosim.streams import Streams

__all__ = ["Pulsing"]

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


class Pulsing:
    """Steps and bounds of every device, drawn at fabrication.

    The noise of a step is drawn at each pulse, from the streams `pulse` and `pulse.additive`.

    Parameters
    ----------
    law : PulseLaw
    coupling : CouplingDevice
    unit_S : float
        Conductance of weight 1.
    devices : DeviceArray
    streams : Streams

    Attributes
    ----------
    step : float
        Nominal change of a weight by one pulse to a pair in mid-range.
    """

    def __init__(
        self,
        law: PulseLaw,
        coupling: CouplingDevice,
        unit_S: float,
        devices: DeviceArray,
        streams: Streams,
    ) -> None:
        self._law, self._coupling, self._unit_S = law, coupling, unit_S
        self._devices, self._streams = devices, streams
        top_S = coupling.idle_S + coupling.range_S(unit_S)
        self.step = law.mid_step() * coupling.full_scale
        self._made = law.fabricate(devices.size, coupling.idle_S, top_S, streams)

    def counts(self, counts: Weights) -> Counts:
        """Signed pulses of every device from those of every pair, (n_devices,)."""
        both = [np.where(self._devices.layers.present, counts.coupling, 0.0), counts.bias]
        if any((n != np.rint(n)).any() for n in both):
            raise DataError("Chip.pulse needs whole numbers of pulses, but some are not.")
        pairs = [Pairs(np.maximum(n, 0.0), np.maximum(-n, 0.0)) for n in both]
        up = self._devices.join(*pairs).astype(np.int64)
        return up if self._law.only_rises else up - up[self._devices.partner]

    def pulsed(self, conductance_S: Array, counts: Counts, index: int) -> Array:
        """Conductances [S] after these pulses, by write number `index`."""
        names = ("pulse", "pulse.additive")
        step, additive = (self._streams.generator(name, index) for name in names)
        return self._law.pulsed(conductance_S, counts, self._made, (step, additive))

    @property
    def wears(self) -> bool:
        """Whether pairs are ever refreshed."""
        return self._law.refresh_at is not None

    def worn(self, conductance_S: Array) -> tuple[NDArray[np.bool_], Array]:
        """Devices of pairs that have no room left, and what each should hold for its difference."""
        assert self._law.refresh_at is not None
        coupling, other_S = self._coupling, conductance_S[self._devices.partner]
        limit_S = coupling.idle_S + self._law.refresh_at * coupling.range_S(self._unit_S)
        full = np.maximum(conductance_S, other_S) > limit_S
        weights = (conductance_S - other_S) / self._unit_S
        wanted_S = coupling.target(weights, self._unit_S).plus_S
        return full & (np.minimum(conductance_S, other_S) > coupling.idle_S), wanted_S
