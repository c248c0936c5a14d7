"""Laws of nodes that put out what their amplifiers do, charged by the plain or the weighed sum."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.circuit.laws import UnitMetric
from neurosim.circuit.outputs import Amplifiers
from neurosim.contrasts import Contrast, Product

__all__ = ["Gradient", "Hopfield"]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]


class Hopfield(Block):
    """The sum of the couplings charges the node as it is: C du/dt = -D u + s.

    Parameters
    ----------
    law : {"hopfield"}
        Names this law.
    """

    amplified: ClassVar[bool] = True
    n_outputs: ClassVar[int] = 1
    unit_weights: ClassVar[bool] = True
    unit_metric: ClassVar[bool] = False

    law: Literal["hopfield"] = "hopfield"

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """The amplifier's output."""
        return (amplifiers.output_V(u_V),)

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """1."""
        del amplifiers
        return (np.ones_like(u_V),)

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """0."""
        del amplifiers
        return (np.zeros_like(u_V),)

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """phi'(u)."""
        return amplifiers.slope(u_V)

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """(u - V) phi(u) - Phi(u)."""
        return (u_V - source_V) * amplifiers.output_V(u_V) - amplifiers.integral_V2(u_V)

    def contrast(self) -> Contrast:
        """Product of the two ends."""
        return Product()

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """See `Law.apply`."""
        del weights
        amplifiers.apply(u_V, work, outputs[0], None)


class Gradient(UnitMetric, Block):
    """A multiplier weighs the sum by the amplifier's slope: C du/dt = -D u + phi'(u) s.

    Parameters
    ----------
    law : {"gradient"}
        Names this law.
    """

    amplified: ClassVar[bool] = True
    n_outputs: ClassVar[int] = 1
    unit_weights: ClassVar[bool] = False

    law: Literal["gradient"] = "gradient"

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """The amplifier's output."""
        return (amplifiers.output_V(u_V),)

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """phi'(u)."""
        return (amplifiers.slope(u_V),)

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """phi''(u)."""
        return (amplifiers.curvature_per_V(u_V),)

    def contrast(self) -> Contrast:
        """Product of the two ends."""
        return Product()

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """See `Law.apply`."""
        amplifiers.apply(u_V, work, outputs[0], None if weights is None else weights[0])
