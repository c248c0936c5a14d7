"""Tables of what a page repeats: a chip's numbers with their sources, and a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from neurosim.blocks.block import Block
from neurosim.blocks.sources import by_kind, numbers_of
from neurosim.blocks.units import format_value
from neurosim.blocks.words import as_written, word_of

__all__ = ["blocks_of", "settings_of"]


def blocks_of(profile: Block) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Tables of parameter, value, source: one for each block, the plain fields first.

    After these: how many numbers follow from their source, stand in it, are assumed.
    """
    plain: list[tuple[str, str, str]] = []
    blocks = []
    for name, value in as_written(profile).items():
        if not isinstance(value, dict):
            plain.append((name, _shown(profile, name, value), ""))
            continue
        blocks.append((name, _rows_of(getattr(profile, name), value)))
    numbers = numbers_of(profile)
    for kind, paths in by_kind(numbers).items():
        if paths:
            plain.append((f"numbers {kind}", f"{len(paths)} of {len(numbers)}", ", ".join(paths)))
    return [("chip", plain), *blocks]


def _rows_of(block: Any, tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str, str]]:
    """Parameter, value and source of every field, those of blocks inside by their path."""
    source = getattr(block, "source", "")
    rows = []
    for name, value in tree.items():
        if isinstance(value, dict) and name != "source":
            rows += _rows_of(getattr(block, name), value, f"{prefix}{name}.")
        elif name != "source":
            said = source.get(name, "") if isinstance(source, dict) else source
            rows.append((prefix + name, _shown(block, name, value), str(said)))
    return rows


def _shown(block: Any, name: str, value: Any) -> str:
    """A field for people; what is absent by the word that a file has for it."""
    field = getattr(type(block), "model_fields", {}).get(name)
    word = None if field is None or value is not None else word_of(field)
    return format_value(name, value) if word is None else word.text


# Settings that a chip's advice takes the place of.
_ADVISED = ("flow.beta", "flow.settle_tau")


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for name, value in tree.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            said = "none" if value is None else format_value(name, value)
            advised = value is None and prefix + name in _ADVISED
            rows.append((prefix + name, "chip's advice" if advised else said))
    return rows


def settings_of(recipe: BaseModel, scaling: str = "") -> list[tuple[str, str]]:
    """Setting and value of a recipe; `scaling` says what its scale has done to a file's numbers."""
    rows = _flat(recipe.model_dump())
    done = f"; {scaling}" if scaling else ""
    return [(name, said + done if name == "scale" else said) for name, said in rows]
