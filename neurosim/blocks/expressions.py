"""Quantities with units in a text, and expressions of them that are computed with their units.

An expression is arithmetic as a source writes it: ``2 * 100 uA * 5 V``, ``30 * capacitance_F``,
``sqrt(k * 300 K / 100 fF)``. Known are + - * / ^, parentheses, the functions of `FUNCTIONS`, pi and
Boltzmann's constant k. It is read as a syntax tree and walked; nothing is executed.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.constants import Boltzmann

from neurosim.blocks.units import prefix_power

__all__ = ["FUNCTIONS", "Amount", "Expression", "amounts_in", "expression_of", "unit_of_name"]

Powers = tuple[Fraction, ...]
# Powers of kg, m, s, A and K, and the size of the unit.
_UNITS: dict[str, tuple[float, tuple[float, ...]]] = {
    "V": (1, (1, 2, -3, -1, 0)), "A": (1, (0, 0, 0, 1, 0)), "S": (1, (-1, -2, 3, 2, 0)),
    "Ohm": (1, (1, 2, -3, -2, 0)), "F": (1, (-1, -2, 4, 2, 0)), "J": (1, (1, 2, -2, 0, 0)),
    "W": (1, (1, 2, -3, 0, 0)), "Hz": (1, (0, 0, -1, 0, 0)), "rtHz": (1, (0, 0, -0.5, 0, 0)),
    "s": (1, (0, 0, 1, 0, 0)), "K": (1, (0, 0, 0, 0, 1)), "m": (1, (0, 1, 0, 0, 0)),
}  # fmt: skip
_WHOLE = {
    "%": (0.01, (0, 0, 0, 0, 0)), "day": (86400.0, (0, 0, 1, 0, 0)),
    "days": (86400.0, (0, 0, 1, 0, 0)),
}  # fmt: skip
_NUMBER = r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ONE = rf"(?:%|days?|[TGMkmunpfa]?(?:{'|'.join(_UNITS)}))(?:\^\d)?(?![\w%])"
# A space multiplies lengths only, as in mV um: other words follow a quantity.
_QUANTITY = re.compile(rf"({_NUMBER})(?: ?({_ONE}(?:/{_ONE}| um(?:\^\d)?(?!\w))*))?")
_NO_UNIT: Powers = (Fraction(0),) * 5


@dataclass(frozen=True)
class Amount:
    """A number, or an array of them, in SI base units, and the powers of kg, m, s, A and K."""

    value: Any
    powers: Powers = _NO_UNIT

    def plus(self, other: Amount, sign: int) -> Amount:
        """Sum or difference, of amounts of one unit."""
        if self.powers != other.powers:
            raise ValueError("adds amounts of different units")
        return Amount(self.value + sign * other.value, self.powers)

    def times(self, other: Amount, sign: int) -> Amount:
        """Product or quotient."""
        powers = tuple(a + sign * b for a, b in zip(self.powers, other.powers, strict=True))
        return Amount(self.value * other.value**sign, powers)

    def power(self, exponent: Any) -> Amount:
        """Power by a plain number, or by an array of them where there is no unit."""
        if np.ndim(exponent):
            return Amount(self.number() ** exponent)
        value, fraction = self.value**exponent, Fraction(exponent).limit_denominator(12)
        if isinstance(value, complex):
            raise ValueError("takes a root of a negative amount")
        return Amount(value, tuple(p * fraction for p in self.powers))

    def number(self) -> Any:
        """Value of an amount without a unit."""
        if any(self.powers):
            raise ValueError("takes a function of, or a power by, an amount with a unit")
        return self.value

    def same(self, other: Amount) -> bool:
        """Whether both are the same amount, up to rounding of the last bits."""
        return self.powers == other.powers and math.isclose(
            self.value, other.value, rel_tol=1e-9, abs_tol=0
        )


def _unit(text: str) -> tuple[float, Powers]:
    """Size and powers of a unit such as ``nV/rtHz`` or ``mV um``."""
    size, powers = 1.0, _NO_UNIT
    for sign, part in re.findall(r"(^|[/ ])([^/ ]+)", text):
        name, _, exponent = part.partition("^")
        n = int(exponent or 1) * (-1 if sign == "/" else 1)
        one, base = _single(name)
        size *= one**n
        powers = tuple(p + n * Fraction(b) for p, b in zip(powers, base, strict=True))
    return size, powers


def _single(name: str) -> tuple[float, tuple[float, ...]]:
    if name in _WHOLE:
        return _WHOLE[name]
    for unit, (size, base) in _UNITS.items():
        power = prefix_power(name, unit)
        if power is not None:
            return size * float(f"1e{power}"), base
    raise ValueError(f"has a unit that is not known, {name}")


def _amount(found: re.Match[str]) -> Amount:
    size, powers = _unit(found[2]) if found[2] else (1.0, _NO_UNIT)
    return Amount(float(found[1]) * size, powers)


@lru_cache(maxsize=4096)
def amounts_in(text: str) -> tuple[Amount, ...]:
    """Every number in a text, with the unit that follows it."""
    return tuple(_amount(found) for found in _QUANTITY.finditer(text))


@lru_cache(maxsize=4096)
def unit_of_name(name: str) -> Amount:
    """One of the unit that the last part of a field's name says: ``leak_S``, ``area_um2``."""
    suffix = name.rpartition("_")[2] if "_" in name else ""
    if name.endswith("_per_V2"):
        return Amount(1.0, tuple(Fraction(-2 * p) for p in _UNITS["V"][1]))
    if suffix == "um2":
        return Amount(1e-12, _unit("um^2")[1])
    if suffix in _UNITS:
        return Amount(1.0, _unit(suffix)[1])
    return Amount(1.0)


