r"""What the outputs of two nodes tell of the coupling between them, kind by kind.

========================== ============================== ===============================
kind                       dE/dW of a coupling            dE/db of a bias
========================== ============================== ===============================
`Product`                  :math:`-v_i v_j`               :math:`-v_i`
`HalfSquaredDifference`    :math:`(v_i - v_j)^2 / 2`      :math:`(v_i - 1)^2 / 2`
`CosineOfDifference`       :math:`-\cos(v_i - v_j)`       :math:`-\cos v_i`
========================== ============================== ===============================

E is the co-content in units of the data sheet and v an output as it is read: a voltage over the
unit, or a phase in radians. A bias is a coupling to a rail at 1, or to an oscillator at phase 0.
Equilibrium propagation compares the same kind in two phases: a local quantity each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.network import Layers, Weights

__all__ = ["Contrast", "CosineOfDifference", "HalfSquaredDifference", "Product"]

Array = NDArray[np.float64]


class Contrast(Protocol):
    """One kind of coupling, as the host sees it."""

    def derivative(self, outputs: Array, layers: Layers) -> Weights:
        """Mean over the rows of outputs, (rows, n_nodes), of dE/dW and dE/db."""

    def pull(self, away: Array) -> Array:
        """What a spring of weight 1 delivers to a node so far away from its source."""


def _products(outputs: Array, layers: Layers) -> Array:
    """Mean product of the two ends of every crosspoint, (n_odd, n_even)."""
    mean: Array = outputs[:, layers.odd].T @ outputs[:, layers.even] / len(outputs)
    return mean


class _Straight:
    """Of couplings whose springs are conductances."""

    def pull(self, away: Array) -> Array:
        """The distance itself."""
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

    def pull(self, away: Array) -> Array:
        """Its sine: a spring is an injection from a source at another phase."""
        return np.asarray(np.sin(away))
