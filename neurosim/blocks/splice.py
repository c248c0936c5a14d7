"""A YAML file changed in its text: blocks replaced, comments added; all else stays as it was."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from neurosim.blocks.document import compose, compose_node
from neurosim.errors import ProfileError

__all__ = ["commented", "spliced"]


def spliced(text: str, blocks: Mapping[str, str], where: str) -> str:
    r"""Text of a YAML mapping with some of its blocks replaced.

    Parameters
    ----------
    text : str
    blocks : mapping from str to str
        Text of each block by its key, which leads it. What stands between a block and the next one
        belongs to the next.
    where : str
        Names the text in messages.

    Raises
    ------
    ProfileError
        It is no YAML, or no mapping that is written one key below another, or lacks a key.

    Examples
    --------
    >>> spliced("a: 1  # one\nb: 2\n# three\nc: 3\n", {"b": "b: 4"}, "x.yaml").splitlines()
    ['a: 1  # one', 'b: 4', '# three', 'c: 3']
    """
    root = compose_node(text, where)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise ProfileError(f"{where}: must have one key below another, but is written in one.")
    lines = text.splitlines(keepends=True)
    starts = [key.start_mark.line for key, _ in root.value]
    ends = [*starts[1:], len(lines)]
    places = {
        key.value: at
        for (key, _), at in zip(root.value, zip(starts, ends, strict=True), strict=True)
    }
    missing = [name for name in blocks if name not in places]
    if missing:
        raise ProfileError(f"{where}: must have the block {missing[0]}, but has none.")
    for name in sorted(blocks, key=lambda name: places[name], reverse=True):
        start, end = places[name]
        while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1
        lines[start:end] = [blocks[name].rstrip("\n") + "\n"]
    return "".join(lines)


def commented(text: str, comments: Mapping[str, str], where: str) -> str:
    r"""Text of a YAML mapping with a comment above some of its fields, each by its dotted path.

    Examples
    --------
    >>> print(commented("a:\n  b: 1\n", {"a.b": "in volts"}, "x.yaml"), end="")
    a:
      # in volts
      b: 1
    """
    document, lines = compose(text, where), text.splitlines(keepends=True)
    places = {document.place(tuple(path.split(".")), key=True): c for path, c in comments.items()}
    for line, column in sorted(places, reverse=True):
        lines.insert(line - 1, f"{' ' * (column - 1)}# {places[line, column]}\n")
    return "".join(lines)
