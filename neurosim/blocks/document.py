"""YAML text as plain values, each with its place in the text, and back.

Scalars follow YAML 1.2: ``1e-6`` and ``1.0e8`` are numbers, ``010`` is ten, ``no`` and dates are
text. (PyYAML's own rules are those of YAML 1.1.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel

from neurosim.errors import ProfileError
from neurosim.safe_text import has_hidden, one_line, printable

__all__ = ["Document", "Location", "Mistake", "compose", "compose_node", "shown", "written"]

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

# Blocks within blocks that a file may have.
_DEEPEST = 100


class _Loader(yaml.SafeLoader):
    """Composer of nodes whose scalars are tagged by the rules of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML keeps them in the class
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node; PyYAML's time grows with the square of the depth."""
        if self.depth == _DEEPEST:
            raise RecursionError
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        """An opening bracket; the scanner runs far ahead of the composer."""
        if self.flow_level == _DEEPEST:
            raise RecursionError
        super().fetch_flow_collection_start(token)


class _Dumper(yaml.SafeDumper):
    """Writer that quotes every text which YAML 1.1 or 1.2 would read as something else."""


# Writes the same text in a sixth of the time; some builds of PyYAML come without libyaml.
class _FastDumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # a class that may be either
    """As `_Dumper`, of texts that hide nothing and have no character beyond U+D7FF."""

    def represent_dict(self, tree: dict[str, Any]) -> yaml.Node:
        """A block whose keys stand on their lines."""
        if any(not 0 < len(str(key)) < 100 or "\n" in str(key) for key in tree):
            raise _NotPlainError
        node: yaml.Node = self.represent_mapping(_TAG + "map", tree.items())
        return node


class _NotPlainError(Exception):
    """A text that libyaml writes in another way, or not at all."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    # Only within double quotes does PyYAML keep line breaks other than \n, and are escapes read.
    style = '"' if has_hidden(text.replace("\n", "")) else None
    return dumper.represent_scalar(_TAG + "str", text, style=style)


def _plain_text(dumper: _Dumper, text: str) -> yaml.Node:
    if has_hidden(text.replace("\n", "")) or max(text, default="") > "\ud7ff":
        raise _NotPlainError
    return dumper.represent_scalar(_TAG + "str", text)


_Dumper.add_representer(str, _text)
_FastDumper.add_representer(str, _plain_text)
_FastDumper.add_representer(dict, _FastDumper.represent_dict)

for _kind, (_form, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper, _FastDumper):
        _class.add_implicit_resolver(_TAG + _kind, re.compile(rf"(?:{_form})$"), _first)

_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    _TAG + "null": ("empty", lambda text: None),
    _TAG + "bool": ("true or false", lambda text: text.lower() == "true"),
    _TAG + "int": ("a whole number", lambda text: int(text, 0 if text[1:2] in "xo" else 10)),
    _TAG + "float": ("a number", lambda text: float(re.sub(r"\.(?=[a-zA-Z])", "", text))),
    _TAG + "str": ("text", str),
}


class Mistake(NamedTuple):
    """One line of a report."""

    line: int
    column: int
    path: Location
    text: str

    def __str__(self) -> str:
        return one_line(f"{'.'.join(map(str, self.path))}: {self.text}" if self.path else self.text)


class Document:
    """Plain values of a YAML document, and where each of them and each key stands.

    Parameters
    ----------
    root : yaml.Node or None
        Of the document; None for values that stand in no text.
    tree : object, optional
        Those values.

    Attributes
    ----------
    tree : object
        Mappings, lists and scalars.
    mistakes : list of Mistake
        Repeated keys, aliases, and whatever else has no plain value.
    """

    def __init__(self, root: yaml.Node | None, tree: Any = None) -> None:
        self.tree = tree
        self.mistakes: list[Mistake] = []
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
        self.mistakes.append(Mistake(mark.line + 1, mark.column + 1, path, text))

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
        self._wrong(node.start_mark, path, f"must be {wanted}, but is {shown(node.value)}")
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


def shown(value: Any) -> str:
    """A value as a message shows it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | BaseModel):
        return "a block of fields"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_HINTS = {
    "mapping values are not allowed here": "; put quotes around a text that holds ': '",
    "found character '\\t' that cannot start any token": "; indent with spaces, not tabs",
}


@lru_cache(maxsize=64)
def _nodes(text: str) -> yaml.Node | None:
    """The nodes of a text, which nothing changes; the same few files are read again and again."""
    return yaml.compose(text, Loader=_Loader)


def compose(text: str, where: str) -> Document:
    """The one document in `text`."""
    try:
        return Document(compose_node(text, where))
    except RecursionError:
        raise ProfileError(f"{where}: not valid YAML: nested too deeply.") from None


def compose_node(text: str, where: str) -> yaml.Node | None:
    """PyYAML's tree of the one document in `text`, with its marks.

    Raises
    ------
    ProfileError
        It is no YAML.
    """
    try:
        return _nodes(text)
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


def _by(dumper: type[yaml.SafeDumper], tree: Any) -> str:
    text: str = yaml.dump(tree, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def written(tree: Any) -> str:
    """YAML of plain values that composes to an equal tree, its keys in the order given."""
    try:
        text = _by(_FastDumper, tree)
    except _NotPlainError:
        text = _by(_Dumper, tree)
    # PyYAML leaves marks of direction as they are.
    return printable(text)
