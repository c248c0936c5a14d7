"""Every imperfection of a profile by name, and copies of a profile with some of them switched off.

A source is one or more fields of `neurosim.profile.Profile` that can be `ideal`. `STRUCTURE` names
the fields that are no imperfection; a test walks the profile's blocks and fails for a field that
is in neither table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from neurosim.blocks.block import Block
from neurosim.errors import DataError
from neurosim.profile import Profile

__all__ = ["SETTINGS", "SOURCES", "STRUCTURE", "Source", "ideal", "only", "present", "without"]

Drawn = Literal["design", "fabrication", "write", "time", "drive", "settle", "store", "read"]
Phases = Literal["common", "partly", "own"]


@dataclass(frozen=True)
class Source:
    """One imperfection.

    Parameters
    ----------
    name : str
    fields : tuple of str
        Paths in the profile, each of which says `ideal` where there is no such effect.
    drawn : str
        When its value is decided; `design` is the same for every die.
    phases : {"common", "partly", "own"}
        Whether the phases of a presentation share what it draws, so that it cancels, to first
        order, in their difference.
    needs : tuple of str
        Fields of other sources without which it has no meaning; they stay on with it.
    quiet : bool
        It does not need the noise in the dynamics that its `needs` bring with them.
    of : str
        What a node must say of itself, a property of `neurosim.circuit.Node`, for there to be such
        an effect; empty: any node may have it.
    """

    name: str
    fields: tuple[str, ...]
    drawn: Drawn
    phases: Phases
    needs: tuple[str, ...] = ()
    quiet: bool = False
    of: str = ""


_ADC_RANGES = ("adc.visible_range_V", "adc.hidden_range_V")
_DAC_RANGE = ("dac.range_V",)
_AMMETER_RANGE = ("current_sense.range_A",)
_INJECTOR_RANGE = ("injectors.range_A", "injectors.range_Hz")
_SUMS_RANGE = ("readout.range",)
_FAULTS = ("faults.stuck_low", "faults.stuck_high", "faults.dead", "faults.open")
_KELVIN = "thermal.temperature_K"
_EXCESS = "thermal.amplifier_excess"


def _channels(name: str, block: str, ranges: tuple[str, ...]) -> tuple[Source, ...]:
    """Errors of the channels of a converter, fixed at fabrication."""
    path, bits = f"{block}.channels", f"{block}.bits"
    return (
        Source(
            f"{name} offset",
            (f"{path}.offset", f"{path}.offset_V"),
            "fabrication",
            "common",
            ranges,
        ),
        Source(f"{name} gain error", (f"{path}.gain",), "fabrication", "common"),
        Source(f"{name} INL", (f"{path}.inl_lsb",), "fabrication", "partly", (*ranges, bits)),
    )


SOURCES = (
    Source("leak mismatch", ("mismatch.leak",), "fabrication", "common"),
    Source("capacitance mismatch", ("mismatch.capacitance",), "fabrication", "partly"),
    Source("coupling mismatch", ("mismatch.coupling",), "fabrication", "common"),
    Source("spring mismatch", ("mismatch.spring",), "fabrication", "partly"),
    Source("gain mismatch", ("mismatch.gain",), "fabrication", "common"),
    Source("amplifier offset", ("mismatch.offset_V",), "fabrication", "common"),
    Source("faulty devices", _FAULTS, "fabrication", "common"),
    Source("detuning", ("node.law.detuning_Hz",), "fabrication", "common"),
    Source("Sakaguchi angle", ("node.law.angle_rad",), "design", "common"),
    Source("interaction", ("node.law.interaction",), "design", "common"),
    Source("loading", ("node.loading",), "design", "common"),
    Source("visible rails", ("node.visible_rail_V",), "design", "common"),
    Source("visible buffers", ("node.buffer",), "design", "common"),
    Source("output resistance", ("node.output_Ohm",), "design", "common"),
    Source("wires", ("coupling.wires",), "design", "common"),
    Source("device nonlinearity", ("coupling.cubic_per_V2",), "design", "common"),
    Source("amplifier bandwidth", ("node.bandwidth_Hz",), "design", "partly"),
    Source("weight levels", ("coupling.levels",), "write", "common"),
    Source("programming noise", ("write.noise",), "write", "common"),
    Source("drift", ("drift",), "time", "common"),
    Source("DAC range", _DAC_RANGE, "drive", "common"),
    Source("DAC bits", ("dac.bits",), "drive", "partly", _DAC_RANGE),
    Source("DAC noise", ("dac.noise_V",), "drive", "own"),
    *_channels("DAC", "dac", _DAC_RANGE),
    Source("injector range", _INJECTOR_RANGE, "drive", "partly"),
    Source("injector bits", ("injectors.bits",), "drive", "partly", _INJECTOR_RANGE),
    Source("injector noise", ("injectors.noise_A", "injectors.noise_Hz"), "drive", "own"),
    Source("thermal noise", (_KELVIN,), "settle", "own", of="has_thermal_noise"),
    Source("phase diffusion", ("node.law.linewidth_Hz",), "settle", "own", (_KELVIN,)),
    Source("amplifier noise", (_EXCESS,), "settle", "own", (_KELVIN,)),
    Source(
        "amplifier flicker", ("thermal.flicker_corner_Hz",), "settle", "partly", (_KELVIN, _EXCESS)
    ),
    Source("device flicker", ("device_noise.flicker",), "settle", "partly"),
    Source("device telegraph", ("device_noise.telegraph",), "settle", "partly"),
    Source("device short-term", ("device_noise.short_term",), "settle", "own"),
    Source("hold kT/C", (), "store", "own", (_KELVIN,), quiet=True, of="has_hold"),
    Source("ADC range", _ADC_RANGES, "read", "partly"),
    Source("ADC bits", ("adc.bits",), "read", "partly", _ADC_RANGES),
    Source("ADC noise", ("adc.noise",), "read", "own", _ADC_RANGES),
    *_channels("ADC", "adc", _ADC_RANGES),
    Source("readout gain mismatch", ("readout.gain_spread",), "fabrication", "common"),
    Source("CDS noise", ("readout.noise_V",), "read", "own"),
    Source("correlator offset", ("readout.offset_V",), "fabrication", "common"),
    Source("correlator noise", ("readout.noise",), "read", "own"),
    Source("correlator range", _SUMS_RANGE, "read", "own"),
    Source("correlator bits", ("readout.bits",), "read", "own", _SUMS_RANGE),
    Source("ammeter range", _AMMETER_RANGE, "read", "own"),
    Source("ammeter bits", ("current_sense.bits",), "read", "own", _AMMETER_RANGE),
    *_channels("ammeter", "current_sense", _AMMETER_RANGE),
)

SETTINGS = ("host.settle_tau", "host.beta")

# What a chip is, and what no gradient sees, each with the reason why it is no source.
STRUCTURE = {
    "name": "text",
    "summary": "text",
    "description": "text",
    "layers": "the network",
    "sources": "the network",
    "injectors.layers": "the network",
    "pattern": "the network",
    "tuning.bits": "acts on what nodes are tuned to, not on a gradient",
    "tuning.range_sync": "a limit of what nodes are tuned to",
    "tuning.range_Hz": "a limit of what nodes are tuned to",
    "node.law.law": "the network",
    "node.law.visible": "the network",
    "node.law.hidden": "the network",
    "node.law.diode": "the network",
    "node.law.gain": "the network",
    "node.law.sync": "the network",
    "node.law.graded": "the network",
    "node.law.ramp_s": "the network",
    "node.law.amplitude_V": "cost",
    "node.amplifier": "the network",
    "node.unit_V": "scale",
    "node.leak_S": "scale",
    "node.capacitance_F": "scale",
    "node.release_capacitance_F": "scale, of samples",
    "node.hold": "whether the free phase is stored or repeated",
    "spring.max_S": "a limit that raises",
    "coupling.encoding": "acts through mismatch, noise and loading",
    "coupling.full_scale": "scale; the host keeps its weights within it",
    "coupling.parasitic_F": "scale; read more slowly to settle as far",
    "coupling.idle_S": "acts through mismatch, noise and loading",
    "coupling.directions": "acts through mismatch and noise",
    "write.reference_S": "unit of the programming noise",
    "write.verify": "acts through the programming noise",
    "write.pulses": "cost",
    "write.pulse_s": "cost",
    "write.pulse_J": "cost",
    "device_noise.relative_to": "unit of the device noise",
    "device_noise.reference_S": "unit of the device noise",
    "device_noise.slowest_s": "band of the device noise",
    "dac.channels.count": "which nodes share a channel",
    "adc.channels.count": "which nodes share a channel",
    "current_sense.channels.count": "which nodes share a channel",
    "adc.auto_range": "makes the steps of the ADC's bits smaller",
    "readout.kind": "which readout",
    "readout.gain": "scale",
    "readout.layer_gain": "scale",
    "readout.auto_range": "makes the steps of the correlators' bits smaller",
    "readout.capacitance_F": "its kT/C comes with thermal noise and is common to the phases",
    "thermal.noise_gain": "how large the amplifier noise is",
    "pulse": "acts on updates, not on a gradient",
    "supply": "cost",
    "settling": "how the simulator computes",
    "host.settle_tau": "a setting, measured in a row of its own",
    "host.beta": "a setting, measured in a row of its own",
    "host.refresh_s": "acts between presentations, not on a gradient",
    "host.inputs": "what is presented",
    "host.input_gain": "what is presented",
}


def ideal(profile: Profile) -> Profile:
    """Copy with every source off."""
    return only(profile)


def only(profile: Profile, *names: str) -> Profile:
    """Copy with all sources off but these and what they need.

    Parameters
    ----------
    profile : Profile
    *names : str
        Of `SOURCES`.

    Raises
    ------
    DataError
        There is no such source.
    """
    chosen = [_named(name) for name in names]
    kept = {path for source in chosen for path in (*source.fields, *source.needs)}
    off = [path for source in SOURCES for path in source.fields if path not in kept]
    changes: dict[str, Any] = {path: "ideal" for path in off if not _is_ideal(profile, path)}
    for block in ("adc", "readout"):
        if f"{block}.bits" in changes and getattr(getattr(profile, block), "auto_range", False):
            changes[f"{block}.auto_range"] = False
    return profile.with_values(changes)


def without(profile: Profile, *names: str) -> Profile:
    """Copy with these sources off, and those that need them; see `only`.

    Raises
    ------
    DataError
        There is no such source, or it comes with another and cannot be off by itself.
    """
    for name in names:
        if not _named(name).fields:
            owner = next(s.name for s in SOURCES if s.fields == _named(name).needs)
            raise DataError(f"{name} cannot be off by itself; switch off {owner}, which makes it.")
    gone = {path for name in names for path in _named(name).fields}
    there = present(profile)
    left = [s.name for s in there if s.name not in names and not gone & set(s.needs)]
    return only(profile, *left)


def present(profile: Profile) -> tuple[Source, ...]:
    """The sources that this profile has, in the order of `SOURCES`."""

    def has(source: Source) -> bool:
        if source.of and not getattr(profile.node, source.of):
            return False
        return any(not _is_ideal(profile, path) for path in source.fields or source.needs)

    return tuple(source for source in SOURCES if has(source))


def _named(name: str) -> Source:
    found = [source for source in SOURCES if source.name == name]
    if not found:
        names = ", ".join(source.name for source in SOURCES)
        raise DataError(f"A noise source must be one of {names}, but is {name!r}.")
    return found[0]


def _is_ideal(profile: Profile, path: str) -> bool:
    """Whether a field has no effect; one of a block, or of its kind, that is absent has none."""
    value: Any = profile
    for key in path.split("."):
        if value is None:
            return True
        value = getattr(value, key, None)
    return not _says_something(value)


def _says_something(value: Any) -> bool:
    """Whether a value is anything but absent, zero or a curve of zeros."""
    if isinstance(value, Block):
        return True
    if isinstance(value, Mapping):
        return any(_says_something(v) for v in value.values())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return any(_says_something(v) for v in value)
    return bool(value)
