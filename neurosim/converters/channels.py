r"""How the channels of a converter differ: offset, gain, integral nonlinearity.

With z the ideal input over the range, a channel converts

.. math:: z' = a z + o + \epsilon\, f(\mathrm{clip}(a z + o, -1, 1)), \qquad
    f(z) \propto \cos\varphi\,(1 - z^2) + \sin\varphi\,\tfrac{3\sqrt3}{2}\, z\,(1 - z^2)

The gain a and the offset o are normal; an offset may be stated as a share of the range or in
volts. f is a bow and an S, the harmonic distortion of second and third order, mixed by a uniform
angle; it is zero at both ends of the range (end-point fit) and its peak is 1, so that
:math:`\epsilon` is the peak of the INL. All are drawn at fabrication.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import Excess, Sigma, SigmaVolt
from neurosim.converters.quantise import lsb

__all__ = ["ChannelErrors", "Channels", "turns"]

Array = NDArray[np.float64]

# Peak of z (1 - z^2) is 2 / (3 sqrt 3), at z = 1 / sqrt 3.
_CUBIC = 1.5 * np.sqrt(3)


@dataclass(frozen=True)
class ChannelErrors:
    """What fabrication gave each value's converter; None where there is no such effect.

    Attributes
    ----------
    gain : ndarray, shape (n,)
        a.
    offset : ndarray, shape (n,)
        o, as a share of the range.
    offset_V : ndarray, shape (n,)
        What is stated in volts of o times the range.
    inl : ndarray, shape (2, n)
        Coefficients of the bow and of the S, as shares of the range.
    """

    gain: Array | None = None
    offset: Array | None = None
    offset_V: Array | None = None
    inl: Array | None = None

    def take(self, columns: slice | NDArray[np.intp]) -> ChannelErrors:
        """Those of some columns."""
        parts = (self.gain, self.offset, self.offset_V, self.inl)
        return ChannelErrors(*(None if part is None else part[..., columns] for part in parts))

    def apply(self, value: Array, full_scale: float | Array | None) -> Array:
        """Values (..., n) as their channels convert them; `full_scale` as of the converter."""
        if self.gain is not None:
            value = value * self.gain
        if self.offset_V is not None:
            value = value + self.offset_V
        if full_scale is None:
            return value
        if self.offset is not None:
            value = value + self.offset * full_scale
        if self.inl is not None:
            z, (bow, cubic) = np.clip(value / full_scale, -1, 1), self.inl
            value = value + full_scale * (bow + cubic * z) * (1 - z**2)
        return value


class Channels(Sourced):
    """How many converters there are, and how they differ.

    Parameters
    ----------
    count : int or "per_node"
        Converters that the nodes share in turn: node k has number k modulo this. A reading takes
        as many turns as the busiest converter has nodes.
    offset : float
        Standard deviation of the offset, as a share of the range (0.005: 0.5 % of full scale).
    offset_V : float
        That of an offset which does not grow with the range, as of the input pair of a comparator;
        an ammeter has none.
    gain : float
        Standard deviation of the relative gain error.
    inl_lsb : float
        Peak of each channel's integral nonlinearity, in steps over the range.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Adc(channels=ns.Channels(offset=0.01)).channels.offset
    0.01
    """

    may_be_left_out: ClassVar[tuple[str, ...]] = (*Sourced.may_be_left_out, "offset_V")

    count: Literal["per_node"] | Annotated[int, Field(ge=1)] = "per_node"
    offset: Sigma = 0.0
    offset_V: SigmaVolt = 0.0
    gain: Annotated[Sigma, Field(le=0.2)] = 0.0
    inl_lsb: Excess = 0.0

    def turns(self, n_values: int) -> int:
        """Conversions one after another that so many values take."""
        return 1 if self.count == "per_node" else math.ceil(n_values / self.count)

    def fabricate(
        self, n_values: int, bits: int | None, rng_of: Callable[[str], np.random.Generator]
    ) -> ChannelErrors:
        """Draw the converters of `n_values` nodes, each effect from a generator of its own."""
        count = n_values if self.count == "per_node" else self.count
        which = np.arange(n_values) % count

        def normal(name: str) -> Array:
            return rng_of(name).standard_normal(count)[which]

        inl = None
        if self.inl_lsb and bits is not None:
            angle = rng_of("inl").uniform(0, 2 * np.pi, count)
            inl = (self.inl_lsb * lsb(1.0, bits) * _unit_peak(angle))[:, which]
        return ChannelErrors(
            1 + self.gain * normal("gain") if self.gain else None,
            self.offset * normal("offset") if self.offset else None,
            self.offset_V * normal("offset_V") if self.offset_V else None,
            inl,
        )


def turns(channels: Channels | None, n_values: int) -> int:
    """Conversions one after another; one where every node has a converter of its own."""
    return 1 if channels is None else channels.turns(n_values)


def _unit_peak(angle: Array) -> Array:
    """Coefficients (2, n) of the bow and the S whose sum has the peak 1 between -1 and 1."""
    bow, cubic = np.cos(angle), _CUBIC * np.sin(angle)
    # Where the slope cubic (1 - 3 z^2) - 2 bow z is zero; the form without division by cubic.
    root = np.sqrt(bow**2 + 3 * cubic**2)
    stationary = np.stack([cubic / (bow + root), cubic / (bow - root)])
    z = np.clip(stationary, -1, 1)
    peak = np.abs((bow + cubic * z) * (1 - z**2)).max(axis=0)
    scaled: Array = np.stack([bow, cubic]) / peak
    return scaled
