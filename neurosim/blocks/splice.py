"""Blocks of a YAML file replaced in its text, so that all around them stays as it was written."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from neurosim.blocks.document import compose_node
from neurosim.errors import ProfileError

__all__ = ["spliced"]


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
