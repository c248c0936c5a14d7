r"""The mathematics of FlowEqProp without hardware: energy, dynamics, equilibrium, exact gradient.

This is the oracle for the simulated chip, so it shares no formula with `circuit`: everything is in
model units (tau = 1, visible = 1), and states lie in the plain order ``[x | h1 | h2 | ...]``, not
in the crossbar's. With outputs v = x on the visible layer and v = phi(h) on the hidden ones, and M
the symmetric matrix of all couplings W_k,

.. math:: E = \tfrac12 |x|^2 + \sum_{hidden} R(h_i) - b \cdot v - \tfrac12 v^T M v

============  ======================  ==================================
law           R(h)                    dh/dt
============  ======================  ==================================
``gradient``  h^2 / 2                 -h + phi'(h) (M v + b) = -dE/dh
``hopfield``  h phi(h) - Phi(h)       -h + (M v + b), so that
                                      phi'(h) dh/dt = -dE/dh
============  ======================  ==================================

with Phi' = phi, Phi(0) = 0. The visible layer follows -dE/dx in both. A spring adds
lambda (x_t - x) to dx/dt; where it comes to rest, lambda (x* - x_t) = -dE/dx.

References
----------
.. [1] B. Scellier, Y. Bengio, "Equilibrium propagation", Front. Comput. Neurosci. 11:24, 2017.
.. [2] J. J. Hopfield, "Neurons with graded response", PNAS 81:3088, 1984.
.. [3] A. Gower, "FlowEqProp", arXiv:2604.08150, 2026.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.special import expit

from neurosim.errors import ConvergenceError, DataError
from neurosim.topology import Layers, Weights

__all__ = ["IdealNetwork", "flow_loss"]

Array = NDArray[np.float64]

_SILU_LIMIT = 10.0
_LEGENDRE = np.polynomial.legendre.leggauss(64)
_CHUNK_TAU = 25.0
_HAND_OVER = 1e-6  # rate of change per tau below which Newton's method takes over
_REACH = 0.1  # Newton may not carry a node further than this from where the transient left it
_NEWTON_STEPS = 20
_RESIDUAL = 1e-12  # of a converged state, for a node whose own restoring force is 1


def _tanh(u: Array) -> tuple[Array, Array, Array]:
    """phi, phi', phi'' of tanh."""
    v = np.tanh(u)
    slope = 1 - v * v
    return v, slope, -2 * v * slope


def _tanh_integral(u: Array) -> Array:
    """Log cosh u, without overflow."""
    size = np.abs(u)
    area: Array = size + np.log1p(np.exp(-2 * size)) - np.log(2)
    return area


def _silu(u: Array) -> tuple[Array, Array, Array]:
    """phi, phi', phi'' of L tanh(silu(u) / L), silu(u) = u / (1 + exp(-u)), L = 10."""
    p = expit(u)
    silu1, silu2 = p * (1 + u * (1 - p)), p * (1 - p) * (2 + u * (1 - 2 * p))
    clamped = np.tanh(u * p / _SILU_LIMIT)
    slope = 1 - clamped * clamped
    curvature = slope * (silu2 - 2 * clamped * silu1**2 / _SILU_LIMIT)
    return _SILU_LIMIT * clamped, slope * silu1, curvature


def _silu_integral(u: Array) -> Array:
    """Integral of the clamped SiLU from 0 to u by Gauss-Legendre; 1e-12 for |u| up to 50."""
    points, weights = _LEGENDRE
    area: Array = u / 2 * (_silu(u[..., None] * (points + 1) / 2)[0] @ weights)
    return area


_Activation = Callable[[Array], tuple[Array, Array, Array]]
_ACTIVATIONS: dict[str, tuple[_Activation, Callable[[Array], Array]]] = {
    "tanh": (_tanh, _tanh_integral),
    "silu": (_silu, _silu_integral),
}


