"""What each field of a block is, in a line, from the docstrings of its classes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from neurosim.blocks.block import Block
from neurosim.blocks.classes import word_of_class
from neurosim.blocks.json_schema import field_texts

__all__ = ["explained"]


def explained(block: Block, written: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """First sentence on every field that is written, however deep, by its path; without sources.

    A word that names a class has the first line of that class.

    Parameters
    ----------
    block : Block
    written : mapping
        As `neurosim.blocks.words.as_written` has it.
    prefix : str
        Leads the paths.

    Examples
    --------
    >>> from neurosim.devices.drivers import ClassA
    >>> explained(ClassA(rail_V=0.9), {"kind": "class_a", "rail_V": 0.9})["rail_V"]
    'Voltage of the supply above, and below, the reference'
    """
    found, texts = dict[str, str](), field_texts(type(block))
    for name, said in written.items():
        if name == "source":
            continue
        text = texts.get(name, "")
        if word_of_class(type(block), name):
            text = (inspect.getdoc(type(block)) or "").partition("\n")[0]
        found[f"{prefix}{name}"] = _first_sentence(text)
        inner = getattr(block, name)
        if isinstance(inner, Block) and isinstance(said, Mapping):
            found |= explained(inner, said, f"{prefix}{name}.")
    return found


def _first_sentence(text: str) -> str:
    return re.split(r"\.(?= [A-Z`]|$)|;", text)[0].strip()
