r"""How nudged phases are read.

=========== ==========================================================================
kind        what leaves the chip
=========== ==========================================================================
plain       every node's output at the end of each phase
cds         every node's change since the free phase, amplified before the ADC
correlator  every coupling's contrast of products, summed on the chip over a batch
=========== ==========================================================================

A profile takes any block that is one of two Protocols: `Differences`, of which `DoubleSampling` is
one, and `Sums`, of which `Correlator` is one.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.constants import Boltzmann

from neurosim.blocks.block import Sourced
from neurosim.blocks.choice import one_of
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Bits, Excess, Farad, Limit, Sigma, SigmaVolt
from neurosim.blocks.words import Word
from neurosim.converters.quantise import Converted, fitting_range, quantise

__all__ = ["Correlator", "Differences", "DoubleSampling", "Readout", "Sums"]

Array = NDArray[np.float64]


@runtime_checkable
class Differences(Protocol):
    """A readout of what has changed since a sample that the chip holds."""

    @property
    def gain(self) -> float:
        """What a reading is divided by."""

    @property
    def gain_spread(self) -> float:
        """Relative standard deviation of the gain among nodes, drawn at fabrication."""

    def sample_noise_V(self, temperature_K: float) -> float:
        """Standard deviation of a sample."""

    def amplify(self, difference_V: Array, factor: Array, rng: np.random.Generator) -> Array:
        """Voltages [V] at the ADC; `factor` is each node's gain over the nominal one."""


@runtime_checkable
class Sums(Protocol):
    """A readout of products that the chip sums, see `Correlator` for its fields."""

    @property
    def gain_spread(self) -> float:
        """Relative standard deviation of the gain among multipliers."""

    @property
    def offset_V(self) -> float:
        """Standard deviation of the offset of each input."""

    @property
    def noise(self) -> float:
        """Standard deviation of one accumulated product, in squares of the unit voltage."""

    @property
    def bits(self) -> int | None:
        """Resolution of its converters, which their energy goes by; None reads exactly."""

    @property
    def conversions(self) -> int:
        """Conversions that one reading takes."""

    def turns(self, n_values: int) -> int:
        """How often a conversion of so many sums happens one after another."""

    def read(self, sums: Array) -> Converted:
        """Sums of every multiplier as read, (n,), in squares of the unit voltage."""


class DoubleSampling(Sourced):
    r"""Correlated double sampling: what has changed since a sample, amplified before the ADC.

    .. math:: d = \mathrm{ADC}\bigl(A\,(v - v_0 + e)\bigr) / A

    Each node's output v_0 is held on a capacitor when the host stores the state. The offset of an
    output and the noise kT/C of that sample are in every later difference alike, so that they
    cancel between the nudged phases; the ADC's step and noise count over A.

    Parameters
    ----------
    kind : {"cds"}
        Names this readout.
    gain : float
        Gain A of the differences; those beyond the ADC's range over A clip and are counted.
    capacitance_F : float
        Capacitance of the sample; its noise sqrt(kT/C) is drawn at each store.
    gain_spread : float
        Relative standard deviation of A among nodes, drawn at fabrication.
    noise_V : float
        Standard deviation of e, the amplifier's own noise in one reading.
    layer_gain : tuple of float
        What A is multiplied by in each layer, visible first; by default 1 in all. A nudge moves
        answers further than the layers behind them.
    bits : int or None
        Of a converter of their own, over the ADC's range; None: the ADC converts differences too.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.DoubleSampling(gain=8.0, capacitance_F=1e-12)
    DoubleSampling(gain=8.0, capacitance_F=1e-12)
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (*Sourced.may_be_left_out, "layer_gain", "bits")

    kind: Literal["cds"] = "cds"
    gain: Annotated[float, Field(ge=1)]
    capacitance_F: Farad
    gain_spread: Sigma = 0.0
    noise_V: SigmaVolt = 0.0
    layer_gain: tuple[Annotated[float, Field(ge=1)], ...] = ()
    bits: Annotated[int, Field(ge=2, le=24)] | None = None

    def sample_noise_V(self, temperature_K: float) -> float:
        """That of kT/C."""
        return float(np.sqrt(Boltzmann * temperature_K / self.capacitance_F))

    def amplify(self, difference_V: Array, factor: Array, rng: np.random.Generator) -> Array:
        """Voltages [V] at the ADC; `factor` is each node's gain over the nominal one."""
        value = difference_V * factor
        if self.noise_V:
            value = value + self.noise_V * rng.standard_normal(value.shape)
        return self.gain * value


class Correlator(Sourced):
    r"""A multiplier and an accumulator at every coupling and bias.

    .. math:: S_{ij} = a_{ij} \sum_r \left[ (v_i + e_{ij})(v_j + f_{ij}) \right]^+_-
        + \text{noise}

    The product of both outputs at the end of the positive phase is added, that of the negative
    phase subtracted, row after row; for a bias the second input is the reference. The sums are
    read once a batch, each through an ADC of its own.

    Parameters
    ----------
    kind : {"correlator"}
        Names this readout.
    gain_spread : float
        Relative standard deviation of a among multipliers, drawn at fabrication.
    offset_V : float
        Standard deviation of e and f, drawn at fabrication. Their product cancels between the
        phases; each times the change of the other input does not.
    noise : float
        Standard deviation of one accumulated product, in squares of `unit_V`.
    bits : int or None
        Resolution of the sums over +-range; None reads exactly.
    range : float or None
        Largest sum that is read, in squares of `unit_V`; beyond it clips and is counted. A sum
        grows with the batch and with beta.
    auto_range : bool
        Whether all sums are read twice: over the range, and over the smallest of its halves,
        quarters, ... that holds them all as read first.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Correlator(bits=8, range=0.1)
    Correlator(bits=8, range=0.1)
    """

    kind: Literal["correlator"] = "correlator"
    gain_spread: Sigma = 0.0
    offset_V: SigmaVolt = 0.0
    noise: Excess = 0.0
    bits: Bits = None
    range: Limit = None
    auto_range: bool = False

    @model_validator(mode="after")
    def _steps_have_a_range(self) -> Correlator:
        if self.bits is not None and self.range is None:
            text = "needs a finite range, but range is ideal; state it, or write bits as 'ideal'"
            raise BlockError([(("bits",), text)])
        if self.auto_range and self.bits is None:
            text = "must be false where bits is ideal, but is true; state bits, or write false"
            raise BlockError([(("auto_range",), text)])
        return self

    @property
    def conversions(self) -> int:
        """Conversions that one reading takes."""
        return 2 if self.auto_range else 1

    def turns(self, n_values: int) -> int:
        """One: every multiplier has a converter of its own."""
        return 1

    def read(self, sums: Array) -> Converted:
        """Sums of every multiplier as read, (n,), in squares of `unit_V`."""
        limit: float | Array | None = self.range
        if self.auto_range and self.range is not None and self.bits is not None:
            limit = fitting_range(quantise(sums, limit, self.bits).value, self.range, self.bits)
        return quantise(sums, limit, self.bits)


# Of a profile; None, `plain` in a file, reads every phase by itself.
Readout = Annotated[
    Differences | Sums | None,
    one_of(DoubleSampling, Correlator, key="kind", of=(Differences, Sums)),
    Word("plain"),
]
