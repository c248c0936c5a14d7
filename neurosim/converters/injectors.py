r"""Injectors: current sources into nodes, each set by a DAC; of oscillators they tune frequencies.

A phase turns by what is injected beside its couplings, whatever its state:

.. math:: \frac{d\theta}{dt} = \ldots + \frac{I}{U C} = \ldots + 2 \pi f

with U the voltage of a radian and C the capacitance of the node. An oscillator has no other use of
a current, so that its range and noise are stated as frequencies f; a share of K = g / C is a
current of that share of g U.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import AmpereLimit, Bits, Hertz, HertzLimit, SigmaAmpere
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
        Resolution over the range; None is a continuous source.
    range_A : float or None
        Largest magnitude; None has no limit (and then bits must be None too).
    noise_A : float
        Standard deviation of the current, drawn once per setting and node.
    range_Hz, noise_Hz : float or None, float
        Of oscillators, in place of both: largest detuning either way, and standard deviation.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Injectors(layers=(-1,), bits=8, range_A=1e-6)
    Injectors(layers=(-1,), bits=8, range_A=1e-06)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (
        *Sourced.may_be_left_out,
        "range_Hz",
        "noise_Hz",
    )

    layers: Annotated[tuple[int, ...], Field(min_length=1)]
    bits: Bits = None
    range_A: AmpereLimit = None
    noise_A: SigmaAmpere = 0.0
    range_Hz: HertzLimit = None
    noise_Hz: Hertz = 0.0

    def in_amperes(self, per_Hz_A: float) -> Self:
        """Those of oscillators that a current of `per_Hz_A` detunes by 1 Hz, as currents."""
        range_A = self.range_A if self.range_Hz is None else self.range_Hz * per_Hz_A
        noise_A = self.noise_A + self.noise_Hz * per_Hz_A
        changes = {"range_A": range_A, "noise_A": noise_A, "range_Hz": None, "noise_Hz": 0.0}
        return self.model_copy(update=changes)

    def codes(self, current_A: Array) -> Converted:
        """Current that the code nearest to the one asked for stands for: known to the host."""
        return quantise(current_A, self.range_A, self.bits)

    def drive(self, nominal_A: Array, rng: np.random.Generator) -> Array:
        """Current [A] into the node for that of a code."""
        if self.noise_A == 0:
            return nominal_A
        return nominal_A + self.noise_A * rng.standard_normal(nominal_A.shape)
