"""Numbers of a profile with their units and bounds, and how `ideal` is said of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from neurosim.config import AS_IDEAL, ideal_to, is_number
from neurosim.units import parse_quantity

__all__ = [
    "AmpereLimit",
    "AreaSigma",
    "AreaSigmaVolt",
    "Bits",
    "Cubic",
    "Excess",
    "Farad",
    "Hertz",
    "HertzLimit",
    "IdleSiemens",
    "Joule",
    "Kelvin",
    "Limit",
    "Loading",
    "Ohm",
    "Second",
    "SecondFromZero",
    "Siemens",
    "SiemensLimit",
    "Sigma",
    "SigmaVolt",
    "SignedShare",
    "SignedSiemens",
    "Volt",
    "VoltLimit",
    "Wait",
    "Watt",
]


def _quantity(unit: str) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        return parse_quantity(value, unit) if isinstance(value, str) else value

    return parse


_NUMBER = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"


def _for_editors(
    unit: str = "", *, ideal: bool = True, whole: bool = False, **bounds: float
) -> WithJsonSchema:
    """JSON Schema of a number, as text with its unit too, or `ideal`."""
    forms: list[dict[str, Any]] = [{"type": "integer" if whole else "number", **bounds}]
    if unit:
        forms.append({"type": "string", "pattern": f"^{_NUMBER} *[TGMkmuµμnpfa]?{unit}$"})
    if ideal:
        forms.append({"const": "ideal"})
    return WithJsonSchema({"anyOf": forms})


_POSITIVE = Field(gt=0)

Siemens = Annotated[
    float,
    BeforeValidator(_quantity("S")),
    _POSITIVE,
    _for_editors("S", ideal=False, exclusiveMinimum=0),
]


def _by_area(unit: str) -> Callable[[Any], Any]:
    """Deviation from Pelgrom's law, A / sqrt(area), for a mapping of both."""

    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        if set(value) != {"pelgrom", "area_um2"}:
            raise ValueError("must be a number, or have exactly the keys pelgrom and area_um2")
        area, pelgrom = value["area_um2"], value["pelgrom"]
        if not is_number(area) or not area > 0:
            raise ValueError(f"must have an area_um2 above 0, but it is {area!r}")
        return float(parse_quantity(pelgrom, unit)) / area**0.5

    return convert


def _form_by_area(of: WithJsonSchema, unit: str) -> WithJsonSchema:
    assert of.json_schema is not None
    text = {"type": "string", "pattern": f"^{_NUMBER} *[TGMkmuµμnpfa]?{unit}$"}
    form = {
        "type": "object",
        "properties": {
            "pelgrom": {"anyOf": [{"type": "number"}, text]},
            "area_um2": {"type": "number", "exclusiveMinimum": 0},
        },
        "required": ["pelgrom", "area_um2"],
        "additionalProperties": False,
    }
    return WithJsonSchema({"anyOf": [*of.json_schema["anyOf"], form]})


Farad = Annotated[
    float,
    BeforeValidator(_quantity("F")),
    _POSITIVE,
    _for_editors("F", ideal=False, exclusiveMinimum=0),
]
Volt = Annotated[
    float,
    BeforeValidator(_quantity("V")),
    _POSITIVE,
    _for_editors("V", ideal=False, exclusiveMinimum=0),
]
Second = Annotated[
    float,
    BeforeValidator(_quantity("s")),
    _POSITIVE,
    _for_editors("s", ideal=False, exclusiveMinimum=0),
]

# `ideal` means "no such effect": an unbounded resolution is None, a spread or a noise is zero.
_LIMIT = Annotated[float, _POSITIVE]
HertzLimit = Annotated[
    _LIMIT | None,
    BeforeValidator(ideal_to(None, _quantity("Hz"))),
    AS_IDEAL,
    _for_editors("Hz", exclusiveMinimum=0),
]
Bits = Annotated[
    Annotated[int, Field(ge=2, le=24)] | None,
    BeforeValidator(ideal_to(None)),
    AS_IDEAL,
    _for_editors(whole=True, minimum=2, maximum=24),
]
Kelvin = Annotated[
    _LIMIT | None,
    BeforeValidator(ideal_to(None, _quantity("K"))),
    AS_IDEAL,
    _for_editors("K", exclusiveMinimum=0),
]
VoltLimit = Annotated[
    _LIMIT | None,
    BeforeValidator(ideal_to(None, _quantity("V"))),
    AS_IDEAL,
    _for_editors("V", exclusiveMinimum=0),
]
AmpereLimit = Annotated[
    _LIMIT | None,
    BeforeValidator(ideal_to(None, _quantity("A"))),
    AS_IDEAL,
    _for_editors("A", exclusiveMinimum=0),
]
Limit = Annotated[
    _LIMIT | None,
    BeforeValidator(ideal_to(None, _quantity(""))),
    AS_IDEAL,
    _for_editors(exclusiveMinimum=0),
]
SiemensLimit = Annotated[
    _LIMIT | None,
    BeforeValidator(ideal_to(None, _quantity("S"))),
    AS_IDEAL,
    _for_editors("S", exclusiveMinimum=0),
]
Sigma = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity(""))),
    AS_IDEAL,
    Field(ge=0, lt=1),
    _for_editors(minimum=0, exclusiveMaximum=1),
]
Excess = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity(""))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors(minimum=0),
]
Hertz = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("Hz"))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors("Hz", minimum=0),
]
SigmaVolt = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("V"))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors("V", minimum=0),
]
# Of mismatch: a number, or Pelgrom's coefficient (in the number's unit times um) and an area.
AreaSigma = Annotated[
    Sigma,
    BeforeValidator(_by_area("")),
    _form_by_area(_for_editors(minimum=0, exclusiveMaximum=1), ""),
]
AreaSigmaVolt = Annotated[
    SigmaVolt, BeforeValidator(_by_area("V")), _form_by_area(_for_editors("V", minimum=0), "V")
]
IdleSiemens = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("S"))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors("S", minimum=0),
]
Cubic = Annotated[float, BeforeValidator(ideal_to(0.0)), AS_IDEAL, _for_editors()]
Ohm = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("Ohm"))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors("Ohm", minimum=0),
]
Joule = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("J"))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors("J", minimum=0),
]
Watt = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("W"))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors("W", minimum=0),
]
Wait = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("s"))),
    AS_IDEAL,
    Field(ge=0),
    _for_editors("s", minimum=0),
]
SecondFromZero = Annotated[
    float,
    BeforeValidator(_quantity("s")),
    Field(ge=0),
    _for_editors("s", ideal=False, minimum=0),
]
SignedShare = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity(""))),
    AS_IDEAL,
    _for_editors(),
]
SignedSiemens = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity("S"))),
    AS_IDEAL,
    _for_editors("S"),
]
Loading = Annotated[
    float,
    BeforeValidator(ideal_to(0.0, _quantity(""))),
    AS_IDEAL,
    Field(ge=0, le=1),
    _for_editors(minimum=0, maximum=1),
]
