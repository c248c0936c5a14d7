r"""The mathematics of FlowEqProp without hardware: energy, dynamics, equilibrium, exact gradient.

This is the oracle for the simulated chip, so it shares no formula with `circuit`: all is in model
units (tau = 1), and states lie in the plain order ``[x | h1 | h2 | ...]``, not the crossbar's. With
outputs v = x on the visible layer, v = phi(h) on the hidden ones, and M the symmetric matrix of all
couplings W_k,

.. math:: E = \tfrac12 |x|^2 + \sum_{hidden} R(h_i) - b \cdot v - \tfrac12 v^T M v

- law ``gradient``: R = h^2 / 2, and dh/dt = -h + phi'(h) (M v + b) = -dE/dh;
- law ``hopfield``: R = h phi(h) - Phi(h) with Phi' = phi, Phi(0) = 0, and dh/dt = -h + (M v + b),
  so that phi'(h) dh/dt = -dE/dh [1]_.

Visible nodes follow -dE/dx; a spring adds lambda (x_t - x). At rest, lambda (x* - x_t) = -dE/dx.

References
----------
.. [1] J. J. Hopfield, "Neurons with graded response", PNAS 81:3088, 1984.
.. [2] B. Scellier, Y. Bengio, "Equilibrium propagation", Front. Comput. Neurosci. 11:24, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import ConvergenceError, DataError
from neurosim.ideal.activations import DERIVATIVES, INTEGRALS, Activation
from neurosim.ideal.resting import rest
from neurosim.network import Layers, Weights

__all__ = ["IdealNetwork", "Law", "flow_loss"]

Array = NDArray[np.float64]
Law = Literal["gradient", "hopfield"]

_ROWS_AT_ONCE = 64  # of which the adjoint is solved: a few MB of matrices


def flow_loss(x_star: Array, x_t: Array, u_t: Array, spring: float, alpha: float) -> float:
    r"""Mean over batch, pixels of :math:`(\alpha\lambda (x^* - x_t) - u_t)^2`, lambda = spring."""
    return float(np.mean((alpha * spring * (x_star - x_t) - u_t) ** 2))


@dataclass(frozen=True, eq=False)
class IdealNetwork:
    """Layered network with a linear visible layer, one activation for all hidden ones, and a law.

    A state is an array of shape (..., n): rows of a batch first, layers x, h1, h2, ... in order.

    Parameters
    ----------
    matrices : tuple of ndarray
        W_k, shape (n_{k+1}, n_k): couplings between layers k and k + 1, at least one.
    biases : tuple of ndarray
        b_k, shape (n_k,), one a layer, the visible one included.
    law : {'gradient', 'hopfield'}
        Dynamics of the hidden nodes; see the module.
    activation : {'tanh', 'silu'}
        phi of the hidden nodes; `silu` is 10 tanh(SiLU(h) / 10).

    Examples
    --------
    One visible and one hidden node, at rest where h = x / 2 and x = (15 x_t + tanh(h) / 2) / 16:

    >>> net = IdealNetwork((np.array([[0.5]]),), (np.zeros(1), np.zeros(1)), "hopfield", "tanh")
    >>> x, h = net.equilibrium(np.array([[1.0]]), spring=15.0)[0]
    >>> bool(np.isclose(x, (15 + np.tanh(h) / 2) / 16)), bool(np.isclose(h, x / 2))
    (True, True)
    """

    matrices: tuple[Array, ...]
    biases: tuple[Array, ...]
    law: Law
    activation: Activation

    def __post_init__(self) -> None:
        sizes, shapes = [np.size(b) for b in self.biases], [np.shape(W) for W in self.matrices]
        known = self.law in {"gradient", "hopfield"} and self.activation in DERIVATIVES
        if not known or len(sizes) < 2 or shapes != list(zip(sizes[1:], sizes[:-1], strict=True)):
            raise DataError(
                "IdealNetwork needs law 'gradient' or 'hopfield', activation 'tanh' or 'silu' and "
                "matrices of shapes (n_{k+1}, n_k) for biases of sizes n_k, but got "
                f"{self.law!r}, {self.activation!r}, {shapes} and {sizes}; mend what differs."
            )
        for array in (*self.matrices, *self.biases):
            array.setflags(write=False)

    @classmethod
    def from_weights(
        cls, layers: Layers, weights: Weights, law: Law, activation: Activation
    ) -> IdealNetwork:
        """The network of a host's packed weights."""
        matrices = tuple(weights.matrix(layers, k) for k in range(len(layers.sizes) - 1))
        biases = tuple(weights.bias[layers.nodes(k)] for k in range(len(layers.sizes)))
        return cls(matrices, biases, law, activation)

    @cached_property
    def layers(self) -> Layers:
        """Sizes of the layers, by which gradients are packed."""
        return Layers(tuple(b.size for b in self.biases))

    def split(self, states: Array) -> list[Array]:
        """Views of states (..., n), one a layer: x, h1, h2, ..."""
        return np.split(states, np.cumsum(self.layers.sizes)[:-1], axis=-1)

    @cached_property
    def _bias(self) -> Array:
        return np.concatenate(self.biases)

    @cached_property
    def _couplings(self) -> Array:
        """M, shape (n, n)."""
        half = np.zeros((self._bias.size, self._bias.size))
        for k, columns in enumerate(self.split(half)[:-1]):
            self.split(columns.T)[k + 1][:] = self.matrices[k].T
        return half + half.T

    def _outputs(self, states: Array) -> tuple[Array, Array, Array]:
        """Output v, slope and curvature of every node, each of shape (..., n)."""
        k = self.layers.n_visible
        v, slope, curvature = states.copy(), np.ones_like(states), np.zeros_like(states)
        hidden = DERIVATIVES[self.activation](states[..., k:])
        v[..., k:], slope[..., k:], curvature[..., k:] = hidden
        return v, slope, curvature

    def energy(self, states: Array) -> Array:
        """Internal energy E, without spring, of each state: shape (...,) from (..., n)."""
        k, v, rest = self.layers.n_visible, self._outputs(states)[0], states * states / 2
        if self.law == "hopfield":
            rest[..., k:] = (states * v)[..., k:] - INTEGRALS[self.activation](states[..., k:])
        energy: Array = np.sum(rest - v * (self._bias + v @ self._couplings / 2), axis=-1)
        return energy

    def velocity_field(self, states: Array, x_t: Array | None = None, spring: float = 0.0) -> Array:
        """Rate of change per tau of states (..., n), with a spring to x_t (..., n_visible)."""
        v, slope, _ = self._outputs(states)
        drive = v @ self._couplings + self._bias
        rate: Array = (slope * drive if self.law == "gradient" else drive) - states
        if x_t is not None:
            k = self.layers.n_visible
            rate[..., :k] += spring * (x_t - states[..., :k])
        return rate

    def jacobian(self, states: Array, spring: float = 0.0) -> Array:
        """Derivative of the velocity field, shape (..., n, n): [i, j] is d rate_i / d state_j.

        Symmetric for `gradient`; for `hopfield` when row i has been multiplied by phi'(h_i).
        """
        v, slope, curvature = self._outputs(states)
        own = np.full_like(states, -1.0)
        own[..., : self.layers.n_visible] -= spring
        J: Array = self._couplings * slope[..., None, :]
        if self.law == "gradient":
            J *= slope[..., :, None]
            own += curvature * (v @ self._couplings + self._bias)
        return J + own[..., None] * np.eye(self._bias.size)

    def equilibrium(
        self, x_t: Array, spring: float, start: Array | None = None, limit_tau: float = 4e3
    ) -> Array:
        """Where the dynamics come to rest under a spring, shape (rows, n).

        The transient is integrated until it nearly rests; Newton's method, which alone may find
        any stationary point and so must stay near, takes each row to a residual of
        1e-13 (1 + lambda). Nudges merge with the spring: give the common stiffness and target. A
        ConvergenceError names the rows that still moved at the end or did not converge near by.

        Parameters
        ----------
        x_t : ndarray, shape (rows, n_visible)
            Target of the spring.
        spring : float
            Stiffness lambda, at least 0. The transient's cost grows with it.
        start : ndarray, shape (rows, n), optional
            Initial states; if not given, x = x_t and h = 0.
        limit_tau : float
            Longest transient, in whole chunks of 25.
        """
        rows, k, n = len(x_t), self.layers.n_visible, self.layers.n_nodes
        states = np.zeros((rows, n)) if start is None else start.copy()
        finite = np.isfinite(x_t).all() and np.isfinite(states).all() and 0 <= spring < np.inf
        if x_t.shape != (rows, k) or states.shape != (rows, n) or not finite:
            raise DataError(
                f"IdealNetwork.equilibrium needs finite x_t (rows, {k}), start (rows, {n}), spring "
                f">= 0, but got {x_t.shape}, {states.shape}, {spring:g}; mend shape, sign or NaN."
            )
        if start is None:
            states[:, :k] = x_t
        lost = rest(self, states, x_t, spring, limit_tau)
        if lost:
            raise ConvergenceError(
                f"IdealNetwork.equilibrium must come to rest in all {rows} rows, but rows {lost} "
                f"did not within {limit_tau:g} tau; raise limit_tau or the spring, {spring:g}."
            )
        return states

    def energy_gradient(self, states: Array) -> Weights:
        """Batch mean of dE/dtheta at fixed states (rows, n): -v_i v_j and -v_i, in both laws."""
        v = self._outputs(states)[0]
        return self._pack(-v / 2, v, -v)

    def cost_gradient(
        self, x_t: Array, u_t: Array, spring: float, alpha: float, states: Array | None = None
    ) -> Weights:
        r"""Exact gradient of the mean cost, by implicit differentiation of the equilibrium s*.

        A row costs :math:`C = \tfrac12 |\alpha\lambda (x^* - x_t) - u_t|^2`. With F the velocity
        field, zero at s*, and J its Jacobian there,

        .. math:: J^T p = \partial C/\partial s, \quad dC/d\theta = -p^T \partial F/\partial\theta

        No energy is used, so this is independent of equilibrium propagation [2]_, which estimates
        the same from two phases nudged by +-beta C, with an error of order beta^2. `x_t` and `u_t`
        are (rows, n_visible), `spring` is lambda, `states` the equilibrium if already known.
        """
        if states is None:
            states = self.equilibrium(x_t, spring)
        p, k = np.zeros_like(states), self.layers.n_visible
        p[:, :k] = alpha * spring * (alpha * spring * (states[:, :k] - x_t) - u_t)
        for first in range(0, len(p), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            p[rows] = self._adjoint(states[rows], spring, p[rows])
        v, slope, _ = self._outputs(states)
        if self.law == "gradient":
            p *= slope  # from the node's rate to its drive M v + b
        return self._pack(-p, v, -p)

    def _adjoint(self, states: Array, spring: float, c: Array) -> Array:
        r"""Solutions p of J^T p = c, all (rows, n), by elimination of the even layers.

        Even layers couple to odd ones alone, so :math:`J^T = D + L M R` has diagonal blocks D_e,
        D_o beside A = M_eo, with diagonal L = R = phi' (gradient), L = phi', R = 1 (hopfield):

        .. math:: (D_o - L_o A^T R_e D_e^{-1} L_e A R_o)\, p_o
                  = c_o - L_o A^T R_e D_e^{-1} c_e
        """
        v, slope, curvature = self._outputs(states)
        d = np.full_like(states, -1.0)
        d[:, : self.layers.n_visible] -= spring
        right = np.ones_like(slope)
        if self.law == "gradient":
            d += curvature * (v @ self._couplings + self._bias)
            right = slope
        odd = np.repeat(np.arange(len(self.biases)) % 2 == 1, [b.size for b in self.biases])
        A, even = self._couplings[np.ix_(~odd, odd)], ~odd
        scale = right[:, even] / d[:, even]
        inner = A.T @ ((scale * slope[:, even])[:, :, None] * A)
        schur = -slope[:, odd, None] * inner * right[:, None, odd]
        schur += d[:, odd, None] * np.eye(A.shape[1])
        target = c[:, odd] - slope[:, odd] * ((scale * c[:, even]) @ A)
        p = np.empty_like(c)
        p[:, odd] = np.linalg.solve(schur, target[..., None])[..., 0]
        p[:, even] = (c[:, even] - slope[:, even] * ((right[:, odd] * p[:, odd]) @ A.T)) / d[
            :, even
        ]
        return p

    def _pack(self, left: Array, v: Array, bias: Array) -> Weights:
        """Batch means of left_i v_j + left_j v_i by coupling, and of `bias`; all (rows, n)."""
        p, s = self.split(left / len(left)), self.split(v)
        matrices = [p[k].T @ s[k - 1] + s[k].T @ p[k - 1] for k in range(1, len(p))]
        return Weights.from_layers(self.layers, matrices, self.split(bias.mean(axis=0)))
