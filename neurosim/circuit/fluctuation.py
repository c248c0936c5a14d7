r"""Noise currents of nodes whose conductances fluctuate, without a conductance matrix per row.

A fluctuation of variance :math:`\sigma^2_{ij}` in the device from output j to node i makes a
current in proportion to the voltage across it. Summed over the devices of a node,

.. math::
    I_i = z_i \Bigl( \sum_j \sigma^{+2}_{ij} (v_j - l u_i)^2
                     + \sigma^{-2}_{ij} (v_j + l u_i)^2 \Bigr)^{1/2}

with z standard normal for each node and row, and l the share of a conductance that loads the node:
one product of matrices for a batch, as a phase has, where true conductances would need a matrix for
each row. Exact for the variance of every node's current, and for its sum over many devices. Where
one device serves both directions, the currents of its two nodes are taken as independent: their
correlation is that of one device among all those of a node. Under the `gradient` law the noise of
the load is left out.
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

    def _gather(self, of_nodes: Array, to_odd: Array, to_even: Array) -> Array:
        """Sum over the neighbours of each node, weighted by its devices."""
        layers = self.circuit.layers
        out = np.empty((len(of_nodes), layers.n_nodes))
        out[:, layers.odd] = of_nodes[:, layers.even] @ to_odd.T
        out[:, layers.even] = of_nodes[:, layers.odd] @ to_even
        return out
