"""What a profile must have, or not, where its node law is of a kind: a part of `agreement`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurosim.arguments import shown
from neurosim.blocks.units import format_quantity, format_value

__all__ = ["CHECKS"]

Found = list[tuple[tuple[str, ...], str]]


def _tuning_mistakes(profile: Any) -> Found:
    """Only oscillators have a locking and a frequency of their own; codes need ranges."""
    tuning, found = profile.tuning, Found()
    if tuning is None:
        return found
    if not profile.node.oscillating:
        text = "must be null unless node.law has oscillators, for it tunes phases, but is"
        return [(("tuning",), f"{text} {shown(tuning)}; leave it out")]
    if profile.node.leaks:
        text = "must be null where node.law.graded is stated, for no host learns to tune phases in"
        return [(("tuning",), f"{text} degrees, but is {shown(tuning)}; leave out either")]
    ideal = [name for name in ("range_sync", "range_Hz") if getattr(tuning, name) is None]
    if ideal and tuning.bits:
        are = "is" if len(ideal) == 1 else "are"
        text = f"needs finite ranges, but {' and '.join(ideal)} {are} ideal"
        found.append((("tuning", "bits"), f"{text}; state them, or write bits as 'ideal' too"))
    return found


# What a node that couplings end on does not have, and what single devices do not.
_BARE = (
    ("node", "loading", "is the law's own, 1"),
    ("node", "visible_rail_V", "is of an amplifier"),
    ("node", "buffer", "is of an amplifier"),
    ("node", "output_Ohm", "is of an amplifier"),
    ("node", "bandwidth_Hz", "is of an amplifier"),
    ("mismatch", "gain", "is of an amplifier (that of a reading is adc.channels.gain)"),
    ("mismatch", "offset_V", "is of an amplifier (that of a reading is adc.channels.offset)"),
    ("thermal", "amplifier_excess", "is of an amplifier"),
    ("coupling", "wires", "is of crossbars between amplifiers and virtual grounds"),
    ("coupling", "cubic_per_V2", "is of a device that an amplifier drives"),
)


# Which of these amplifiers between layers have, and which are not built of them.
_OF_AMPLIFIERS = ("gain", "offset_V", "bandwidth_Hz", "amplifier_excess")
_UNBUILT = ("visible_rail_V", "output_Ohm")


def _passive_mistakes(profile: Any) -> Found:
    """Nodes that resistors join have no amplifiers, and single devices join no others."""
    coupling, single = profile.coupling, profile.coupling.single
    found = Found()
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
    bare: Sequence[tuple[str, str, str]] = _BARE
    if profile.node.lifting(profile.network) is not None:
        found.extend(_lifting_mistakes(profile))
        why = "is not built of amplifiers between layers"
        bare = [
            (block, field, why if field in _UNBUILT else text)
            for block, field, text in _BARE
            if field not in _OF_AMPLIFIERS
        ]
    found.extend(_foreign(profile, bare, "node.law has resistors from node to node"))
    return found


def _lifting_mistakes(profile: Any) -> Found:
    """Amplifiers between layers need layers between which they are, and raise no skips."""
    found, layers = Found(), profile.network
    if len(layers.sizes) < 3:
        text = "must be none where there is no hidden layer before the last one, but is"
        found.append((("node", "law", "gain"), f"{text} {profile.node.law.gain:g}; add a layer"))
    if not layers.only_next:
        text = "must couple layers to the next alone where node.law has amplifiers between layers"
        found.append((("pattern",), f"{text}; leave out skips, or write node.law.gain as none"))
    injectors, last = profile.injectors, len(layers.sizes) - 1
    if injectors is not None and layers.numbers(injectors.layers) != (last,):
        text = "must be the last layer alone where node.law has amplifiers between layers"
        found.append((("injectors", "layers"), f"{text}; write [-1]"))
    return found


def _foreign(profile: Any, fields: Sequence[tuple[str, str, str]], where: str) -> Found:
    """What a profile states of these fields that its machine does not have."""
    found = Found()
    for block, field, why in fields:
        value = getattr(getattr(profile, block), field, None)
        if value:
            said = format_value(field, value) if isinstance(value, float) else shown(value)
            text = f"must be ideal where {where}, for it {why}, but is {said}; write it as 'ideal'"
            found.append(((block, field), text))
    return found


# What phases do not have, and what does not read or drive them yet.
_OF_VOLTAGES = (
    *(found for found in _BARE if found[1] not in ("loading", "amplifier_excess")),
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
        if range_V is not None and range_V > 1.001 * half_turn_V:
            text = "must be at most pi x node.unit_V, half a turn"
            if radian_V != unit_V:
                text = "must be at most pi x node.unit_V / visible_rad, half a turn"
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


# Each of a `neurosim.profile.Profile`.
CHECKS = (_tuning_mistakes, _passive_mistakes, _oscillator_mistakes)
