"""What is wrong with a block of fields, in plain words and with the place of each mistake."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from neurosim.blocks.document import Document, Location, Mistake, shown
from neurosim.blocks.ideal import can_be_ideal

__all__ = ["BlockError", "class_at", "classes_in", "has_defaults", "mistakes_of", "nearest"]


class BlockError(ValueError):
    """Mistakes in one block: the path of each field below it, and what must hold there."""

    def __init__(self, found: Sequence[tuple[Location, str]]) -> None:
        super().__init__("\n".join(f"{'.'.join(map(str, path))}: {text}" for path, text in found))
        self.found = found


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Of the known names the one most like `name`, if any is like it."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


def classes_in(annotation: Any) -> list[type[BaseModel]]:
    """Blocks that a type allows, however deep in unions and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [cls for part in get_args(annotation) for cls in classes_in(part)]


def class_at(cls: type[BaseModel], path: Location, tree: Any) -> type[BaseModel] | None:
    """Class of the block at `path` below `cls`; of several, the likeliest."""
    found = [cls]
    for key in path:
        if isinstance(key, str):  # An item of a list has the field's own classes.
            field = _likeliest(found, tree).model_fields.get(key)
            found = classes_in(field.annotation) if field else []
        if not found:
            return None
        tree = tree[key] if _inside(tree, key) else None
    return _likeliest(found, tree)


def _likeliest(classes: list[type[BaseModel]], tree: Any) -> type[BaseModel]:
    """The class whose law or kind the tree names, or else that with most of its keys, or fewest."""
    given = tree if isinstance(tree, dict) else {}

    def fit(one: type[BaseModel]) -> tuple[int, int, int]:
        fields = {key: one.model_fields[key] for key in given if key in one.model_fields}
        named = sum(given[key] in get_args(field.annotation) for key, field in fields.items())
        return named, len(fields), -len(one.model_fields) if fields else 0

    return max(classes, key=fit)


def has_defaults(cls: type[BaseModel]) -> bool:
    """Whether a block may leave out every field."""
    return not any(field.is_required() for field in cls.model_fields.values())


def _inside(tree: Any, part: str | int) -> bool:
    """Whether a tree has something at a key, or a list at an index."""
    if isinstance(tree, dict):
        return part in tree
    return isinstance(tree, list | tuple) and isinstance(part, int) and part < len(tree)


def _path_of(error: ErrorDetails, tree: Any) -> Location:
    """Where in the tree an error is: pydantic also names the branches of unions."""
    path: Location = ()
    for part in error["loc"]:
        inside = _inside(tree, part)
        tree = tree[part] if inside else tree
        if inside or (error["type"] == "missing" and part == error["loc"][-1]):
            path = (*path, part)
    return path


# By the first word of pydantic's name for an error.
_WANTED = {
    "bool": "true or false",
    "dict": "a mapping",
    "finite": "a finite number",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "a block of fields",
    "string": "text",
    "tuple": "a list",
}
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}
_LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}


def _sentence(error: ErrorDetails, path: Location, cls: type[BaseModel], tree: Any) -> str:
    """What must hold and what is, in plain words."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    owner, block = class_at(cls, path[:-1], tree), class_at(cls, path, tree)
    field = owner.model_fields.get(str(path[-1])) if owner and path else None
    ideal = field is not None and can_be_ideal(field)
    if kind == "missing":
        return _missing(field, block, ideal)
    if kind == "value_error":
        return str(context["error"])
    if kind in _LENGTHS:
        word, key = _LENGTHS[kind]
        return f"must have {word} {context[key]} items, but has {context['actual_length']}"
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"must be {word} {context[key]:g}, but is {shown(given)}"
    if kind == "literal_error":
        wanted = f"one of {context['expected'].replace(' or ', ', ')}"
    elif kind.startswith("model_") and block is not None and field is not None:
        wanted = "a block of fields" + " ({} for the defaults)" * has_defaults(block)
        wanted += " or null" * (type(None) in get_args(field.annotation) and not ideal)
    else:
        plain = re.sub(r"^Input should be (a valid )?", "", error["msg"])
        wanted = _WANTED.get(kind.split("_")[0], plain)
    return f"must be {wanted}{' or ideal' * ideal}, but is {shown(given)}"


def _missing(field: FieldInfo | None, block: type[BaseModel] | None, ideal: bool) -> str:
    if ideal:
        return "missing; every effect must be stated, write 'ideal' where there is none"
    text = "missing; it must be stated"
    if block is not None:
        text += f" with its fields {', '.join(block.model_fields)}"
    if field is not None and type(None) in get_args(field.annotation):
        text += ", or as 'none' where there is none"
    return text


def mistakes_of(
    failure: ValidationError, cls: type[BaseModel], document: Document
) -> list[Mistake]:
    """Every error of a validation with its place; a misspelt field is not missing as well."""
    errors = [(_path_of(error, document.tree), error) for error in failure.errors()]
    out: list[Mistake] = []
    meant: set[Location] = set()
    for path, error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # An item is wrong, and pydantic counts the good ones only.
        if error["type"] == "extra_forbidden":
            owner, name = path[:-1], str(path[-1])
            model = class_at(cls, owner, document.tree)
            known = list(model.model_fields) if model else []
            absent = [str(p[-1]) for p, e in errors if e["type"] == "missing" and p[:-1] == owner]
            near = nearest(name, absent) or nearest(name, known)
            if near:
                meant.add((*owner, near))
            hint = f"; the fields are {', '.join(known)}" if known else ""
            text = f"unknown field '{name}'" + (f"; did you mean '{near}'?" if near else hint)
            out.append(Mistake(*document.place(path, key=True), path, text))
        elif error["type"] == "value_error" and isinstance(error["ctx"]["error"], BlockError):
            for below, text in error["ctx"]["error"].found:
                at = (*path, *below)
                out.append(Mistake(*document.place(at), at, text))
        else:
            out.append(
                Mistake(*document.place(path), path, _sentence(error, path, cls, document.tree))
            )
    return [m for m in out if m.path not in meant] or out
