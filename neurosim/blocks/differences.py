"""Where two blocks of one kind differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from neurosim.blocks.block import Block
from neurosim.blocks.units import format_value
from neurosim.blocks.words import as_written

__all__ = ["Difference", "differences"]

_FOR_PEOPLE = {"source", "name", "summary", "description"}


class Difference(NamedTuple):
    """A field, and what each of two blocks says of it as a file would; None is nothing."""

    path: str
    first: Any
    second: Any

    def texts(self) -> tuple[str, str]:
        """Both as a person reads them, quantities with their unit."""
        return _text(self.path, self.first), _text(self.path, self.second)


def differences(first: Block, second: Block) -> list[Difference]:
    """Fields in which two blocks differ, in the order of their files.

    Names, descriptions and sources are left out.

    Examples
    --------
    >>> from neurosim.converters import Adc
    >>> differences(Adc(bits=6), Adc(bits=8))[0].texts()
    ('6', '8')
    """
    return list(_differences(as_written(first), as_written(second), ""))


def _differences(first: Any, second: Any, path: str) -> Iterator[Difference]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys([*first, *second]):
            if key not in _FOR_PEOPLE:
                below = f"{path}.{key}" if path else str(key)
                yield from _differences(first.get(key), second.get(key), below)
    elif first != second:
        yield Difference(path, first, second)


def _text(path: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping):
        said = (
            f"{key} {_text(key, item)}" for key, item in value.items() if key not in _FOR_PEOPLE
        )
        return ", ".join(said)
    return format_value(path, value) or "-"
