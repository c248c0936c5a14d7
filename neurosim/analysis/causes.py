"""What may spoil a chip, each with what to change, and the chip with and without it.

A cause is one or more of `neurosim.analysis.SOURCES` that a designer changes together. Each source
is in exactly one cause; a test says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.analysis.imperfections import only, present, without
from neurosim.converters import lsb
from neurosim.profile import Profile

__all__ = ["CAUSES", "Cause", "alone", "causes_of", "switched_off"]

# A range is not switched off but made 2^3 times as wide, at the same step: its bits come with it.
_WIDER = 3
_MOST_BITS = 24


@dataclass(frozen=True)
class Cause:
    """One thing that a designer can change.

    Parameters
    ----------
    name : str
    sources : tuple of str
        Names of `neurosim.analysis.SOURCES`.
    advice : str
        What to change in the profile or the recipe.
    ranges : tuple of str
        Fields of a range, in its block; such a cause is widened and not switched off.
    shares : tuple of str
        Fields beside them that are shares of the range, and stay what they are in volts.
    nudge : bool
        Whether a stronger nudge may make up for it.
    """

    name: str
    sources: tuple[str, ...]
    advice: str
    ranges: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    nudge: bool = False


def _mismatch(what: str, field: str, of: str) -> Cause:
    return Cause(what, (what,), f"match {of} better (lower mismatch.{field}), or trim them")


def _channels(name: str, block: str) -> Cause:
    sources = tuple(f"{name} {error}" for error in ("offset", "gain error", "INL"))
    return Cause(f"{name} channels", sources, f"trim {block}.channels, or train with --calibrate")


def _range(name: str, block: str, fields: str, shares: tuple[str, ...], else_: str) -> Cause:
    ranges = tuple(f"{block}.{field}" for field in fields.split())
    inside = tuple(f"{block}.{field}" for field in shares)
    advice = f"widen {' and '.join(ranges)}, with as many more bits, or {else_}"
    return Cause(f"{name} range", (f"{name} range",), advice, ranges, inside)


_OFFSET = ("channels.offset",)
CAUSES = (
    _mismatch("leak mismatch", "leak", "leaks"),
    _mismatch("capacitance mismatch", "capacitance", "capacitors"),
    _mismatch("coupling mismatch", "coupling", "couplings"),
    _mismatch("spring mismatch", "spring", "springs"),
    _mismatch("gain mismatch", "gain", "amplifiers"),
    Cause(
        "amplifier offset",
        ("amplifier offset",),
        "lower mismatch.offset_V (larger input pairs, auto-zero), or raise node.unit_V",
    ),
    Cause(
        "faulty devices",
        ("faulty devices",),
        "repair or map out faulty devices (lower faults), or learn longer on this die",
    ),
    Cause("loading", ("loading",), "raise the gain of the summing amplifiers (lower node.loading)"),
    Cause("visible buffers", ("visible buffers",), "take buffers of gain 1 and a wider range"),
    Cause("visible rails", ("visible rails",), "raise node.visible_rail_V, or lower node.unit_V"),
    Cause(
        "output resistance",
        ("output resistance",),
        "lower node.output_Ohm, or all conductances (node.leak_S)",
    ),
    Cause(
        "wires",
        ("wires",),
        "lower coupling.wires.segment_Ohm, take smaller arrays (coupling.wires.rows and columns), "
        "or lower all conductances (node.leak_S)",
    ),
    Cause(
        "device nonlinearity",
        ("device nonlinearity",),
        "lower node.unit_V, or take devices with a lower coupling.cubic_per_V2",
    ),
    Cause(
        "amplifier bandwidth",
        ("amplifier bandwidth",),
        "raise node.bandwidth_Hz, or slow the nodes (more node.capacitance_F, less node.leak_S)",
    ),
    Cause(
        "detuning",
        ("detuning",),
        "trim the oscillators (node.law.detuning_Hz), or couple them more strongly (less "
        "node.capacitance_F, more node.leak_S)",
    ),
    Cause(
        "Sakaguchi angle",
        ("Sakaguchi angle",),
        "lower node.law.angle_rad (a waveform and a phase response in quadrature have none), or "
        "learn by rule: asymmetric",
    ),
    Cause(
        "interaction",
        ("interaction",),
        "shape the waveform (node.law.interaction) for a quadrature with the phase response in "
        "every harmonic, or learn by rule: asymmetric",
    ),
    Cause(
        "weight levels",
        ("weight levels",),
        "raise coupling.levels, or lower coupling.full_scale to what the weights need",
    ),
    Cause(
        "programming noise",
        ("programming noise",),
        "lower write.noise (write.verify does, for more pulses)",
    ),
    Cause(
        "drift",
        ("drift",),
        "present fewer rows between writes (batch), settle in less time (settle_tau, "
        "node.capacitance_F), refresh sooner (host.refresh_s), or take cells that hold longer",
    ),
    _range("DAC", "dac", "range_V", _OFFSET, "lower node.unit_V"),
    Cause("DAC bits", ("DAC bits",), "raise dac.bits", nudge=True),
    Cause("DAC noise", ("DAC noise",), "lower dac.noise_V", nudge=True),
    _channels("DAC", "dac"),
    _range("injector", "injectors", "range_A range_Hz", (), "lower flow.beta"),
    Cause("injector bits", ("injector bits",), "raise injectors.bits", nudge=True),
    Cause(
        "injector noise",
        ("injector noise",),
        "lower injectors.noise_A (of oscillators noise_Hz)",
        nudge=True,
    ),
    Cause(
        "thermal noise",
        ("thermal noise", "amplifier noise", "amplifier flicker", "hold kT/C"),
        "raise node.capacitance_F (noise falls as its square root), or lower "
        "thermal.amplifier_excess or thermal.flicker_corner_Hz",
        nudge=True,
    ),
    Cause(
        "phase diffusion",
        ("phase diffusion",),
        "take oscillators of a narrower line (lower node.law.linewidth_Hz), or couple them more "
        "strongly (less node.capacitance_F, more node.leak_S)",
        nudge=True,
    ),
    Cause(
        "device noise",
        ("device flicker", "device telegraph", "device short-term"),
        "take quieter devices (device_noise)",
        nudge=True,
    ),
    _range(
        "ADC", "adc", "visible_range_V hidden_range_V", ("noise", "channels.offset"),
        "lower node.unit_V (of amplified differences readout.gain)",
    ),
    Cause(
        "ADC bits",
        ("ADC bits",),
        "raise adc.bits, or read amplified differences (a readout of kind cds; not of "
        "oscillators)",
        nudge=True,
    ),
    Cause("ADC noise", ("ADC noise",), "lower adc.noise", nudge=True),
    _channels("ADC", "adc"),
    Cause("readout gain mismatch", ("readout gain mismatch",), "lower readout.gain_spread"),
    Cause("CDS noise", ("CDS noise",), "lower readout.noise_V", nudge=True),
    Cause("correlator offset", ("correlator offset",), "lower readout.offset_V"),
    Cause("correlator noise", ("correlator noise",), "lower readout.noise", nudge=True),
    _range("correlator", "readout", "range", (), "lower flow.beta or the batch"),
    Cause("correlator bits", ("correlator bits",), "raise readout.bits, or fit readout.range"),
    _range("ammeter", "current_sense", "range_A", _OFFSET, "lower node.unit_V"),
    Cause("ammeter bits", ("ammeter bits",), "raise current_sense.bits"),
    _channels("ammeter", "current_sense"),
)  # fmt: skip


def causes_of(profile: Profile) -> list[Cause]:
    """Those that this profile has; no phase is beyond half a turn."""
    there = {source.name for source in present(profile)}
    found = [cause for cause in CAUSES if there.intersection(cause.sources)]
    return [cause for cause in found if not cause.ranges or _widenable(profile, cause)]


def switched_off(profile: Profile, cause: Cause) -> Profile:
    """The chip without this cause, all else as it is."""
    if cause.ranges:
        return _widened(profile, cause)
    return without(profile, *(s.name for s in _with_fields(profile, cause)))


def alone(profile: Profile, cause: Cause) -> Profile:
    """A chip that is ideal but for this cause, and for what that needs."""
    return only(profile, *(s.name for s in _with_fields(profile, cause)))


def _with_fields(profile: Profile, cause: Cause) -> Iterable[Any]:
    return (s for s in present(profile) if s.name in cause.sources and s.fields)


def _widened(profile: Profile, cause: Cause) -> Profile:
    """With ranges some 2^3 times as wide, and three bits more, so that a step is what it was.

    Phases are driven and read over half a turn at most, in steps that are then finer.
    """
    block = cause.ranges[0].partition(".")[0]
    factors = {path: _widening(profile, path) for path in cause.ranges}
    shared, changes = max(factors.values()), dict[str, Any]()
    for path, times in [*factors.items(), *((path, 1 / shared) for path in cause.shares)]:
        value = _at(profile, path)
        if value:
            changes[path] = times * value
    bits = _at(profile, f"{block}.bits")
    if bits is not None:
        changes[f"{block}.bits"] = min(bits + _WIDER, _MOST_BITS)
    return profile.with_values(changes)


def _widenable(profile: Profile, cause: Cause) -> bool:
    return any(_widening(profile, path) > 1.001 for path in cause.ranges)


def _widening(profile: Profile, path: str) -> float:
    """How many times as wide this range can be made, some 2^3 at most."""
    node, most = profile.node, 2.0**_WIDER
    bits = _at(profile, f"{path.partition('.')[0]}.bits")
    if bits is not None:
        # A converter of b bits has 2^b - 1 codes.
        most = lsb(1.0, bits) / lsb(1.0, min(bits + _WIDER, _MOST_BITS))
    radian_V = node.visible_radian_V
    radians_V = {
        "dac.range_V": radian_V, "adc.visible_range_V": radian_V, "adc.hidden_range_V": node.unit_V,
    }  # fmt: skip
    range_V, radian_V = _at(profile, path), radians_V.get(path)
    if not node.oscillating or not range_V or radian_V is None:
        return most
    return float(min(most, np.pi * radian_V / range_V))


def _at(profile: Profile, path: str) -> Any:
    """The value there; None where a block is absent."""
    value: Any = profile
    for key in path.split("."):
        value = getattr(value, key, None)
    return value
