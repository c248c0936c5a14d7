"""DAC: the voltage source of a spring."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import Bits, SigmaVolt, VoltLimit
from neurosim.blocks.words import IDEAL
from neurosim.converters.channels import ChannelErrors, Channels
from neurosim.converters.quantise import Converted, quantise

__all__ = ["Dac"]

Array = NDArray[np.float64]


class Dac(Sourced):
    """Voltage source of a spring: quantised, clipped, noisy at each drive.

    Parameters
    ----------
    bits : int or None
        Resolution over +-range_V; None is a continuous source.
    range_V : float or None
        Largest magnitude; None has no limit (and then bits must be None too).
    noise_V : float
        Standard deviation of the output, drawn once per drive and node.
    channels : Channels or None
        How the sources differ; the host knows their codes only.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Dac(bits=8, range_V=0.4)
    Dac(bits=8, range_V=0.4)
    """

    bits: Bits = None
    range_V: VoltLimit = None
    noise_V: SigmaVolt = 0.0
    channels: Annotated[Channels | None, IDEAL] = None

    def codes(self, target_V: Array) -> Converted:
        """Voltage that the code nearest to the target stands for: known to the host."""
        return quantise(target_V, self.range_V, self.bits)

    def drive(
        self, nominal_V: Array, rng: np.random.Generator, errors: ChannelErrors | None = None
    ) -> Array:
        """Voltage [V] at the pin for a nominal code voltage."""
        if errors is not None:
            nominal_V = errors.apply(nominal_V, self.range_V)
        if self.noise_V == 0:
            return nominal_V
        return nominal_V + self.noise_V * rng.standard_normal(nominal_V.shape)
