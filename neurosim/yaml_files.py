"""YAML files as blocks: every mistake found at once, each with its place.

Scalars follow YAML 1.2: ``1e-6`` and ``1.0e8`` are numbers, ``010`` is ten, ``no`` and dates are
text. (PyYAML's own rules are those of YAML 1.1.)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from neurosim.config import Block, BlockError, can_be_ideal, is_number
from neurosim.errors import ProfileError

__all__ = ["dump_block", "load_block", "parse_block", "with_value", "with_values"]

B = TypeVar("B", bound=Block)
Location = tuple[int | str, ...]

_TAG = "tag:yaml.org,2002:"
_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
)


class _Loader(yaml.SafeLoader):
    """Composer of nodes whose scalars are tagged by the rules of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # of PyYAML's own making


class _Dumper(yaml.SafeDumper):
    """Writer that quotes every text which YAML 1.1 or 1.2 would read as something else."""


for _name, _form, _first in _SCALARS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_form})$"), _first)


def _integer(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    _TAG + "null": ("empty", lambda text: None),
    _TAG + "bool": ("true or false", lambda text: text.lower() == "true"),
    _TAG + "int": ("a whole number", _integer),
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

    def __init__(self, root: yaml.Node | None) -> None:
        self.mistakes: list[_Mistake] = []
        self._keys: dict[Location, yaml.Mark] = {}
        self._values: dict[Location, yaml.Mark] = {}
        self._seen: set[int] = set()
        self.tree = None
        if root is not None:
            self._values[()] = root.start_mark
            self.tree = self._read(root, ())

    def place(self, path: Location, *, key: bool = False) -> tuple[int, int]:
        """Line and column of a value (or of its key), or else of the block that would hold it."""
        for k in range(len(path), -1, -1):
            above = key or k < len(path)
            mark = self._keys.get(path[:k]) if above else None
            mark = mark or self._values.get(path[:k])
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
            for k, item in enumerate(node.value):
                self._values[*path, k] = item.start_mark
            return [self._read(item, (*path, k)) for k, item in enumerate(node.value)]
        what, read = _READERS.get(node.tag, (f"plain YAML without the tag {node.tag}", None))
        try:
            if read is None:
                raise ValueError
            return read(node.value)
        except ValueError:
            self._wrong(node.start_mark, path, f"must be {what}, but is {_shown(node.value)}")
            return None

    def _read_mapping(self, node: yaml.MappingNode, path: Location) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag != _TAG + "str":
                text = f"a field's name must be text, but is {_shown(key.value)}"
                self._wrong(key.start_mark, path, text)
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


def _field_at(cls: type[BaseModel], path: Location) -> FieldInfo | None:
    """Field at `path` below `cls`."""
    *parents, last = path
    model = _model_at(cls, tuple(parents))
    return model.model_fields.get(str(last)) if model else None


def _model_at(cls: type[BaseModel], path: Location) -> type[BaseModel] | None:
    """Class of the block at `path` below `cls`."""
    for key in path:
        field = cls.model_fields.get(str(key))
        options = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        found = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        if not found:
            return None
        cls = found[0]
    return cls


def _path_of(error: ErrorDetails, tree: Any) -> Location:
    """Where in the tree an error is: pydantic also names the branches of unions."""
    path: Location = ()
    for part in error["loc"]:
        inside = part in tree if isinstance(tree, dict) else isinstance(tree, list | tuple)
        if inside:
            tree = tree[part]
        if inside or (error["type"] == "missing" and part == error["loc"][-1]):
            path = (*path, part)
    return path


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


def _sentence(error: ErrorDetails, path: Location, cls: type[BaseModel]) -> str:
    """What must hold and what is, in plain words."""
    kind, context, given = error["type"], error.get("ctx", {}), error["input"]
    field = _field_at(cls, path) if path else None
    if kind == "missing":
        if field is not None and can_be_ideal(field):
            return "missing; every effect must be stated, write 'ideal' where there is none"
        return "missing; it has no default"
    if kind == "value_error":
        return str(context["error"])
    if kind in _LENGTHS:
        word, key = _LENGTHS[kind]
        return f"must have {word} {context[key]} items, but has {context['actual_length']}"
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        wanted = f"{word} {context[key]:g}"
    elif kind == "literal_error":
        wanted = f"one of {context['expected'].replace(' or ', ', ')}"
    else:
        plain = re.sub(r"^Input should be (a valid )?", "", error["msg"])
        wanted = _WANTED.get(kind.split("_")[0], plain)
    if field is not None and can_be_ideal(field) and kind not in _BOUNDS:
        wanted += " or 'ideal'"
    return f"must be {wanted}, but is {_shown(given)}"


def _mistakes(failure: ValidationError, cls: type[Block], document: _Document) -> list[_Mistake]:
    """Every error of a validation with its place; a misspelt field is not missing as well."""
    errors = [(_path_of(error, document.tree), error) for error in failure.errors()]
    missing = [path for path, error in errors if error["type"] == "missing"]
    out: list[_Mistake] = []
    meant: set[Location] = set()
    for path, error in errors:
        if error["type"] == "extra_forbidden":
            *parents, name = path
            model = _model_at(cls, tuple(parents))
            absent = [str(p[-1]) for p in missing if p[:-1] == path[:-1]]
            known = list(model.model_fields) if model else []
            near = _nearest(str(name), absent) or _nearest(str(name), known)
            if near:
                meant.add((*path[:-1], near))
            hint = f"did you mean '{near}'?" if near else f"the fields are {', '.join(known)}"
            text = f"unknown field '{name}'; {hint}"
            out.append(_Mistake(*document.place(path, key=True), path, text))
        elif error["type"] == "value_error" and isinstance(error["ctx"]["error"], BlockError):
            for below, text in error["ctx"]["error"].found:
                at = (*path, *below)
                out.append(_Mistake(*document.place(at, key=len(below) > 1), at, text))
        else:
            at = document.place(path, key=error["type"] == "missing")
            out.append(_Mistake(*at, path, _sentence(error, path, cls)))
    return [m for m in out if m.path not in meant]


def _nearest(name: str, known: list[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


_HINTS = {
    "mapping values are not allowed here": "; put quotes around a text that holds ': '",
    "found character '\\t' that cannot start any token": "; indent with spaces, not tabs",
}


def _compose(text: str, where: str) -> _Document:
    """The one document in `text`."""
    try:
        return _Document(yaml.compose(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark or error.context_mark, error.problem or error.context
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        hint = _HINTS.get(str(problem), "")
        raise ProfileError(f"{place}: must be YAML, but {problem}{hint}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ProfileError(
            f"{where}:{line}: must be YAML, but holds the control character "
            f"{ascii(chr(error.character))}."
        ) from None
    except RecursionError:
        raise ProfileError(f"{where}: must be YAML, but is nested too deeply.") from None


def parse_block(text: str, cls: type[B], where: str) -> B:
    """Block of class `cls` from YAML text; `where` names its source in messages.

    Raises
    ------
    ProfileError
        One line for each mistake: ``where:line:column: path: what must hold``.

    Examples
    --------
    >>> from neurosim.solvers.settings import Settling
    >>> parse_block("engine: stochastic", Settling, "my.yaml").engine
    'stochastic'
    >>> parse_block("{rtol: 1e-6, metod: BDF}", Settling, "my.yaml")
    Traceback (most recent call last):
    neurosim.errors.ProfileError: my.yaml:1:14: metod: unknown field 'metod'; did you mean 'method'?
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
        mistakes = mistakes + _mistakes(failure, cls, document)
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
        text = path.read_text("utf-8-sig")
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
    """The same value made of dicts, lists and Python's own scalars."""
    if isinstance(value, Mapping):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    # NumPy's scalars, as a sweep over an array hands them in.
    return value.item() if hasattr(value, "item") else value


def dump_block(block: Block) -> str:
    """YAML that loads back to an equal block."""
    tree = _plain(block.model_dump(mode="python"))
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted paths of all fields."""
    for key, value in tree.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")


def _changed(tree: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Copy of `tree` with another value at `path`, which must exist.

    A number that changes has another source from then on: that it was set here.
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
            source = {name: source for name, v in out.items() if is_number(v)}
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
    paths = list(_leaves(tree))
    for path, value in changes.items():
        if path not in paths:
            near = _nearest(path, paths)
            hint = f"did you mean '{near}'?" if near else f"the fields are {', '.join(tree)}."
            raise ProfileError(f"{path}: there is no such field; {hint}")
        tree = _changed(tree, path, _plain(value))
    try:
        return type(block).model_validate(tree)
    except ValidationError as failure:
        document = _Document(None)
        document.tree = tree
        found = _mistakes(failure, type(block), document)
        raise ProfileError("\n".join(map(str, found))) from None


def with_value(block: B, path: str, value: Any) -> B:
    """Copy with one change: ``with_value(profile, "adc.bits", 6)``. See `with_values`."""
    return with_values(block, {path: value})
