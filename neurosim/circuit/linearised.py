"""A circuit linearised about a state, in the form that conjugate gradients can solve."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs

__all__ = ["Linearised"]

Single = NDArray[np.float32]


def _single(values: Array) -> Single:
    return values.astype(np.float32)


class Linearised:
    r"""Small-signal conductances of a block of rows, made symmetric by the slopes.

    With s the square root of phi' for `hopfield` and phi' for `gradient`, a small change du of the
    state follows C d(du)/dt = I - ..., and Newton's step solves

    .. math:: B y = s I\;(\text{hopfield}),\quad B\,du = I\;(\text{gradient}), \qquad
              B = \operatorname{diag}(d) - s\,dG\,s

    d is the conductance to ground and to the springs, less phi'' times the coupling current for
    `gradient`. B is symmetric, and positive definite where the state is stable: it is the second
    derivative of the co-content in other coordinates. For `hopfield`, du = (I + dG s y) / D, which
    stays accurate in saturated nodes. All arrays have shape (n_nodes, rows).

    Conductances are in units of the mean of D and y is in volts, in `float32`: Newton's method
    corrects its own rounding, for the rates that it makes vanish are computed in double precision.

    Parameters
    ----------
    circuit : Circuit
        With reciprocal couplings.
    springs : Springs
        Of the rows of this block.
    tau_s : float
        Unit of time of the rates.
    u_V : ndarray, shape (n_nodes, rows)

    Attributes
    ----------
    scale : ndarray, shape (n_nodes, 1)
        D over its mean: B without couplings, the preconditioner.
    symmetric : ndarray of bool, shape (rows,)
        Rows that have this form: a `hopfield` node on a falling part of its characteristic has not.
    """

    def __init__(self, circuit: Circuit, springs: Springs, tau_s: float, u_V: Array) -> None:
        layers = circuit.layers
        self._odd, self._even = layers.odd, layers.even
        held = self._held = np.flatnonzero(springs.held)
        total_S = circuit.decay_S.copy()
        u: Any = _single(u_V)
        slope = circuit.slope(u.T).T
        slope[held] = 0.0
        total_S[layers.visible] += springs.soft_S
        unit_S = total_S.mean()
        self.scale = _single(total_S[:, None] / unit_S)
        self._per_rate = (circuit.capacitance_F / (tau_s * unit_S))[:, None]
        self._to_odd = _single(circuit.couplings.delta_S / unit_S)
        self._to_even = np.ascontiguousarray(self._to_odd.T)
        self._hopfield = circuit.law == "hopfield"
        self.symmetric = np.ones(u_V.shape[1], dtype=bool)
        if self._hopfield:
            self.symmetric = np.asarray((slope >= 0).all(axis=0))
            self._s, self._d = _single(np.sqrt(np.maximum(slope, 0.0))), self.scale
        else:
            drive = self._couple(_single(circuit.output_V(u.T).T))
            drive += _single(circuit.bias_A[:, None] / unit_S)
            bend = circuit.curvature_per_V(u.T).T * drive
            bend[held] = 0.0
            self._s, self._d = _single(slope), _single(self.scale - bend)
        self._work = np.empty_like(self._s)

    def rows(self, rows: NDArray[np.intp]) -> Linearised:
        """The same for some rows of the block."""
        part = copy(self)
        part._s = np.ascontiguousarray(self._s[:, rows])
        part._d = self._d if self._hopfield else np.ascontiguousarray(self._d[:, rows])
        part.symmetric = self.symmetric[rows]
        part._work = np.empty_like(part._s)
        return part

    def _couple(self, v: Single) -> Single:
        out = np.empty_like(v)
        np.matmul(self._to_odd, v[self._even], out=out[self._odd])
        np.matmul(self._to_even, v[self._odd], out=out[self._even])
        return out

    def product(self, y: Single) -> Single:
        """B y."""
        np.multiply(self._s, y, out=self._work)
        out = self._couple(self._work)
        out *= self._s
        np.multiply(self._d, y, out=self._work)
        np.subtract(self._work, out, out=out)
        return out

    def right_side(self, rate: Array) -> Single:
        """What B y must equal for Newton's step from a state that moves with `rate`."""
        current = _single(rate * self._per_rate)
        return self._s * current if self._hopfield else current

    def step(self, rate: Array, y: Single) -> Array:
        """Newton's step du [V] from the solution y."""
        if not self._hopfield:
            return y.astype(np.float64)
        change: Array = (rate * self._per_rate + self._couple(self._s * y)) / self.scale
        change[self._held] = 0.0
        return change

    def power(self, rate: Array, change_V: Array) -> Array:
        """Rate of the co-content along `change_V`, -m I du, up to one positive factor a row."""
        weight = self._s**2 if self._hopfield else 1.0
        power: Array = -np.einsum("ij,ij->j", weight * (rate * self._per_rate), change_V)
        return power
