"""Springs, and how far the parts of a die stray from their design at fabrication."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import AreaSigma, AreaSigmaVolt, SiemensLimit

__all__ = ["Mismatch", "Spring", "spread"]

Array = NDArray[np.float64]


class Spring(Sourced):
    """Programmable conductance from each node with a source to its DAC.

    Parameters
    ----------
    max_S : float or None
        Largest stiffness that can be set.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Spring(max_S=2e-4)
    Spring(max_S=0.0002)
    """

    max_S: SiemensLimit = None


class Mismatch(Sourced):
    """Relative standard deviations among devices of one die, drawn once at fabrication.

    Parameters
    ----------
    leak, capacitance : float
        Relative standard deviation of the nodes' leaks or capacitances.
    coupling : float
        Relative standard deviation of coupling devices.
    spring : float
        Relative standard deviation of springs.
    gain : float
        Relative standard deviation of the gain of hidden amplifiers; a visible node has a unity
        buffer, whose gain feedback sets.
    offset_V : float
        Standard deviation of the amplifiers' input offset.

    Notes
    -----
    Each may be given by Pelgrom's law (IEEE J. Solid-State Circuits 24, 1433 (1989)) as
    ``{pelgrom: A, area_um2: W L}``: A / sqrt(W L), A in the number's unit times um. For the offset
    of a pair A is sqrt(2) times that of one device's threshold.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Mismatch(leak=0.03, gain=0.02)
    Mismatch(leak=0.03, gain=0.02)
    """

    leak: AreaSigma = 0.0
    capacitance: AreaSigma = 0.0
    coupling: AreaSigma = 0.0
    spring: AreaSigma = 0.0
    gain: AreaSigma = 0.0
    offset_V: AreaSigmaVolt = 0.0


def spread(sigma: float, shape: int | tuple[int, ...], rng: np.random.Generator) -> Array:
    r"""Positive factors with relative standard deviation `sigma` and mean 1.

    Log-normal, :math:`\exp(s z - s^2/2)` with :math:`s^2 = \ln(1 + \sigma^2)`, so that no device is
    ever negative.
    """
    s2 = np.log1p(sigma**2)
    factors: NDArray[np.float64] = np.exp(np.sqrt(s2) * rng.standard_normal(shape) - s2 / 2)
    return factors
