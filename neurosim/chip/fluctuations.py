"""Device noise of a batch: which part of it the phases share, and the currents that it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.arrays import NUMPY
from neurosim.chip.die import Die
from neurosim.circuit import Circuit
from neurosim.devices import DeviceNoise
from neurosim.profile import Profile
from neurosim.solvers import Engine, FlickerSource
from neurosim.streams import Streams
from neurosim.threads import one_blas_thread

__all__ = ["DeviceFluctuations", "flicker_source"]

Array = NDArray[np.float64]


class DeviceFluctuations:
    """Noise currents of the nodes from fluctuating devices, constant over a settle.

    Rows are the same chip at different times, so each draws its own noise. What the phases of a
    presentation share is drawn at its first settle and kept until the next precharge; the rest is
    drawn at each settle. Which devices have a trap is drawn at fabrication.

    Parameters
    ----------
    noise : DeviceNoise
    die : Die
    streams : Streams
    """

    def __init__(self, noise: DeviceNoise, die: Die, streams: Streams) -> None:
        self._noise, self._die, self._streams = noise, die, streams
        self._traps = None
        if noise.telegraph is not None:
            rng = streams.generator("fabrication.telegraph")
            self._traps = noise.telegraph.traps(die.devices.size, rng)
        self._n_settles = 0
        self._common_z: Any = None
        self._own_share: np.float32 | None = None
        self._made_for: tuple[Circuit, float, float] | None = None

    def precharge(self) -> None:
        """End the presentation: the next settle draws the common part anew."""
        self._common_z = None

    def currents(
        self, circuit: Circuit, devices_S: Array, time_s: float, tau_s: float, rows: int
    ) -> Callable[[Array], Array]:
        """Draw the noise of the next settle.

        Parameters
        ----------
        circuit : Circuit
        devices_S : ndarray, shape (n_devices,)
            Conductances before the mismatch of the die.
        time_s : float
            Of the settle: the time from the end of one phase to that of the next.
        tau_s : float
            Time constant that limits what a node can follow.
        rows : int

        Returns
        -------
        current_A : callable
            Current into each node, (rows, n_nodes), for node voltages of that shape.
        """
        self._weigh(circuit, devices_S, time_s, tau_s)
        shape = rows, circuit.n_nodes

        def draw(part: str) -> Any:
            rng = self._streams.generator(f"device_noise.{part}", self._n_settles)
            z = NUMPY.empty(shape, np.float32)
            NUMPY.normals(rng).fill(z)
            return z

        if self._common_z is None:
            self._common_z = draw("common")
        parts = [(self._common, self._common_z), (self._own, draw("own"))]
        self._n_settles += 1
        if self._own_share is not None:
            parts = [(self._common, self._common_z + self._own_share * parts[1][1])]

        def current_A(u_V: Array) -> Array:
            with one_blas_thread():
                output_V = circuit.output_V(u_V.astype(np.float32))
                first, *more = (noise.current_A(u_V, z, output_V) for noise, z in parts)
                for other in more:
                    first += other
                return first

        return current_A

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state` of the chip, whose count of settles is its own."""
        self._n_settles = int(state["draws"]["settle"])

    def _weigh(self, circuit: Circuit, devices_S: Array, time_s: float, tau_s: float) -> None:
        """Variances of the circuit's devices, unless those at hand still hold."""
        made_for = self._made_for
        if made_for and made_for[0] is circuit and made_for[1:] == (time_s, tau_s):
            return
        variance = self._noise.variance(devices_S, time_s, tau_s, self._traps)
        self._common, self._own = (self._die.fluctuation(circuit, part) for part in variance)
        self._own_share = _share(*variance)
        self._made_for = circuit, time_s, tau_s


def _share(common: Array, own: Array) -> np.float32 | None:
    """Deviation of the second over that of the first, where that is one number for all devices.

    A current is linear in its draws, so that one draw then stands for both parts.
    """
    largest = int(common.argmax())
    if not common[largest]:
        return None
    ratio = own[largest] / common[largest]
    alike = np.allclose(own, ratio * common, rtol=1e-9, atol=1e-12 * own[largest])
    return np.float32(np.sqrt(ratio)) if alike else None


def flicker_source(
    profile: Profile, engine: Engine, streams: Streams, index: int
) -> FlickerSource | None:
    """The amplifiers' 1/f noise of the presentation that begins with settle number `index`.

    From 1 / (100 advised settling times) to 10 corners; what is missing above, where it falls as
    1/f^2, is at most 2.5 % of the amplifiers' white noise. A higher corner's band ends at half a
    cycle a step: above, a node's own pole lets less than 2 % of the noise pass.
    """
    thermal, step_tau = profile.thermal, engine.noise_step_tau
    if thermal.temperature_K is None or not thermal.flicker_corner_Hz or step_tau is None:
        return None
    high = min(10 * thermal.flicker_corner_Hz * profile.node.tau_s, 0.5 / step_tau)
    low = min(1 / (100 * profile.host.settle_tau), high / 10)
    return FlickerSource(low, high, lambda chunk: streams.generator("flicker", index, chunk))
