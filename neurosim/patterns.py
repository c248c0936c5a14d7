"""Patterns: which nodes of a layered network are coupled.

========= =====================================================================================
word      couplings
========= =====================================================================================
full      every node with every node of the next layer
skips     the same, and some layers further apart
local     every node of layer 1 with the pixels near its place; all else in full
========= =====================================================================================

A profile takes any block of the Protocol `neurosim.network.Pattern`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.blocks.choice import one_of
from neurosim.errors import DataError
from neurosim.network import Pattern, next_layers

__all__ = ["Full", "Local", "Skips", "Wiring"]

Links = dict[tuple[int, int], NDArray[np.bool_]]


class Full(Block):
    """Every node is coupled to every node of the next layer.

    Parameters
    ----------
    pattern : {"full"}
        Names this pattern.
    """

    pattern: Literal["full"] = "full"

    def links(self, sizes: tuple[int, ...]) -> Links:
        """See `Pattern.links`."""
        return next_layers(sizes)


class Skips(Block):
    """Neighbouring layers in full, and others besides.

    Parameters
    ----------
    pattern : {"skips"}
        Names this pattern.
    between : tuple of (int, int)
        Further pairs of layers that are coupled in full, such as (0, 3); layer 0 is the visible
        one. One of each pair must be even and the other odd.
    """

    pattern: Literal["skips"] = "skips"
    between: Annotated[tuple[tuple[int, int], ...], Field(min_length=1)]

    def links(self, sizes: tuple[int, ...]) -> Links:
        """See `Pattern.links`."""
        found = next_layers(sizes)
        for low, high in self.between:
            if not 0 <= low < high < len(sizes):
                raise DataError(
                    f"Skips.between must name two of the layers 0 to {len(sizes) - 1}, the lower "
                    f"one first, but has {low}, {high}."
                )
            found[low, high] = np.ones((sizes[high], sizes[low]), dtype=bool)
        return found


class Local(Block):
    """Receptive fields: a node of layer 1 sees the pixels near its own place.

    Both layers are squares, the nodes of layer 1 at even distances over the image.

    Parameters
    ----------
    pattern : {"local"}
        Names this pattern.
    reach : float
        Largest distance in each direction, in pixels.
    """

    pattern: Literal["local"] = "local"
    reach: Annotated[float, Field(ge=0.5)]

    def links(self, sizes: tuple[int, ...]) -> Links:
        """See `Pattern.links`."""
        pixels, nodes = math.isqrt(sizes[0]), math.isqrt(sizes[1])
        if (pixels**2, nodes**2) != sizes[:2]:
            raise DataError(
                f"The pattern local needs squares for its first two layers, such as 64 and 36, but "
                f"they have {sizes[0]} and {sizes[1]} nodes; change `layers`."
            )
        place = (np.arange(nodes) + 0.5) * pixels / nodes - 0.5
        near = np.abs(place[:, None] - np.arange(pixels)) <= self.reach
        return next_layers(sizes) | {(0, 1): np.kron(near, near)}


# Of a profile: a word alone, where the pattern has nothing else to say.
Wiring = Annotated[Pattern, one_of(Full, Skips, Local, key="pattern", of=Pattern, short=True)]
