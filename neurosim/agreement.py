"""What the blocks of a profile must have in common, mistake by mistake: each a path and a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurosim.arguments import shown
from neurosim.blocks.units import format_quantity
from neurosim.converters import Differences
from neurosim.law_agreement import CHECKS
from neurosim.safe_text import counted

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
        ("injectors", "bits", ["range_Hz" if profile.node.oscillating else "range_A"]),
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
            f"must have one factor for each of {counted(len(profile.layers), 'layer')}, "
            f"but has {len(gains)}; "
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


def _injector_mistakes(profile: Any) -> Found:
    """Limits are currents, or frequencies where nodes oscillate."""
    injectors, found = profile.injectors, Found()
    if injectors is None:
        return found
    right, wrong, what = "A", "Hz", "voltages, which currents drive"
    if profile.node.oscillating:
        right, wrong, what = "Hz", "A", "phases, whose frequencies are tuned"
    for name in ("range", "noise"):
        if value := getattr(injectors, f"{name}_{wrong}"):
            said = format_quantity(value, wrong)
            text = f"must be ideal where nodes are {what}, but is {said}; state {name}_{right}"
            found.append((("injectors", f"{name}_{wrong}"), text))
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


_CHECKS = (
    _range_mistakes,
    _load_mistakes,
    _noise_mistakes,
    _readout_mistakes,
    _place_mistakes,
    _injector_mistakes,
    _pulse_mistakes,
    *CHECKS,
)
