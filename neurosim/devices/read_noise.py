r"""Fluctuations of a conductance about its value: flicker, telegraph noise, short-term noise.

A state that is read at the end of a settle feels the fluctuation up to the bandwidth of a node,
:math:`f_h = 1 / (2 \pi \tau)`. Two phases that end a time T apart share the autocovariance at the
lag T, which cancels in their difference; the rest is each phase's own. For
:math:`S_G / G^2 = Q^2 / f` from :math:`f_l` on,

.. math::
    \frac{\sigma^2}{G^2} = Q^2 \ln \frac{f_h}{f_l}, \qquad
    \frac{\operatorname{cov}(T)}{G^2} = Q^2 \Bigl( \ln \frac{1}{2 \pi f_l T} - \gamma \Bigr)

with Euler's :math:`\gamma`, and for a trap that dwells a mean time :math:`t_d` in each of two
states, a relative step :math:`a` apart (Machlup, J. Appl. Phys. 25, 341 (1954)),

.. math::
    \frac{\sigma^2}{G^2} = \frac{a^2}{4}\, \frac{1}{1 + \rho}, \qquad
    \operatorname{cov}(T) = \sigma^2\,
        \frac{e^{-\rho T / \tau} - \rho\, e^{-T / \tau}}{1 - \rho}, \qquad
    \rho = \frac{2 \tau}{t_d}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Second, Siemens
from neurosim.blocks.words import IDEAL
from neurosim.devices.curves import Curve, evaluate, negative

__all__ = ["DeviceNoise", "Telegraph", "Traps", "Variance"]

Array = NDArray[np.float64]

_Share = Annotated[float, Field(gt=0, le=1)]


class Traps(NamedTuple):
    """Telegraph noise of each device, fixed at fabrication: relative step and mean dwell time."""

    step: Array
    dwell_s: Array


class Variance(NamedTuple):
    """Variance of each conductance [S^2]: common to the phases of a presentation, and one's own."""

    common_S2: Array
    own_S2: Array


class Telegraph(Sourced):
    """Random telegraph noise: one trap in some of the devices.

    Parameters
    ----------
    share : float
        Share of the devices with a trap.
    step : float
        Conductance step between the two states over the conductance.
    fastest_s, slowest_s : float
        The mean dwell time of a trap is drawn log-uniformly between them.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Telegraph(share=0.1, step=0.05, fastest_s=1e-6, slowest_s=1.0)
    Telegraph(share=0.1, step=0.05, fastest_s=1e-06, slowest_s=1.0)
    """

    share: _Share
    step: _Share
    fastest_s: Second
    slowest_s: Second

    @model_validator(mode="after")
    def _has_a_range(self) -> Telegraph:
        if self.slowest_s <= self.fastest_s:
            text = f"must be above fastest_s = {self.fastest_s:g} s, but is {self.slowest_s:g} s"
            raise BlockError([(("slowest_s",), text)])
        return self

    def traps(self, n_devices: int, rng: np.random.Generator) -> Traps:
        """Draw which devices have a trap, and how slow it is."""
        has_trap = rng.random(n_devices) < self.share
        decades = rng.uniform(0, np.log(self.slowest_s / self.fastest_s), n_devices)
        return Traps(np.where(has_trap, self.step, 0.0), self.fastest_s * np.exp(decades))


class DeviceNoise(Sourced):
    """Fluctuation of programmed conductances, besides the thermal noise of every resistor.

    Parameters
    ----------
    relative_to : {"conductance", "reference"}
        What flicker and short_term are shares of: a device's own conductance, or reference_S.
    reference_S : float
        Conductance at which x = 1.
    flicker : Curve
        Q over x: the fluctuation has the one-sided density Q^2 / f.
    slowest_s : float
        Flicker slower than this is part of the value that a write leaves behind.
    short_term : Curve
        Standard deviation over x of a fluctuation of unknown spectrum, anew in each settle.
    telegraph : Telegraph or None
        Random telegraph noise.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.DeviceNoise(relative_to="conductance", reference_S=1e-5, slowest_s=1.0).slowest_s
    1.0
    """

    relative_to: Literal["conductance", "reference"]
    reference_S: Siemens
    flicker: Curve = ()
    slowest_s: Second
    short_term: Curve = ()
    telegraph: Annotated[Telegraph | None, IDEAL] = None

    @property
    def silent(self) -> bool:
        """Whether every part is ideal."""
        return not (self.flicker or self.short_term or self.telegraph)

    def cut_off(self, conductance_S: Array) -> Iterator[tuple[str, str]]:
        """Fields of which the sign is lost at such conductances, and what must hold."""
        for field, curve in (("flicker", self.flicker), ("short_term", self.short_term)):
            way = "state a standard deviation"
            yield from negative(field, curve, conductance_S, self.reference_S, way)

    def variance(
        self, conductance_S: Array, lag_s: float, tau_s: float, traps: Traps | None = None
    ) -> Variance:
        """Variance of each device, seen through a node of time constant `tau_s`.

        Parameters
        ----------
        conductance_S : ndarray, shape (n,)
        lag_s : float
            Time from the end of one phase to that of the next.
        tau_s : float
        traps : Traps, optional
            Needed where `telegraph` is not ideal.
        """
        x = conductance_S / self.reference_S
        unit_S = conductance_S if self.relative_to == "conductance" else self.reference_S
        total = max(np.log(self.slowest_s / (2 * np.pi * tau_s)), 0.0)
        common = np.log(self.slowest_s / (2 * np.pi * lag_s)) - np.euler_gamma
        common = min(max(common, 0.0), total)
        flicker_S2 = (evaluate(self.flicker, x) * unit_S) ** 2
        own_S2 = flicker_S2 * (total - common) + (evaluate(self.short_term, x) * unit_S) ** 2
        common_S2 = flicker_S2 * common
        if self.telegraph is not None and traps is not None:
            rho = 2 * tau_s / traps.dwell_s
            rho = np.where(np.abs(rho - 1) < 1e-6, 1 + 1e-6, rho)
            step_S2 = (traps.step * conductance_S / 2) ** 2 / (1 + rho)
            lag = lag_s / tau_s
            kept = (np.exp(-rho * lag) - rho * np.exp(-lag)) / (1 - rho)
            common_S2, own_S2 = common_S2 + step_S2 * kept, own_S2 + step_S2 * (1 - kept)
        # A device that is off has no current to fluctuate.
        off = conductance_S <= 0
        return Variance(np.where(off, 0.0, common_S2), np.where(off, 0.0, own_S2))
