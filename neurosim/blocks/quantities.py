"""Numbers of a profile with their units and bounds; some of them may be `ideal` in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from neurosim.blocks.trees import is_number
from neurosim.blocks.units import parse_quantity
from neurosim.blocks.words import IDEAL, NO_EFFECT

__all__ = [
    "Ampere",
    "AmpereLimit",
    "AreaSigma",
    "AreaSigmaVolt",
    "Beta",
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
    "ParasiticFarad",
    "PositiveOhm",
    "Second",
    "SecondFromZero",
    "SettleTau",
    "Siemens",
    "SiemensLimit",
    "Sigma",
    "SigmaAmpere",
    "SigmaVolt",
    "SignedAmpere",
    "SignedShare",
    "SignedSiemens",
    "SignedVolt",
    "Volt",
    "VoltLimit",
    "Wait",
    "Watt",
    "Within",
]


def _quantity(unit: str) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        return parse_quantity(value, unit) if isinstance(value, str) else value

    return parse


_NUMBER = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"


def _for_editors(unit: str = "", *, whole: bool = False, **bounds: float) -> WithJsonSchema:
    """JSON Schema of a number, as text with its unit too, or as a share in percent."""
    forms: list[dict[str, Any]] = [{"type": "integer" if whole else "number", **bounds}]
    if not whole:
        told = f"[TGMkmuµμnpfa]?{unit}" if unit else "%"
        forms.append({"type": "string", "pattern": f"^{_NUMBER} *{told}$"})
    return WithJsonSchema({"anyOf": forms})


@dataclass(frozen=True)
class Within:
    """Bounds of a number, with words of their own where it is beyond; editors know them too.

    Parameters
    ----------
    ge, le : float
        From, to.
    must, do : str
        "from ... to ... rad" or so, and what to do.
    unit : str

    Raises
    ------
    ValueError
        It is beyond.
    """

    ge: float
    le: float
    must: str
    do: str
    unit: str = ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, value: float) -> float:
        if not self.ge <= value <= self.le:
            raise ValueError(
                f"must be {self.must}, but is {f'{value:g} {self.unit}'.strip()}; {self.do}"
            )
        return value


def _positive(unit: str) -> tuple[Any, ...]:
    """Of a number that must be stated."""
    return BeforeValidator(_quantity(unit)), Field(gt=0), _for_editors(unit, exclusiveMinimum=0)


def _limit(unit: str = "") -> tuple[Any, ...]:
    """Of a bound; None is without a bound."""
    return BeforeValidator(_quantity(unit)), _for_editors(unit, exclusiveMinimum=0), IDEAL


def _effect(unit: str = "", *, below: int | None = None) -> tuple[Any, ...]:
    """Of the size of an effect, at least 0 and perhaps below a bound."""
    bounds: dict[str, Any] = {"minimum": 0} | ({} if below is None else {"exclusiveMaximum": below})
    read, editors = BeforeValidator(_quantity(unit)), _for_editors(unit, **bounds)
    return read, Field(ge=0, lt=below), editors, NO_EFFECT


def _signed(unit: str = "") -> tuple[Any, ...]:
    """Of an effect of either sign."""
    return BeforeValidator(_quantity(unit)), _for_editors(unit), NO_EFFECT


Siemens = Annotated[float, *_positive("S")]
Farad = Annotated[float, *_positive("F")]
Volt = Annotated[float, *_positive("V")]
Ampere = Annotated[float, *_positive("A")]
PositiveOhm = Annotated[float, *_positive("Ohm")]
Second = Annotated[float, *_positive("s")]
SecondFromZero = Annotated[
    float,
    BeforeValidator(_quantity("s")),
    Field(ge=0),
    _for_editors("s", minimum=0),
]

_LIMIT = Annotated[float, Field(gt=0)]
Limit = Annotated[_LIMIT | None, *_limit()]
HertzLimit = Annotated[_LIMIT | None, *_limit("Hz")]
Kelvin = Annotated[_LIMIT | None, *_limit("K")]
VoltLimit = Annotated[_LIMIT | None, *_limit("V")]
AmpereLimit = Annotated[_LIMIT | None, *_limit("A")]
SiemensLimit = Annotated[_LIMIT | None, *_limit("S")]
Bits = Annotated[
    Annotated[int, Field(ge=2, le=24)] | None,
    _for_editors(whole=True, minimum=2, maximum=24),
    IDEAL,
]

# Far beyond any use, so that no product overflows.
Excess = Annotated[float, *_effect(below=10**7)]
Hertz = Annotated[float, *_effect("Hz")]
SigmaVolt = Annotated[float, *_effect("V")]
SigmaAmpere = Annotated[float, *_effect("A")]
ParasiticFarad = Annotated[float, *_effect("F")]
IdleSiemens = Annotated[float, *_effect("S")]
Ohm = Annotated[float, *_effect("Ohm")]
Joule = Annotated[float, *_effect("J")]
Watt = Annotated[float, *_effect("W")]
Wait = Annotated[float, *_effect("s")]
Sigma = Annotated[float, *_effect(below=1)]
Loading = Annotated[
    float,
    BeforeValidator(_quantity("")),
    Field(ge=0, le=1),
    _for_editors(minimum=0, maximum=1),
    NO_EFFECT,
]
Cubic = Annotated[float, _for_editors(), NO_EFFECT]
SignedShare = Annotated[float, *_signed()]
SignedSiemens = Annotated[float, *_signed("S")]
SignedVolt = Annotated[float, BeforeValidator(_quantity("V")), _for_editors("V")]
SignedAmpere = Annotated[float, BeforeValidator(_quantity("A")), _for_editors("A")]


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


# Bounds far beyond any use, so that a slip of the pen does not run for days.
SettleTau = Annotated[float, Field(gt=0, le=1e5)]
Beta = Annotated[float, Field(ge=1e-9, le=1)]

# Of mismatch: a number, or Pelgrom's coefficient (in the number's unit times um) and an area.
AreaSigma = Annotated[
    Sigma,
    BeforeValidator(_by_area("")),
    _form_by_area(_for_editors(minimum=0, exclusiveMaximum=1), ""),
    NO_EFFECT,
]
AreaSigmaVolt = Annotated[
    SigmaVolt,
    BeforeValidator(_by_area("V")),
    _form_by_area(_for_editors("V", minimum=0), "V"),
    NO_EFFECT,
]
