"""A run as figures are taken from it, and those that more than one sentence has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.causes import CAUSES, alone
from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import Effect
from neurosim.contrasts import within_half_a_turn
from neurosim.converters import lsb
from neurosim.profile import Profile
from neurosim.runs.watchdogs import Watched

__all__ = ["Seen", "fault_share", "lag", "step_of_a_weight"]

Array = NDArray[np.float64]


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

    def astray(self, name: str) -> float:
        """How far a cause alone leaves the weights that devices hold, rms over their own."""
        cause = next(cause for cause in CAUSES if cause.name == name)
        conditions = self.effects.conditions
        held = conditions.observe(alone(self.profile, cause), 0).held.vector
        asked = conditions.weights.vector
        return _rms(held - asked) / max(_rms(asked), np.finfo(float).tiny)


def _rms(values: Array) -> float:
    good = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(good**2))) if good.size else float("nan")


def step_of_a_weight(seen: Seen) -> float:
    """Of even levels; 0 of others."""
    return seen.profile.coupling.step(seen.profile.node.leak_S) or 0.0


def fault_share(seen: Seen) -> float:
    """Of the devices, those that no write changes."""
    faults = seen.profile.faults
    if faults is None:
        return 0.0
    return faults.stuck_low + faults.stuck_high + faults.dead + faults.open


def lag(seen: Seen) -> float:
    """Time constant of an amplifier over a node's."""
    node = seen.profile.node
    return 0.0 if node.bandwidth_Hz is None else 1 / (2 * np.pi * node.bandwidth_Hz * node.tau_s)
