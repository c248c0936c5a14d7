"""The JSON Schema of a block, by which editors complete and explain its fields."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.classes import classes_of

__all__ = ["field_texts", "json_schema"]


def json_schema(root: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of the files of a block, such as a profile, with the docstrings' text."""
    schema = root.model_json_schema()
    blocks = {root.__name__: schema, **schema["$defs"]}
    for name, cls in _blocks_of(root).items():
        block = blocks[name]
        block["description"] = (inspect.getdoc(cls) or "").split("\n\n")[0]
        stated = cls.must_state() if issubclass(cls, Block) else ()
        if stated:
            block["required"] = [field for field in cls.model_fields if field in stated]
            block |= {key: block.pop(key) for key in ("title", "type")}
        texts = field_texts(cls)
        for field, entry in block["properties"].items():
            entry.pop("title", None)
            _bounded(entry, cls.model_fields[field].metadata)
            if field in stated:
                entry.pop("default", None)
            if field in texts:
                entry["description"] = texts[field]
    return schema


# Of the limits that a field's annotation has, by their names in Python.
_LIMITS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}


def _bounded(entry: dict[str, Any], limits: Iterable[Any]) -> None:
    """Put a field's limits into the forms in which it is a number.

    A quantity has a schema of its own, for it may be text with a unit, and what else the field says
    of it would not be in there.
    """
    forms = [form for form in (entry, *entry.get("anyOf", ())) if form.get("type") in _NUMBERS]
    for limit in limits:
        for name, key in _LIMITS.items():
            value = getattr(limit, name, None)
            for form in forms if value is not None else ():
                tightest = min if name.startswith("l") else max
                form[key] = tightest(form.get(key, value), value)


_NUMBERS = ("number", "integer")


def _blocks_of(cls: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """A block and all blocks within it, by name."""
    found = {cls.__name__: cls}
    for field in cls.model_fields.values():
        for inner in classes_of(field):
            found |= _blocks_of(inner)
    return found


def field_texts(cls: type) -> dict[str, str]:
    """What the numpydoc docstrings of a block say of its fields, on one line each.

    Examples
    --------
    >>> from neurosim.converters import Dac
    >>> field_texts(Dac)["noise_V"]
    'Standard deviation of the output, drawn once per drive and node.'
    """
    texts: dict[str, str] = {}
    for base in (*cls.__mro__, Sourced):
        texts = _own_texts(base) | texts
    return texts


def _own_texts(cls: type) -> dict[str, str]:
    _, _, text = (inspect.getdoc(cls) or "").partition("Parameters\n----------\n")
    entries = re.findall(r"^(\w[\w, ]*) : .*\n((?:[ \t]+.*\n?)*)", text, re.MULTILINE)
    return {
        name: " ".join(words.split()).replace("`", "")
        for names, words in entries
        for name in names.split(", ")
    }
