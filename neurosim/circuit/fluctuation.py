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
Left out: what the load shares; under a passive law all correlation of both ends; and the noise of
the load where another law weighs the sum of the couplings, for the load is no part of that sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

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
        y = self.circuit.output_V(u_V) / self._unit_V
        parts = self._parts(y.dtype)
        deviation = self._deviation(parts, u_V, y, self._from_couplings(parts, y))
        return self._unit_S * self._unit_V * deviation

    def current_A(self, u_V: Array, z: Array, output_V: Array | None = None) -> Array:
        """Noise current of each node for standard normal draws `z`, all (rows, n_nodes).

        It is computed in the precision of `z`; `output_V` saves to ask for the outputs of `u_V`.
        """
        output_V = self.circuit.output_V(u_V) if output_V is None else output_V
        y = output_V.astype(z.dtype, copy=False) / z.dtype.type(self._unit_V)
        parts = self._parts(z.dtype)
        from_couplings = self._from_couplings(parts, y)
        deviation = self._deviation(parts, u_V, y, from_couplings)
        current = z * deviation
        if self.back_couplings is None and not self.circuit.passive:
            self._correlate(current, parts, y, from_couplings, deviation, z)
        current *= z.dtype.type(self._unit_S * self._unit_V)
        return current.astype(np.float64, copy=False)

    @property
    def _unit_V(self) -> float:
        return self.circuit.amplifiers.unit_V

    @cached_property
    def _unit_S(self) -> float:
        """What brings the variances near 1: the largest deviation of a conductance."""
        largest = max(pairs.sum_S.max(initial=0.0) for pairs in (self.couplings, self.biases))
        return float(np.sqrt(largest)) or 1.0

    @cached_property
    def _known_parts(self) -> dict[np.dtype[Any], _Parts]:
        return {}

    def _parts(self, dtype: np.dtype[Any]) -> _Parts:
        """Variances over the unit squared, in that precision."""
        if dtype not in self._known_parts:
            every = (self.couplings, self.back_couplings or self.couplings, self.biases)
            found = [
                (values / self._unit_S**2).astype(dtype)
                for pairs in every
                for values in (pairs.sum_S, pairs.delta_S)
            ]
            self._known_parts[dtype] = _Parts(*found)
        return self._known_parts[dtype]

    def _from_couplings(self, parts: _Parts, y: Array) -> Array:
        """Variance of each node's current from its couplings, their load apart."""
        return self._gather(y * y, parts.sums, parts.back_sums)

    def _deviation(self, parts: _Parts, u_V: Array, y: Array, from_couplings: Array) -> Array:
        circuit = self.circuit
        reference = (circuit.reference_V / self._unit_V / circuit.lift).astype(y.dtype)
        variance = from_couplings + parts.bias_sums * reference**2
        if circuit.loading and (circuit.passive or circuit.law.unit_weights):
            load = circuit.loading * u_V / self._unit_V / circuit.lift
            load = load.astype(y.dtype, copy=False)
            one = np.ones((1, circuit.n_nodes), y.dtype)
            total = self._gather(one, parts.sums, parts.back_sums) + parts.bias_sums
            cross = self._gather(y, parts.deltas, parts.back_deltas)
            cross += parts.bias_deltas * reference
            variance += total * load**2 - 2 * load * cross
            np.maximum(variance, 0.0, out=variance)
        return np.sqrt(variance, out=variance)

    def _correlate(
        self,
        current: Array,
        parts: _Parts,
        y: Array,
        from_couplings: Array,
        deviation: Array,
        z: Array,
    ) -> None:
        """Make odd and even nodes share, in place, what their common devices make them share.

        With d the deviation and F what couplings add to its square, the directions are those of
        t = y F / d among the odd and the even nodes; s of a row is the correlation along them.
        """
        odd, even = self.circuit.layers.odd, self.circuit.layers.even
        if deviation.min() > 0:
            relative = y / deviation
        else:
            relative = np.divide(y, deviation, out=np.zeros_like(y), where=deviation > 0)
        t = relative * from_couplings
        per_odd, per_even = _inverse_length(t[:, odd]), _inverse_length(t[:, even])
        a = per_odd * np.einsum("ij,ij->i", t[:, odd], z[:, odd])
        b = per_even * np.einsum("ij,ij->i", t[:, even], z[:, even])
        relative *= t
        across = relative[:, odd] @ parts.sums
        share = per_odd * per_even * np.einsum("ij,ij->i", across, relative[:, even])
        share = np.clip(share, -1.0, 1.0)
        along = (share * a + (np.sqrt(1 - share**2) - 1) * b) * per_even
        # t times the deviation.
        np.multiply(y[:, even], from_couplings[:, even], out=across)
        across *= along[:, None]
        current[:, even] += across

    def _gather(self, of_nodes: Array, to_odd: Array, to_even: Array) -> Array:
        """Sum over the neighbours of each node, weighted by its devices."""
        layers = self.circuit.layers
        out = np.empty((len(of_nodes), layers.n_nodes), of_nodes.dtype)
        np.matmul(of_nodes[:, layers.even], to_odd.T, out=out[:, layers.odd])
        np.matmul(of_nodes[:, layers.odd], to_even, out=out[:, layers.even])
        return out


class _Parts(NamedTuple):
    """Variances of the devices of a circuit: of couplings, the way back, and biases."""

    sums: Array
    deltas: Array
    back_sums: Array
    back_deltas: Array
    bias_sums: Array
    bias_deltas: Array


def _inverse_length(vectors: Array) -> Array:
    """1 over the length of each row; 0 for rows of zeros."""
    square = np.einsum("ij,ij->i", vectors, vectors)
    there = square > np.finfo(vectors.dtype).tiny
    inverse: Array = np.where(there, 1 / np.sqrt(np.where(there, square, 1)), 0)
    return inverse.astype(vectors.dtype, copy=False)
