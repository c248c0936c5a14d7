"""Blocks of a profile or an experiment: frozen, checked, and silent about nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

__all__ = [
    "AS_IDEAL",
    "Block",
    "BlockError",
    "Sourced",
    "can_be_ideal",
    "holds_number",
    "ideal_to",
    "is_number",
    "one_of",
    "or_ideal",
    "or_none",
    "with_none",
]


Path = tuple[int | str, ...]


class BlockError(ValueError):
    """Mistakes in one block: the path of each field below it, and what must hold there."""

    def __init__(self, found: Sequence[tuple[Path, str]]) -> None:
        super().__init__("\n".join(f"{'.'.join(map(str, path))}: {text}" for path, text in found))
        self.found = found


class Block(BaseModel):
    """A group of parameters; unknown keys, missing keys and later changes are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false, which are also 1 and 0 in Python, where a number may be."""
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and {int, float} & _types_in(field.annotation):
            raise ValueError(f"must not be true or false, but is {str(value).lower()}")
        return value


def _types_in(annotation: Any) -> set[type]:
    """Types that an annotation names, however deep in unions and tuples."""
    parts = get_args(annotation)
    if not parts:
        return {annotation} if isinstance(annotation, type) else set()
    return set().union(*map(_types_in, parts))


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


def one_of(laws: tuple[str, ...], key: str = "law", other: str = "") -> tuple[Any, Any]:
    """For a field that holds one of several blocks, told apart by the text at `key`.

    Returns
    -------
    discriminator : pydantic.Discriminator
        Which block a value belongs to, by the `Tag` of its law; `other` for what is no block.
    check : pydantic.BeforeValidator
        Refuses a block without a known law in plain words.
    """

    def tag(value: Any) -> str:
        law = value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
        return law if law in laws else other or laws[0]

    def named(value: Any) -> Any:
        if isinstance(value, Mapping) and value.get(key) not in laws:
            said = f"but is {value[key]!r}" if key in value else "but is missing"
            raise BlockError([((key,), f"must be one of {', '.join(laws)}, {said}")])
        return value

    return Discriminator(tag), BeforeValidator(named)
