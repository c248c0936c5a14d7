"""What is wrong with a block of fields, in plain words and with the place of each mistake."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from neurosim.blocks.classes import (
    class_at,
    classes_of,
    has_defaults,
    is_inside,
    word_of_class,
)
from neurosim.blocks.document import Document, Location, Mistake, shown
from neurosim.blocks.words import IDEAL, Word, word_of
from neurosim.safe_text import counted

__all__ = ["SOURCES_ARE", "BlockError", "a_block", "in_python", "mistakes_of", "nearest"]


SOURCES_ARE = "a paper, a DOI, a data sheet, or 'assumed: <reason>'"


class BlockError(ValueError):
    """Mistakes in one block: the path of each field below it, and what must hold there."""

    def __init__(self, found: Sequence[tuple[Location, str]]) -> None:
        super().__init__("\n".join(f"{'.'.join(map(str, path))}: {text}" for path, text in found))
        self.found = found


def a_block(cls: type) -> str:
    """The name of a class in a sentence."""
    return f"{'an' if cls.__name__[0] in 'AEIOU' else 'a'} {cls.__name__}"


def nearest(name: str, known: Iterable[str], least: float = 0.6) -> str | None:
    """Of the known names the one most like `name`, if any is like it (1: the same)."""
    return next(iter(difflib.get_close_matches(name, list(known), 1, least)), None)


def _path_of(error: ErrorDetails, cls: type[BaseModel], tree: Any) -> Location:
    """Where in the tree an error is: pydantic also names the branches of unions.

    A branch may be called as one of its own fields: it comes first.
    """
    path: Location = ()
    root, branches, last = tree, frozenset[str](), len(error["loc"]) - 1
    for k, part in enumerate(error["loc"]):
        if part in branches:
            branches = frozenset()
            continue
        inside = is_inside(tree, part)
        if inside and isinstance(part, str):
            branches = _branches(class_at(cls, path, root), part)
        tree = tree[part] if inside else tree
        if inside or (error["type"] == "missing" and k == last):
            path = (*path, part)
    return path


def _branches(owner: type[BaseModel] | None, name: str) -> frozenset[str]:
    """Words of the blocks of which a field may hold one."""
    field = None if owner is None else owner.model_fields.get(name)
    classes = [] if field is None else classes_of(field)
    words = (word_of_class(one, key) for one in classes for key in one.model_fields)
    return frozenset(word for word in words if word)


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


class _In(NamedTuple):
    """Where a mistake is: its field and block, and whether these stand in a file."""

    field: FieldInfo | None
    block: type[BaseModel] | None
    in_file: bool

    @property
    def word(self) -> Word | None:
        """That a file may say there."""
        return None if self.field is None else word_of(self.field)

    @property
    def ideal(self) -> bool:
        """Whether a file may say `ideal` there."""
        return self.word is not None and self.word.text == IDEAL.text

    @property
    def optional(self) -> bool:
        """Whether there may be nothing."""
        return self.field is not None and type(None) in get_args(self.field.annotation)

    @property
    def of_texts(self) -> bool:
        """Whether it is a source: a text, or one for each field."""
        return self.field is not None and str in get_args(self.field.annotation)

    def block_wanted(self) -> str:
        """What must stand in place of something that is no block."""
        if not self.in_file:
            return " or ".join(map(a_block, classes_of(cast(FieldInfo, self.field))))
        wanted = "a block of fields"
        if self.block is not None and has_defaults(self.block):
            wanted += " ({} for the defaults)"
        return wanted + " or null" * (self.optional and not self.ideal)

    def or_absent(self) -> str:
        """How to say there that there is none."""
        if self.in_file:
            return " or ideal" * self.ideal
        return " or None" * self.optional


def _shown_in_python(value: Any) -> str:
    if isinstance(value, BaseModel):
        return a_block(type(value))
    return "None" if value is None else shown(value)


def _advice(given: Any, at: _In) -> str:
    """What to do in Python with a word of files."""
    said = given.strip().lower() if isinstance(given, str) else None
    if at.in_file or at.word is None or said != at.word.text:
        return ""
    return f"; that is a word of files: leave the field out, or give {at.word.value!r}"


def _sentence(error: ErrorDetails, at: _In) -> str:
    """What must hold and what is, in plain words."""
    form, context, given = error["type"], error.get("ctx", {}), error["input"]
    if form == "missing":
        return _missing(at)
    if form == "value_error":
        return str(context["error"])
    if form in _LENGTHS:
        word, key = _LENGTHS[form]
        least = context[key]
        return (
            f"must have {word} {counted(least, 'item')}, but has "
            f"{context['actual_length'] or 'none'}"
        )
    said = shown(given) if at.in_file else _shown_in_python(given)
    if form in _BOUNDS:
        word, key = _BOUNDS[form]
        return f"must be {word} {context[key]:g}, but is {said}"
    if form == "literal_error":
        wanted = f"one of {context['expected'].replace(' or ', ', ')}"
    elif form.startswith("model_") and at.block is not None and at.field is not None:
        wanted = at.block_wanted()
    else:
        plain = re.sub(r"^Input should be (a valid )?", "", error["msg"])
        wanted = _WANTED.get(form.split("_")[0], plain)
    return f"must be {wanted}{at.or_absent()}, but is {said}"


def _missing(at: _In) -> str:
    if not at.in_file:
        return "must be given, but is missing"
    if at.ideal:
        return "missing; every effect must be stated, write 'ideal' where there is none"
    text = "missing; it must be stated"
    if at.of_texts:
        text = f"missing; it must say where each number comes from: {SOURCES_ARE}"
    elif at.block is not None:
        text += f" with its fields {', '.join(at.block.model_fields)}"
    if at.optional:
        text += f", or as '{at.word.text if at.word else 'none'}' where there is none"
    return text


def mistakes_of(
    failure: ValidationError, cls: type[BaseModel], document: Document, *, in_file: bool = True
) -> list[Mistake]:
    """Every error of a validation with its place; a misspelt field is not missing as well."""
    errors = [(_path_of(error, cls, document.tree), error) for error in failure.errors()]
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
            owner_class = class_at(cls, path[:-1], document.tree)
            field = owner_class.model_fields.get(str(path[-1])) if owner_class and path else None
            where = _In(field, class_at(cls, path, document.tree), in_file)
            text = _sentence(error, where) + _advice(error["input"], where)
            out.append(Mistake(*document.place(path), path, text))
    return [m for m in out if m.path not in meant] or out


def in_python(failure: ValidationError, cls: type[BaseModel], given: dict[str, Any]) -> str:
    """What is wrong with a block made in Python, a line for each mistake, led by its class."""
    found = mistakes_of(failure, cls, Document(None, given), in_file=False)
    return "\n".join(f"{cls.__name__}{'.' if m.path else ': '}{m}" for m in found)
