"""YAML files as blocks: every mistake found at once, each with its place."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from neurosim.config import Block
from neurosim.errors import ProfileError

__all__ = ["dump_block", "load_block", "parse_block", "with_value"]

B = TypeVar("B", bound=Block)
Location = tuple[int | str, ...]
Places = dict[Location, tuple[int, int]]


class _Loader(yaml.SafeLoader):
    """YAML 1.2 numbers, so that 1e-6 is one; a key may stand only once."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:float"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^[-+]?\.inf$|^\.nan$"),
    list("-+.0123456789"),
)


def _places(node: yaml.Node, at: Location, places: Places) -> None:
    """Line and column of every value (of its key, in a mapping), and keys that stand twice."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = (*at, key.value)
            if path in places:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{key.value}' must stand only once, but stands again here",
                    problem_mark=key.start_mark,
                )
            places[path] = key.start_mark.line + 1, key.start_mark.column + 1
            _places(value, path, places)
    elif isinstance(node, yaml.SequenceNode):
        for k, item in enumerate(node.value):
            places[*at, k] = item.start_mark.line + 1, item.start_mark.column + 1
            _places(item, (*at, k), places)


def _model_at(cls: type[BaseModel], path: Location) -> type[BaseModel] | None:
    """Class of the block at `path` below `cls`."""
    for key in path:
        field = cls.model_fields.get(str(key))
        if field is None:
            return None
        options = [field.annotation, *getattr(field.annotation, "__args__", ())]
        found = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        if not found:
            return None
        cls = found[0]
    return cls


_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _sentence(error: ErrorDetails, cls: type[BaseModel]) -> str:
    """What is wrong, in plain words."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    if kind == "extra_forbidden":
        model = _model_at(cls, error["loc"][:-1])
        name = str(error["loc"][-1])
        near = difflib.get_close_matches(name, model.model_fields if model else [], n=1)
        return f"unknown field '{name}'" + (f"; did you mean '{near[0]}'?" if near else "")
    if kind == "missing":
        return "missing; every effect must be stated, write 'ideal' where there is none"
    if kind == "value_error":
        return str(context["error"])
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        must = f"{word} {context[key]}"
    elif kind == "literal_error":
        must = f"one of {context['expected']}"
    elif kind in {"model_type", "model_attributes_type"}:
        must = "a block of fields"
    else:
        must = error["msg"].removeprefix("Input should be ").replace("valid ", "")
    return f"must be {must}, but is {given!r}"


# Names that pydantic adds to a path for the branch of a union, which no file has.
_BRANCHES = re.compile(r"^(function-|constrained-|float$|int$|str$|dict\[|nullable)")


def parse_block(text: str, cls: type[B], where: str) -> B:
    """Block of class `cls` from YAML text; `where` names its source in messages.

    Raises
    ------
    ProfileError
        One line for each mistake: ``where:line:column: path: what must hold``.
    """
    places: Places = {}
    try:
        node = yaml.compose(text, Loader=_Loader)
        if node is not None:
            _places(node, (), places)
        tree = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise ProfileError(f"{place}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ProfileError(f"{where}: must be YAML, but is not: {error}") from None
    if not isinstance(tree, dict):
        raise ProfileError(
            f"{where}: must be a mapping of fields to values, but is "
            f"{'empty' if tree is None else type(tree).__name__}."
        )
    try:
        return cls.model_validate(tree)
    except ValidationError as failure:
        lines: dict[str, None] = {}
        for mistake in failure.errors():
            path = tuple(p for p in mistake["loc"] if not _BRANCHES.match(str(p)))
            line, column = next(
                (places[path[:k]] for k in range(len(path), 0, -1) if path[:k] in places), (1, 1)
            )
            name = ".".join(map(str, path))
            message = _sentence({**mistake, "loc": path}, cls)
            entry = f"{where}:{line}:{column}: {name}: {message}" if name else f"{where}: {message}"
            lines[entry] = None
        raise ProfileError("\n".join(lines)) from None


def load_block(path: Path, cls: type[B]) -> B:
    """Block of class `cls` from a YAML file.

    Raises
    ------
    ProfileError
        The file cannot be read or is not valid.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ProfileError(f"{path}: must be UTF-8 text, but is not.") from None
    except OSError as error:
        raise ProfileError(
            f"{path}: must be a file that can be read, but is not ({error.strerror})."
        ) from None
    return parse_block(text, cls, str(path))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value


def dump_block(block: Block) -> str:
    """YAML that loads back to an equal block."""
    tree = _plain(block.model_dump(mode="python"))
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)


def with_value(block: B, path: str, value: Any) -> B:
    """Changed copy, checked anew: ``with_value(profile, "adc.bits", 6)``.

    Raises
    ------
    ProfileError
        There is no such path, or the value is not valid there.
    """
    tree = block.model_dump(mode="python")
    *parents, last = path.split(".")
    node: Any = tree
    for key in [*parents, last]:
        if not isinstance(node, dict) or key not in node:
            known = list(node) if isinstance(node, dict) else []
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else "."
            raise ProfileError(f"{path}: there is no field '{key}'{hint}")
        node = node if key is last else node[key]
    node[last] = value
    return parse_block(yaml.safe_dump(_plain(tree)), type(block), path)
