"""What is made once, however many points of a grid share it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeVar

from neurosim.blocks.block import Block
from neurosim.blocks.words import as_written, bare
from neurosim.errors import ProfileError

__all__ = ["Memory", "Written", "digest", "digest_of_json"]

T = TypeVar("T")


def digest(tree: Any) -> str:
    """Name of a set of plain values."""
    return _digest(json.dumps(tree, sort_keys=True))


def digest_of_json(texts: Sequence[str]) -> str:
    """As `digest` of a list, from the JSON of its values."""
    return _digest(f"[{', '.join(texts)}]")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Written(NamedTuple):
    """A block as a file says it: as plain values, and as the JSON that a key is a digest of.

    A key does not depend on sources, nor on what a file may leave out and does, as it has not what
    a later version adds.
    """

    tree: Any
    text: str


class Memory:
    """Results by key; a mistake that was found once is found again at once."""

    def __init__(self) -> None:
        self._found: dict[Hashable, Any] = {}
        self._wrong: dict[Hashable, ProfileError] = {}
        # An object that is forgotten could lend its identity to another.
        self._kept: list[Any] = []

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned, or raised, when it was first asked for `key`."""
        if key in self._wrong:
            raise self._wrong[key]
        if key not in self._found:
            try:
                self._found[key] = make()
            except ProfileError as error:
                self._wrong[key] = error
                raise
        found: T = self._found[key]
        return found

    def written(self, block: Block) -> Written:
        """A block as a file says it."""

        def make() -> Written:
            self._kept.append(block)
            tree = as_written(block)
            return Written(tree, json.dumps(bare(block, tree), sort_keys=True))

        return self.once(("written", id(block)), make)

    def of(self, block: Block, what: str, changes: dict[str, Any], make: Callable[[], T]) -> T:
        """`what` is made of a block by these changes."""

        def kept() -> T:
            self._kept.append(block)
            return make()

        return self.once((what, id(block), _said(changes)), kept)


def _said(changes: dict[str, Any]) -> Hashable:
    """A key that tells 1, 1.0, True and "1" apart."""
    return tuple((path, type(value), repr(value)) for path, value in changes.items())
