"""How a file says that there is no such thing: `ideal`, `none` or `plain`, read and written here.

Inside, what is absent is None, 0 or no piece of a curve. `as_values` and `as_written` are the one
pair of functions that goes between the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

__all__ = [
    "IDEAL",
    "LEFT_OUT",
    "NO_EFFECT",
    "Reading",
    "Word",
    "as_values",
    "as_written",
    "bare",
    "word_of",
]


@dataclass(frozen=True)
class Word:
    """Mark of a type that a file may say in a word, as in ``Annotated[Write | None, IDEAL]``.

    Attributes
    ----------
    text : str
        The word.
    value : object
        What it stands for.
    or_null : bool
        Whether null says the same, and is what is written.
    """

    text: str
    value: Any = None
    or_null: bool = False

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = handler(schema)
        forms = found.get("anyOf", [found])
        if not self.or_null:
            forms = [form for form in forms if form != {"type": "null"}]
        return {"anyOf": [*forms, {"const": self.text}]}


IDEAL = Word("ideal")
NO_EFFECT = Word("ideal", 0.0)


@dataclass(frozen=True)
class Reading:
    """Context of a validation whose values are those of a file, and so in a file's words.

    Attributes
    ----------
    laws : tuple of type
        Blocks of one's own that a file may name, see `neurosim.blocks.choice`.
    folder : Path or None
        Of the file, where the paths in it begin; the working directory without one.
    """

    laws: tuple[type[BaseModel], ...] = ()
    folder: Path | None = None


class _LeftOut:
    """In place of a field that a file must state and does not."""


LEFT_OUT = _LeftOut()


def word_of(field: FieldInfo) -> Word | None:
    """The word that a field may say, if any."""
    return _word_in(field.metadata)


def _word_in(marks: Any) -> Word | None:
    return next((mark for mark in marks if isinstance(mark, Word)), None)


def _word_of_items(field: FieldInfo) -> Word | None:
    """The word that each item of a field may say, if any."""
    if get_origin(field.annotation) is not tuple:
        return None
    return _word_in(getattr(get_args(field.annotation)[0], "__metadata__", ()))


def as_values(cls: type[BaseModel], tree: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of one block as a file has them, with values for words; blocks inside are left alone.

    What the file must state and does not is there as `LEFT_OUT`.
    """
    out = dict(tree)
    for name, field in cls.model_fields.items():
        if name in out:
            out[name] = _value(out[name], word_of(field), _word_of_items(field))
    must: tuple[str, ...] = getattr(cls, "must_state", tuple)()
    return out | {name: LEFT_OUT for name in must if name not in out}


def _value(said: Any, word: Word | None, of_items: Word | None) -> Any:
    if isinstance(said, str):
        return word.value if word and said.strip().lower() == word.text else said
    if of_items and isinstance(said, list | tuple):
        return [_value(item, of_items, None) for item in said]
    return said


def _is_short(field: FieldInfo) -> bool:
    """Whether a block with nothing but its word is written as that word, see `choice.one_of`."""
    return any(getattr(mark, "short", False) for mark in field.metadata)


def as_written(block: BaseModel, *, brief: bool = False, whole: bool = False) -> dict[str, Any]:
    """Fields of a block as a file has them, with words for what is absent.

    A brief one leaves out what is at its default, a whole one has what a file does not say too.
    """
    dumped, fields = block.model_dump(exclude_defaults=brief), type(block).model_fields
    for name in () if whole else getattr(block, "unwritten", ()):
        if getattr(block, name) == fields[name].default:
            dumped.pop(name, None)
    return {
        name: _said(getattr(block, name), dumped[name], fields[name], brief, whole)
        for name in dumped
    }


def _said(value: Any, dumped: Any, field: FieldInfo, brief: bool, whole: bool) -> Any:
    word, of_items = word_of(field), _word_of_items(field)
    if word and not word.or_null and value == word.value:
        return word.text
    if isinstance(value, BaseModel):
        said = as_written(value, brief=brief and not _is_short(field), whole=whole)
        return next(iter(said.values())) if _is_short(field) and len(said) == 1 else said
    if of_items:
        pairs = zip(value, dumped, strict=True)
        return [of_items.text if item == of_items.value else said for item, said in pairs]
    return dumped


def bare(block: BaseModel, tree: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a block as written, without sources and what it may leave out and leaves ideal."""
    out, may_be_left_out = {}, getattr(block, "may_be_left_out", ())
    for name, written in tree.items():
        value = getattr(block, name)
        left_out = name in may_be_left_out and value == type(block).model_fields[name].default
        if name != "source" and not left_out:
            # A block without numbers of its own may be written as a word.
            inside = isinstance(value, BaseModel) and isinstance(written, Mapping)
            out[name] = bare(value, written) if inside else written
    return out
