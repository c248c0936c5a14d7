"""The circuit of a die with its devices as they were last seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.bank import DeviceBank
from neurosim.chip.die import Die
from neurosim.chip.fluctuations import DeviceFluctuations
from neurosim.circuit import Circuit, DrivenCircuit, Springs
from neurosim.profile import Profile
from neurosim.streams import Streams

__all__ = ["Assembly"]

Array = NDArray[np.float64]


class Assembly:
    """What the devices make of a die, anew whenever they have moved.

    Parameters
    ----------
    profile : Profile
    die : Die
    bank : DeviceBank
    streams : Streams
        Draws of device noise come from `device_noise`.

    Attributes
    ----------
    devices_S : ndarray, shape (n_devices,)
        Conductances as they were last seen, before the mismatch of the die.
    circuit : Circuit
        Of these.
    """

    def __init__(self, profile: Profile, die: Die, bank: DeviceBank, streams: Streams) -> None:
        self._profile, self._die, self._bank = profile, die, bank
        self._fluctuations: DeviceFluctuations | None = None
        if profile.device_noise is not None and not profile.device_noise.silent:
            self._fluctuations = DeviceFluctuations(profile.device_noise, die, streams)
        self.renew()

    def renew(self) -> None:
        """See the devices as they are now."""
        self.devices_S = self._bank.conductance_S()
        bank = self._bank
        self.circuit = self._die.circuit(self.devices_S, bank.written_S, bank.tuned)
        self._released: Circuit | None = None

    def precharge(self) -> None:
        """End the presentation: the next settle draws the common part of device noise anew."""
        if self._fluctuations is not None:
            self._fluctuations.precharge()

    def driven(
        self, springs: Springs, injected_A: Array | None, *, released: bool
    ) -> DrivenCircuit:
        """The circuit so driven; where `released`, visible nodes are on large capacitors."""
        if released and self._released is None:
            self._released = self._die.released(self.circuit, self._bank.tuned)
        thermal = self._profile.thermal
        return DrivenCircuit(
            self._released if released and self._released is not None else self.circuit,
            springs,
            self._profile.node.tau_s,
            thermal.temperature_K,
            thermal.amplifier_excess,
            thermal.flicker_corner_Hz,
            injected_A,
            noise_gain=thermal.noise_gain,
        )

    def noise_currents(
        self, system: DrivenCircuit, time_s: float, tau_s: float, rows: int
    ) -> Callable[[Array], Array] | None:
        """Device noise of the next settle, if there is any: see `DeviceFluctuations.currents`."""
        if self._fluctuations is None:
            return None
        return self._fluctuations.currents(system.circuit, self.devices_S, time_s, tau_s, rows)

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state` of the chip, whose bank has its own again."""
        if self._fluctuations is not None:
            self._fluctuations.restore(state)
        self.renew()
