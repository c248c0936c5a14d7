"""Which numbers of a block have no source but the code that states them."""

from __future__ import annotations

from collections.abc import Mapping

from neurosim.blocks.block import STATED_IN_CODE, Block, Sourced, holds_number

__all__ = ["stated_in_code"]


def stated_in_code(block: Block, prefix: str = "") -> list[str]:
    """Paths of the numbers below a block that have no source but the code that states them.

    Examples
    --------
    >>> from neurosim.converters import Adc
    >>> stated_in_code(Adc(bits=6))
    ['bits']
    """
    found: list[str] = []
    source = block.source if isinstance(block, Sourced) else ""
    for name in type(block).model_fields:
        value = getattr(block, name)
        said = source.get(name) if isinstance(source, Mapping) else source
        if said == STATED_IN_CODE and holds_number(value):
            found.append(prefix + name)
        if isinstance(value, Block):
            found += stated_in_code(value, f"{prefix}{name}.")
    return found
