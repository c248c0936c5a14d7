"""The signature of a block as a person reads it: names, plain types and defaults."""

from __future__ import annotations

import operator
import re
from functools import reduce
from inspect import Parameter, Signature, formatannotation
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

__all__ = ["PlainSignature"]


class PlainSignature:
    """Descriptor of a class: its fields as keyword-only parameters, `source` last."""

    def __get__(self, block: object, cls: type[BaseModel]) -> Signature:
        fields = sorted(cls.model_fields.items(), key=lambda item: item[0] == "source")
        return Signature(
            [
                Parameter(
                    name,
                    Parameter.KEYWORD_ONLY,
                    default=field.default if not field.is_required() else Parameter.empty,
                    annotation=_short(_plain(field.annotation, field.metadata)),
                )
                for name, field in fields
            ]
        )


def _short(annotation: Any) -> Any:
    """A type; where it names a class of a module, its text without the module."""
    text = formatannotation(annotation)
    short = re.sub(r"\b(?:\w+\.)+(?=\w)", "", text)
    return annotation if short == text else short


def _plain(annotation: Any, marks: Any = ()) -> Any:
    """A type without what checks it; where text or a number is read too, those with it."""
    for mark in marks:
        given = getattr(mark, "json_schema_input_type", PydanticUndefined)
        if given is not PydanticUndefined:
            annotation = given
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _plain(parts[0], parts[1:])
    if origin is Literal or not parts:
        return annotation
    plain = [part if part is Ellipsis else _plain(part) for part in parts]
    if origin in (Union, UnionType):
        return reduce(operator.or_, dict.fromkeys(plain))
    return origin[tuple(plain)]
