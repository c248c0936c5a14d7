r"""Noise currents of nodes whose conductances fluctuate, without a conductance matrix per row.

A fluctuation of variance :math:`\sigma^2_{ij}` in the device from output j to node i makes a
current in proportion to the voltage across it. Summed over the devices of a node,

.. math::
    I_i = z_i \Bigl( \sum_j \sigma^{+2}_{ij} (v_j - l u_i)^2
                     + \sigma^{-2}_{ij} (v_j + l u_i)^2 \Bigr)^{1/2}

with z standard normal for each node and row, and l the share of a conductance that loads the node:
a few products of matrices for a batch, where true conductances would need a matrix for each row.
Exact for the variance of every node's current. Currents of different nodes are independent where
each direction of a coupling has its own device. Where one device serves both, they are correlated,

.. math:: \langle I_i I_j \rangle = \sigma^2_{ij} v_i v_j, \qquad
          \textstyle\sum_{\text{odd}} v_i I_i = \sum_{\text{even}} v_j I_j,

and of this correlation the leading part is kept: one direction among the odd nodes moves as one
among the even nodes. It is all of it where the variances factor, :math:`\sigma^2_{ij} = a_i b_j`.
Left out: what the load shares, and the noise of the load where a law weighs the sum of the
couplings, for the load is no part of that sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Pairs

__all__ = ["Fluctuation"]


@dataclass(frozen=True)
class Fluctuation:
    """Variances of the conductances of a circuit.

    Parameters
    ----------
    circuit : Circuit
    couplings, biases : Pairs
        Variances [S^2] in place of conductances, in the shapes of the circuit's.
    back_couplings : Pairs, optional
        Of the devices that drive the even nodes, where they have their own.
    """

    circuit: Circuit
    couplings: Pairs
    biases: Pairs
    back_couplings: Pairs | None = None

    def deviation_A(self, u_V: Array) -> Array:
        """Standard deviation of the noise current of each node, (rows, n_nodes), in that state."""
        v = self.circuit.output_V(u_V)
        return self._deviation_A(u_V, v, self._from_couplings(v))

    def current_A(self, u_V: Array, z: Array) -> Array:
        """Noise current of each node for standard normal draws `z`, all (rows, n_nodes)."""
        v = self.circuit.output_V(u_V)
        from_couplings = self._from_couplings(v)
        deviation_A = self._deviation_A(u_V, v, from_couplings)
        if self.back_couplings is None:
            z = self._correlated(v, from_couplings, deviation_A, z)
        return z * deviation_A

    def _from_couplings(self, v: Array) -> Array:
        """Variance of each node's current from its couplings, their load apart [A^2]."""
        return self._gather(v**2, self.couplings.sum_S, self._back.sum_S)

    def _deviation_A(self, u_V: Array, v: Array, from_couplings: Array) -> Array:
        circuit, back, reference_V = self.circuit, self._back, self.circuit.reference_V
        variance = from_couplings + self.biases.sum_S * reference_V**2
        if circuit.loading and circuit.law.unit_weights:
            load_V = circuit.loading * u_V
            one = np.ones((1, circuit.n_nodes))
            total = self._gather(one, self.couplings.sum_S, back.sum_S) + self.biases.sum_S
            cross = self._gather(v, self.couplings.delta_S, back.delta_S)
            cross += self.biases.delta_S * reference_V
            variance += total * load_V**2 - 2 * load_V * cross
        return np.sqrt(np.maximum(variance, 0.0))

    def _correlated(self, v: Array, from_couplings: Array, deviation_A: Array, z: Array) -> Array:
        """Draws whose odd and even nodes share what their common devices make them share."""
        odd, even = self.circuit.layers.odd, self.circuit.layers.even
        relative = v / np.where(deviation_A > 0, deviation_A, np.inf)
        direction = relative * from_couplings
        p, q = _unit(direction[:, odd]), _unit(direction[:, even])
        across = (relative[:, odd] * p) @ self.couplings.sum_S
        share = np.clip(np.sum(across * relative[:, even] * q, axis=1), -1.0, 1.0)
        a, b = np.sum(p * z[:, odd], axis=1), np.sum(q * z[:, even], axis=1)
        out = z.copy()
        out[:, even] += (share * a + (np.sqrt(1 - share**2) - 1) * b)[:, None] * q
        return out

    @property
    def _back(self) -> Pairs:
        return self.back_couplings or self.couplings

    def _gather(self, of_nodes: Array, to_odd: Array, to_even: Array) -> Array:
        """Sum over the neighbours of each node, weighted by its devices."""
        layers = self.circuit.layers
        out = np.empty((len(of_nodes), layers.n_nodes))
        out[:, layers.odd] = of_nodes[:, layers.even] @ to_odd.T
        out[:, layers.even] = of_nodes[:, layers.odd] @ to_even
        return out


def _unit(vectors: Array) -> Array:
    """Each row over its length; rows of zeros stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
