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
Left out: what the load shares, and under the `gradient` law the noise of the load.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.circuit.circuit import Array, Circuit, Pairs

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
        circuit = self.circuit
        back = self.back_couplings or self.couplings
        v = circuit.output_V(u_V)
        reference_V = circuit.reference_V
        variance = self._gather(v**2, self.couplings.sum_S, back.sum_S)
        variance += self.biases.sum_S * reference_V**2
        if circuit.loading and circuit.law == "hopfield":
            load_V = circuit.loading * u_V
            one = np.ones((1, circuit.n_nodes))
            total = self._gather(one, self.couplings.sum_S, back.sum_S) + self.biases.sum_S
            cross = self._gather(v, self.couplings.delta_S, back.delta_S)
            cross += self.biases.delta_S * reference_V
            variance += total * load_V**2 - 2 * load_V * cross
        return np.sqrt(np.maximum(variance, 0.0))

    def current_A(self, u_V: Array, z: Array) -> Array:
        """Noise current of each node for standard normal draws `z`, all (rows, n_nodes)."""
        deviation_A = self.deviation_A(u_V)
        if self.back_couplings is None:
            z = self._correlated(self.circuit.output_V(u_V), deviation_A, z)
        return z * deviation_A

    def _correlated(self, v: Array, deviation_A: Array, z: Array) -> Array:
        """Draws whose odd and even nodes share what their common devices make them share."""
        odd, even = self.circuit.layers.odd, self.circuit.layers.even
        shared = self.couplings.sum_S
        relative = v / np.where(deviation_A > 0, deviation_A, np.inf)
        p = relative[:, odd] * (v[:, even] ** 2 @ shared.T)
        q = relative[:, even] * (v[:, odd] ** 2 @ shared)
        p, q = _unit(p), _unit(q)
        share = np.sum(((relative[:, odd] * p) @ shared) * relative[:, even] * q, axis=1)
        share = np.clip(share, -1.0, 1.0)
        a, b = np.sum(p * z[:, odd], axis=1), np.sum(q * z[:, even], axis=1)
        out = z.copy()
        out[:, even] += (share * a + (np.sqrt(1 - share**2) - 1) * b)[:, None] * q
        return out

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
