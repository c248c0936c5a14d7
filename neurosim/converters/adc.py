"""ADC of the node voltages, and the ammeter."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import AmpereLimit, Bits, Sigma, VoltLimit
from neurosim.blocks.words import IDEAL
from neurosim.converters.channels import ChannelErrors, Channels, turns
from neurosim.converters.quantise import Converted, fitting_range, quantise

__all__ = ["Adc", "CurrentSense"]

Array = NDArray[np.float64]


class Adc(Sourced):
    """Reads the output voltage of every node, visible and hidden nodes in ranges of their own.

    Parameters
    ----------
    bits : int or None
        Resolution over each range; None reads exactly.
    visible_range_V, hidden_range_V : float or None
        Largest magnitude that is read; beyond it the value clips and is counted.
    noise : float
        Standard deviation of one reading over the range (0.002: 0.2 % of full scale).
    channels : Channels or None
        How the converters differ, and how many there are.
    auto_range : bool
        Whether an amplifier of gain 1, 2, 4, ... precedes the converter. Each row is then read
        twice: over the full range, and over the smallest that holds all its visible (hidden) nodes
        as read first. Noise, offset and INL are the converter's, hence shares of the range in use.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Adc(bits=6, visible_range_V=0.3, hidden_range_V=0.1)
    Adc(bits=6, visible_range_V=0.3, hidden_range_V=0.1)
    """

    bits: Bits = None
    visible_range_V: VoltLimit = None
    hidden_range_V: VoltLimit = None
    noise: Sigma = 0.0
    channels: Annotated[Channels | None, IDEAL] = None
    auto_range: bool = False

    @property
    def conversions(self) -> int:
        """Conversions that one reading takes."""
        return 2 if self.auto_range else 1

    def turns(self, n_values: int) -> int:
        """How often a conversion of so many values happens one after another."""
        return turns(self.channels, n_values)

    def read(
        self,
        v_V: Array,
        n_visible: int,
        rng: np.random.Generator,
        errors: ChannelErrors | None = None,
    ) -> Converted:
        """Voltages as read; visible nodes are the first `n_visible` columns."""
        out, clipped = np.empty_like(v_V), 0
        n_values = v_V.shape[-1]
        groups = (
            (slice(0, n_visible), self.visible_range_V),
            (slice(n_visible, n_values), self.hidden_range_V),
        )
        for nodes, range_V in groups:
            value = v_V[..., nodes]
            if not value.shape[-1]:
                continue
            of_group = None if errors is None else errors.take(nodes)
            limit_V: float | Array | None = range_V
            if self.auto_range and range_V is not None and self.bits is not None:
                coarse = self._convert(value, range_V, rng, of_group).value
                limit_V = fitting_range(coarse, range_V, self.bits)
            out[..., nodes], n = self._convert(value, limit_V, rng, of_group)
            clipped += n
        return Converted(out, clipped)

    def _convert(
        self,
        value: Array,
        range_V: float | Array | None,
        rng: np.random.Generator,
        errors: ChannelErrors | None,
    ) -> Converted:
        """One conversion over this range."""
        if errors is not None:
            value = errors.apply(value, range_V)
        if self.noise and range_V is not None:
            value = value + self.noise * range_V * rng.standard_normal(value.shape)
        return quantise(value, range_V, self.bits)


class CurrentSense(Sourced):
    """Ammeter in series with the sources that hold the visible nodes.

    Parameters
    ----------
    bits : int or None
        Resolution over +-range_A; None measures exactly.
    range_A : float or None
        Largest magnitude that is measured.
    channels : Channels or None
        How the ammeters differ, and how many there are.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.CurrentSense(bits=8, range_A=1e-6)
    CurrentSense(bits=8, range_A=1e-06)
    """

    bits: Bits = None
    range_A: AmpereLimit = None
    channels: Annotated[Channels | None, IDEAL] = None

    @property
    def conversions(self) -> int:
        """Conversions that one reading takes."""
        return 1

    def turns(self, n_values: int) -> int:
        """How often a conversion of so many values happens one after another."""
        return turns(self.channels, n_values)

    def read(self, current_A: Array, errors: ChannelErrors | None = None) -> Converted:
        """Currents as measured."""
        if errors is not None:
            current_A = errors.apply(current_A, self.range_A)
        return quantise(current_A, self.range_A, self.bits)
