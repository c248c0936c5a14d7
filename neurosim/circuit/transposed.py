r"""A circuit that answers a small nudge as its transpose would: exact gradients without energy.

Nodes that act on each other differently both ways have a Jacobian J that is not symmetric, by an
angle of oscillators or by couplings with a device for each direction. A nudge :math:`\beta f` moves
them by :math:`-\beta J^{-1} f` from their rest u*, where the gradient asks for
:math:`p = -J^{-T} f`. With the currents

.. math:: I_i = - \sum_j (J_{ij} - J_{ji})\,(u_j - u^*_j)

added, the Jacobian at u* is :math:`J^T` and the rest u* itself stays (arXiv
2602.03670, 2026): a nudge moves the nodes by :math:`\beta p`, and
:math:`dC/d\theta = -p^T \partial I/\partial\theta`. The difference needs no matrix of all pairs:

.. math:: J_{ij} = \textstyle\sum_k w^k_i\,dG_{ij}\,y'^k_j, \qquad
          J_{ji} = \textstyle\sum_k y'^k_i\,dG_{ji}\,w^k_j.

On a chip the currents are for its host to set, from phases that it reads; here they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.driven import DrivenCircuit
from neurosim.circuit.elements import Array
from neurosim.errors import DataError
from neurosim.network import Weights

__all__ = ["Transposed", "along"]


@dataclass(frozen=True)
class Transposed:
    """A driven circuit with these currents, as the engines see it.

    Parameters
    ----------
    driven : DrivenCircuit
        Of a law whose metric is 1.
    about_V : ndarray, shape (rows, n_nodes)
        Rest u* of each row.
    """

    driven: DrivenCircuit
    about_V: Array

    def __post_init__(self) -> None:
        circuit = self.driven.circuit
        if not circuit.law.unit_metric or circuit.amplifier_tau_s or circuit.cubic_per_V2:
            raise DataError(
                "Transposed.driven must have a law of metric 1, outputs that follow at once and "
                f"devices that are linear, but has {circuit.law!r}; take another law, such as "
                "Oscillator or Gradient."
            )

    @property
    def unit_V(self) -> float:
        """Voltage of 1 in the host's numbers."""
        return self.driven.unit_V

    @property
    def tau_s(self) -> float:
        """Unit of the engines' time."""
        return self.driven.tau_s

    @property
    def noise_V(self) -> Array:
        """That of the circuit."""
        return self.driven.noise_V

    @property
    def flicker_V(self) -> Array:
        """That of the circuit."""
        return self.driven.flicker_V

    @property
    def noise_correlation(self) -> Array | None:
        """That of the circuit."""
        return self.driven.noise_correlation

    def free(self, u_V: Array) -> None:
        """None: nodes that are held stay in the equations."""
        del u_V

    def rate(self, rows: slice | NDArray[np.intp], dtype: DTypeLike = np.float64) -> _Rate:
        """Right-hand side for some rows of the batch, computed in `dtype`."""
        return _Rate(self.driven, self.about_V[rows], rows, dtype)


class _Rate:
    """See `neurosim.circuit.rate.Rate`; states are (n_nodes, rows)."""

    def __init__(
        self,
        driven: DrivenCircuit,
        about_V: Array,
        rows: slice | NDArray[np.intp],
        dtype: DTypeLike,
    ) -> None:
        circuit, self._rate = driven.circuit, driven.rate(rows, dtype)
        self.decay, self._about = self._rate.decay, about_V.T
        scale = driven.tau_s / circuit.capacitance_F
        scale[driven.springs.held_nodes] = 0.0
        self._scale, self._circuit = scale[:, None], circuit
        self._w = [w.T for w in circuit.law.weights(circuit.amplifiers, about_V)]
        self._slopes = [slope.T for slope in circuit.output_slopes(about_V)]

    @property
    def gain(self) -> float:
        """That of the circuit."""
        return self._rate.gain

    def linearised(self, u_V: Array) -> None:
        """None: it is not symmetric."""
        del u_V

    def _added(self, u_V: Array) -> Array:
        away, layers, circuit = u_V - self._about, self._circuit.layers, self._circuit
        forward, back = circuit.couplings.delta_S, circuit.back.delta_S
        odd, even = layers.odd, layers.even
        total = np.zeros_like(away)
        for w, slope in zip(self._w, self._slopes, strict=True):
            moved, felt = slope * away, w * away
            total[odd] += w[odd] * (forward @ moved[even]) - slope[odd] * (back @ felt[even])
            total[even] += w[even] * (back.T @ moved[odd]) - slope[even] * (forward.T @ felt[odd])
        return np.asarray(total * self._scale)

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N(u) into `out`."""
        self._rate.nonlinear(u_V, out)
        out -= self._added(u_V)
        return out

    def __call__(self, u_V: Array, out: Array) -> Array:
        """du/ds into `out`."""
        self._rate(u_V, out)
        out -= self._added(u_V)
        return out


def along(circuit: Circuit, about_V: Array, moved_V: Array) -> Weights:
    """Mean over the rows of p^T dI/dW and p^T dI/db, from p = `moved_V`, (rows, n_nodes), and u*.

    Each is of the two ends of its coupling alone, with the unit voltage for 1.
    """
    layers, unit_V = circuit.layers, circuit.amplifiers.unit_V
    coupling, bias = np.zeros(layers.present.shape), np.zeros(circuit.n_nodes)
    weights = circuit.law.weights(circuit.amplifiers, about_V)
    for k, (y_V, w) in enumerate(zip(circuit.outputs_V(about_V), weights, strict=True)):
        y, pull = y_V / unit_V, w * moved_V / unit_V
        coupling += pull[:, layers.odd].T @ y[:, layers.even]
        coupling += y[:, layers.odd].T @ pull[:, layers.even]
        bias += pull.sum(axis=0) if k == 0 else 0.0
    return Weights(np.where(layers.present, coupling, 0.0) / len(about_V), bias / len(about_V))
