"""What is amiss in a profile that can be read: what training refuses, and what is odd.

`WARNINGS` finds numbers that are orders of magnitude beside any chip's, `ODD` what the model would
cut off in silence, numbers that are not what their source derives and data that do not fit; each
is a list of functions from a profile to lines of text, so that another check is one more function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from neurosim.analysis.figures import MOST_LOST, conductances_S, lost_share, presenting_s, range_S
from neurosim.analysis.trial import refused, unfitting
from neurosim.blocks import sources
from neurosim.blocks.block import Block
from neurosim.blocks.trees import is_number
from neurosim.blocks.units import format_quantity
from neurosim.profile import Profile

__all__ = ["ODD", "WARNINGS", "mistakes_in", "warnings_in"]

Check = Callable[[Profile], Iterator[str]]

# Unit by the suffix of a field, and the range of what has been built.
_USUAL: dict[str, tuple[float, float]] = {
    "S": (1e-13, 0.1), "F": (1e-17, 1e-2), "V": (1e-9, 100), "A": (1e-15, 10), "s": (1e-12, 1e10),
    "Hz": (1e-2, 1e12), "J": (1e-20, 1e3), "W": (1e-15, 1e4), "K": (1e-3, 500), "Ohm": (1e-3, 1e13),
}  # fmt: skip
# A reference this many times above the top of the couplings' range, or below it, is in no unit of
# theirs.
_FAR = 3e3
# A spread of pulses beyond so many steps is in no unit of theirs, and a device that loses so much
# of the range within a day holds no weight.
_MOST_STEPS, _LOST, _DAY_S = 20.0, 0.9, 86400.0
# Of a unit a range or a rail, of a range noise, of a time constant an amplifier's own, time
# constants of a settle, and of a unit or a weight what strays.
_NARROW, _NOISY, _LAGS, _SHORT, _FAR_OFF = 0.5, 0.2, 1.0, 1.0, 0.3
# Temperatures of rooms and of hot chips, in degrees that are not K.
_CELSIUS = (15.0, 130.0)
# Time constants that a read should wait for, and nodes of which this much slower ones are few.
_SETTLED, _SLOWER = 3.0, 1.5
_SLOWEST_S, _FASTEST_S = 10.0, 1e-11


def mistakes_in(profile: Profile) -> list[str]:
    """What training would refuse, and a drift that the model does not have, a line each.

    A chip of numbers far from any may take an engine without end, so that it is made and not run.
    """
    far = any(line for check in WARNINGS for line in check(profile))
    return [*_lost(profile), *refused(profile, settles=not far)]


def warnings_in(profile: Profile) -> list[str]:
    """What is odd, a line each: a chip can be made of it, and be trained."""
    lost = _lost(profile)
    found = [line for check in (*ODD, *WARNINGS) for line in check(profile)]
    return [line for line in found if line not in lost]


def _lost(profile: Profile) -> list[str]:
    """What devices do that the model would not."""
    return [line for line in _cut_off(profile) if line.startswith("drift.exponent:")]


def _cut_off(profile: Profile) -> Iterator[str]:
    """What devices say of themselves that they cut off, as `cut_off` of a block has it."""
    for name in type(profile).model_fields:
        own = getattr(getattr(profile, name), "cut_off", None)
        for field, text in own(conductances_S(profile)) if own else ():
            yield f"{name}.{field}: {text}"


def _underived(profile: Profile) -> Iterator[str]:
    """Numbers that are not what their source derives, as where another one was changed."""
    for number in sources.numbers_of(profile):
        if number.mistake:
            yield (
                f"{number.path}: {number.mistake}, by `equals` of its source; correct the number, "
                "or leave out that `equals` and say in the text where the number is from"
            )


def numbers_of(block: Block, path: str = "") -> Iterator[tuple[str, str, float]]:
    """Path, name and value of every number of a block, however deep; sources are none."""
    for name in type(block).model_fields:
        yield from _numbers(getattr(block, name), f"{path}{name}", name)


def _numbers(value: Any, path: str, name: str) -> Iterator[tuple[str, str, float]]:
    if isinstance(value, Block):
        yield from numbers_of(value, f"{path}.")
    elif isinstance(value, tuple | list):
        for k, item in enumerate(value):
            yield from _numbers(item, f"{path}.{k}", name)
    elif is_number(value):
        yield path, name, float(value)


def _unusual(profile: Profile) -> Iterator[str]:
    """Numbers with a unit that are orders of magnitude beside what has been built."""
    for path, name, value in numbers_of(profile):
        unit = name.rpartition("_")[2] if "_" in name else ""
        low, high = _USUAL.get(unit, (0.0, np.inf))
        if value and not low <= abs(value) <= high:
            yield (
                f"{path} is {format_quantity(value, unit)}; chips have "
                f"{format_quantity(low, unit)} to {format_quantity(high, unit)}: is the prefix "
                "right?"
            )
    tau_s = profile.node.tau_s
    if not _FASTEST_S <= tau_s <= _SLOWEST_S:
        yield (
            f"node: the time constant capacitance_F / leak_S is {format_quantity(tau_s, 's')}; "
            "mind the prefixes of both"
        )


def _beside_the_range(profile: Profile) -> Iterator[str]:
    """Blocks of devices that speak of other conductances than the couplings have."""
    low_S, high_S = range_S(profile)
    shown = f"the couplings' {format_quantity(low_S, 'S')} to {format_quantity(high_S, 'S')}"
    for name in ("write", "drift", "device_noise"):
        reference_S = getattr(getattr(profile, name), "reference_S", None)
        if reference_S and not 1 / _FAR < reference_S / high_S < _FAR:
            yield (
                f"{name}.reference_S is {format_quantity(reference_S, 'S')}, orders of magnitude "
                f"beside {shown}: is it in another unit?"
            )
    for name in ("write", "drift", "pulse", "device_noise"):
        block = getattr(profile, name)
        numbers = numbers_of(block, f"{name}.") if isinstance(block, Block) else ()
        for path, field, value_S in numbers:
            if field.endswith("_S") and field != "reference_S" and abs(value_S) > high_S - low_S:
                yield f"{path} is {format_quantity(value_S, 'S')}, beyond all of {shown}"
    for text, sigma_S in _deviations(profile):
        if sigma_S > high_S - low_S:
            yield (
                f"{text} {format_quantity(sigma_S, 'S')}, beyond all of {shown}: devices would "
                "hold no weight"
            )
    if (lost_S := _lost_in_a_day_S(profile)) > _LOST * (high_S - low_S):
        yield (
            f"drift: within a day a mean device goes by {format_quantity(lost_S, 'S')} of {shown}: "
            "devices would hold no weight"
        )
    for path, field, value in numbers_of(profile.pulse, "pulse.") if profile.pulse else ():
        if field.endswith(("_noise", "_noise_additive", "_spread")) and value > _MOST_STEPS:
            yield f"{path} is {value:g} times what it spreads: is it in percent?"
    levels_S = profile.coupling.levels_S(profile.node.leak_S)
    if levels_S is not None:
        first, last = float(levels_S[0]), float(levels_S[-1])
        if last < 0.5 * high_S or first > 2 * low_S + 0.1 * high_S or last > 2 * high_S:
            yield (
                f"coupling.levels are {format_quantity(first, 'S')} to "
                f"{format_quantity(last, 'S')}, and {shown}: weights beyond the levels are clipped,"
                " levels beyond the range idle"
            )


def _deviations(profile: Profile) -> Iterator[tuple[str, float]]:
    """How far devices are from what they should hold, at worst over the range; in words first."""
    targets_S = conductances_S(profile)
    if profile.write is not None:
        yield "write.noise: a write misses by", float(profile.write.sigma_S(targets_S).max())
    noise = profile.device_noise
    if noise is not None:
        variances = noise.variance(targets_S, profile.node.tau_s, profile.node.tau_s, None)
        sigma_S = float(np.sqrt(sum(np.max(one) for one in variances)))
        yield "device_noise: a conductance fluctuates by", sigma_S


def _lost_in_a_day_S(profile: Profile) -> float:
    """How far a mean device goes that drifts from when it is written, at worst over the range."""
    drift, targets_S = profile.drift, conductances_S(profile)
    if drift is None or not drift.at_write:
        return 0.0
    at_day = np.full_like(targets_S, _DAY_S)
    left_S = drift.aged(targets_S, targets_S, at_day, np.zeros_like(targets_S))
    return float(np.abs(left_S - targets_S).max())


def _slow_nodes(profile: Profile) -> Iterator[str]:
    """Nodes that the capacitance of their couplings makes too slow for a read."""
    per_node = profile.network.couplings_per_node.max()
    slower = 1 + per_node * profile.coupling.parasitic_F / profile.node.capacitance_F
    settle_tau = profile.host.settle_tau
    if slower > _SLOWER and settle_tau < _SETTLED * slower:
        yield (
            f"coupling.parasitic_F makes nodes up to {slower:.3g} times as slow as C/g; "
            f"host.settle_tau of {settle_tau:g} is short for that"
        )


def _odd_law(profile: Profile) -> Iterator[str]:
    """What a law finds odd in its own numbers, as its `doubts` has it."""
    node, doubts = profile.node, getattr(profile.node.law, "doubts", None)
    if doubts is None:
        return
    most_pull = float(profile.network.couplings_per_node.max()) * profile.coupling.full_scale
    for field, text in doubts(most_pull, node.tau_s, profile.host.settle_tau * node.tau_s):
        yield f"node.law.{field} {text}"


def _long_wires(profile: Profile) -> Iterator[str]:
    """Wires to the farthest cell that resist more than a device of full scale does."""
    wires, widest = profile.coupling.wires, max(profile.layers)
    if wires is None:
        return
    n_segments = min(wires.rows, 2 * widest) + min(wires.columns, widest)
    wire_Ohm = n_segments * wires.segment_Ohm
    share = wire_Ohm * profile.coupling.full_scale * profile.node.leak_S
    if share > 1:
        yield (
            f"coupling.wires: the farthest cell lies behind {format_quantity(wire_Ohm, 'Ohm')} of "
            f"wire, {share:.2g} times the resistance of a device of full scale: is segment_Ohm "
            "that of one cell?"
        )


def _far_offsets(profile: Profile) -> Iterator[str]:
    """Offsets beyond the range of their converter."""
    dac, adc = profile.dac, profile.adc
    for name, channels, range_V in (
        ("dac", dac.channels, dac.range_V),
        ("adc", adc.channels, adc.visible_range_V),
    ):
        if channels is not None and range_V is not None and channels.offset_V > range_V:
            yield (
                f"{name}.channels.offset_V is {format_quantity(channels.offset_V, 'V')}, beyond "
                f"all of the range of {format_quantity(range_V, 'V')}"
            )


def _late_refresh(profile: Profile) -> Iterator[str]:
    """Cells that lose what they hold before they are written again."""
    refresh_s = profile.host.refresh_s
    lost = 0.0 if refresh_s is None else lost_share(profile, refresh_s)
    if refresh_s is None or lost <= MOST_LOST:
        return
    how = "refresh sooner"
    if lost_share(profile, presenting_s(profile)) > MOST_LOST:
        how = "take cells that hold longer, for no refresh comes within an update"
    yield (
        f"host.refresh_s: a cell loses {lost:.0%} before it is refreshed after "
        f"{format_quantity(refresh_s, 's', 3)}; {how}"
    )


def _short_of(profile: Profile) -> Iterator[str]:
    """Figures of an array far from what a network can learn with, each with what to do."""
    node, adc, dac, mismatch = profile.node, profile.adc, profile.dac, profile.mismatch
    for place, range_V in (
        ("adc.visible_range_V", adc.visible_range_V),
        ("adc.hidden_range_V", adc.hidden_range_V),
        ("dac.range_V", dac.range_V),
    ):
        is_hidden = "hidden" in place
        unit_V = node.unit_V if is_hidden else node.visible_radian_V or node.unit_V
        enough = "a unit" if is_hidden else "two units"
        if range_V is not None and range_V < _NARROW * unit_V:
            yield (
                f"{place} is {range_V / unit_V:.2g} of a unit, so that most values clip; raise it "
                f"to {enough} or more, or lower node.unit_V"
            )
    temperature_K = profile.thermal.temperature_K
    if temperature_K is not None and _CELSIUS[0] <= temperature_K <= _CELSIUS[1]:
        yield (
            f"thermal.temperature_K is {temperature_K:g} K: is it in degrees Celsius? Then write "
            f"{temperature_K + 273:g} K"
        )
    if adc.noise > _NOISY:
        yield f"adc.noise is {adc.noise:g} of the range, more than what is read"
    lag = node.amplifier_tau_s / node.tau_s
    if lag > _LAGS:
        yield (
            f"node.bandwidth_Hz: amplifiers follow within {lag:.2g} time constants of a node; "
            "raise it, or slow the nodes (more node.capacitance_F)"
        )
    settle_tau = profile.host.settle_tau
    if settle_tau < _SHORT:
        yield f"host.settle_tau is {settle_tau:g}: nodes are read before they settle; take 5"
    if mismatch.offset_V > _FAR_OFF * node.unit_V:
        yield (
            f"mismatch.offset_V is {mismatch.offset_V / node.unit_V:.2g} of a unit; raise "
            "node.unit_V, or take better matched amplifiers"
        )
    for name in ("leak", "capacitance", "coupling", "spring", "gain"):
        sigma = getattr(mismatch, name)
        if sigma > _FAR_OFF:
            yield f"mismatch.{name} is {sigma:.0%}: is it a relative deviation?"
    if node.visible_rail_V is not None and node.visible_rail_V < _NARROW * node.unit_V:
        yield f"node.visible_rail_V is {node.visible_rail_V / node.unit_V:.2g} of a unit; raise it"


WARNINGS: tuple[Check, ...] = (
    _unusual, _beside_the_range, _odd_law, _slow_nodes, _long_wires, _far_offsets,
)  # fmt: skip
ODD: tuple[Check, ...] = (_cut_off, _underived, unfitting, _short_of, _late_refresh)
