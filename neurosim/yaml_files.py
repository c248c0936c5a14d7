"""YAML files as blocks: every mistake found at once, each with its place.

Scalars follow YAML 1.2: ``1e-6`` and ``1.0e8`` are numbers, ``010`` is ten, ``no`` and dates are
text. (PyYAML's own rules are those of YAML 1.1.)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from neurosim.config import Block, BlockError, can_be_ideal, holds_number, is_number
from neurosim.errors import ProfileError

__all__ = ["dump_block", "load_block", "parse_block", "with_value", "with_values"]

B = TypeVar("B", bound=Block)
Location = tuple[int | str, ...]

_TAG = "tag:yaml.org,2002:"
# Of each kind of scalar: its form, and the characters it can start with.
_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}


class _Loader(yaml.SafeLoader):
    """Composer of nodes whose scalars are tagged by the rules of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML keeps them in the class


class _Dumper(yaml.SafeDumper):
    """Writer that quotes every text which YAML 1.1 or 1.2 would read as something else."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    # Only within double quotes does PyYAML keep line breaks other than \n.
    style = '"' if re.search(r"[\r\x85\u2028\u2029]", text) else None
    return dumper.represent_scalar(_TAG + "str", text, style=style)


_Dumper.add_representer(str, _text)

for _kind, (_form, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _kind, re.compile(rf"(?:{_form})$"), _first)

_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    _TAG + "null": ("empty", lambda text: None),
    _TAG + "bool": ("true or false", lambda text: text.lower() == "true"),
    _TAG + "int": ("a whole number", lambda text: int(text, 0 if text[1:2] in "xo" else 10)),
    _TAG + "float": ("a number", lambda text: float(re.sub(r"\.(?=[a-zA-Z])", "", text))),
    _TAG + "str": ("text", str),
}


class _Mistake(NamedTuple):
    """One line of a report."""

    line: int
    column: int
    path: Location
    text: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.text}" if self.path else self.text


class _Document:
    """Plain values of a YAML document, and where each of them and each key stands.

    Attributes
    ----------
    tree : object
        Mappings, lists and scalars.
    mistakes : list of _Mistake
        Repeated keys, aliases, and whatever else has no plain value.
    """

    def __init__(self, root: yaml.Node | None, tree: Any = None) -> None:
        self.tree = tree
        self.mistakes: list[_Mistake] = []
        self._keys: dict[Location, yaml.Mark] = {}
        self._values: dict[Location, yaml.Mark] = {}
        self._seen: set[int] = set()
        if root is not None:
            self._values[()] = root.start_mark
            self.tree = self._read(root, ())

    def place(self, path: Location, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a value (or of its key), or else of the block that would hold it."""
        for k in range(len(path), -1, -1):
            marks = [self._values.get(path[:k]), self._keys.get(path[:k])]
            for mark in reversed(marks) if key else marks:
                if mark:
                    return mark.line + 1, mark.column + 1
        return 1, 1

    def _wrong(self, mark: yaml.Mark, path: Location, text: str) -> None:
        self.mistakes.append(_Mistake(mark.line + 1, mark.column + 1, path, text))

    def _read(self, node: yaml.Node, path: Location) -> Any:
        if id(node) in self._seen:
            self._wrong(node.start_mark, path, "must be written out again, not as an alias (*)")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._values |= {(*path, k): item.start_mark for k, item in enumerate(node.value)}
            return [self._read(item, (*path, k)) for k, item in enumerate(node.value)]
        wanted, read = _READERS.get(node.tag, ("plain YAML without a tag (!)", None))
        try:
            if read is not None:
                return read(node.value)
        except ValueError:
            pass
        self._wrong(node.start_mark, path, f"must be {wanted}, but is {_shown(node.value)}")
        return None

    def _read_mapping(self, node: yaml.MappingNode, path: Location) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag != _TAG + "str":
                given = key.value if isinstance(key, yaml.ScalarNode) else "a collection"
                self._wrong(key.start_mark, path, f"a field's name must be text, but is {given}")
                continue
            at = (*path, key.value)
            if at in self._keys:
                text = f"must stand only once, but stands in line {self._keys[at].line + 1} too"
                self._wrong(key.start_mark, at, text)
                continue
            self._keys[at] = key.start_mark
            same_line = value.start_mark.line == key.start_mark.line
            self._values[at] = value.start_mark if same_line else key.start_mark
            tree[key.value] = self._read(value, at)
        return tree


