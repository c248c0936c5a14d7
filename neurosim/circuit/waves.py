r"""What an oscillator sends and what turns it, by its phase :math:`\theta` alone.

Either way two waves in quadrature make the cosine of a difference, four products a step:

=========== ============================ ========================== ================== ===========
waves       sent, y                      felt, w = dy / d theta     of a source        bias
=========== ============================ ========================== ================== ===========
`InPhase`   cos theta, sin theta         -sin theta, cos theta      cos, sin           cos theta
`Graded`    sin theta, 1 - cos theta     cos theta, sin theta       sin, -cos          sin theta
=========== ============================ ========================== ================== ===========

`Graded` oscillators send what differs from the wave of the reference, at phase 0. A coupling J then
has the energy :math:`-J [\cos(\theta_i - \theta_j) - \cos\theta_i - \cos\theta_j + 1]`, which for
small phases is :math:`-J \theta_i \theta_j`, that of amplifiers, and stands still where either
phase is 0. A fixed injection g of the reference is their leak, :math:`g (1 - \cos\theta)`, and
biases are injected in quadrature to it. An oscillator that collects s rests at
:math:`\sin\theta = s / \sqrt{s^2 + g^2}`: a neuron of slope 1 / g that saturates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Sourced
from neurosim.contrasts import Contrast, CosineOfDifference, DifferentialCosine

__all__ = ["Graded", "InPhase", "Waves"]

Array = NDArray[np.float64]
Two = tuple[Array, Array]


class Waves(Protocol):
    """One kind; arrays of phases [rad] have any shape."""

    @property
    def reach(self) -> float:
        """Largest size of what is sent, both waves together."""

    @property
    def field(self) -> float:
        """Fixed injection of the reference, in couplings of weight 1."""

    def radians(self, sizes: Sequence[int]) -> float | Array:
        """Phase [rad] at the unit voltage: of every node, or one a node.

        Parameters
        ----------
        sizes : sequence of int
            How many visible and other nodes there are; of the latter alone if it is one number.
        """

    def sent(self, phase: Array) -> Two:
        """What a node puts out, y."""

    def felt(self, phase: Array) -> Two:
        """By what its sums turn it, w."""

    def bends(self, phase: Array) -> Two:
        """Slopes of w."""

    def of_source(self, phase: Array) -> Two:
        """What a source at this phase injects: a spring pulls by the sine of the difference."""

    def send(self, phase: Array, sent: Array, felt: Array | None) -> None:
        """Write y and, unless it is None, w in place, arrays of shape (2, ...)."""

    def turn(self, phase: Array, felt: Array) -> None:
        """Write w in place."""

    def contrast(self) -> Contrast:
        """What two phases tell of the coupling between them."""


class InPhase:
    """The waves themselves; nothing pulls an oscillator but what is coupled to it."""

    reach, field = 1.0, 0.0

    def radians(self, sizes: Sequence[int]) -> float:
        """1."""
        del sizes
        return 1.0

    def sent(self, phase: Array) -> Two:
        """See `Waves`."""
        return np.cos(phase), np.sin(phase)

    def felt(self, phase: Array) -> Two:
        """See `Waves`."""
        return -np.sin(phase), np.cos(phase)

    def bends(self, phase: Array) -> Two:
        """See `Waves`."""
        return -np.cos(phase), -np.sin(phase)

    def of_source(self, phase: Array) -> Two:
        """What a node at this phase sends."""
        return self.sent(phase)

    def send(self, phase: Array, sent: Array, felt: Array | None) -> None:
        """See `Waves`."""
        np.cos(phase, out=sent[0])
        np.sin(phase, out=sent[1])
        if felt is not None:
            np.negative(sent[1], out=felt[0])
            felt[1] = sent[0]

    def turn(self, phase: Array, felt: Array) -> None:
        """See `Waves`."""
        np.sin(phase, out=felt[0])
        np.negative(felt[0], out=felt[0])
        np.cos(phase, out=felt[1])

    def contrast(self) -> Contrast:
        """See `Waves`."""
        return CosineOfDifference()


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

    Examples
    --------
    >>> Graded(visible_rad=0.4, field=1.2)
    Graded(visible_rad=0.4, field=1.2)
    """

    visible_rad: Annotated[float, Field(gt=0, le=np.pi)] = 1.0
    field: Annotated[float, Field(gt=0)] = 1.0

    @property
    def reach(self) -> float:
        """Two waves may differ by twice their size."""
        return 2.0

    def radians(self, sizes: Sequence[int]) -> float | Array:
        """See `Waves`."""
        if self.visible_rad == 1:
            return 1.0
        return np.repeat([self.visible_rad, 1.0][-len(sizes) :], sizes)

    def sent(self, phase: Array) -> Two:
        """See `Waves`."""
        return np.sin(phase), 1 - np.cos(phase)

    def felt(self, phase: Array) -> Two:
        """See `Waves`."""
        return np.cos(phase), np.sin(phase)

    def bends(self, phase: Array) -> Two:
        """See `Waves`."""
        return -np.sin(phase), np.cos(phase)

    def of_source(self, phase: Array) -> Two:
        """See `Waves`."""
        return np.sin(phase), -np.cos(phase)

    def send(self, phase: Array, sent: Array, felt: Array | None) -> None:
        """See `Waves`."""
        np.sin(phase, out=sent[0])
        np.cos(phase, out=sent[1])
        if felt is not None:
            felt[...] = sent[::-1]
        np.subtract(1, sent[1], out=sent[1])

    def turn(self, phase: Array, felt: Array) -> None:
        """See `Waves`."""
        np.cos(phase, out=felt[0])
        np.sin(phase, out=felt[1])

    def contrast(self) -> Contrast:
        """See `Waves`."""
        return DifferentialCosine(self.visible_rad)
