r"""Exact gradients of what a chip answers, and what rules of finite nudges tend to.

With F the currents of an ideal circuit, zero at the rest u* with the inputs held, J = dF/du there
and m the metric of the law (slope of the amplifier for a Hopfield node), a cost of slope f by the
outputs of the answers has

.. math:: J^T p = m f, \qquad dC/d\theta = -p^T \, \partial F / \partial \theta.

A nudged phase moves the nodes by :math:`\beta\,\delta u`. What a contrast of products tends to,
over the nudge, is its change along delta u,

.. math:: -(\delta y_i y_j + y_i \delta y_j), \qquad \delta y = y' \delta u,

of equilibrium propagation with :math:`J \delta u = f`, which is the gradient where the circuit is
reciprocal; and of clamped answers with :math:`\delta o = y - o` and the other nodes at rest,
:math:`J_{hh} \delta u_h = -J_{ho} \delta u_o`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.pulls import pulled
from neurosim.circuit import Circuit, Springs
from neurosim.errors import ConvergenceError
from neurosim.network import Weights

__all__ = ["Answering"]

Array = NDArray[np.float64]

_STEPS = 12  # of Newton's method
_AT_REST = 1e-12  # largest current, over g times the unit voltage


@dataclass(frozen=True)
class Answering:
    """An ideal circuit with held inputs and answers on springs.

    Parameters
    ----------
    circuit : Circuit
        Without errors, all leaks alike: their conductance is that of weight 1. A load is that of
        single devices.
    near_V : ndarray, shape (rows, n_nodes)
        States near the rest of the free phase.
    springs : Springs
        Of that phase: infinite where an input is held.
    scale : float
        An answer over the displacement of its node, alpha lambda; of oscillators over its sine, and
        the cost is then that of `neurosim.analysis.pulls`.
    """

    circuit: Circuit
    near_V: Array
    springs: Springs
    scale: float

    def exact(self, wanted: Array, slope: Callable[[Array, Array], Array]) -> Weights:
        """Mean gradient of a cost of slope(answers, wanted), both (rows, n_answers)."""
        return self._mean(wanted, lambda jacobian, nodes, m, said, y, bend: self._adjoint(
            jacobian, nodes, m, self.scale * slope(said[None], (bend * y)[None])[0]
        ))  # fmt: skip

    def clamped(self, wanted: Array) -> Weights:
        """What coupled learning tends to as beta vanishes."""
        return self._mean(wanted, self._response_to_clamps)

    def _adjoint(self, jacobian: Array, nodes: NDArray[np.intp], m: Array, slope: Array) -> Array:
        """P over m, the change of the nodes that has the contrast of the gradient.

        A node whose amplifier has no slope left has a p of 0 and passes nothing on: 0 there.
        """
        c = np.zeros(len(jacobian))
        c[nodes] = m[nodes] * slope
        p = np.linalg.solve(jacobian.T, c)
        return np.asarray(np.divide(p, m, out=np.zeros_like(c), where=m != 0.0))

    def _response_to_clamps(
        self, jacobian: Array, nodes: NDArray[np.intp], m: Array, said: Array, wanted: Array,
        bend: Array,
    ) -> Array:  # fmt: skip
        """Change of all nodes per beta when the answers are moved towards what is wanted."""
        del m
        others = np.setdiff1d(np.arange(len(jacobian)), nodes)
        change = np.zeros(len(jacobian))
        change[nodes] = (wanted - said) / (self.scale * bend)
        pulled = jacobian[np.ix_(others, nodes)] @ change[nodes]
        change[others] = -np.linalg.solve(jacobian[np.ix_(others, others)], pulled)
        return change

    def _mean(self, wanted: Array, change_of: Callable[..., Array]) -> Weights:
        circuit, springs, layers = self.circuit, self.springs, self.circuit.layers
        free = np.setdiff1d(np.arange(circuit.n_nodes), springs.held_nodes)
        answers, unit_V = springs.numbers[~springs.held], circuit.reference_V
        coupling, bias = np.zeros(layers.present.shape), np.zeros(circuit.n_nodes)
        for row, near_V in enumerate(self.near_V):
            u_V, jacobian = self._rest(near_V, row)
            pull, slope = pulled(circuit, u_V, springs.rows(slice(row, row + 1)))
            m, change = circuit.metric(u_V) * np.ones(circuit.n_nodes), np.zeros(circuit.n_nodes)
            nodes = np.searchsorted(free, answers)
            change[free] = change_of(
                jacobian[np.ix_(free, free)],
                nodes,
                m[free],
                self.scale * pull,
                wanted[row],
                slope,
            )
            weights = circuit.law.weights(circuit.amplifiers, u_V)
            for k, (y_V, w) in enumerate(zip(circuit.outputs_V(u_V), weights, strict=True)):
                y, moved = y_V / unit_V, m * w * change
                coupling -= np.outer(moved[layers.odd], y[layers.even])
                coupling -= np.outer(y[layers.odd], moved[layers.even])
                bias -= moved / circuit.lift if k == 0 else 0.0
            # What hangs on a node loads it.
            load = circuit.loading * m * change * u_V / unit_V
            coupling += load[layers.odd, None] + load[layers.even]
            bias += load
        rows = len(self.near_V)
        return Weights(np.where(layers.present, coupling, 0.0) / rows, bias / rows)

    def _rest(self, near_V: Array, row: int) -> tuple[Array, Array]:
        """Rest of one row by Newton's method, and the Jacobian there over the leak."""
        circuit, n = self.circuit, self.circuit.n_nodes
        springs = self.springs.rows(slice(row, row + 1))
        many = Springs(springs.conductance_S, np.repeat(springs.target_V, n, axis=0), springs.nodes)
        free = np.setdiff1d(np.arange(n), springs.held_nodes)
        unit_S, u_V = float(circuit.leak_S[0]), near_V.copy()
        u_V[springs.held_nodes] = springs.target_V[0, springs.held]
        for _ in range(_STEPS):
            jacobian = circuit.jacobian_vector_A(u_V[None], np.eye(n), many).T / unit_S
            current_V = circuit.current_A(u_V[None], springs)[0] / unit_S
            if np.abs(current_V[free]).max() <= _AT_REST * circuit.reference_V:
                return u_V, jacobian
            u_V[free] -= np.linalg.solve(jacobian[np.ix_(free, free)], current_V[free])
        raise ConvergenceError(
            "The exact gradient needs rows that come to rest, but one does not; settle it with a "
            "stiffer spring, or smaller weights."
        )