def _clamp(x: Any, least: Any, most: Any) -> Any:
    return np.clip(x, least, most)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ln": np.log, "log10": np.log10, "exp": np.exp, "clamp": _clamp, "max": np.maximum,
}  # fmt: skip
_CONSTANTS = {"pi": Amount(np.pi), "k": Amount(Boltzmann, _unit("J/K")[1])}
_SIGNS = {ast.Add: 1, ast.Sub: -1, ast.Mult: 1, ast.Div: -1}


class Expression:
    """An expression of quantities, read from its text.

    Parameters
    ----------
    text : str

    Attributes
    ----------
    amounts : tuple of Amount
        The quantities that are written in it, a bare 0 or 1 left out.
    shown : tuple of str
        How they are written.
    n_quantities : int
        Quantities and names in all.
    names : tuple of str
        Fields and variables that stand in it.

    Raises
    ------
    ValueError
        It is no such expression, in words that follow "must be ..., but it".

    Examples
    --------
    >>> Expression("2 * 100 uA * 5 V").value(lambda name: Amount(0.0)).value
    0.001
    """

    def __init__(self, text: str) -> None:
        found: list[Amount] = []
        shown: list[str] = []

        def placeholder(match: re.Match[str]) -> str:
            found.append(_amount(match))
            shown.append(match[0])
            return f" _{len(found) - 1} "

        if re.search(r"(?<!\w)_", text):  # So begin the names that stand for quantities below.
            raise ValueError("has something else in it")
        plain = _QUANTITY.sub(placeholder, text).replace("^", "**")
        try:
            self._tree = ast.parse(plain.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ValueError("is not one") from None
        self._found, names = found, list(_names_in(self._tree))
        kept = [k for k, amount in enumerate(found) if amount not in (Amount(0.0), Amount(1.0))]
        self.amounts = tuple(found[k] for k in kept)
        self.shown = tuple(shown[k] for k in kept)
        self.n_quantities = sum(name not in _CONSTANTS for name in names)
        self.names = tuple(n for n in names if n not in _CONSTANTS and not self._is(n))

    def _is(self, name: str) -> bool:
        """Whether a name stands for a quantity."""
        return re.fullmatch(r"_\d+", name) is not None

    def value(self, of: Callable[[str], Amount]) -> Amount:
        """Amount that it comes to; `of` gives that of a name.

        Raises
        ------
        ValueError
            Units do not fit, or it divides by zero.
        """
        try:
            with np.errstate(all="ignore"):
                return self._walk(self._tree, of)
        except ArithmeticError:
            raise ValueError("is not finite") from None

    def _walk(self, node: ast.expr, of: Callable[[str], Amount]) -> Amount:
        if isinstance(node, ast.BinOp):
            left, right = self._walk(node.left, of), self._walk(node.right, of)
            if isinstance(node.op, ast.Pow):
                return left.power(right.number())
            combine = Amount.plus if isinstance(node.op, ast.Add | ast.Sub) else Amount.times
            return combine(left, right, _SIGNS[type(node.op)])
        if isinstance(node, ast.UnaryOp):
            value = self._walk(node.operand, of)
            return Amount(-value.value, value.powers)
        if isinstance(node, ast.Call):
            return self._call(node, of)
        name = ast.unparse(node)
        if self._is(name):
            return self._found[int(name[1:])]
        return _CONSTANTS[name] if name in _CONSTANTS else of(name)

    def _call(self, node: ast.Call, of: Callable[[str], Amount]) -> Amount:
        values = [self._walk(argument, of) for argument in node.args]
        assert isinstance(node.func, ast.Name)
        if node.func.id == "sqrt":
            return values[0].power(0.5)
        if node.func.id == "hypot":
            return values[0].power(2).plus(values[1].power(2), 1).power(0.5)
        return Amount(FUNCTIONS[node.func.id](*(value.number() for value in values)))


@lru_cache(maxsize=4096)
def expression_of(text: str) -> Expression:
    """The expression of a text: the few that a profile has are asked for again and again."""
    return Expression(text)


_ARGUMENTS = {"sqrt": 1, "hypot": 2, "ln": 1, "log10": 1, "exp": 1, "max": 2, "clamp": 3}


def _names_in(node: ast.expr) -> Iterator[str]:
    """Names and dotted names of values; everything that is not arithmetic is refused."""
    if isinstance(node, ast.BinOp) and isinstance(
        node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow
    ):
        yield from _names_in(node.left)
        yield from _names_in(node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield from _names_in(node.operand)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if _ARGUMENTS.get(node.func.id) != len(node.args):
            known = ", ".join(f"{name} of {n}" for name, n in _ARGUMENTS.items())
            raise ValueError(f"calls {node.func.id} of {len(node.args)}; the functions are {known}")
        for argument in node.args:
            yield from _names_in(argument)
    elif isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ):
        yield ast.unparse(node)
    else:
        raise ValueError("has something else in it")
