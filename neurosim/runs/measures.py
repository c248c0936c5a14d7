"""What of a run stands behind each cause: a figure with its unit, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurosim.analysis.losses import Effect
from neurosim.blocks.units import format_quantity
from neurosim.converters import lsb
from neurosim.profile import Profile
from neurosim.runs.seen import NOISES, Seen, lag, step_of_a_weight
from neurosim.runs.watched import MOST_MOVED
from neurosim.safe_text import counted, two_digits

__all__ = ["measured", "parts_of_noise"]

# Parts of the noise of devices, by their fields.
_CURVES = ("flicker", "short_term")


def _volts(seen: Seen, value: float) -> str:
    """Of a node: a phase has radians."""
    if seen.profile.node.oscillating:
        return f"{value / seen.unit_V:.2g} rad"
    return format_quantity(value, "V", 2)


def measured(seen: Seen, effect: Effect) -> str:
    """One sentence, without its full stop."""
    if effect.wide:
        return "; ".join(extent.said() for extent in effect.wide)
    text = _SAID.get(effect.name, _moves_reads)(seen, effect)
    snr_dB = seen.snr_dB(effect.name) if effect.name in NOISES else np.inf
    if snr_dB == np.inf:
        return text
    rows = counted(seen.effects.conditions.batch, "row")
    if snr_dB == -np.inf:
        return f"{text}; by itself it drowns the gradient of {rows}"
    return f"{text}; by itself it leaves the gradient of {rows} an SNR of {snr_dB:.0f} dB"


def _moves_reads(seen: Seen, effect: Effect) -> str:
    if not effect.seen:
        return "measured by switching it off alone"
    moved_V, step_V = seen.moved_V(effect), seen.adc_step_V
    if not moved_V:
        return "what is read of the free phase is the same without it"
    steps = "" if step_V is None else f", {two_digits(moved_V / step_V)} steps of the ADC"
    return f"it moves what is read of hidden nodes by {_volts(seen, moved_V)} rms{steps}"


def _astray(seen: Seen, effect: Effect) -> str:
    return (
        f"by it alone devices hold weights that are {seen.astray(effect.name):.1%} rms off those "
        "asked for"
    )


def _levels(seen: Seen, effect: Effect) -> str:
    size, step = step_of_a_weight(seen), ""
    if size:
        step = f"a step of a weight is {size:.2g}, and weights spread by {seen.spread:.2g}; "
    return step + _astray(seen, effect)


def _faults(seen: Seen, effect: Effect) -> str:
    found = seen.faulted
    n = sum(found.kinds.values())
    kinds = ", ".join(f"{many:,} {kind.replace('_', ' ')}" for kind, many in found.kinds.items())
    return (
        f"{n:,} of {counted(found.devices, 'device')} of this die ({found.share:.2%}) do not take "
        f"what is written ({kinds}); {_astray(seen, effect)}"
    )


def _drift(seen: Seen, effect: Effect) -> str:
    age_s = seen.effects.conditions.age_s
    return (
        f"from a write to the middle row of a batch pass {format_quantity(age_s, 's', 2)}"
        f"{_grown_older(seen, age_s)}; {_astray(seen, effect)}"
    )


def _grown_older(seen: Seen, age_s: float) -> str:
    """How old devices get that no update writes, where that is older than the middle row."""
    refresh_s, ages_s = seen.profile.host.refresh_s, seen.watched.ages_s
    if refresh_s is not None and refresh_s > 2 * age_s:
        most = format_quantity(refresh_s, "s", 2)
        return f", and what no update changes is written anew before it is {most} old"
    if ages_s is None or ages_s[1] <= age_s:
        return ""
    half, oldest = (format_quantity(each_s, "s", 2) for each_s in ages_s)
    return (
        f", but a write reaches only what it changes: at the end of the training half of the "
        f"devices had been written {half} before or longer, the oldest {oldest}"
    )


def _offset(seen: Seen, effect: Effect) -> str:
    offset_V = seen.profile.mismatch.offset_V
    return (
        f"offsets are {_volts(seen, offset_V)} rms beside a unit of {_volts(seen, seen.unit_V)}; "
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
    text = f"a nudge moves its target by {_volts(seen, seen.away_V)}"
    if seen.watched.dac_step is not None:
        step_V = seen.watched.dac_step * seen.unit_V
        text += f", {two_digits(seen.away_V / step_V)} steps of the DAC (below 0.5 it is lost)"
    return text


def _nudge_and_adc(seen: Seen) -> str:
    if seen.apart_V is None:
        return "the contrast is summed on the chip"
    text = f"nudges move hidden nodes apart by {_volts(seen, seen.apart_V)} rms"
    if seen.adc_step_V is not None:
        text += f", {two_digits(seen.apart_V / seen.adc_step_V)} steps of the ADC"
    return text


def _of_run(text: Callable[[Seen], str]) -> Callable[[Seen, Effect], str]:
    """What is said of a run whatever the effect is."""
    return lambda seen, _: text(seen)


def _dac_noise(seen: Seen, effect: Effect) -> str:
    del effect
    return f"its noise is {_volts(seen, seen.profile.dac.noise_V)} rms, and {_nudge_and_dac(seen)}"


def _adc_noise(seen: Seen, effect: Effect) -> str:
    del effect
    adc = seen.profile.adc
    noise_V = adc.noise * (adc.hidden_range_V or 0.0)
    return f"a reading's noise is {_volts(seen, noise_V)} rms, and {_nudge_and_adc(seen)}"


def _ammeter(seen: Seen) -> str:
    sense, node, alpha = seen.profile.current_sense, seen.profile.node, seen.watched.flow.alpha
    assert sense is not None
    assert sense.range_A is not None
    per_A = alpha / (node.leak_S * node.unit_V)
    text = f"the ammeter reads velocities up to {per_A * sense.range_A:.2g}"
    if sense.bits is not None:
        text += f" in steps of {per_A * lsb(sense.range_A, sense.bits):.2g}"
    return f"{text}; those that are learned are {seen.watched.velocity:.2g} rms"


def _ammeter_range(seen: Seen, effect: Effect) -> str:
    del effect
    done = seen.watched.count("ammeter_conversions")
    share = seen.watched.count("ammeter_clipped") / max(done, 1)
    return (f"{share:.2%} of {done:,} currents were clipped; " if done else "") + _ammeter(seen)


def parts_of_noise(profile: Profile) -> str:
    """What a device in the middle of its range fluctuates by, over its conductance."""
    noise, found = profile.device_noise, list[str]()
    if noise is None:
        return ""
    middle_S = profile.coupling.idle_S + profile.coupling.range_S(profile.node.leak_S) / 2
    tau_s = profile.node.tau_s
    for name, part in (("flicker", "flicker"), ("short-term noise", "short_term")):
        alone = noise.with_values({"telegraph": None} | {f: () for f in _CURVES if f != part})
        variance_S2 = sum(alone.variance(np.array([middle_S]), tau_s, tau_s))
        if share := float(np.sqrt(np.sum(variance_S2))) / middle_S:
            found.append(f"{name} of {share:.2g}")
    if noise.telegraph is not None:
        share, step = noise.telegraph.share, noise.telegraph.step
        found.append(f"telegraph noise in {share:.2g} of the devices, which step by {step:.2g}")
    return ", ".join(found)


def _device_noise(seen: Seen, effect: Effect) -> str:
    parts = parts_of_noise(seen.profile)
    return f"of its conductance a device has {parts}; {_noise_of_settles(seen, effect)}"


def _noise_of_settles(seen: Seen, effect: Effect) -> str:
    return f"{_moves_reads(seen, effect)}, and {_nudge_and_adc(seen)}"


def _beta(seen: Seen, effect: Effect) -> str:
    del effect
    said = (
        f"a nudge has {seen.nudge:.2g} of the stiffness of the spring (beta alpha^2 stiffness); "
        f"{_nudge_and_adc(seen)}"
    )
    return f"{said}; {_nudge_and_dac(seen)}"


def _settling(seen: Seen, effect: Effect) -> str:
    del effect
    flow = seen.watched.flow
    return (
        f"after {flow.settle_tau:g} C/g {seen.watched.moved:.1%} of the displacement is still to "
        f"come, and in {seen.watched.late} of {counted(seen.watched.rows, 'row')} more than "
        f"{MOST_MOVED:.0%}; {_slowest(seen)}"
    )


def _slowest(seen: Seen) -> str:
    if not np.isfinite(seen.mode_tau):
        return "in half of the rows some hidden mode still grows"
    return f"half of the slowest hidden modes take {seen.mode_tau:.2g} C/g or more"


def _released(seen: Seen, effect: Effect) -> str:
    del effect
    node = seen.profile.node
    ratio = node.release_capacitance_F / node.capacitance_F
    return f"visible nodes move {ratio:.3g} times as slowly as hidden ones settle; {_slowest(seen)}"


def _clipped(**kinds: str) -> Callable[[Seen, Effect], str]:
    """Of kinds of converters, by what they convert, the one that clips the largest share."""

    def said(seen: Seen, effect: Effect) -> str:
        found = [
            (seen.watched.count(f"{kind}_clipped") / done, done, what)
            for kind, what in kinds.items()
            if (done := seen.watched.count(f"{kind}_conversions"))
        ]
        if not found:
            return _moves_reads(seen, effect)
        share, done, what = max(found)
        return f"{share:.2%} of {done:,} {what} were clipped; {_moves_reads(seen, effect)}"

    return said


_SAID: dict[str, Callable[[Seen, Effect], str]] = {
    "weight levels": _levels,
    "programming noise": _astray,
    "coupling mismatch": _astray,
    "faulty devices": _faults,
    "drift": _drift,
    "amplifier offset": _offset,
    "amplifier bandwidth": _bandwidth,
    "DAC range": _clipped(dac="voltages"),
    "ADC range": _clipped(adc="readings", difference="amplified differences"),
    "ammeter range": _ammeter_range,
    "ammeter bits": _of_run(_ammeter),
    "correlator range": _clipped(correlator="sums"),
    "injector range": _clipped(injector="currents"),
    "DAC bits": _of_run(_nudge_and_dac),
    "DAC noise": _dac_noise,
    "ADC bits": _of_run(_nudge_and_adc),
    "ADC noise": _adc_noise,
    "thermal noise": _noise_of_settles,
    "phase diffusion": _noise_of_settles,
    "device noise": _device_noise,
    "beta": _beta,
    "settling time": _settling,
    "C_x/C_h": _released,
}
