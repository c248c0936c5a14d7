"""What flows in the crossbars of a circuit behind the resistance of their wires."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurosim.circuit.elements import Array

__all__ = ["Crossbars"]


@dataclass(frozen=True)
class Crossbars:
    r"""Passive networks between drivers and virtual grounds, as their ports see them.

    For outputs v the currents out of the drivers are :math:`I^k = M^k v`, k being the rails of a
    node or its one column. They turn :math:`\sum_k v^T I^k` into heat; a virtual ground has the
    noise of its own conductance, all drivers at 0 V.

    Parameters
    ----------
    even_S : ndarray, shape (k, n_even, n_even)
        M of even nodes, which drive odd ones.
    odd_S : ndarray, shape (k, n_odd, n_odd)
        M of odd nodes, which drive even ones.
    noisy_S : ndarray, shape (n_nodes,)
        Conductance of each virtual ground.
    """

    even_S: Array
    odd_S: Array
    noisy_S: Array

    def scaled(self, even: Array, odd: Array, noisy: Array) -> Crossbars:
        """With each node's part so many times as large: `even` and `odd` of what it drives."""

        def times(matrices_S: Array, share: Array) -> Array:
            root = np.sqrt(share)
            return np.asarray(root[:, None] * matrices_S * root)

        return Crossbars(times(self.even_S, even), times(self.odd_S, odd), self.noisy_S * noisy)

    def heat_W(self, even_V: Array, odd_V: Array) -> Array:
        """Heat of each row, for outputs (rows, n_even) and (rows, n_odd)."""
        pairs = zip((even_V, odd_V), self._whole_S, strict=True)
        even_W, odd_W = (np.einsum("ij,ij->i", v, v @ whole_S) for v, whole_S in pairs)
        return np.asarray(even_W + odd_W)

    @cached_property
    def _whole_S(self) -> tuple[Array, Array]:
        """All drivers of a node together."""
        return self.even_S.sum(axis=0), self.odd_S.sum(axis=0)

    def delivered_A(self, even_V: Array, odd_V: Array) -> Array:
        """Sum of the magnitudes of all drivers' currents, (rows,)."""
        even_A = np.abs(even_V @ self.even_S.transpose(0, 2, 1)).sum(axis=(0, 2))
        odd_A = np.abs(odd_V @ self.odd_S.transpose(0, 2, 1)).sum(axis=(0, 2))
        return np.asarray(even_A + odd_A)