def _shown(value: Any) -> str:
    """A value as a message shows it."""
    if value is None:
        return "empty"
    if isinstance(value, Mapping | BaseModel):
        return "a block of fields"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _nearest(name: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def _classes(annotation: Any) -> list[type[BaseModel]]:
    """Blocks that a type allows, however deep in unions and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [cls for part in get_args(annotation) for cls in _classes(part)]


def _model_at(cls: type[BaseModel], path: Location, tree: Any) -> type[BaseModel] | None:
    """Class of the block at `path` below `cls`; of several, that with most of the keys given."""
    for key in path:
        inside = key in tree if isinstance(tree, dict) else isinstance(tree, list | tuple)
        tree = tree[key] if inside else None
        if isinstance(key, int):
            continue  # An item of a list: the field's own classes.
        field = cls.model_fields.get(key)
        found = _classes(field.annotation) if field else []
        if not found:
            return None
        given = set(tree) if isinstance(tree, dict) else set()
        cls = max(found, key=lambda one: len(given & set(one.model_fields)))
    return cls


def _path_of(error: ErrorDetails, tree: Any) -> Location:
    """Where in the tree an error is: pydantic also names the branches of unions."""
    path: Location = ()
    for part in error["loc"]:
        inside = part in tree if isinstance(tree, dict) else isinstance(tree, list | tuple)
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
    owner = _model_at(cls, path[:-1], tree)
    field = owner.model_fields.get(str(path[-1])) if owner and path else None
    ideal = field is not None and can_be_ideal(field)
    if kind == "missing":
        return _missing(field, _model_at(cls, path, tree), ideal)
    if kind == "value_error":
        return str(context["error"])
    if kind in _LENGTHS:
        word, key = _LENGTHS[kind]
        return f"must have {word} {context[key]} items, but has {context['actual_length']}"
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"must be {word} {context[key]:g}, but is {_shown(given)}"
    if kind == "literal_error":
        wanted = f"one of {context['expected'].replace(' or ', ', ')}"
    else:
        plain = re.sub(r"^Input should be (a valid )?", "", error["msg"])
        wanted = _WANTED.get(kind.split("_")[0], plain)
    return f"must be {wanted}{' or ideal' * ideal}, but is {_shown(given)}"


def _missing(field: FieldInfo | None, block: type[BaseModel] | None, ideal: bool) -> str:
    if ideal:
        return "missing; every effect must be stated, write 'ideal' where there is none"
    text = "missing; it must be stated"
    if block is not None:
        text += f" with its fields {', '.join(block.model_fields)}"
    if field is not None and type(None) in get_args(field.annotation):
        text += ", or as 'none' where there is none"
    return text


def _mistakes(failure: ValidationError, cls: type[Block], document: _Document) -> list[_Mistake]:
    """Every error of a validation with its place; a misspelt field is not missing as well."""
    errors = [(_path_of(error, document.tree), error) for error in failure.errors()]
    out: list[_Mistake] = []
    meant: set[Location] = set()
    for path, error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # An item is wrong, and pydantic counts the good ones only.
        if error["type"] == "extra_forbidden":
            owner, name = path[:-1], str(path[-1])
            model = _model_at(cls, owner, document.tree)
            known = list(model.model_fields) if model else []
            absent = [str(p[-1]) for p, e in errors if e["type"] == "missing" and p[:-1] == owner]
            near = _nearest(name, absent) or _nearest(name, known)
            if near:
                meant.add((*owner, near))
            hint = f"did you mean '{near}'?" if near else f"the fields are {', '.join(known)}"
            text = f"unknown field '{name}'; {hint}"
            out.append(_Mistake(*document.place(path, key=True), path, text))
        elif error["type"] == "value_error" and isinstance(error["ctx"]["error"], BlockError):
            for below, text in error["ctx"]["error"].found:
                at = (*path, *below)
                out.append(_Mistake(*document.place(at), at, text))
        else:
            out.append(
                _Mistake(*document.place(path), path, _sentence(error, path, cls, document.tree))
            )
    return [m for m in out if m.path not in meant]


_HINTS = {
    "mapping values are not allowed here": "; put quotes around a text that holds ': '",
    "found character '\\t' that cannot start any token": "; indent with spaces, not tabs",
}


def _compose(text: str, where: str) -> _Document:
    """The one document in `text`."""
    try:
        return _Document(yaml.compose(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        problem = ", ".join(filter(None, [error.context, error.problem]))
        problem += _HINTS.get(str(error.problem), "")
    except yaml.reader.ReaderError as error:
        place = f"{where}:{text.count(chr(10), 0, error.position) + 1}"
        problem = f"there is a control character, {error.character:#04x}"
    except RecursionError:
        place, problem = where, "nested too deeply"
    raise ProfileError(f"{place}: not valid YAML: {problem}.")


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
    document = _compose(text, where)
    if not isinstance(document.tree, dict):
        raise ProfileError(
            f"{where}: must be a mapping from fields to values, but is {_shown(document.tree)}."
        )
    mistakes = document.mistakes
    try:
        block = cls.model_validate(document.tree)
    except ValidationError as failure:
        known = {m.path for m in mistakes}
        mistakes += [m for m in _mistakes(failure, cls, document) if m.path not in known]
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


def dump_block(block: Block) -> str:
    """YAML that loads back to an equal block."""
    tree = _plain(block.model_dump(mode="python"))
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


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


def with_values(block: B, changes: Mapping[str, Any]) -> B:
    """Copy with several changes, checked anew when all are made.

    Parameters
    ----------
    block : Block
    changes : mapping from str to object
        New values by path: ``{"thermal.temperature_K": "ideal", "settling.engine": "transient"}``.

    Raises
    ------
    ProfileError
        There is no such path, or the changed block is not valid.
    """
    tree = block.model_dump(mode="python")
    for path, value in changes.items():
        known = list(_paths(tree))
        if path not in known:
            near = _nearest(path, known)
            hint = f"did you mean '{near}'?" if near else f"the fields are {', '.join(tree)}."
            raise ProfileError(f"{path}: there is no such field; {hint}")
        tree = _changed(tree, path, _plain(value))
    try:
        return type(block).model_validate(tree)
    except ValidationError as failure:
        found = _mistakes(failure, type(block), _Document(None, tree))
        raise ProfileError("\n".join(map(str, found))) from None


def with_value(block: B, path: str, value: Any) -> B:
    """Copy with one change: ``with_value(profile, "adc.bits", 6)``. See `with_values`."""
    return with_values(block, {path: value})