def flow_loss(x_star: Array, x_t: Array, u_t: Array, spring: float, alpha: float) -> float:
    r"""Flow-matching loss: mean over batch and pixels of :math:`(\alpha\lambda(x^*-x_t)-u_t)^2`.

    Parameters
    ----------
    x_star, x_t, u_t : ndarray, shape (rows, n_visible)
        Settled visible states, spring targets, and the velocities that they should show.
    spring, alpha : float
        Stiffness lambda and the scale alpha from displacement to velocity.
    """
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
    One visible node coupled to one hidden node. At rest x = (15 x_t + tanh h / 2) / 16, h = x / 2:

    >>> net = IdealNetwork((np.array([[0.5]]),), (np.zeros(1), np.zeros(1)), "hopfield", "tanh")
    >>> x, h = net.equilibrium(np.array([[1.0]]), spring=15.0)[0]
    >>> bool(np.isclose(x, (15 + np.tanh(h) / 2) / 16)), bool(np.isclose(h, x / 2))
    (True, True)
    """

    matrices: tuple[Array, ...]
    biases: tuple[Array, ...]
    law: Literal["gradient", "hopfield"]
    activation: Literal["tanh", "silu"]

    def __post_init__(self) -> None:
        if self.law not in {"gradient", "hopfield"} or self.activation not in _ACTIVATIONS:
            raise DataError(
                "IdealNetwork needs law 'gradient' or 'hopfield' and activation 'tanh' or 'silu', "
                f"but got {self.law!r} and {self.activation!r}; choose one of each."
            )
        sizes = tuple(np.size(b) for b in self.biases)
        have = [np.shape(W) for W in self.matrices]
        if len(sizes) < 2 or have != list(zip(sizes[1:], sizes[:-1], strict=True)):
            raise DataError(
                "IdealNetwork.matrices must have shapes (n_{k+1}, n_k) for the layers that "
                f"IdealNetwork.biases give, {sizes}, but have {have}; transpose or resize them."
            )
        for name in ("matrices", "biases"):
            copies = tuple(np.array(a, dtype=np.float64) for a in getattr(self, name))
            for copy in copies:
                copy.setflags(write=False)
            object.__setattr__(self, name, copies)

    @classmethod
    def from_weights(
        cls,
        layers: Layers,
        weights: Weights,
        law: Literal["gradient", "hopfield"],
        activation: Literal["tanh", "silu"],
    ) -> IdealNetwork:
        """The network of a host's packed weights."""
        depth = len(layers.sizes)
        matrices = tuple(weights.matrix(layers, k) for k in range(depth - 1))
        biases = tuple(weights.bias[layers.nodes(k)] for k in range(depth))
        return cls(matrices, biases, law, activation)

    @cached_property
    def layers(self) -> Layers:
        """Sizes of the layers, for packing gradients."""
        return Layers(tuple(b.size for b in self.biases))

    @property
    def n_visible(self) -> int:
        """Number of visible nodes, the first of a state."""
        return self.biases[0].size

    @cached_property
    def _bias(self) -> Array:
        return np.concatenate(self.biases)

    @cached_property
    def _couplings(self) -> Array:
        """M, shape (n, n): symmetric, W_k between the layers k and k + 1."""
        M = np.zeros((self._bias.size, self._bias.size))
        at = self._slices
        for k, W in enumerate(self.matrices):
            M[at[k + 1], at[k]], M[at[k], at[k + 1]] = W, W.T
        return M

    @cached_property
    def _slices(self) -> tuple[slice, ...]:
        """Where each layer lies in a state."""
        ends = np.cumsum(self.layers.sizes)
        return tuple(slice(e - n, e) for e, n in zip(ends, self.layers.sizes, strict=True))

    def split(self, states: Array) -> list[Array]:
        """States of shape (..., n) as one array a layer: x, h1, h2, ..."""
        return [states[..., at] for at in self._slices]

    def outputs(self, states: Array) -> Array:
        """Outputs v of shape (..., n): x itself, then phi(h)."""
        return self._activate(states)[0]

    def _activate(self, states: Array) -> tuple[Array, Array, Array]:
        """Output, slope and curvature of every node, each of shape (..., n)."""
        k = self.n_visible
        v, slope, curvature = states.copy(), np.ones_like(states), np.zeros_like(states)
        hidden = _ACTIVATIONS[self.activation][0](states[..., k:])
        v[..., k:], slope[..., k:], curvature[..., k:] = hidden
        return v, slope, curvature

    def energy(self, states: Array) -> Array:
        """Internal energy E without spring, shape (...,) for states of shape (..., n)."""
        x, h = np.split(states, [self.n_visible], axis=-1)
        v = self.outputs(states)
        if self.law == "gradient":
            rest = h * h / 2
        else:
            rest = h * v[..., self.n_visible :] - _ACTIVATIONS[self.activation][1](h)
        bilinear = v @ self._bias + np.sum(v @ self._couplings * v, axis=-1) / 2
        total: Array = np.sum(x * x, axis=-1) / 2 + np.sum(rest, axis=-1) - bilinear
        return total

    def velocity_field(self, states: Array, x_t: Array | None = None, spring: float = 0.0) -> Array:
        """Rate of change of states of shape (..., n) per tau, with a spring to `x_t` if given.

        Parameters
        ----------
        states : ndarray, shape (..., n)
        x_t : ndarray, shape (..., n_visible), optional
            Target of the spring; without it there is none.
        spring : float
            Stiffness lambda.
        """
        v, slope, _ = self._activate(states)
        drive = v @ self._couplings + self._bias
        rate: Array = (slope * drive if self.law == "gradient" else drive) - states
        if x_t is not None:
            rate[..., : self.n_visible] += spring * (x_t - states[..., : self.n_visible])
        return rate

    def jacobian(self, states: Array, spring: float = 0.0) -> Array:
        """Derivative of the velocity field, shape (..., n, n): [i, j] is d rate_i / d state_j.

        Minus the Hessian of the energy for `gradient`; for `hopfield` it becomes so (symmetric)
        when row i is multiplied by phi'(h_i).
        """
        v, slope, curvature = self._activate(states)
        own = np.full_like(states, -1.0)
        own[..., : self.n_visible] -= spring
        J: Array = self._couplings * slope[..., None, :]
        if self.law == "gradient":
            own += curvature * (v @ self._couplings + self._bias)
            J = J * slope[..., :, None]
        diagonal = np.arange(states.shape[-1])
        J[..., diagonal, diagonal] += own
        return J

    def equilibrium(
        self,
        x_t: Array,
        spring: float,
        start: Array | None = None,
        limit_tau: float = 400.0,
    ) -> Array:
        """Where the dynamics come to rest under a spring, to a residual of about 1e-12.

        The transient is integrated (DOP853) until nothing moves by more than 1e-6 a tau; then
        Newton's method, not allowed to leave that neighbourhood, finishes each row. So the point is
        the one that the transient reaches, where Newton alone may find any stationary point. A
        nudge is a spring too: for +-beta C give the merged stiffness and target.

        Parameters
        ----------
        x_t : ndarray, shape (rows, n_visible)
            Target of the spring.
        spring : float
            Stiffness lambda.
        start : ndarray, shape (rows, n), optional
            Initial states; x = x_t, h = 0 if not given.
        limit_tau : float
            Longest transient.

        Returns
        -------
        ndarray, shape (rows, n)

        Raises
        ------
        DataError
            `x_t` or `start` has a wrong shape or is not finite.
        ConvergenceError
            Some rows, which it names, were still moving at `limit_tau`, or Newton's method did
            not converge near by.
        """
        states = self._start(x_t, start)
        moving = np.arange(len(states))
        elapsed_tau = 0.0
        while True:
            rate = self.velocity_field(states[moving], x_t[moving], spring)
            moving = moving[np.abs(rate).max(axis=-1) > _HAND_OVER]
            if not moving.size or elapsed_tau >= limit_tau:
                break
            span_tau = min(_CHUNK_TAU, limit_tau - elapsed_tau)
            states[moving] = self._transient(states[moving], x_t[moving], spring, span_tau)
            elapsed_tau += span_tau
        lost = set(moving.tolist())
        for row in range(len(states)):
            if row not in lost and not self._polish(states[row], x_t[row], spring):
                lost.add(row)
        if lost:
            raise ConvergenceError(
                f"IdealNetwork.equilibrium must come to rest in every row, but of {len(states)} "
                f"rows these {len(lost)} did not within {limit_tau:g} tau: {sorted(lost)}; raise "
                f"limit_tau, or take a stiffer spring than {spring:g}."
            )
        return states

    def _start(self, x_t: Array, start: Array | None) -> Array:
        """Checked copy of the initial states, shape (rows, n)."""
        n = self._bias.size
        rows = len(x_t) if x_t.ndim == 2 else 0
        if start is None and x_t.ndim == 2:
            start = np.concatenate([x_t, np.zeros((rows, n - self.n_visible))], axis=1)
        if start is None or x_t.shape != (rows, self.n_visible) or start.shape != (rows, n):
            raise DataError(
                f"IdealNetwork.equilibrium needs x_t of shape (rows, {self.n_visible}) and start of "
                f"shape (rows, {n}), but got {x_t.shape} and {np.shape(start)}; give one row a sample."
            )
        if not (np.isfinite(x_t).all() and np.isfinite(start).all()):
            raise DataError(
                "IdealNetwork.equilibrium needs finite x_t and start, but some values are not; "
                "mend them."
            )
        return start.copy()

    def _transient(self, states: Array, x_t: Array, spring: float, span_tau: float) -> Array:
        """States of shape (rows, n) after `span_tau`."""

        def rate(_: float, flat: Array) -> Array:
            return self.velocity_field(flat.reshape(states.shape), x_t, spring).ravel()

        path = solve_ivp(
            rate, (0, span_tau), states.ravel(), "DOP853", [span_tau], rtol=1e-6, atol=1e-9
        )
        end: Array = path.y[:, -1].reshape(states.shape)
        return end

    def _polish(self, state: Array, x_t: Array, spring: float) -> bool:
        """Newton's method on one state of shape (n,), in place; whether it converged near by."""
        origin = state.copy()
        for _ in range(_NEWTON_STEPS):
            rate = self.velocity_field(state, x_t, spring)
            if np.abs(rate).max() <= _RESIDUAL * (1 + spring):
                return True
            try:
                state -= np.linalg.solve(self.jacobian(state, spring), rate)
            except np.linalg.LinAlgError:
                return False
            if not np.abs(state - origin).max() <= _REACH:
                return False
        return False

    def energy_gradient(self, states: Array) -> Weights:
        """Batch mean of dE/dtheta at fixed states, shape (rows, n): the contrast of one phase.

        -v_i v_j for a coupling and -v_i for a bias, the same for both laws.
        """
        v = self.outputs(states)
        return self._pack(-v / 2, v, -v)

    def cost_gradient(
        self, x_t: Array, u_t: Array, spring: float, alpha: float, states: Array | None = None
    ) -> Weights:
        r"""Exact gradient of the mean cost by implicit differentiation of the equilibrium.

        With the cost of a row :math:`C = \tfrac12|\alpha\lambda(x^*-x_t)-u_t|^2` and the velocity
        field F, zero at the equilibrium s*,

        .. math:: J^T p = \partial C/\partial s, \qquad
                  \frac{dC}{d\theta} = -p^T \frac{\partial F}{\partial\theta}

        No use is made of an energy, so it is independent of equilibrium propagation, which
        estimates the same from phases nudged by +-beta C, with an error of order beta^2.

        Parameters
        ----------
        x_t, u_t : ndarray, shape (rows, n_visible)
        spring, alpha : float
            Stiffness lambda and scale alpha.
        states : ndarray, shape (rows, n), optional
            The equilibrium, if already known.

        Returns
        -------
        Weights
            Derivative by every coupling and bias, packed as the host's weights are.
        """
        if states is None:
            states = self.equilibrium(x_t, spring)
        k, stiffness = self.n_visible, alpha * spring
        p = np.zeros_like(states)
        p[:, :k] = stiffness * (stiffness * (states[:, :k] - x_t) - u_t)
        for row, state in zip(p, states, strict=True):
            row[:] = np.linalg.solve(self.jacobian(state, spring).T, row)
        v, slope, _ = self._activate(states)
        reach = p * slope if self.law == "gradient" else p  # of a node's drive M v + b
        return self._pack(-reach, v, -reach)

    def _pack(self, left: Array, v: Array, bias: Array) -> Weights:
        """Batch means of left_i v_j + left_j v_i for each coupling and of `bias`; all (rows, n)."""
        lefts, vs, rows = self.split(left), self.split(v), len(v)
        matrices = [
            (lefts[k + 1].T @ vs[k] + vs[k + 1].T @ lefts[k]) / rows
            for k in range(len(self.matrices))
        ]
        return Weights.from_layers(self.layers, matrices, self.split(bias.mean(axis=0)))
