"""Sources of a block that was begun from another: what is its own, and what is as there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from neurosim.blocks.block import Block
from neurosim.blocks.origins import Derived, assumed
from neurosim.blocks.trees import holds_number

__all__ = ["adopted"]

T = TypeVar("T", bound=Block)


def adopted(block: T, name: str, given: Mapping[str, str]) -> T:
    """The block whose numbers are assumed to be as those of `name`, but for what was given.

    What a source derives from others it still does.

    Parameters
    ----------
    block : Block
    name : str
        What the block was begun from.
    given : mapping from str to str
        Source of each number of its own, by path.

    Examples
    --------
    >>> from neurosim.converters import Adc
    >>> adc = Adc(bits=6, noise=0.01, source="a data sheet")
    >>> adopted(adc, "sar", {"bits": "my own design"}).source
    {'bits': 'my own design', 'noise': 'assumed: as sar: a data sheet'}
    """
    return block.with_values(dict(_restated(block, f"as {name}", given, "")))


def _restated(
    block: Block, why: str, given: Mapping[str, str], prefix: str
) -> Iterator[tuple[str, Any]]:
    """Path and new value of every source."""
    fields = {name: getattr(block, name) for name in type(block).model_fields}
    source = fields.pop("source", None)
    numbers = [name for name, value in fields.items() if holds_number(value)]
    said = {*numbers, *(source if isinstance(source, Mapping) else ())}
    own = {name: given[prefix + name] for name in fields if prefix + name in given and name in said}
    if isinstance(source, str) and own:
        source = dict.fromkeys(numbers, source)
    if isinstance(source, Mapping):
        yield f"{prefix}source", {k: own.get(k) or _as(said, why) for k, said in source.items()}
    elif isinstance(source, str) and numbers:
        yield f"{prefix}source", _as(source, why)
    for name, value in fields.items():
        if isinstance(value, Block):
            yield from _restated(value, why, given, f"{prefix}{name}.")


def _as(said: str | Derived, why: str) -> str | Derived:
    text = assumed(said, why)
    return Derived(text=text, equals=said.equals) if isinstance(said, Derived) else text
