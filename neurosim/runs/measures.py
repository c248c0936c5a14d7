"""What of a run stands behind each cause: a figure with its unit, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.causes import CAUSES, alone
from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import Effect
from neurosim.blocks.units import format_quantity
from neurosim.converters import lsb
from neurosim.profile import Profile
from neurosim.runs.watchdogs import Watched

__all__ = ["Seen", "fault_share", "lag", "measured", "step_of_a_weight"]

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
        return self.unit_V * _rms((outputs[1] - outputs[2])[:, self._hidden])

    @property
    def _hidden(self) -> slice:
        return slice(self.profile.layers[0], None)

    def moved_V(self, effect: Effect) -> float:
        """How far a read of hidden nodes in the free phase is elsewhere than without a cause."""
        whole, without = self.effects.whole_seen[0].outputs[0], effect.seen[0].outputs[0]
        return self.unit_V * _rms((whole - without)[:, self._hidden])

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


def _volts(value: float) -> str:
    return format_quantity(value, "V", 2)


def measured(seen: Seen, effect: Effect) -> str:
    """One sentence, without its full stop."""
    return _SAID.get(effect.name, _moves_reads)(seen, effect)


def _moves_reads(seen: Seen, effect: Effect) -> str:
    if not effect.seen:
        return "measured by switching it off alone"
    moved_V, step_V = seen.moved_V(effect), seen.adc_step_V
    if not moved_V:
        return "what is read of the free phase is the same without it"
    steps = "" if step_V is None else f", {moved_V / step_V:.2g} steps of the ADC"
    return f"it moves what is read of hidden nodes by {_volts(moved_V)} rms{steps}"


def _astray(seen: Seen, effect: Effect) -> str:
    return (
        f"by it alone devices hold weights that are {seen.astray(effect.name):.1%} rms off those "
        "asked for"
    )


def step_of_a_weight(seen: Seen) -> float:
    """Of even levels; 0 of others."""
    coupling = seen.profile.coupling
    if not isinstance(coupling.levels, int):
        return 0.0
    ways = 2 if coupling.encoding == "complementary" else 1
    return ways * coupling.full_scale / (coupling.levels - 1)


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


def _levels(seen: Seen, effect: Effect) -> str:
    size, step = step_of_a_weight(seen), ""
    if size:
        step = f"a step of a weight is {size:.2g}, and weights spread by {seen.spread:.2g}; "
    return step + _astray(seen, effect)


def _faults(seen: Seen, effect: Effect) -> str:
    share = f"{fault_share(seen):.2%} of the devices do not take what is written"
    return f"{share}; {_astray(seen, effect)}"


def _drift(seen: Seen, effect: Effect) -> str:
    age_s = seen.effects.conditions.age_s
    return (
        f"from a write to the middle row of a batch pass {format_quantity(age_s, 's', 2)}; "
        f"{_astray(seen, effect)}"
    )


def _offset(seen: Seen, effect: Effect) -> str:
    offset_V = seen.profile.mismatch.offset_V
    return (
        f"offsets are {_volts(offset_V)} rms beside a unit of {_volts(seen.unit_V)}; "
        f"{_moves_reads(seen, effect)}"
    )


def _bandwidth(seen: Seen, effect: Effect) -> str:
    del effect
    tau_s = seen.profile.node.tau_s
    return (
        f"amplifiers follow within {format_quantity(lag(seen) * tau_s, 's', 2)}, {lag(seen):.2g} "
        f"times a node's C/g of {format_quantity(tau_s, 's', 2)} (0.2 is harmless)"
    )


def _nudge_and_dac(seen: Seen) -> str:
    text = f"a nudge moves its target by {_volts(seen.away_V)}"
    if seen.watched.dac_step is not None:
        step_V = seen.watched.dac_step * seen.unit_V
        text += f", {seen.away_V / step_V:.2g} steps of the DAC (below 0.5 it is lost)"
    return text


def _nudge_and_adc(seen: Seen) -> str:
    if seen.apart_V is None:
        return "the contrast is summed on the chip"
    text = f"nudges move hidden nodes apart by {_volts(seen.apart_V)} rms"
    if seen.adc_step_V is not None:
        text += f", {seen.apart_V / seen.adc_step_V:.2g} steps of the ADC"
    return text


def _dac(seen: Seen, effect: Effect) -> str:
    del effect
    return _nudge_and_dac(seen)


def _dac_noise(seen: Seen, effect: Effect) -> str:
    del effect
    return f"its noise is {_volts(seen.profile.dac.noise_V)} rms, and {_nudge_and_dac(seen)}"


def _adc(seen: Seen, effect: Effect) -> str:
    del effect
    return _nudge_and_adc(seen)


def _adc_noise(seen: Seen, effect: Effect) -> str:
    del effect
    adc = seen.profile.adc
    noise_V = adc.noise * (adc.hidden_range_V or 0.0)
    return f"a reading's noise is {_volts(noise_V)} rms, and {_nudge_and_adc(seen)}"


def _thermal(seen: Seen, effect: Effect) -> str:
    return f"{_moves_reads(seen, effect)}, and {_nudge_and_adc(seen)}"


def _beta(seen: Seen, effect: Effect) -> str:
    del effect
    said = f"a nudge is {seen.nudge:.2g} times as stiff as the spring; {_nudge_and_adc(seen)}"
    return f"{said}; {_nudge_and_dac(seen)}"


def _settling(seen: Seen, effect: Effect) -> str:
    del effect
    flow = seen.watched.flow
    return (
        f"after {flow.settle_tau:g} C/g {seen.watched.moved:.1%} of the displacement is still to "
        f"come; half of the slowest hidden modes take {seen.mode_tau:.2g} C/g or more"
    )


def _released(seen: Seen, effect: Effect) -> str:
    del effect
    node = seen.profile.node
    ratio = node.release_capacitance_F / node.capacitance_F
    return (
        f"visible nodes move {ratio:.3g} times as slowly as hidden ones settle; half of the "
        f"slowest hidden modes take {seen.mode_tau:.2g} C/g or more"
    )


def _clipped(counter: str, what: str) -> Callable[[Seen, Effect], str]:
    def said(seen: Seen, effect: Effect) -> str:
        done = seen.watched.count(f"{counter}_conversions")
        if not done:
            return _moves_reads(seen, effect)
        share = seen.watched.count(f"{counter}_clipped") / done
        return f"{share:.2%} of {done:,} {what} clipped; {_moves_reads(seen, effect)}"

    return said


_SAID: dict[str, Callable[[Seen, Effect], str]] = {
    "weight levels": _levels,
    "programming noise": _astray,
    "coupling mismatch": _astray,
    "faulty devices": _faults,
    "drift": _drift,
    "amplifier offset": _offset,
    "amplifier bandwidth": _bandwidth,
    "DAC range": _clipped("dac", "voltages were"),
    "ADC range": _clipped("adc", "readings were"),
    "ammeter range": _clipped("ammeter", "currents were"),
    "correlator range": _clipped("correlator", "sums were"),
    "injector range": _clipped("injector", "currents were"),
    "DAC bits": _dac,
    "DAC noise": _dac_noise,
    "ADC bits": _adc,
    "ADC noise": _adc_noise,
    "thermal noise": _thermal,
    "beta": _beta,
    "settling time": _settling,
    "C_x/C_h": _released,
}
