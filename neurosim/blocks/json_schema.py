"""The JSON Schema of a block, by which editors complete and explain its fields."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.classes import classes_of

__all__ = ["json_schema"]


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
        texts: dict[str, str] = {}
        for base in (*cls.__mro__, Sourced):
            texts = _field_texts(base) | texts
        for field, entry in block["properties"].items():
            entry.pop("title", None)
            if field in stated:
                entry.pop("default", None)
            if field in texts:
                entry["description"] = texts[field]
    return schema


def _blocks_of(cls: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """A block and all blocks within it, by name."""
    found = {cls.__name__: cls}
    for field in cls.model_fields.values():
        for inner in classes_of(field):
            found |= _blocks_of(inner)
    return found


def _field_texts(cls: type) -> dict[str, str]:
    """What the numpydoc docstring of a block says of each field, on one line each."""
    _, _, text = (inspect.getdoc(cls) or "").partition("Parameters\n----------\n")
    entries = re.findall(r"^(\w[\w, ]*) : .*\n((?:[ \t]+.*\n?)*)", text, re.MULTILINE)
    return {
        name: " ".join(words.split()).replace("`", "")
        for names, words in entries
        for name in names.split(", ")
    }
