r"""What acts on an oscillator besides its couplings: sub-harmonic locking, and its own frequency.

With the phase :math:`\theta = u / U`, U the unit voltage, node i loses the current

.. math:: I_i = U S_i \sin 2\theta_i - A_i, \qquad
          P_i = -\tfrac12 U^2 S_i \cos 2\theta_i - A_i u_i,

S being the conductance of a second-harmonic injection and :math:`A = U C \omega` that of a natural
frequency :math:`\omega` [rad/s] above the reference. A tilt has a co-content too, though no lowest
one: all holds where the oscillators are locked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Locking"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Locking:
    """Of all nodes of a circuit; arrays of states have shape (..., n_nodes).

    Parameters
    ----------
    unit_V : float
        Voltage of a radian.
    sync_S : ndarray, shape (n_nodes,)
        S.
    detuning_A : ndarray, shape (n_nodes,)
        A.
    """

    unit_V: float
    sync_S: Array
    detuning_A: Array

    def __post_init__(self) -> None:
        for array in (self.sync_S, self.detuning_A):
            array.setflags(write=False)

    def some(self, keep: NDArray[np.bool_]) -> Locking:
        """Those of some nodes."""
        return replace(self, sync_S=self.sync_S[keep], detuning_A=self.detuning_A[keep])

    @cached_property
    def acts(self) -> bool:
        """Whether any node has either."""
        return bool(self.sync_S.any() or self.detuning_A.any())

    def current_A(self, u_V: Array) -> Array:
        """What each node loses."""
        sync_A, detuning_A = (a.astype(u_V.dtype) for a in (self._sync_A, self.detuning_A))
        return np.asarray(sync_A * np.sin(u_V * (2 / self.unit_V)) - detuning_A)

    @property
    def _sync_A(self) -> Array:
        return self.unit_V * self.sync_S

    def slope_S(self, u_V: Array) -> Array:
        """Of that current by the node's voltage."""
        sync_S = self.sync_S.astype(u_V.dtype)
        return np.asarray(2 * sync_S * np.cos(u_V * (2 / self.unit_V)))

    def co_content_W(self, u_V: Array) -> Array:
        """Of each node."""
        locked = -0.5 * self.unit_V**2 * self.sync_S * np.cos(2 * u_V / self.unit_V)
        return np.asarray(locked - self.detuning_A * u_V)

    def local_contrast(self, u_V: Array) -> tuple[Array, Array]:
        """Derivatives of the co-content by S [V^2] and by A [V], (n_nodes,): means of the rows.

        -cos(2 theta) / 2 times the unit squared, and -u: each of the node alone. With them both
        are learned by equilibrium propagation, as couplings are.
        """
        cosine = np.cos(2 * u_V / self.unit_V).mean(axis=0)
        return -0.5 * self.unit_V**2 * cosine, -u_V.mean(axis=0)
