r"""What an oscillator sends and what turns it, by its phase :math:`\theta` alone.

One object says all of it, and the law delegates to it. Two kinds ship:

============ ============================== ================================ =====================
waves        sent, y                        felt, w                          of a source
============ ============================== ================================ =====================
`Harmonics`  :math:`A_k \cos k\theta`,      :math:`s_k\,dy / d\theta` and    what a node sends
             :math:`A_k \sin k\theta`       even parts
`Degrees`    :math:`\sin\theta`,            :math:`\cos(\theta + a)`,        :math:`\sin\theta`,
             :math:`1 - \cos\theta`         :math:`\sin(\theta + a)`         :math:`- \cos\theta`
============ ============================== ================================ =====================

Either way two waves in quadrature make a cosine of a difference, four products a step. Plain sine
waves with Sakaguchi's angle are `Harmonics` of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.contrasts import Contrast

__all__ = ["Waves"]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]


class Waves(Protocol):
    """One kind; arrays of phases [rad] have any shape, tuples one array for each wave."""

    @property
    def shares(self) -> tuple[float, ...]:
        """How much of w is dy / dtheta, wave by wave, of what is odd."""

    @property
    def odd(self) -> bool:
        """Whether all of it is, so that there is an energy."""

    @property
    def steepness(self) -> float:
        """Largest slope, by a node's own phase, of what a coupling of weight 1 turns it by."""

    @property
    def source_steepness(self) -> float:
        """The same of a source."""

    @property
    def field(self) -> float:
        """Fixed injection of the reference into every second wave, in couplings of weight 1."""

    def radians(self, sizes: Sequence[int]) -> float | Array:
        """Phase [rad] at the unit voltage: of every node, or one a node.

        Parameters
        ----------
        sizes : sequence of int
            How many visible and other nodes there are; of the latter alone if it is one number.
        """

    def sent(self, phase: Array) -> Outputs:
        """What a node puts out, y."""

    def sent_slopes(self, phase: Array) -> Outputs:
        """Slopes of y."""

    def felt(self, phase: Array) -> Outputs:
        """By what its sums turn it, w."""

    def felt_slopes(self, phase: Array) -> Outputs:
        """Slopes of w."""

    def of_source(self, phase: Array) -> Outputs:
        """What a source at this phase injects into the sums."""

    def pull(self, away: Array) -> Array:
        """Energy of a source of weight 1 that a phase is so far away from, 0 at 0."""

    def write(
        self, u_V: Array, per_V: float | Array, work: Array, sent: Array, felt: Array | None
    ) -> None:
        """Write y and, unless it is None, w in place, at the phases u_V times per_V.

        Parameters
        ----------
        u_V, work : ndarray, shape (n_nodes, rows)
            `work` is lost.
        per_V : float or ndarray, shape (n_nodes, 1)
        sent, felt : ndarray, shape (n_outputs, n_nodes, rows)
        """

    def contrast(self) -> Contrast:
        """What two phases tell of the coupling between them."""
