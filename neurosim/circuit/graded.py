r"""Oscillators that answer in degrees, as amplifiers do.

They send what differs from the wave of the reference, at phase 0:

.. math:: y = (\sin\theta,\; 1 - \cos\theta), \qquad w = \frac{dy}{d\theta}
          = (\cos\theta, \sin\theta).

A coupling J then has the energy :math:`-J [\cos(\theta_i - \theta_j) - \cos\theta_i - \cos\theta_j
+ 1]`, which for small phases is :math:`-J \theta_i \theta_j`, that of amplifiers, and stands still
where either phase is 0. A fixed injection g of the reference is their leak, :math:`g (1 -
\cos\theta)`, and biases are injected in quadrature to it: :math:`-b \sin\theta`. A source at
:math:`\vartheta` injects :math:`(\sin\vartheta, -\cos\vartheta)`. An oscillator that collects s
rests at :math:`\sin\theta = s / \sqrt{s^2 + g^2}`: a neuron of slope 1 / g that saturates.

Sakaguchi's angle a turns w alone, :math:`w = (\cos(\theta + a), \sin(\theta + a))`; then there is
no energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import Sigma
from neurosim.contrasts import Contrast, DifferentialCosine

__all__ = ["Degrees", "Graded"]

Array = NDArray[np.float64]
Two = tuple[Array, Array]


class Graded(Sourced):
    r"""Oscillators that answer in degrees, as amplifiers do: see the module.

    A visible oscillator has 1 / a times the amplitude of a hidden one, so that it sends as much
    for the phase a as that one for a radian, and is turned by a times as much (Adler 1946):

    .. math:: y = \tfrac1a (\sin a x,\; 1 - \cos a x), \qquad w = (\cos a x, \sin a x)

    for its value x. As a falls it becomes a linear node.

    Parameters
    ----------
    visible_rad : float
        Phase a at which a visible oscillator stands for 1 in the host's numbers; hidden ones stand
        for 1 at a radian.
    field : float
        Injection g of the reference into every oscillator, in couplings of weight 1.
    visible_trim : float
        Share of their detuning that trimming takes off visible oscillators, below 1. A visible node
        that is released is turned by the others as much slower as its capacitance is larger, and by
        its own frequency as fast as before.

    Examples
    --------
    >>> Graded(visible_rad=0.4, field=1.2)
    Graded(visible_rad=0.4, field=1.2)
    """

    unwritten: ClassVar[tuple[str, ...]] = ("visible_trim",)

    visible_rad: Annotated[float, Field(gt=0, le=np.pi)] = 1.0
    field: Annotated[float, Field(gt=0)] = 1.0
    visible_trim: Sigma = 0.0


@dataclass(frozen=True)
class Degrees:
    """Their waves, see `neurosim.circuit.waves.Waves`.

    Parameters
    ----------
    graded : Graded
    angle_rad : float
        Sakaguchi's.
    """

    graded: Graded
    angle_rad: float = 0.0

    # A difference of two waves may have twice their size, that of a source has theirs.
    steepness, source_steepness = 2.0, 1.0
    shares = (1.0, 1.0)

    @property
    def odd(self) -> bool:
        """Without an angle."""
        return self.angle_rad == 0

    @property
    def field(self) -> float:
        """Its own."""
        return self.graded.field

    def radians(self, sizes: Sequence[int]) -> float | Array:
        """See `Waves.radians`."""
        if self.graded.visible_rad == 1:
            return 1.0
        return np.repeat([self.graded.visible_rad, 1.0][-len(sizes) :], sizes)

    def sent(self, phase: Array) -> Two:
        """See `Waves.sent`."""
        return np.sin(phase), 1 - np.cos(phase)

    def sent_slopes(self, phase: Array) -> Two:
        """See `Waves.sent_slopes`."""
        return np.cos(phase), np.sin(phase)

    def felt(self, phase: Array) -> Two:
        """See `Waves.felt`: slopes of y where the phase and the angle are."""
        return self.sent_slopes(phase + self.angle_rad)

    def felt_slopes(self, phase: Array) -> Two:
        """See `Waves.felt_slopes`."""
        return -np.sin(phase + self.angle_rad), np.cos(phase + self.angle_rad)

    def of_source(self, phase: Array) -> Two:
        """See `Waves.of_source`: a spring pulls by the sine of the difference."""
        return np.sin(phase), -np.cos(phase)

    def pull(self, away: Array) -> Array:
        """See `Waves.pull`."""
        return np.asarray(1 - np.cos(away))

    def write(
        self, u_V: Array, per_V: float | Array, work: Array, sent: Array, felt: Array | None
    ) -> None:
        """See `Waves.write`."""
        np.multiply(u_V, per_V, out=work)
        np.sin(work, out=sent[0])
        np.cos(work, out=sent[1])
        if felt is not None and not self.angle_rad:
            felt[...] = sent[::-1]
        elif felt is not None:
            work += self.angle_rad
            np.cos(work, out=felt[0])
            np.sin(work, out=felt[1])
        np.subtract(1, sent[1], out=sent[1])

    def contrast(self) -> Contrast:
        """See `Waves.contrast`."""
        return DifferentialCosine(self.graded.visible_rad, self.angle_rad)
