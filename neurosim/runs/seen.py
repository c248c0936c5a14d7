"""A run as figures are taken from it, and those that more than one sentence has."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.causes import CAUSES, Cause, alone
from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import Effect
from neurosim.contrasts import within_half_a_turn
from neurosim.converters import lsb
from neurosim.devices.faults import FAULTS
from neurosim.profile import Profile
from neurosim.runs.watched import Watched

__all__ = ["NOISES", "Faulted", "Seen", "lag", "step_of_a_weight"]

Array = NDArray[np.float64]

# Causes that are drawn anew at each settle, drive or reading.
NOISES = frozenset(
    f"{source} noise" for source in ("thermal", "device", "DAC", "injector", "ADC", "CDS")
) | {"correlator noise", "phase diffusion"}


class Faulted(NamedTuple):
    """Devices of a die that no write changes.

    Attributes
    ----------
    kinds : dict
        How many of each kind there are, by its name.
    devices : int
        All that there are.
    """

    kinds: dict[str, int]
    devices: int

    @property
    def share(self) -> float:
        """Of the devices."""
        return sum(self.kinds.values()) / self.devices


@dataclass(frozen=True)
class Seen:
    """A run as figures are taken from it.

    Attributes
    ----------
    effects : Effects
    watched : Watched
    mode_tau : float
        Median of the slowest hidden modes of the presented rows, in units of C / g.
    """

    effects: Effects
    watched: Watched
    mode_tau: float
    _snr_dB: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    @property
    def profile(self) -> Profile:
        """Of the chip."""
        return self.effects.conditions.profile

    @property
    def unit_V(self) -> float:
        """Of the host's numbers."""
        return self.profile.node.unit_V

    @property
    def away_V(self) -> float:
        r"""How far a nudge moves its target, k / (lambda + k) |u| / (alpha lambda)."""
        flow = self.watched.flow
        share = self.nudge / (1 + self.nudge)
        return share * self.watched.velocity / (flow.alpha * flow.stiffness) * self.unit_V

    @property
    def nudge(self) -> float:
        """Its stiffness over the spring's."""
        flow = self.watched.flow
        return float(flow.beta * flow.alpha**2 * flow.stiffness)

    @cached_property
    def apart_V(self) -> float | None:
        """How far the nudged phases of the ideal chip leave hidden nodes apart, rms."""
        outputs = self.effects.ideal_seen[0].outputs
        if len(outputs) < 3:
            return None
        return self._apart_V(outputs[1], outputs[2])

    @property
    def _hidden(self) -> slice:
        return self.effects.conditions.hidden

    def moved_V(self, effect: Effect) -> float:
        """How far a read of hidden nodes in the free phase is elsewhere than without a cause."""
        whole, without = self.effects.whole_seen[0].outputs[0], effect.seen[0].outputs[0]
        return self._apart_V(whole, without)

    def _apart_V(self, one: Array, other: Array) -> float:
        """Of hidden nodes, rms; phases are apart by the shorter way round."""
        apart = (one - other)[:, self._hidden]
        return self.unit_V * _rms(within_half_a_turn(apart) if self._phases else apart)

    def snr_dB(self, name: str) -> float:
        r"""Of the gradient of the presented rows, by the noise of one cause alone in two draws.

        .. math:: \mathrm{SNR} = \frac{|\bar g|^2 - s^2 / 2}{s^2}, \qquad
            s^2 = \tfrac12 |g_1 - g_2|^2

        Infinite where nothing varies, and minus that where the signal is lost in it.
        """
        if name not in self._snr_dB:
            self._snr_dB[name] = self._measured_snr_dB(name)
        return self._snr_dB[name]

    def _measured_snr_dB(self, name: str) -> float:
        first, second = self.effects.conditions.draws(alone(self.profile, _named(name)), 2)
        noise = float(np.sum((first.gradient - second.gradient) ** 2)) / 2
        signal = float(np.sum((first.gradient + second.gradient) ** 2)) / 4 - noise / 2
        if noise == 0:
            return np.inf
        return float(10 * np.log10(signal / noise)) if signal > 0 else -np.inf

    @property
    def _phases(self) -> bool:
        return self.profile.node.oscillating

    @property
    def adc_step_V(self) -> float | None:
        """Of hidden nodes."""
        adc = self.profile.adc
        if adc.bits is None or adc.hidden_range_V is None:
            return None
        return lsb(adc.hidden_range_V, adc.bits)

    @property
    def spread(self) -> float:
        """Of the weights of couplings, a standard deviation."""
        present = self.profile.network.present
        return float(np.std(self.effects.conditions.weights.coupling[present]))

    @cached_property
    def faulted(self) -> Faulted:
        """Of the array that was programmed."""
        chip = self.effects.conditions.programmed(self.profile)
        present, faulty = chip.die.devices.present, chip.bank.faulty
        kinds = dict[str, int]()
        if faulty is not None:
            counts = np.bincount(faulty.kind[present], minlength=len(FAULTS)).tolist()
            kinds = {name: n for name, n in zip(FAULTS, counts, strict=True) if name and n}
        return Faulted(kinds, int(np.count_nonzero(present)))

    def astray(self, name: str) -> float:
        """How far a cause alone leaves the weights that devices hold, rms over their own."""
        conditions = self.effects.conditions
        held = conditions.observe(alone(self.profile, _named(name)), 0).held.vector
        asked = conditions.weights.vector
        return _rms(held - asked) / max(_rms(asked), np.finfo(float).tiny)


def _named(name: str) -> Cause:
    return next(cause for cause in CAUSES if cause.name == name)


def _rms(values: Array) -> float:
    good = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(good**2))) if good.size else float("nan")


def step_of_a_weight(seen: Seen) -> float:
    """Of even levels; 0 of others."""
    return seen.profile.coupling.step(seen.profile.node.leak_S) or 0.0


def lag(seen: Seen) -> float:
    """Time constant of an amplifier over a node's."""
    node = seen.profile.node
    return 0.0 if node.bandwidth_Hz is None else 1 / (2 * np.pi * node.bandwidth_Hz * node.tau_s)
