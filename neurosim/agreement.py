"""What the blocks of a profile must have in common, mistake by mistake: each a path and a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurosim.arguments import shown
from neurosim.blocks.units import format_quantity, format_value
from neurosim.converters import Differences

__all__ = ["disagreements"]

Found = list[tuple[tuple[str, ...], str]]


def disagreements(profile: Any) -> Found:
    """All of them of a `neurosim.profile.Profile` of which each block by itself is valid."""
    return [mistake for check in _CHECKS for mistake in check(profile)]


def _range_mistakes(profile: Any) -> Found:
    """A resolution or a relative noise has no meaning over an infinite range."""
    needs = [
        ("dac", "bits", ["range_V"]),
        ("adc", "bits", ["visible_range_V", "hidden_range_V"]),
        ("adc", "noise", ["visible_range_V", "hidden_range_V"]),
        ("current_sense", "bits", ["range_A"]),
        ("injectors", "bits", ["range_A"]),
    ]
    found: Found = []
    for name, field, ranges in needs:
        block = getattr(profile, name)
        ideal = [r for r in ranges if block is not None and getattr(block, r) is None]
        if ideal and getattr(block, field):
            text = f"needs a finite range, but {' and '.join(ideal)} {_are(ideal)} ideal"
            found.append(((name, field), f"{text}; state it, or write {field} as 'ideal' too"))
        channels = getattr(block, "channels", None)
        if channels is None or field != "bits":
            continue
        if channels.offset and ideal:
            text = f"needs a finite range, but {' and '.join(ideal)} {_are(ideal)} ideal; state it"
            found.append(((name, "channels", "offset"), text))
        if channels.offset_V and name == "current_sense":
            text = "must be ideal, for an ammeter has none in volts, but is"
            text = f"{text} {format_quantity(channels.offset_V, 'V')}; state offset instead"
            found.append(((name, "channels", "offset_V"), text))
        if channels.inl_lsb and block.bits is None:
            text = "counts steps, but bits is ideal; state bits, or write inl_lsb as 'ideal' too"
            found.append(((name, "channels", "inl_lsb"), text))
    if profile.adc.auto_range and profile.adc.bits is None:
        text = "must be false where bits is ideal, but is true; state bits, or write it as false"
        found.append((("adc", "auto_range"), text))
    return found


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _readout_mistakes(profile: Any) -> Found:
    """Differences are taken from a state that both nudged phases start from."""
    gains = getattr(profile.readout, "layer_gain", ())
    if gains and len(gains) != len(profile.layers):
        text = (
            f"must have one factor for each of {len(profile.layers)} layers, but has {len(gains)}; "
            "give as many"
        )
        return [(("readout", "layer_gain"), text)]
    if not isinstance(profile.readout, Differences) or profile.node.has_hold:
        return []
    text = (
        "must be plain or correlator where node.hold is none, for a difference is taken from a "
        f"state that is held, but is {shown(profile.readout)}; write node.hold as capacitor"
    )
    return [(("readout",), text)]


def _place_mistakes(profile: Any) -> Found:
    """Sources and injectors are on layers that there are, and the visible nodes have sources."""
    depth, found = len(profile.layers), Found()
    places: list[tuple[tuple[str, ...], tuple[int, ...]]] = [(("sources",), profile.sources)]
    if profile.injectors is not None:
        places.append((("injectors", "layers"), profile.injectors.layers))
    for path, chosen in places:
        if not all(-depth <= k < depth for k in chosen):
            text = f"must name layers from 0 to {depth - 1}, or from the last one, -1, but is"
            found.append((path, f"{text} {list(chosen)}; name those that there are"))
    if not {0, -depth} & set(profile.sources):
        text = f"must name layer 0, whose nodes the host charges, but is {list(profile.sources)}"
        found.append((("sources",), f"{text}; add 0"))
    return found


def _load_mistakes(profile: Any) -> Found:
    """The couplings' load must leave something of a node's nominal conductance for its leak."""
    node, present = profile.node, profile.network.present
    most = int(max(present.sum(axis=0).max(), present.sum(axis=1).max()))
    total_S = (most + 1) * profile.coupling.nominal_load_S(node.leak_S)
    if node.loading * total_S < node.leak_S:
        return []
    text = (
        f"must keep the load of the busiest node, {node.loading:g} x {most} couplings and a bias "
        f"of {format_quantity(total_S, 'S')} in all at weight 0, below leak_S = "
        f"{format_quantity(node.leak_S, 'S')}, but the load is "
        f"{format_quantity(node.loading * total_S, 'S')}; lower it, coupling.idle_S or "
        "coupling.full_scale"
    )
    return [(("node", "loading"), text)]


def _noise_mistakes(profile: Any) -> Found:
    """Noise needs an engine that integrates it."""
    engine, temperature_K = profile.settling, profile.thermal.temperature_K
    if temperature_K is None or engine.noise_step_tau is not None:
        return []
    where, out = "thermal.temperature_K is a number", "thermal.temperature_K"
    if profile.node.diffusion_rad2_per_s:
        where = "node.law has a linewidth_Hz"
        out = "node.law.linewidth_Hz and thermal.temperature_K"
    text = (
        f"must be transient by ETD4 where {where}, but is {engine} at {temperature_K:g} K; write "
        f"{out} as 'ideal' to leave noise out"
    )
    return [(("settling", "engine"), text)]


def _pulse_mistakes(profile: Any) -> Found:
    """Devices that only rise must idle where the weight is zero; pulses come to pairs."""
    pulse, encoding = profile.pulse, profile.coupling.encoding
    if pulse is not None and profile.coupling.single:
        text = "must be ideal where coupling.encoding is single, for pulses are given to pairs, but"
        return [(("pulse",), f"{text} is {shown(pulse)}; write it so, in Python None")]
    if pulse is None or not pulse.only_rises or encoding == "one_sided":
        return []
    text = (
        f"must be both where coupling.encoding is {encoding}, but is {pulse.pair}; rising pairs "
        "need one_sided"
    )
    return [(("pulse", "pair"), text)]


# What a node that couplings end on does not have, and what single devices do not.
_BARE = (
    ("node", "loading", "is the law's own, 1"),
    ("node", "visible_rail_V", "is of an amplifier"),
    ("node", "buffer", "is of an amplifier"),
    ("node", "output_Ohm", "is of an amplifier"),
    ("node", "bandwidth_Hz", "is of an amplifier"),
    ("mismatch", "gain", "is of an amplifier (that of a reading is adc.channels.gain)"),
    ("mismatch", "offset_V", "is of an amplifier (that of a reading is adc.channels.offset)"),
    ("coupling", "wires", "is of crossbars between amplifiers and virtual grounds"),
    ("coupling", "cubic_per_V2", "is of a device that an amplifier drives"),
)


def _passive_mistakes(profile: Any) -> Found:
    """Nodes that resistors join have no amplifiers, and single devices join no others."""
    coupling, single = profile.coupling, profile.coupling.single
    found: Found = []
    if single != profile.node.passive:
        text = "must be single where node.law has resistors from node to node"
        if single:
            text = "must be one_sided or complementary where node.law has amplifiers at its nodes"
        found.append((("coupling", "encoding"), f"{text}, but is {coupling.encoding}; write it so"))
    if single and coupling.least(profile.node.leak_S) >= coupling.full_scale:
        most_S = coupling.full_scale * profile.node.leak_S
        text = (
            "must be below full_scale x node.leak_S, the conductance of the largest weight, "
            f"{format_quantity(most_S, 'S')}, but is {format_quantity(coupling.idle_S, 'S')}; "
            "lower it, or raise full_scale"
        )
        found.append((("coupling", "idle_S"), text))
    if not profile.node.passive:
        return found
    if coupling.separate:
        text = "must be shared where node.law has resistors from node to node, but is"
        found.append((("coupling", "directions"), f"{text} {coupling.directions}; write it so"))
    some_V = profile.node.unit_V * np.array([-3.0, -0.5, 0.5, 3.0])
    if not np.array_equal(profile.node.hidden_amplifier.output_V(some_V), some_V):
        text = "must be linear where node.law has resistors from node to node: they need none, but"
        found.append((("node", "amplifier"), f"{text} is {profile.node.amplifier!r}; write it so"))
    found.extend(_foreign(profile, _BARE, "node.law has resistors from node to node"))
    return found


def _foreign(profile: Any, fields: Sequence[tuple[str, str, str]], where: str) -> Found:
    """What a profile states of these fields that its machine does not have."""
    found: Found = []
    for block, field, why in fields:
        value = getattr(getattr(profile, block), field, None)
        if value:
            said = format_value(field, value) if isinstance(value, float) else shown(value)
            text = f"must be ideal where {where}, for it {why}, but is {said}; write it as 'ideal'"
            found.append(((block, field), text))
    return found


# What phases do not have, and what does not read or drive them yet.
_OF_VOLTAGES = (
    *((block, field, why) for block, field, why in _BARE if field != "loading"),
    ("node", "loading", "is of nodes that conductances end on"),
    ("mismatch", "leak", "is of a leak (oscillators have natural frequencies, law.detuning_Hz)"),
    ("thermal", "amplifier_excess", "is of an amplifier (oscillators have law.linewidth_Hz)"),
    ("supply", "driver", "is of amplifiers that drive direct currents"),
)


def _oscillator_mistakes(profile: Any) -> Found:
    """Phases are read as they are, set by injection, and diffuse."""
    if not profile.node.oscillating:
        return []
    found = _foreign(profile, _OF_VOLTAGES, "nodes oscillate")
    for name, instead in (
        ("device_noise", "ideal"), ("readout", "plain"), ("current_sense", "none"),
        ("injectors", "null"),
    ):  # fmt: skip
        stated = getattr(profile, name)
        if stated is not None:
            text = f"must be {instead} where node.law has oscillators, but is {shown(stated)}"
            found.append(((name,), f"{text}; write it so, in Python None"))
    slopes = profile.node.amplifier.slope(profile.node.unit_V * np.linspace(-3, 3, 7))
    if not np.allclose(slopes, slopes[0]):
        text = "must be linear where node.law has oscillators: a phase puts out its cosine and sine"
        text = f"{text}, but is {profile.node.amplifier!r}; write it so"
        found.append((("node", "amplifier"), text))
    unit_V, visible_V = profile.node.unit_V, profile.node.visible_radian_V
    for field, radian_V in (("visible_range_V", visible_V), ("hidden_range_V", unit_V)):
        range_V, half_turn_V = getattr(profile.adc, field), np.pi * radian_V
        if range_V is not None and not np.isclose(range_V, half_turn_V, rtol=1e-3):
            text = "must be pi x node.unit_V, half a turn"
            if radian_V != unit_V:
                text = "must be pi x node.unit_V / visible_rad, half a turn"
            text = f"{text}, {format_quantity(half_turn_V, 'V')}, or ideal, but is"
            text = f"{text} {format_quantity(range_V, 'V')}; write either"
            found.append((("adc", field), text))
    if profile.adc.auto_range:
        text = "must be false where node.law has oscillators, whose phases all have one range, but"
        found.append((("adc", "auto_range"), f"{text} is true; write it as false"))
    temperature_K = profile.thermal.temperature_K
    if profile.node.has_hold and temperature_K is not None:
        text = (
            "must be none where nodes oscillate at a temperature, for kT/C is no noise of a phase, "
            f"but is {profile.node.hold}; write it so, or thermal.temperature_K as 'ideal'"
        )
        found.append((("node", "hold"), text))
    if profile.node.diffusion_rad2_per_s and temperature_K is None:
        text = (
            "must be a number where node.law has a linewidth_Hz, which is that of some "
            "temperature, but is ideal; state it, or write node.law.linewidth_Hz as 'ideal' too"
        )
        found.append((("thermal", "temperature_K"), text))
    return found


_CHECKS = (
    _range_mistakes,
    _load_mistakes,
    _noise_mistakes,
    _readout_mistakes,
    _place_mistakes,
    _pulse_mistakes,
    _passive_mistakes,
    _oscillator_mistakes,
)
