r"""The exact gradient of a flow's cost for any law, amplifier and pattern, from its formulas.

With F the currents of an ideal circuit in units of g times the unit voltage, zero at the rest s*,
and J their Jacobian there, a row that costs
:math:`C = \tfrac12 |\alpha\lambda (x^* - x_t) - u_t|^2` has

.. math:: J^T p = \partial C/\partial s, \qquad dC/d\theta = -p^T\,\partial F/\partial\theta,

(of oscillators the cost of `neurosim.analysis.pulls`), and a law of outputs y and weights w (see
`neurosim.circuit.laws`)

.. math::
    \partial F_i / \partial W_{ij} = \textstyle\sum_k w^k_i y^k_j, \qquad
    \partial F_i / \partial b_i = w^1_i.

No energy is used. `neurosim.ideal` gives the same for shipped laws, and shares no code with this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.pulls import pulled
from neurosim.circuit import Circuit, Springs
from neurosim.data import FlowBatch
from neurosim.errors import ConvergenceError
from neurosim.network import Weights

__all__ = ["adjoint_gradient"]

Array = NDArray[np.float64]

_STEPS = 8  # of Newton's method, which begins at rest but for rounding
_AT_REST = 1e-12  # largest current, over g times the unit voltage and the spring


def adjoint_gradient(
    circuit: Circuit, near_V: Array, batch: FlowBatch, stiffness: float, alpha: float
) -> Weights:
    """Mean gradient over a batch of the cost by every weight.

    Parameters
    ----------
    circuit : Circuit
        Without errors, all leaks alike: their conductance is that of weight 1. A load is that of
        single devices.
    near_V : ndarray, shape (rows, n_nodes)
        States near the rest of the free phase.
    batch : FlowBatch
    stiffness, alpha : float

    Raises
    ------
    ConvergenceError
        A row does not come to rest.
    """
    layers, unit_V, unit_S = circuit.layers, circuit.reference_V, float(circuit.leak_S[0])
    coupling = np.zeros(layers.present.shape)
    bias, visible = np.zeros(layers.n_nodes), layers.visible
    springs_S = np.full(layers.n_visible, stiffness * unit_S)
    for near, x_t, u_t in zip(near_V, batch.x_t, batch.u_t, strict=True):
        springs = Springs(springs_S, x_t[None] * unit_V)
        rest_V, jacobian = _rest(circuit, near, springs, unit_S * unit_V * (1 + stiffness))
        c = np.zeros(layers.n_nodes)
        pull, slope = pulled(circuit, rest_V, springs)
        c[visible] = alpha * stiffness * (alpha * stiffness * pull - u_t * slope)
        p = np.linalg.solve(jacobian / unit_S, c)
        ones = [y / unit_V for y in circuit.outputs_V(rest_V)]
        pulls = [p * w for w in circuit.law.weights(circuit.amplifiers, rest_V)]
        for y, pull in zip(ones, pulls, strict=True):
            coupling -= np.outer(pull[layers.odd], y[layers.even])
            coupling -= np.outer(y[layers.odd], pull[layers.even])
        bias -= pulls[0] / circuit.lift
        # What hangs on a node loads it.
        load = circuit.loading * p * rest_V / unit_V
        coupling += load[layers.odd, None] + load[layers.even]
        bias += load
    rows = len(near_V)
    return Weights(np.where(layers.present, coupling, 0.0) / rows, bias / rows)


def _rest(circuit: Circuit, near_V: Array, springs: Springs, scale_A: float) -> tuple[Array, Array]:
    """Rest of one row by Newton's method, and the transposed Jacobian [S] there."""
    n = circuit.n_nodes
    many = Springs(springs.conductance_S, np.repeat(springs.target_V, n, axis=0))
    u_V = near_V.copy()
    for _ in range(_STEPS):
        # Row k is J e_k: the transpose of J.
        transposed = circuit.jacobian_vector_A(u_V[None], np.eye(n), many)
        current_A = circuit.current_A(u_V[None], springs)[0]
        if np.abs(current_A).max() <= _AT_REST * scale_A:
            return u_V, transposed
        u_V -= np.linalg.solve(transposed.T, current_A)
    raise ConvergenceError(
        "The exact gradient needs rows that come to rest, but one does not; settle it with a "
        "stiffer spring, or smaller weights."
    )
