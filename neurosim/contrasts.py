r"""What the outputs of two nodes tell of the coupling between them, kind by kind.

========================== ============================== ===============================
kind                       dE/dW of a coupling            dE/db of a bias
========================== ============================== ===============================
`Product`                  :math:`-v_i v_j`               :math:`-v_i`
`HalfSquaredDifference`    :math:`(v_i - v_j)^2 / 2`      :math:`(v_i - 1)^2 / 2`
`CosineOfDifference`       :math:`-\cos(v_i - v_j)`       :math:`-\cos v_i`
`DifferentialCosine`       :math:`-\cos(v_i - v_j) +      :math:`-\sin v_i`
                           \cos v_i + \cos v_j`
========================== ============================== ===============================

E is the co-content in units of the data sheet and v an output as it is read: a voltage over the
unit, or a phase in radians. A bias is a coupling to a rail at 1, or to an oscillator at phase 0 or,
of the last kind, a quarter turn ahead; there a visible v counts in units of another phase.
Equilibrium propagation compares the same kind in two phases: a local quantity each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.network import Layers, Weights

__all__ = [
    "Contrast",
    "CosineOfDifference",
    "DifferentialCosine",
    "HalfSquaredDifference",
    "Product",
]

Array = NDArray[np.float64]


class Contrast(Protocol):
    """One kind of coupling, as the host sees it."""

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """Mean over the rows of outputs, (rows, n_nodes), of dE/dW and dE/db."""

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """What a spring of weight 1 delivers to a node so far away from its source.

        Parameters
        ----------
        away : ndarray, shape (rows, n)
        visible : ndarray of bool, shape (n,)
            Which of these nodes are visible ones.
        """


def _products(outputs: Array, layers: Layers) -> Array:
    """Mean product of the two ends of every crosspoint, (n_odd, n_even)."""
    mean: Array = outputs[:, layers.odd].T @ outputs[:, layers.even] / len(outputs)
    return mean


class _Straight:
    """Of couplings whose springs are conductances."""

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """The distance itself."""
        del visible
        return away


@dataclass(frozen=True)
class Product(_Straight):
    """An amplifier drives current into a node through a conductance.

    Examples
    --------
    >>> Product().derivative(np.array([[0.5, 2.0]]), Layers((1, 1))).vector
    array([-1. , -0.5, -2. ])
    """

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`."""
        product = _products(outputs, layers)
        return Weights(np.where(layers.present, -product, 0.0), -outputs.mean(axis=0))


@dataclass(frozen=True)
class HalfSquaredDifference(_Straight):
    """A resistor between two nodes, loaded at both ends.

    Examples
    --------
    >>> HalfSquaredDifference().derivative(np.array([[0.5, 2.0]]), Layers((1, 1))).vector
    array([1.125, 0.125, 0.5  ])
    """

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`."""
        squares = (outputs**2).mean(axis=0) / 2
        ends = squares[layers.odd][:, None] + squares[layers.even]
        across = np.where(layers.present, ends - _products(outputs, layers), 0.0)
        return Weights(across, ((outputs - 1) ** 2).mean(axis=0) / 2)


@dataclass(frozen=True)
class CosineOfDifference:
    """Two oscillators that pull each other into phase.

    Examples
    --------
    >>> CosineOfDifference().derivative(np.array([[0.0, np.pi]]), Layers((1, 1))).vector
    array([ 1., -1.,  1.])
    """

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`."""
        cosine = np.cos(outputs)
        aligned = _products(cosine, layers) + _products(np.sin(outputs), layers)
        return Weights(np.where(layers.present, -aligned, 0.0), -cosine.mean(axis=0))

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """Its sine: a spring is an injection from a source at another phase."""
        del visible
        return np.asarray(np.sin(away))


@dataclass(frozen=True)
class DifferentialCosine:
    r"""Two oscillators that send how their waves differ from the reference's.

    .. math:: -[\cos(a_i v_i - a_j v_j) - \cos a_i v_i - \cos a_j v_j + 1] / (a_i a_j), \qquad
              -\sin(a_i v_i) / a_i

    Parameters
    ----------
    visible_rad : float
        Phase a [rad] of a visible oscillator that is read as 1; of others it is 1.

    Examples
    --------
    >>> DifferentialCosine().derivative(np.array([[np.pi / 2, 0.0]]), Layers((1, 1))).vector
    array([ 0., -1.,  0.])
    """

    visible_rad: float = 1.0

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """See `Contrast`."""
        radians = self._radians(np.arange(layers.n_nodes) < layers.n_visible)
        phase = outputs * radians
        sine, cosine = np.sin(phase) / radians, (1 - np.cos(phase)) / radians
        aligned = _products(sine, layers) + _products(cosine, layers)
        return Weights(np.where(layers.present, -aligned, 0.0), -sine.mean(axis=0))

    def pull(self, away: Array, visible: NDArray[np.bool_]) -> Array:
        """The sine of the phase, in the node's own unit."""
        radians = self._radians(visible)
        return np.asarray(np.sin(radians * away) / radians)

    def _radians(self, visible: NDArray[np.bool_]) -> Array:
        return np.where(visible, self.visible_rad, 1.0)
