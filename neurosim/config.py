"""Blocks of a profile or an experiment: frozen, checked, and silent about nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from neurosim.units import parse_quantity

__all__ = [
    "AmpereLimit",
    "Bits",
    "Block",
    "Farad",
    "IdleSiemens",
    "Kelvin",
    "Levels",
    "Loading",
    "Second",
    "Siemens",
    "SiemensLimit",
    "Sigma",
    "SigmaVolt",
    "Sourced",
    "Volt",
    "VoltLimit",
]


class Block(BaseModel):
    """A group of parameters; unknown keys, missing keys and later changes are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Sourced(Block):
    """A block of a hardware profile: every number states where it comes from.

    Parameters
    ----------
    source : str or dict
        One text for the whole block, or one for each field that holds a number. A paper, a DOI, a
        data sheet, or ``assumed: <reason>``.
    """

    source: str | dict[str, str]


def _quantity(unit: str) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        return parse_quantity(value, unit) if isinstance(value, str) else value

    return parse


def _ideal_to(replacement: Any, parse: Callable[[Any], Any] = lambda v: v) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if isinstance(value, str) and value.strip().lower() == "ideal":
            return replacement
        return parse(value)

    return convert


def _to_ideal(value: Any) -> Any:
    return "ideal" if value is None or value == 0 else value


_AS_IDEAL = PlainSerializer(_to_ideal, return_type=Any)

Siemens = Annotated[float, BeforeValidator(_quantity("S")), Field(gt=0)]
Farad = Annotated[float, BeforeValidator(_quantity("F")), Field(gt=0)]
Volt = Annotated[float, BeforeValidator(_quantity("V")), Field(gt=0)]
Second = Annotated[float, BeforeValidator(_quantity("s")), Field(gt=0)]

_POSITIVE = Field(gt=0)
# `ideal` means "no such effect": an unbounded resolution is None, a spread or a noise is zero.
Bits = Annotated[
    Annotated[int, Field(ge=2, le=24)] | None, BeforeValidator(_ideal_to(None)), _AS_IDEAL
]
Levels = Annotated[Annotated[int, Field(ge=2)] | None, BeforeValidator(_ideal_to(None)), _AS_IDEAL]
Kelvin = Annotated[
    Annotated[float, _POSITIVE] | None, BeforeValidator(_ideal_to(None, _quantity("K"))), _AS_IDEAL
]
VoltLimit = Annotated[
    Annotated[float, _POSITIVE] | None, BeforeValidator(_ideal_to(None, _quantity("V"))), _AS_IDEAL
]
AmpereLimit = Annotated[
    Annotated[float, _POSITIVE] | None, BeforeValidator(_ideal_to(None, _quantity("A"))), _AS_IDEAL
]
SiemensLimit = Annotated[
    Annotated[float, _POSITIVE] | None, BeforeValidator(_ideal_to(None, _quantity("S"))), _AS_IDEAL
]
Sigma = Annotated[float, BeforeValidator(_ideal_to(0.0)), _AS_IDEAL, Field(ge=0, lt=1)]
SigmaVolt = Annotated[
    float, BeforeValidator(_ideal_to(0.0, _quantity("V"))), _AS_IDEAL, Field(ge=0)
]
IdleSiemens = Annotated[
    float, BeforeValidator(_ideal_to(0.0, _quantity("S"))), _AS_IDEAL, Field(ge=0)
]
Loading = Annotated[float, BeforeValidator(_ideal_to(0.0)), _AS_IDEAL, Field(ge=0, le=1)]
