"""Injectors: current sources into nodes, each set by a DAC."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import AmpereLimit, Bits, SigmaAmpere
from neurosim.converters.quantise import Converted, quantise

__all__ = ["Injectors"]

Array = NDArray[np.float64]


class Injectors(Sourced):
    """Current sources of the nodes of some layers: quantised, clipped, noisy at each setting.

    Parameters
    ----------
    layers : tuple of int
        Layers of which every node has one; -1 is the last layer.
    bits : int or None
        Resolution over +-range_A; None is a continuous source.
    range_A : float or None
        Largest magnitude; None has no limit (and then bits must be None too).
    noise_A : float
        Standard deviation of the current, drawn once per setting and node.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Injectors(layers=(-1,), bits=8, range_A=1e-6)
    Injectors(layers=(-1,), bits=8, range_A=1e-06)
    """

    layers: Annotated[tuple[int, ...], Field(min_length=1)]
    bits: Bits = None
    range_A: AmpereLimit = None
    noise_A: SigmaAmpere = 0.0

    def codes(self, current_A: Array) -> Converted:
        """Current that the code nearest to the one asked for stands for: known to the host."""
        return quantise(current_A, self.range_A, self.bits)

    def drive(self, nominal_A: Array, rng: np.random.Generator) -> Array:
        """Current [A] into the node for that of a code."""
        if self.noise_A == 0:
            return nominal_A
        return nominal_A + self.noise_A * rng.standard_normal(nominal_A.shape)
