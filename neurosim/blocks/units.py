"""Quantities with units: the only place besides reports that knows prefixes such as `u` or `p`."""

from __future__ import annotations

import math
import re

from quantiphy import Quantity

__all__ = ["format_quantity", "format_value", "parse_duration", "parse_quantity", "prefix_power"]

# No K (kilo is k): otherwise 300 K would read as 300,000.
_POWERS = {
    "T": 12, "G": 9, "M": 6, "k": 3, "": 0, "m": -3, "u": -6, "μ": -6, "µ": -6, "n": -9, "p": -12,
    "f": -15, "a": -18,
}  # fmt: skip
# Without an s at their end.
_LONG = {
    "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0, "d": 86400.0, "day": 86400.0,
    "week": 604800.0, "month": 2629746.0, "y": 31556952.0, "year": 31556952.0,
}  # fmt: skip
_SUFFIXES = {"V", "S", "F", "A", "s", "K", "J", "W", "Hz", "Ohm"}
_OHMS = {"ohm", "Ohm", "\u03a9", "\u2126"}
# Read here and not by quantiphy, to which "2,5 pF" is 25 pF, and "1e3 pF" is no quantity.
_FORM = re.compile(
    r"\s*(?P<number>[-+]?([0-9]+\.?[0-9]*|\.[0-9]+))([eE](?P<power>[-+]?[0-9]{1,4}))?"
    r"\s*(?P<unit>[^\d\s.,_=#]*)\s*"
)


def parse_quantity(value: float | int | str, unit: str) -> float:
    """Number in SI base units from a number, or from text whose unit is exactly `unit`.

    Parameters
    ----------
    value : float, int or str
        A number is taken to be in SI base units already; text carries its unit, as in "50 uS".
    unit : str
        SI unit that the text must carry, for example "S"; "" for a plain number, or one in %.

    Raises
    ------
    ValueError
        The text is no finite number, or its unit is not `unit`.

    Examples
    --------
    >>> parse_quantity("2.5 pF", "F")
    2.5e-12
    >>> parse_quantity("300 K", "K"), parse_quantity("2 %", "")
    (300.0, 0.02)
    """
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            example = f" or text such as '50 u{unit}'" if unit else ""
            raise ValueError(f"must be a number{example}, but is {value!r}")
        return float(value)
    parts = _FORM.fullmatch(value)
    if not parts:
        wanted = f"a number with unit {unit}" if unit else "a plain number"
        raise ValueError(f"must be {wanted}, but is {value!r}")
    power = prefix_power(parts["unit"], unit)
    if power is None:
        wanted = f"given in {unit}" if unit else "a plain number"
        raise ValueError(f"must be {wanted}, but is {value!r}")
    # One decimal text, so that 10 uS is 1e-05 to the last bit.
    number = float(f"{parts['number']}e{int(parts['power'] or 0) + power}")
    if not math.isfinite(number):
        raise ValueError(f"must be finite, but is {value!r}")
    return number


def parse_duration(text: str) -> float:
    """Time in seconds from text with a unit, also one longer than a second.

    Raises
    ------
    ValueError
        It is no time of at least 0 s.

    Examples
    --------
    >>> parse_duration("1 day"), parse_duration("90 min"), parse_duration("20 ms")
    (86400.0, 5400.0, 0.02)
    """
    parts = _FORM.fullmatch(text)
    unit = parts["unit"].lower().removesuffix("s") if parts else ""
    if parts and unit in _LONG:
        number = parse_quantity(text[: parts.start("unit")], "") * _LONG[unit]
    else:
        number = parse_quantity(text, "s")
    if number < 0:
        raise ValueError(f"must be at least 0 s, but is {text}")
    return number


def prefix_power(text: str, unit: str) -> int | None:
    """Power of ten of the prefix in `text`, or None if its unit is another; -2 of a share in %."""
    if text == "%" and not unit:
        return -2
    for spelling in _OHMS if unit in _OHMS else {unit}:
        if text.endswith(spelling):
            prefix = text.removesuffix(spelling)
            if prefix in _POWERS and (unit or not prefix):
                return _POWERS[prefix]
    return None


def format_quantity(value: float, unit: str, digits: int = 4) -> str:
    """Text with a prefix, for people: 2.5e-12, "F" -> "2.5 pF".

    Examples
    --------
    >>> format_quantity(1e-5, "S")
    '10 uS'
    """
    return Quantity(value, unit).render(prec=digits - 1)


def format_value(name: str, value: object) -> str:
    """The value of a field for people; the suffix of the field's name is its unit.

    Examples
    --------
    >>> format_value("node.leak_S", 1e-5), format_value("layers", (64, 128))
    ('10 uS', '64, 128')
    """
    unit = name.rpartition("_")[2]
    if value is None:
        return "ideal"
    if isinstance(value, float):
        return format_quantity(value, unit) if unit in _SUFFIXES else f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
