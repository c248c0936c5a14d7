"""All programmable devices of a chip: what they were told to hold, and what they hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.ageing import Ageing
from neurosim.chip.clock import Clock
from neurosim.chip.die import DeviceArray
from neurosim.chip.pulsing import Pulsing
from neurosim.circuit import Pairs
from neurosim.devices import Faulty
from neurosim.errors import CheckpointError, DataError
from neurosim.network import Weights
from neurosim.profile import Profile
from neurosim.streams import Streams
from neurosim.tuned import TUNED, Tuned

__all__ = ["DeviceBank", "WriteCount"]

Array = NDArray[np.float64]


class WriteCount(NamedTuple):
    """Devices written in one go, the pulses it took, and devices that missed their window."""

    devices: int
    pulses: int
    failed: int


class DeviceBank:
    """State of every programmable device, in the order of `DeviceArray`.

    Parameters
    ----------
    profile : Profile
    devices : DeviceArray
    streams : Streams
        Draws of a write come from `programming` and `drift`, of pulses from `pulse`.
    clock : Clock

    Attributes
    ----------
    target_S : ndarray, shape (n_devices,)
        What the last write aimed at.
    written_S : ndarray, shape (n_devices,)
        What the last write of each device left behind.
    tuned : Tuned
        What oscillators are tuned to; zeros of nodes that are none.
    faulty : Faulty or None
        Devices that no write changes, drawn at fabrication.
    """

    def __init__(
        self, profile: Profile, devices: DeviceArray, streams: Streams, clock: Clock
    ) -> None:
        self._coupling, self._unit_S = profile.coupling, profile.node.leak_S
        self._devices, self._streams, self._clock = devices, streams, clock
        self._n_writes = 0
        layers = devices.layers
        start = Weights.zeros(layers)
        self._write_law = profile.write
        self.faulty: Faulty | None = None
        if profile.faults is not None:
            self.faulty = profile.faults.draw(
                devices.present,
                profile.coupling.idle_S,
                profile.coupling.range_S(self._unit_S),
                streams.generator("fabrication.faults"),
            )
        self.target_S = self.target(start)[0]
        self.written_S = self._with_faults(self.target_S)
        self._pulsing: Pulsing | None = None
        if profile.pulse is not None:
            self._pulsing = Pulsing(profile.pulse, profile.coupling, self._unit_S, devices, streams)
        self._tuning, self._tau_s = profile.tuning, profile.node.tau_s
        self.tuned = Tuned.zeros(layers.n_nodes)
        self._ageing: Ageing | None = None
        if profile.drift is not None:
            self._ageing = Ageing(profile.drift, devices.size, streams)

    def target(self, weights: Weights) -> tuple[Array, int]:
        """Nearest programmable conductances, and how many weights lay beyond the full scale."""
        self._check(weights, "program")
        w = self._coupling.target(weights.coupling, self._unit_S)
        b = self._coupling.target(weights.bias, self._unit_S)
        target_S = self._devices.join(Pairs(w.plus_S, w.minus_S), Pairs(b.plus_S, b.minus_S))
        return target_S, w.n_clipped + b.n_clipped

    def told(self) -> Weights:
        """Weights of the targets."""
        couplings, biases, _ = self._devices.split(self.target_S)
        return Weights(couplings.delta_S / self._unit_S, biases.delta_S / self._unit_S)

    def _check(self, weights: Weights, call: str) -> None:
        """Refuse what has another shape than the chip, or is not finite."""
        layers = self._devices.layers
        expected = ((layers.n_odd, layers.n_even), (layers.n_nodes,))
        if (weights.coupling.shape, weights.bias.shape) != expected:
            raise DataError(
                f"Chip.{call} needs weights of shapes {expected[0]} and {expected[1]}, but got "
                f"{weights.coupling.shape} and {weights.bias.shape}."
            )
        if not np.isfinite(weights.vector).all():
            raise DataError(f"Chip.{call} needs finite weights, but some are NaN or infinite.")

    def _with_faults(self, conductance_S: Array) -> Array:
        if self.faulty is None:
            return conductance_S
        return np.where(self.faulty.kind > 0, self.faulty.conductance_S, conductance_S)

    def program(self, target_S: Array) -> WriteCount:
        """Write every device whose target has changed; the others keep what they hold.

        Parameters
        ----------
        target_S : ndarray, shape (n_devices,)

        Raises
        ------
        DataError
            A target is no conductance, or there is not one for each device.
        """
        if target_S.shape != self.target_S.shape or not np.all(
            np.isfinite(target_S) & (target_S >= 0)
        ):
            raise DataError(
                f"Chip.write needs {self.target_S.size} finite conductances of at least 0 S, but "
                "got others; nothing was written."
            )
        return self._write(target_S, target_S != self.target_S)

    def tune(self, asked: Tuned) -> tuple[WriteCount, int]:
        """Set locking and frequencies; what was written, and how many lay beyond a range.

        Raises
        ------
        DataError
            There is not one finite number of each for every node.
        """
        every, n = np.stack(np.broadcast_arrays(asked.sync, asked.detuning)), self.tuned.sync.shape
        if every[0].shape != n or not np.isfinite(every).all():
            wild = int(np.count_nonzero(~np.isfinite(every)))
            got = f"{wild:,} of them NaN or infinite" if every[0].shape == n else (
                f"arrays of shape {asked.sync.shape} and {asked.detuning.shape}"
            )  # fmt: skip
            raise DataError(
                f"Chip.tune needs a finite locking and detuning for each of {n[0]} nodes, but got "
                f"{got}; give a number for each."
            )
        assert self._tuning is not None
        tuned, n_clipped = self._tuning.codes(asked, self._tau_s)
        now, before = (np.concatenate([t.sync, t.detuning]) for t in (tuned, self.tuned))
        n_moved, self.tuned = int(np.count_nonzero(now != before)), tuned
        return WriteCount(n_moved, n_moved, 0), n_clipped

    def refresh(self) -> WriteCount:
        """Write every device to its target again."""
        return self._write(self.target_S, self._devices.present)

    def pulse(self, counts: Weights) -> tuple[int, WriteCount]:
        """Give the pair of each coupling and bias this many pulses, and renew the worn pairs.

        What a device holds after its pulses is also what it is meant to hold. Returns the pulses
        that all devices took, and what was written to pairs that had no room left.
        """
        self._check(counts, "pulse")
        assert self._pulsing is not None
        each = self._pulsing.counts(counts)
        held_S = self.conductance_S()
        held_S = self._with_faults(self._pulsing.pulsed(held_S, each, self._n_writes))
        chosen = each != 0
        self.target_S = np.where(chosen, held_S, self.target_S)
        self.written_S = np.where(chosen, held_S, self.written_S)
        self._age_from_now(chosen)
        return int(np.abs(each).sum()), self._refresh_worn(self._pulsing)

    @property
    def pulse_weight(self) -> float | None:
        """Nominal change of a weight by one pulse in mid-range; None where there are no pulses."""
        return None if self._pulsing is None else self._pulsing.step

    def _refresh_worn(self, pulsing: Pulsing) -> WriteCount:
        """Write anew the pairs of rising devices that have no room left."""
        if pulsing.wears:
            worn, wanted_S = pulsing.worn(self.conductance_S())
            if worn.any():
                return self._write(np.where(worn, wanted_S, self.target_S), worn)
        self._n_writes += 1
        return WriteCount(0, 0, 0)

    def _age_from_now(self, written: NDArray[np.bool_]) -> None:
        """These devices begin to age anew."""
        if self._ageing is not None:
            self._ageing.write(written, self._clock.now_s, self._n_writes)

    def _write(self, target_S: Array, chosen: NDArray[np.bool_]) -> WriteCount:
        n_written = n_pulses = int(np.count_nonzero(chosen))
        written_S, n_failed, law = target_S, 0, self._write_law
        if law is not None:
            got = law.write(target_S, self._streams.generator("programming", self._n_writes))
            written_S = np.where(chosen, got.conductance_S, self.written_S)
            pulses, failed = got.pulses, got.failed
            if self.faulty is not None and law.verify is not None:
                bad = self.faulty.kind > 0
                tries, missed = law.verify.of_faulty(target_S, self.faulty.conductance_S)
                pulses, failed = np.where(bad, tries, pulses), np.where(bad, missed, failed)
            n_pulses = round(law.pulses * float(np.sum(pulses * chosen)))
            n_failed = int(np.count_nonzero(failed & chosen))
        self.target_S, self.written_S = target_S, self._with_faults(written_S)
        self._age_from_now(chosen)
        self._n_writes += 1
        return WriteCount(n_written, n_pulses, n_failed)

    def is_stale(self) -> bool:
        """Whether the conductances have moved since they were last asked for."""
        return self._ageing is not None and self._ageing.is_stale(self._clock.now_s)

    def conductance_S(self) -> Array:
        """Conductances as they are now, before the mismatch of the die."""
        if self._ageing is None:
            return self.written_S
        aged_S = self._ageing.conductance_S(self.written_S, self.target_S, self._clock.now_s)
        return self._with_faults(aged_S)

    @property
    def seen_at_s(self) -> float:
        """When the conductances were last asked for."""
        return 0.0 if self._ageing is None else self._ageing.time_s

    def state(self) -> dict[str, Any]:
        """Everything that later conductances depend on, besides profile and seed."""
        state: dict[str, Any] = {
            "target_S": self.target_S,
            "achieved_S": self.written_S,
            "draws": {"program": self._n_writes},
        }
        if self._ageing is not None:
            state["ageing"] = self._ageing.state()
        if self._tuning is not None:
            state["tuned"] = {name: getattr(self.tuned, name) for name in TUNED}
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state` of a bank of the same profile and seed."""
        if len(state["target_S"]) != self._devices.size:
            raise CheckpointError(
                f"Chip.restore needs {self._devices.size} devices, but the state has "
                f"{len(state['target_S'])}; it belongs to another profile."
            )
        self.target_S, self.written_S = state["target_S"], state["achieved_S"]
        self._n_writes = int(state["draws"]["program"])
        if self._ageing is not None:
            self._ageing.restore(state["ageing"])
        if self._tuning is not None:
            self.tuned = Tuned(**state["tuned"])
