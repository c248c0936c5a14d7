"""Blocks of a profile or an experiment: frozen, checked, and silent about nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from neurosim.units import parse_quantity

__all__ = [
    "AmpereLimit",
    "AreaSigma",
    "AreaSigmaVolt",
    "Bits",
    "Block",
    "BlockError",
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
    "Sourced",
    "Volt",
    "VoltLimit",
    "Wait",
    "Watt",
    "can_be_ideal",
    "holds_number",
    "is_number",
    "or_ideal",
    "or_none",
    "with_none",
]


Path = tuple[str, ...]


class BlockError(ValueError):
    """Mistakes in one block: the path of each field below it, and what must hold there."""

    def __init__(self, found: list[tuple[Path, str]]) -> None:
        super().__init__("\n".join(f"{'.'.join(path)}: {text}" for path, text in found))
        self.found = found


class Block(BaseModel):
    """A group of parameters; unknown keys, missing keys and later changes are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false, which are also 1 and 0 in Python, where a number must be."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError(f"must not be true or false, but is {str(value).lower()}")
        return value


def is_number(value: Any) -> bool:
    """Whether a field's value is a number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def holds_number(value: Any) -> bool:
    """Whether a value is a number other than 0, or holds one that no source of its own covers."""
    if isinstance(value, Block):
        inside = {name: getattr(value, name) for name in type(value).model_fields}
        return holds_number(inside)
    if isinstance(value, Mapping):
        return "source" not in value and any(holds_number(v) for v in value.values())
    if isinstance(value, tuple | list):
        return any(holds_number(v) for v in value)
    return is_number(value) and value != 0


def _check_source(value: Any) -> Any:
    """A text, or a mapping of texts, each of which says something."""
    texts = list(value.values()) if isinstance(value, Mapping) else [value]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError("must be text, or a mapping from this block's fields to texts")
    if any(re.fullmatch(r"assumed\s*:?\s*", text.strip(), re.IGNORECASE) for text in texts):
        raise ValueError("must give the reason of an assumption, as in 'assumed: <reason>'")
    return value


class Sourced(Block):
    """A block of a hardware profile: every number states where it comes from.

    Parameters
    ----------
    source : str or dict
        One text for the whole block, or one for each field that holds a number. A paper, a DOI, a
        data sheet, or ``assumed: <reason>``; ``ideal`` where no effect has a number.
    """

    source: Annotated[str | dict[str, str], BeforeValidator(_check_source)]

    @model_validator(mode="after")
    def _numbers_have_sources(self) -> Self:
        fields = [name for name in type(self).model_fields if name != "source"]
        numbers = [name for name in fields if holds_number(getattr(self, name))]
        if isinstance(self.source, str):
            missing = numbers if self.source.strip().lower() == "ideal" else []
            unknown = []
        else:
            missing = [name for name in numbers if name not in self.source]
            unknown = [name for name in self.source if name not in fields]
        advice = "a paper, a DOI, a data sheet, or 'assumed: <reason>'"
        found: list[tuple[Path, str]] = [
            (("source",), f"must say where {name} comes from: {advice}") for name in missing
        ]
        found += [
            (("source", name), f"must name a field of this block: {', '.join(fields)}")
            for name in unknown
        ]
        if found:
            raise BlockError(found)
        return self


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


def can_be_ideal(field: FieldInfo) -> bool:
    """Whether a field may say `ideal`."""
    return any(mark is _AS_IDEAL for mark in field.metadata)


def _schema_of_ideal(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [form for form in schema["anyOf"] if form != {"type": "null"}]
    schema["anyOf"].append({"const": "ideal"})


# Of a field that holds a whole block: no such effect is one line, `name: ideal`.
or_ideal: tuple[Any, ...] = (
    BeforeValidator(_ideal_to(None)),
    _AS_IDEAL,
    Field(json_schema_extra=_schema_of_ideal),
)


def or_none(value: Any) -> Any:
    """None for the text `none`."""
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def with_none(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of an optional block say `none`."""
    schema["anyOf"].append({"const": "none"})


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
    BeforeValidator(_ideal_to(None, _quantity("Hz"))),
    _AS_IDEAL,
    _for_editors("Hz", exclusiveMinimum=0),
]
Bits = Annotated[
    Annotated[int, Field(ge=2, le=24)] | None,
    BeforeValidator(_ideal_to(None)),
    _AS_IDEAL,
    _for_editors(whole=True, minimum=2, maximum=24),
]
Kelvin = Annotated[
    _LIMIT | None,
    BeforeValidator(_ideal_to(None, _quantity("K"))),
    _AS_IDEAL,
    _for_editors("K", exclusiveMinimum=0),
]
VoltLimit = Annotated[
    _LIMIT | None,
    BeforeValidator(_ideal_to(None, _quantity("V"))),
    _AS_IDEAL,
    _for_editors("V", exclusiveMinimum=0),
]
AmpereLimit = Annotated[
    _LIMIT | None,
    BeforeValidator(_ideal_to(None, _quantity("A"))),
    _AS_IDEAL,
    _for_editors("A", exclusiveMinimum=0),
]
Limit = Annotated[
    _LIMIT | None,
    BeforeValidator(_ideal_to(None, _quantity(""))),
    _AS_IDEAL,
    _for_editors(exclusiveMinimum=0),
]
SiemensLimit = Annotated[
    _LIMIT | None,
    BeforeValidator(_ideal_to(None, _quantity("S"))),
    _AS_IDEAL,
    _for_editors("S", exclusiveMinimum=0),
]
Sigma = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity(""))),
    _AS_IDEAL,
    Field(ge=0, lt=1),
    _for_editors(minimum=0, exclusiveMaximum=1),
]
Excess = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity(""))),
    _AS_IDEAL,
    Field(ge=0),
    _for_editors(minimum=0),
]
Hertz = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity("Hz"))),
    _AS_IDEAL,
    Field(ge=0),
    _for_editors("Hz", minimum=0),
]
SigmaVolt = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity("V"))),
    _AS_IDEAL,
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
    BeforeValidator(_ideal_to(0.0, _quantity("S"))),
    _AS_IDEAL,
    Field(ge=0),
    _for_editors("S", minimum=0),
]
Cubic = Annotated[float, BeforeValidator(_ideal_to(0.0)), _AS_IDEAL, _for_editors()]
Ohm = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity("Ohm"))),
    _AS_IDEAL,
    Field(ge=0),
    _for_editors("Ohm", minimum=0),
]
Joule = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity("J"))),
    _AS_IDEAL,
    Field(ge=0),
    _for_editors("J", minimum=0),
]
Watt = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity("W"))),
    _AS_IDEAL,
    Field(ge=0),
    _for_editors("W", minimum=0),
]
Wait = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity("s"))),
    _AS_IDEAL,
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
    BeforeValidator(_ideal_to(0.0, _quantity(""))),
    _AS_IDEAL,
    _for_editors(),
]
SignedSiemens = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity("S"))),
    _AS_IDEAL,
    _for_editors("S"),
]
Loading = Annotated[
    float,
    BeforeValidator(_ideal_to(0.0, _quantity(""))),
    _AS_IDEAL,
    Field(ge=0, le=1),
    _for_editors(minimum=0, maximum=1),
]
