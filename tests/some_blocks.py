"""A block of fields, a file of it, and what its mistakes read as."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.files import parse_block
from neurosim.blocks.quantities import Bits, Sigma, Volt
from neurosim.errors import ProfileError


class Converter(Sourced):
    bits: Bits
    range_V: Volt
    noise: Sigma
    kind: Literal["sar", "flash"]


class Chip(Block):
    name: str
    sizes: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=2)]
    adc: Converter
    ammeter: Converter | None
    factor: float = 1.0


GOOD = """\
# A chip.
name: one
sizes: [4, 2]
adc:
  bits: 8
  range_V: 320 mV
  noise: ideal
  kind: sar
  source:
    bits: a paper
    range_V: "assumed: a reason"
ammeter: null
"""


def lines_of(text, cls=Chip):
    with pytest.raises(ProfileError) as caught:
        parse_block(text, cls, "my.yaml")
    return str(caught.value).splitlines()


def line_of(text, cls=Chip):
    [line] = lines_of(text, cls)
    return line


def edited(old, new):
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)
