"""SPICE text of amplifiers and laws, class by class.

A class is looked up as it is, not by what it inherits: what a subclass changes, a netlist would
otherwise leave out without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from neurosim.circuit import (
    Amplifier,
    Gradient,
    Hopfield,
    Imperfect,
    Law,
    Linear,
    Measured,
    Oscillator,
    Resistive,
    Silu,
    Tanh,
)
from neurosim.errors import DataError

__all__ = [
    "AMPLIFIERS",
    "LAWS",
    "AmplifierText",
    "Characteristic",
    "LawText",
    "amplifier_text",
    "law_text",
]


class Characteristic(NamedTuple):
    """Expressions of one amplifier's output [V] and of its slope, which is `factor` x `slope`."""

    output: str
    slope: str
    factor: float = 1.0


class LawText(NamedTuple):
    """How the nodes of a law are written.

    Attributes
    ----------
    name : str
        Stands in the title.
    into : str
        SPICE node, less its number, into which couplings and bias drive their current.
    lines : callable
        Further lines of one node from its number, its `Characteristic` and a typical conductance.
    """

    name: str
    into: str
    lines: Callable[[int, Characteristic, float], list[str]]


# From an amplifier and the text of z = u / unit_V, with its offset and gain in it.
AmplifierText = Callable[[Any, str], Characteristic]


def _tanh(amplifier: Tanh, z: str) -> Characteristic:
    return Characteristic(f"{amplifier.unit_V:.17g}*tanh({z})", f"(1-tanh({z})*tanh({z}))")


def _silu(amplifier: Silu, z: str) -> Characteristic:
    sigmoid = f"(0.5+0.5*tanh(0.5*({z})))"  # Unlike 1 / (1 + exp(-z)) it cannot overflow.
    a = f"tanh({1 / amplifier.clamp:.17g}*({z})*{sigmoid})"
    output = f"{amplifier.unit_V * amplifier.clamp:.17g}*{a}"
    return Characteristic(output, f"(1-{a}*{a})*{sigmoid}*(1+({z})*(1-{sigmoid}))")


def _linear(amplifier: Linear, z: str) -> Characteristic:
    if amplifier.rail_V is None:
        return Characteristic(f"{amplifier.unit_V:.17g}*({z})", "1")
    limit = amplifier.rail_V / amplifier.unit_V
    within = f"max({-limit:.17g},min({limit:.17g},{z}))"
    return Characteristic(f"{amplifier.unit_V:.17g}*{within}", f"u({limit:.17g}-abs({z}))")


def _measured(amplifier: Measured, z: str) -> Characteristic:
    """The cubics themselves, found by halving; an interpolated table would be another amplifier."""
    at_V, cubics = amplifier.pieces
    u = f"({amplifier.unit_V:.17g}*({z}))"

    def chosen(first: int, last: int, terms: Callable[[int, str], str]) -> str:
        if last - first == 1:
            return terms(first, f"({u}-({at_V[first]:.17g}))")
        middle = (first + last) // 2
        below, above = chosen(first, middle, terms), chosen(middle, last, terms)
        return f"({u}<({at_V[middle]:.17g})?{below}:{above})"

    def output(k: int, d: str) -> str:
        a, b, c, e = cubics[:, k]
        return f"((({a:.17g})*{d}+({b:.17g}))*{d}+({c:.17g}))*{d}+({e:.17g})"

    def slope(k: int, d: str) -> str:
        a, b, c, _ = cubics[:, k]
        return f"(({3 * a:.17g})*{d}+({2 * b:.17g}))*{d}+({c:.17g})"

    def whole(terms: Callable[[int, str], str], low: float, high: float) -> str:
        low_V, high_V = amplifier.ends_V
        inner = chosen(0, cubics.shape[1], terms)
        return f"({u}<({low_V:.17g})?({low:.17g}):({u}>({high_V:.17g})?({high:.17g}):{inner}))"

    ends = tuple(amplifier.output_V(np.array(amplifier.ends_V)))
    return Characteristic(whole(output, *ends), whole(slope, 0.0, 0.0))


def _multiplier(node: int, amplifier: Characteristic, scale_S: float) -> list[str]:
    """A resistor makes a voltage of the sum; a source drives it into u, multiplied by the slope."""
    # The resistance gives that voltage the scale of u: one tolerance serves both.
    return [
        f"BI{node} 0 u{node} I={amplifier.factor * scale_S:.17g}*v(w{node})*{amplifier.slope}",
        f"RW{node} w{node} 0 {1 / scale_S:.17g}",
    ]


AMPLIFIERS: Mapping[type, AmplifierText] = MappingProxyType(
    {Tanh: _tanh, Silu: _silu, Linear: _linear, Measured: _measured}
)
LAWS: Mapping[type, LawText] = MappingProxyType(
    {
        Hopfield: LawText("hopfield", "u", lambda node, amplifier, scale_S: []),
        Gradient: LawText("gradient", "w", _multiplier),
        Resistive: LawText("resistive", "u", lambda node, amplifier, scale_S: []),
        Oscillator: LawText("oscillator", "u", lambda node, amplifier, scale_S: []),
    }
)


def law_text(law: Law, also: Mapping[type, Any]) -> LawText:
    """How the nodes of `law` are written; `also` has texts of further classes."""
    found = also.get(type(law)) or LAWS.get(type(law))
    if found is None:
        name = type(law).__name__
        wrong = (
            f"A SPICE netlist needs a law that it has a text for, {_names(LAWS)}, but got {name}"
        )
        raise DataError(
            f"{wrong}; give one as netlist(..., also={{{name}: LawText(...)}}).",
            f"{wrong}; export a table, such as weights.csv, or give a text in Python, "
            f"netlist(..., also={{{name}: LawText(...)}}).",
        )
    return found


def amplifier_text(
    amplifier: Amplifier, place: int, node: int, also: Mapping[type, Any]
) -> Characteristic:
    """Text of the amplifier of node number `node`, the one at `place` of its kind.

    Parameters
    ----------
    amplifier : Amplifier
    place, node : int
    also : mapping from type to AmplifierText
        Texts of further classes.
    """
    u, gain, attenuation = f"v(u{node})", 1.0, None
    if isinstance(amplifier, Imperfect):
        offset_V, gain = amplifier.offset_V[place], float(amplifier.gain[place])
        u = f"(v(u{node})+({offset_V:.17g}))" if offset_V else u
        attenuation = amplifier.attenuation[place] if (amplifier.attenuation != 1).any() else None
        amplifier = amplifier.base
    write = also.get(type(amplifier)) or AMPLIFIERS.get(type(amplifier))
    if write is None:
        raise DataError(
            f"A SPICE netlist needs an amplifier that it has a text for, {_names(AMPLIFIERS)}, but "
            f"got {type(amplifier).__name__}; give one as netlist(..., "
            f"also={{{type(amplifier).__name__}: function}})."
        )
    output, slope, factor = write(amplifier, f"{gain / amplifier.unit_V:.17g}*{u}")
    if attenuation is not None:
        output, slope = f"{attenuation:.17g}*({output})", f"{attenuation:.17g}*({slope})"
    return Characteristic(output, slope, gain * factor)


def _names(texts: Mapping[type, Any]) -> str:
    return ", ".join(cls.__name__ for cls in texts)
