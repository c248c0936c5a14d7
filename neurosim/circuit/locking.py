r"""What acts on an oscillator besides its couplings: sub-harmonic locking, and its own frequency.

With the phase :math:`\theta = u / U`, U the voltage of a radian, node i loses the current

.. math:: I_i = U S_i \sin 2\theta_i - A_i, \qquad
          P_i = -\tfrac12 U^2 S_i \cos 2\theta_i - A_i u_i,

S being the conductance of a second-harmonic injection and :math:`A = U C \omega` that of a natural
frequency :math:`\omega` [rad/s] above the reference. A tilt has a co-content too, though no lowest
one: all holds where the oscillators are locked.

S may rise from 0 after the nodes were set, in `STEPS` equal steps of equal times, as a converter
has it: phases then find their places before they are locked to 0 or half a turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEPS", "Locking"]

Array = NDArray[np.float64]

STEPS = 16


@dataclass(frozen=True, eq=False)
class Locking:
    """Of all nodes of a circuit; arrays of states have shape (..., n_nodes).

    Parameters
    ----------
    radian_V : float or ndarray, shape (n_nodes,)
        Voltage of a radian.
    sync_S : ndarray, shape (n_nodes,)
        S.
    detuning_A : ndarray, shape (n_nodes,)
        A.
    ramp_s : float
        Time in which S rises after the nodes were set; 0: it is there at once.
    """

    radian_V: float | Array
    sync_S: Array
    detuning_A: Array
    ramp_s: float = 0.0

    def __post_init__(self) -> None:
        for array in (self.sync_S, self.detuning_A):
            array.setflags(write=False)

    def some(self, keep: NDArray[np.bool_]) -> Locking:
        """Those of some nodes."""
        radian_V = self.radian_V[keep] if isinstance(self.radian_V, np.ndarray) else self.radian_V
        sync_S, detuning_A = self.sync_S[keep], self.detuning_A[keep]
        return replace(self, radian_V=radian_V, sync_S=sync_S, detuning_A=detuning_A)

    def and_tuned(self, sync_S: Array, detuning_A: Array) -> Locking:
        """With so much more of both."""
        sync_S, detuning_A = self.sync_S + sync_S, self.detuning_A + detuning_A
        return replace(self, sync_S=sync_S, detuning_A=detuning_A)

    def stages(self, since_s: float, time_s: float) -> Iterator[tuple[float, float]]:
        """Share of S and time of each step of a settle that begins after `since_s`.

        In the middle of a step S is what a straight ramp has there.
        """
        end_s, step_s = since_s + time_s, self.ramp_s / STEPS
        while since_s < min(end_s, self.ramp_s) and self.sync_S.any():
            k = min(int(since_s / step_s + 1e-9), STEPS - 1)
            until_s = min(end_s, (k + 1) * step_s)
            yield (k + 0.5) / STEPS, until_s - since_s
            since_s = until_s
        if end_s > since_s:
            yield 1.0, end_s - since_s

    def at_share(self, share: float) -> Locking:
        """With this share of S."""
        return replace(self, sync_S=share * self.sync_S, ramp_s=0.0)

    @cached_property
    def acts(self) -> bool:
        """Whether any node has either."""
        return bool(self.sync_S.any() or self.detuning_A.any())

    def current_A(self, u_V: Array) -> Array:
        """What each node loses."""
        arrays = self.radian_V * self.sync_S, self.detuning_A
        sync_A, detuning_A = (a.astype(u_V.dtype) for a in arrays)
        return np.asarray(sync_A * np.sin(self._twice(u_V)) - detuning_A)

    def _twice(self, u_V: Array) -> Array:
        """Twice the phase, in the type of the voltages."""
        return np.asarray(u_V * np.asarray(2 / self.radian_V, u_V.dtype))

    def slope_S(self, u_V: Array) -> Array:
        """Of that current by the node's voltage."""
        sync_S = self.sync_S.astype(u_V.dtype)
        return np.asarray(2 * sync_S * np.cos(self._twice(u_V)))

    def co_content_W(self, u_V: Array) -> Array:
        """Of each node."""
        locked = -0.5 * self.radian_V**2 * self.sync_S * np.cos(self._twice(u_V))
        return np.asarray(locked - self.detuning_A * u_V)

    def local_contrast(self, u_V: Array) -> tuple[Array, Array]:
        """Derivatives of the co-content by S [V^2] and by A [V], (n_nodes,): means of the rows.

        -cos(2 theta) / 2 times a radian squared, and -u: each of the node alone. With them both
        are learned by equilibrium propagation, as couplings are.
        """
        cosine = np.cos(self._twice(u_V)).mean(axis=0)
        return -0.5 * self.radian_V**2 * cosine, -u_V.mean(axis=0)
