"""YAML files as blocks: every mistake found at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from neurosim.config import Block, holds_number, is_number
from neurosim.errors import ProfileError
from neurosim.mistakes import class_at, has_defaults, mistakes_of, nearest
from neurosim.yaml_text import Document, compose, shown, written

__all__ = ["dump_block", "load_block", "parse_block", "with_value", "with_values"]

B = TypeVar("B", bound=Block)


def parse_block(text: str, cls: type[B], where: str) -> B:
    """Block of class `cls` from YAML text; `where` names its source in messages.

    Raises
    ------
    ProfileError
        One line for each mistake: ``where:line:column: path: what must hold``.

    Examples
    --------
    >>> from neurosim.solvers.settings import Settling
    >>> parse_block("{engine: stochastic, rtol: 1e-6}", Settling, "my.yaml").rtol
    1e-06
    """
    document = compose(text, where)
    if not isinstance(document.tree, dict):
        raise ProfileError(
            f"{where}: must be a mapping from fields to values, but is {shown(document.tree)}."
        )
    mistakes = document.mistakes
    try:
        block = cls.model_validate(document.tree)
    except ValidationError as failure:
        known = {m.path for m in mistakes}
        mistakes += [m for m in mistakes_of(failure, cls, document) if m.path not in known]
    if mistakes:
        lines = [f"{where}:{m.line}:{m.column}: {m}" for m in sorted(mistakes, key=lambda m: m[:2])]
        raise ProfileError("\n".join(lines))
    return block


def load_block(path: Path, cls: type[B]) -> B:
    """Block of class `cls` from a YAML file.

    Raises
    ------
    ProfileError
        The file cannot be read or is not valid.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ProfileError(
            f"{path}: must be text in UTF-8, but its byte {error.start} is not."
        ) from None
    except OSError as error:
        raise ProfileError(
            f"{path}: must be a file that can be read, but is not ({error.strerror})."
        ) from None
    return parse_block(text, cls, str(path))


def _plain(value: Any) -> Any:
    """The same value made of dicts (sources last), lists and Python's own scalars."""
    if isinstance(value, Mapping):
        items = sorted(value.items(), key=lambda item: item[0] == "source")
        return {key: _plain(v) for key, v in items}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    # NumPy's numbers, as a sweep over an array hands them in.
    return value.tolist() if hasattr(value, "tolist") else value


def dump_block(block: Block, *, brief: bool = False) -> str:
    """YAML that loads back to an equal block; a brief one leaves out what is at its default."""
    return written(_plain(block.model_dump(mode="python", exclude_defaults=brief)))


def _paths(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted paths of all fields."""
    for key, value in tree.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from _paths(value, f"{prefix}{key}.")


def _changed(tree: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Copy of `tree` with another value at `path`.

    A number that changes comes from another source from then on: it was set here.
    """
    out = dict(tree)
    key, _, rest = path.partition(".")
    if rest:
        out[key] = _changed(out[key], rest, value)
        return out
    old, source = out[key], out.get("source")
    out[key] = value
    if source and key != "source" and old != value and (is_number(old) or old == "ideal"):
        if not isinstance(source, Mapping):
            source = {name: source for name, v in tree.items() if holds_number(v)}
        out["source"] = {**source, key: f"assumed: set in place of {old}"}
    return out


def _turned_off(block: Block, tree: dict[str, Any], path: str) -> str | None:
    """What to do where `path` leads into a block that is off; None where it does not."""
    keys, value = path.split("."), cast(Any, tree)
    for k, key in enumerate(keys[:-1], 1):
        value = value.get(key) if isinstance(value, Mapping) else None
        inside = class_at(type(block), tuple(keys[:k]), tree)
        if value in (None, "ideal") and inside is not None and keys[k] in inside.model_fields:
            on = f"`{key}: {{}}` turns it on"
            way = on if has_defaults(inside) else f"give {key} with all its fields"
            return f"{key} is {value or 'off'} there; {way}"
    return None


def with_values(
    block: B, changes: Mapping[str, Any], *, root: str = "", also: Iterable[str] = ()
) -> B:
    """Copy with several changes, checked anew when all are made.

    Parameters
    ----------
    block : Block
    changes : mapping from str to object
        New values by path: ``{"thermal.temperature_K": "ideal", "settling.engine": "transient"}``.
    root : str
        Name of the block, which leads its paths in messages.
    also : iterable of str
        Names beside its paths that a misspelt one may stand for.

    Raises
    ------
    ProfileError
        There is no such path, or the changed block is not valid.
    """
    tree, lead = block.model_dump(mode="python"), f"{root}." if root else ""
    for path, value in changes.items():
        known = list(_paths(tree))
        if path not in known:
            near = nearest(path, [*known, *also])
            hint = f"did you mean '{lead}{near}'?" if near else f"the fields are {', '.join(tree)}."
            hint = _turned_off(block, tree, path) or f"there is no such field; {hint}"
            raise ProfileError(f"{lead}{path}: {hint}")
        tree = _changed(tree, path, _plain(value))
    try:
        return type(block).model_validate(tree)
    except ValidationError as failure:
        found = mistakes_of(failure, type(block), Document(None, tree))
        raise ProfileError("\n".join(f"{lead}{mistake}" for mistake in found)) from None


def with_value(block: B, path: str, value: Any) -> B:
    """Copy with one change: ``with_value(profile, "adc.bits", 6)``. See `with_values`."""
    return with_values(block, {path: value})
