"""How a field says that there is no such effect: `ideal`, or `none` for a part that is absent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BeforeValidator, Field, PlainSerializer
from pydantic.fields import FieldInfo

__all__ = ["AS_IDEAL", "can_be_ideal", "ideal_to", "or_ideal", "or_none", "with_none"]


def ideal_to(replacement: Any, parse: Callable[[Any], Any] = lambda v: v) -> Callable[[Any], Any]:
    """Reader of a field: `replacement` for the text `ideal`, what `parse` makes of all else."""

    def convert(value: Any) -> Any:
        if isinstance(value, str) and value.strip().lower() == "ideal":
            return replacement
        return parse(value)

    return convert


def _to_ideal(value: Any) -> Any:
    return "ideal" if value is None or value == 0 else value


AS_IDEAL = PlainSerializer(_to_ideal, return_type=Any)


def can_be_ideal(field: FieldInfo) -> bool:
    """Whether a field may say `ideal`."""
    return any(mark is AS_IDEAL for mark in field.metadata)


def _schema_of_ideal(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [form for form in schema["anyOf"] if form != {"type": "null"}]
    schema["anyOf"].append({"const": "ideal"})


# Of a field that holds a whole block: no such effect is one line, `name: ideal`.
or_ideal: tuple[Any, ...] = (
    BeforeValidator(ideal_to(None)),
    AS_IDEAL,
    Field(json_schema_extra=_schema_of_ideal),
)


def or_none(value: Any) -> Any:
    """None for the text `none`."""
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def with_none(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of an optional block say `none`."""
    schema["anyOf"].append({"const": "none"})
