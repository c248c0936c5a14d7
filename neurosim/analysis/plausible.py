"""What is amiss in a profile that is valid: numbers far from any chip's, or of no effect.

`MISTAKES` finds what the model would cut off in silence, `WARNINGS` what is odd; each is a list of
functions from a profile to lines of text, so that another check is one more function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.trial import refused
from neurosim.blocks.block import Block, is_number
from neurosim.blocks.units import format_quantity
from neurosim.devices import LevelTable, LogRelaxation, PowerLaw, TableDrift
from neurosim.devices.curves import evaluate
from neurosim.profile import Profile

__all__ = ["MISTAKES", "WARNINGS", "mistakes_in", "warnings_in"]

Array = NDArray[np.float64]
Check = Callable[[Profile], Iterator[str]]

# Unit by the suffix of a field, and the range of what has been built.
_USUAL: dict[str, tuple[float, float]] = {
    "S": (1e-13, 0.1), "F": (1e-16, 1e-2), "V": (1e-9, 100), "A": (1e-15, 10), "s": (1e-12, 1e10),
    "Hz": (1e-2, 1e12), "J": (1e-20, 1e3), "W": (1e-15, 1e4), "K": (1e-3, 500), "Ohm": (1e-3, 1e13),
}  # fmt: skip
# A conductance this many times above the top of the couplings' range, or below it, is in no unit of
# theirs.
_FAR = 1e4
_SLOWEST_S, _FASTEST_S = 10.0, 1e-11


def mistakes_in(profile: Profile) -> list[str]:
    """What the model would cut off, a line each."""
    return [line for check in MISTAKES for line in check(profile)]


def warnings_in(profile: Profile) -> list[str]:
    """What is odd, a line each."""
    return [line for check in WARNINGS for line in check(profile)]


def _range_S(profile: Profile) -> tuple[float, float]:
    """Lowest and highest conductance of a device."""
    idle_S = profile.coupling.idle_S
    return idle_S, idle_S + profile.coupling.range_S(profile.node.leak_S)


def _conductances(profile: Profile) -> Array:
    """Some over the range of a device; off is none."""
    low_S, high_S = _range_S(profile)
    return np.linspace(low_S or high_S / 200, high_S, 200)


def _below_zero(path: str, curve: Any, g_S: Array, reference_S: float, so: str) -> Iterator[str]:
    value = evaluate(curve, g_S / reference_S)
    at = int(np.argmin(value))
    if value[at] < 0:
        yield (
            f"{path}: must be at least 0 over the couplings' range, but is {value[at]:.3g} at "
            f"{format_quantity(g_S[at], 'S')}; {so}"
        )


def _negative_drift(profile: Profile) -> Iterator[str]:
    """Exponents and spreads that are cut off at 0."""
    drift, g_S = profile.drift, _conductances(profile)
    if isinstance(drift, PowerLaw):
        so = "such devices would not drift at all: write `law: log`, which goes both ways"
        yield from _below_zero("drift.exponent", drift.exponent, g_S, drift.reference_S, so)
        so = "state a spread"
        spread = drift.exponent_spread
        yield from _below_zero("drift.exponent_spread", spread, g_S, drift.reference_S, so)
    if isinstance(drift, TableDrift):
        start = evaluate(drift.spread[0], g_S / drift.reference_S)
        for k, curve in enumerate(drift.spread):
            path, so = f"drift.spread.{k}", "state a spread"
            yield from _below_zero(path, curve, g_S, drift.reference_S, so)
            less = start - evaluate(curve, g_S / drift.reference_S)
            at = int(np.argmax(less))
            if less[at] > 1e-9 * abs(start[at]):
                yield (
                    f"{path}: must be at least the spread at the first time, which the write draws,"
                    f" but is below it at {format_quantity(g_S[at], 'S')}; correct either"
                )


def _negative_noise(profile: Profile) -> Iterator[str]:
    """Spreads that are cut off at 0, or lose their sign."""
    g_S = _conductances(profile)
    write, noise = profile.write, profile.device_noise
    if write is not None:
        so = (
            "such a device would be written without error: bound it by `least: 0`, or measure there"
        )
        yield from _below_zero("write.noise", write.noise, g_S, write.reference_S, so)
    if noise is not None:
        for name in ("flicker", "short_term"):
            path, so = f"device_noise.{name}", "state a standard deviation"
            yield from _below_zero(path, getattr(noise, name), g_S, noise.reference_S, so)


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
    low_S, high_S = _range_S(profile)
    shown = f"the couplings' {format_quantity(low_S, 'S')} to {format_quantity(high_S, 'S')}"
    for name in ("write", "drift", "device_noise"):
        reference_S = getattr(getattr(profile, name), "reference_S", None)
        if reference_S and not 1 / _FAR < reference_S / high_S < _FAR:
            yield (
                f"{name}.reference_S is {format_quantity(reference_S, 'S')}, orders of magnitude "
                f"beside {shown}: is it in another unit?"
            )
    for path, value_S, what in _sizes(profile, high_S):
        if value_S > high_S - low_S:
            yield (
                f"{path}: {what} {format_quantity(value_S, 'S')}, which is beyond all of {shown}; "
                "devices would hold no weight"
            )
    levels = profile.coupling.levels
    if isinstance(levels, LevelTable):
        first, last = levels.values_S[0], levels.values_S[-1]
        if last < 0.5 * high_S or first > 2 * low_S + 0.1 * high_S or last > 2 * high_S:
            yield (
                f"coupling.levels are {format_quantity(first, 'S')} to "
                f"{format_quantity(last, 'S')}, and {shown}: weights beyond the levels are clipped,"
                " levels beyond the range idle"
            )


def _sizes(profile: Profile, high_S: float) -> Iterator[tuple[str, float, str]]:
    """Spreads and shifts in siemens, at the top of the range: path, size, and what it is."""
    write, drift, top = profile.write, profile.drift, np.array([high_S])
    if write is not None:
        yield "write.noise", float(write.sigma_S(top)[0]), "a write misses by"
        if write.verify is not None:
            yield "write.verify.window_S", write.verify.window_S, "a loop accepts errors of"
    if isinstance(drift, LogRelaxation):
        yield (
            "drift.shift_S",
            abs(drift.shift_S) * np.log(10),
            "in a decade of time devices move by",
        )
        yield "drift.spread_S", drift.spread_S, "devices spread by"
        growth_S = drift.spread_growth_S * np.log(10)
        yield "drift.spread_growth_S", growth_S, "in a decade of time devices spread by"
    if isinstance(drift, TableDrift):
        for k, curve in enumerate(drift.spread):
            spread = drift.reference_S * float(evaluate(curve, top / drift.reference_S)[0])
            yield f"drift.spread.{k}", spread, "devices spread by"
    rest_S = getattr(drift, "rest_S", 0.0)
    yield "drift.rest_S", float(rest_S), "devices come to rest at"


def _trained(profile: Profile) -> Iterator[str]:
    """What training refuses, in its own words."""
    yield from refused(profile)


MISTAKES: tuple[Check, ...] = (_negative_drift, _negative_noise)
WARNINGS: tuple[Check, ...] = (_unusual, _beside_the_range, _trained)
