"""What blocks hold as trees of values: which of these are numbers, and copies with changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import BaseModel

from neurosim.blocks.classes import class_at, has_defaults
from neurosim.blocks.origins import STATED_IN_CODE

__all__ = [
    "changed",
    "has",
    "holds_number",
    "is_number",
    "paths_in",
    "plain",
    "turned_off",
    "untouched",
]


def is_number(value: Any) -> bool:
    """Whether a field's value is a number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def holds_number(value: Any) -> bool:
    """Whether a value is a number other than 0, or holds one that no source of its own covers."""
    if isinstance(value, BaseModel):
        inside = {name: getattr(value, name) for name in type(value).model_fields}
        return holds_number(inside)
    if isinstance(value, Mapping):
        return "source" not in value and any(holds_number(v) for v in value.values())
    if isinstance(value, tuple | list):
        return any(holds_number(v) for v in value)
    return is_number(value) and value != 0


def plain(value: Any) -> Any:
    """The same value made of dicts (sources last), lists and Python's own scalars."""
    if isinstance(value, Mapping):
        items = sorted(value.items(), key=lambda item: item[0] == "source")
        return {key: plain(v) for key, v in items}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    # NumPy's numbers, as a sweep over an array hands them in.
    return value.tolist() if hasattr(value, "tolist") else value


def paths_in(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted paths of all fields."""
    for key, value in tree.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from paths_in(value, f"{prefix}{key}.")


def has(tree: Any, path: str) -> bool:
    """Whether there is a field at a dotted path."""
    for key in path.split("."):
        if not isinstance(tree, Mapping) or key not in tree:
            return False
        tree = tree[key]
    return True


def changed(tree: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Copy of `tree` with another value at `path`.

    A number that changes comes from another source from then on: it was set here.
    """
    out = dict(tree)
    key, _, rest = path.partition(".")
    if rest:
        out[key] = changed(out[key], rest, value)
        return out
    old, source = out[key], out.get("source")
    out[key] = value
    if isinstance(value, BaseModel) and source and holds_number(value):
        if not isinstance(source, Mapping):
            source = {name: source for name, v in tree.items() if holds_number(v)}
        out["source"] = {**source, key: STATED_IN_CODE}
    elif source and key != "source" and old != value and (is_number(old) or old == "ideal"):
        if not isinstance(source, Mapping):
            source = {name: source for name, v in tree.items() if holds_number(v)}
        out["source"] = {**source, key: f"assumed: set in place of {old}"}
    return out


def untouched(tree: dict[str, Any], block: BaseModel, paths: list[str]) -> dict[str, Any]:
    """A changed tree in which the blocks that no path leads into are the objects they were."""
    out = dict(tree)
    for name in type(block).model_fields:
        value, steps = getattr(block, name), [path.partition(".") for path in paths]
        below = [rest for first, _, rest in steps if first == name]
        if isinstance(value, BaseModel) and not below:
            out[name] = value
        elif isinstance(value, BaseModel) and all(below):
            out[name] = untouched(tree[name], value, below)
    return out


def turned_off(cls: type[BaseModel], tree: dict[str, Any], path: str) -> str | None:
    """What to do where `path` leads into a block that is off; None where it does not."""
    keys, value = path.split("."), cast(Any, tree)
    for k, key in enumerate(keys[:-1], 1):
        value = value.get(key) if isinstance(value, Mapping) else None
        inside = class_at(cls, tuple(keys[:k]), tree)
        if value in (None, "ideal") and inside is not None and keys[k] in inside.model_fields:
            on = f"`{key}: {{}}` turns it on"
            fields = ", ".join(inside.model_fields)
            way = on if has_defaults(inside) else f"give {key} with all its fields: {fields}"
            return f"{key} is {value or 'off'} there; {way}"
    return None
