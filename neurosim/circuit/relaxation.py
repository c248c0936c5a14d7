r"""Block coordinate descent of a resistor network: one half of its nodes at rest, then the other.

Even layers are coupled to odd ones alone, so that with the one half standing still each node of the
other is a divider by itself, whose rest is the least of the co-content along that node,

.. math:: D_i (s_i - u_i) = I_{d,i}(u_i), \qquad
          s_i = \Bigl( \lambda_i \sum_j dG_{ij} \frac{u_j}{\lambda_j} + K_i V_i + I_i \Bigr) / D_i,

with D all conductance on the node and lambda the lift of amplifiers between layers, 1 without, and
in closed form (Scellier 2024; see `Diode.rest_V`). The co-content is convex and falls at each half,
so that the halves in turn come to its one minimum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs
from neurosim.circuit.shunts import Shunts

__all__ = ["Relaxation"]


class Relaxation:
    """The two halves of a block of rows; states have shape (n_nodes, rows).

    Parameters
    ----------
    circuit : Circuit
        Of a passive law, with `loading` 1 and linear couplings of single devices.
    springs : Springs
        Of the rows of this block.
    injected_A : ndarray, shape (rows, n_nodes) or (1, rows, n_nodes), optional
        Constant current into each node.
    """

    def __init__(self, circuit: Circuit, springs: Springs, injected_A: Array | None = None) -> None:
        layers, n = circuit.layers, circuit.n_nodes
        pull_S = circuit.decay_S.copy()
        pull_S[springs.at] += springs.soft_S
        fixed_A, lift = circuit.fixed_A[0][:, None], circuit.lift[:, None]
        constant_A = np.broadcast_to(fixed_A, (n, len(springs.target_V))).copy()
        if injected_A is not None:
            constant_A += injected_A.reshape(injected_A.shape[-2:]).T
        constant_A *= lift
        constant_A[springs.at] += springs.soft_S[:, None] * springs.target_V.T
        keep = np.ones(n, dtype=bool)
        keep[springs.held_nodes] = False
        to_odd_S, to_even_S = circuit.directed_S
        raised = lift[layers.odd] / lift[layers.even].T
        self._halves = [
            _Half(layers.even, layers.odd, np.ascontiguousarray((to_even_S / raised).T), keep),
            _Half(layers.odd, layers.even, to_odd_S * raised, keep),
        ]
        for half in self._halves:
            half.load(pull_S, constant_A, circuit.shunts)

    def sweep(self, u_V: Array) -> Array:
        """Both halves once, in place; how far each row's farthest node has moved, (rows,)."""
        return np.maximum(*(half.relax(u_V) for half in self._halves))


class _Half:
    """Nodes that no coupling joins."""

    def __init__(self, at: slice, others: slice, from_S: Array, keep: NDArray[np.bool_]) -> None:
        self._at, self._others, self._keep = at, others, keep[at]
        self._from_S = from_S

    def load(self, pull_S: Array, constant_A: Array, shunts: Shunts | None) -> None:
        """Conductance on each node, constant currents, and diodes, of all nodes."""
        self._pull_S = pull_S[self._at]
        safe_S = np.where(self._pull_S > 0, self._pull_S, 1.0)
        self._from = self._from_S / safe_S[:, None]
        self._constant_V = constant_A[self._at] / safe_S[:, None]
        mask = np.zeros(len(pull_S), dtype=bool)
        mask[self._at] = True
        self._shunts = None if shunts is None else shunts.some(mask)

    def relax(self, u_V: Array) -> Array:
        """Bring the nodes to rest, in place; how far the farthest of each row has moved."""
        rest_V = self._from @ u_V[self._others]
        rest_V += self._constant_V
        if self._shunts is not None:
            rest_V = self._shunts.rest_V(rest_V.T, self._pull_S).T
        if not self._keep.all():
            rest_V[~self._keep] = u_V[self._at][~self._keep]
        moved: Array = np.abs(rest_V - u_V[self._at]).max(axis=0, initial=0.0)
        u_V[self._at] = rest_V
        return moved
