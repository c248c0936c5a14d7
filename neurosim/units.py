"""Quantities with units: the only place besides reports that knows prefixes such as `u` or `p`."""

from __future__ import annotations

import math
import re

from quantiphy import InvalidNumber, Quantity

__all__ = ["format_quantity", "parse_quantity"]

# No K (kilo is k): otherwise 300 K would read as 300,000.
_PREFIXES = "TGMkmuμµnpfa"
_SPELLINGS = {"ohm": "Ω", "Ohm": "Ω", "Ω": "Ω"}
# Stricter than quantiphy, which reads "2,5 pF" as 25 pF and "a = 5 uS" as 5 uS.
_FORM = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*[^\d\s.,_=#]*\s*")


def parse_quantity(value: float | int | str, unit: str) -> float:
    """Number in SI base units from a number, or from text whose unit is exactly `unit`.

    Parameters
    ----------
    value : float, int or str
        A number is taken to be in SI base units already; text carries its unit, as in "50 uS".
    unit : str
        SI unit that the text must carry, for example "S"; "" for a plain number.

    Raises
    ------
    ValueError
        The text is no finite number, or its unit is not `unit`.

    Examples
    --------
    >>> parse_quantity("2.5 pF", "F")
    2.5e-12
    >>> parse_quantity("300 K", "K")
    300.0
    """
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            example = f" or text such as '50 u{unit}'" if unit else ""
            raise ValueError(f"must be a number{example}, but is {value!r}")
        return float(value)
    wrong = f"must be a number with unit {unit}" if unit else "must be a plain number"
    if not _FORM.fullmatch(value):
        raise ValueError(f"{wrong}, but is {value!r}")
    # A unit that is itself a letter of the prefixes, such as F or m, must not be eaten.
    with Quantity.prefs(input_sf=_PREFIXES, ignore_sf=False):
        try:
            quantity = Quantity(value)
        except InvalidNumber:
            raise ValueError(f"{wrong}, but is {value!r}") from None
    if _SPELLINGS.get(quantity.units, quantity.units) != _SPELLINGS.get(unit, unit):
        wanted = f"must be given in {unit}" if unit else "must be a plain number"
        raise ValueError(f"{wanted}, but is {value!r}")
    if not math.isfinite(quantity):
        raise ValueError(f"must be finite, but is {value!r}")
    return float(quantity)


def format_quantity(value: float, unit: str, digits: int = 4) -> str:
    """Text with a prefix, for people: 2.5e-12, "F" -> "2.5 pF".

    Examples
    --------
    >>> format_quantity(1e-5, "S")
    '10 uS'
    """
    return Quantity(value, unit).render(prec=digits - 1)
