r"""A network of resistors that learns by the exact gradient of its circuit.

Start, batches, cost and descent are those of the chip.

At rest a node has the mean of what hangs on it, weighed by conductances, and a diode may hold it at
zero. With an input x held, hidden nodes h and answers o on springs of stiffness lambda,

.. math::
    h = D\Bigl(\frac{W_0 x + W_1^T o + b_h}{1 + W_0 1 + W_1^T 1 + b_h}\Bigr), \qquad
    o = \frac{W_1 h + b_o}{1 + \lambda + W_1 1 + b_o},

D the diodes, biases conductances to a source at 1. The cost :math:`\tfrac12 |o - y|^2` has the
gradient :math:`p_i (v_j - v_i) + p_j (v_i - v_j)` by :math:`W_{ij}` and :math:`p_i (1 - v_i)` by
:math:`b_i`, where :math:`K p = \partial C / \partial v` with K the conductances between nodes that
no diode holds. Layers in turn find v and p. Nothing here is shared with the simulator.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1] / "08_supervised"))
import twin

from neurosim.data import Dataset
from neurosim.host import Experiment
from neurosim.network import Weights
from neurosim.profile import Profile

Array = NDArray[np.float64]
# Largest change of a sweep where layers stand, beside the largest number.
AT_REST = 1e-12


class Exact(twin.Twin):
    """An ideal network of resistors with one hidden layer of ideal diodes, inputs doubled.

    Parameters
    ----------
    profile, experiment, data
        See `twin.Twin`; alpha is 1.
    """

    def outputs(self, weights: Weights, inputs: Array) -> list[Array]:
        """Of all layers, the answers last."""
        first, last, b_h, b_o = self._parts(weights)
        fed, low, high = inputs @ first.T + b_h, *self._bounds(len(b_h))
        h, o = np.zeros_like(fed), np.zeros((len(inputs), len(b_o)))
        size = max(float(np.abs(inputs).max()), 1.0)
        d_h, d_o = self._conductance(weights)
        while True:
            before = o
            h = np.clip((fed + o @ last) / d_h, low, high)
            o = (h @ last.T + b_o) / d_o
            if np.abs(o - before).max() <= AT_REST * size:
                return [inputs, h, o]

    def gradient(self, weights: Weights, inputs: Array, wanted: Array) -> Weights:
        """Of the mean cost."""
        last, n = self._parts(weights)[1], len(inputs)
        x, h, o = self.outputs(weights, inputs)
        d_h, d_o = self._conductance(weights)
        low, high = self._bounds(h.shape[1])
        free, c = (h > low) & (h < high), (o - wanted) / n
        p_h, p_o = np.zeros_like(h), c / d_o
        while True:
            before = p_o
            p_h = free * (p_o @ last) / d_h
            p_o = (c + p_h @ last.T) / d_o
            if np.abs(p_o - before).max() <= AT_REST * np.abs(p_o).max():
                break
        into_h = p_h.T @ x - (p_h * h).sum(axis=0)[:, None]
        into_o = p_o.T @ h - (p_o * o).sum(axis=0)[:, None]
        into_o += (p_h.T @ o).T - (p_h * h).sum(axis=0)
        biases = [np.zeros(x.shape[1]), (p_h * (1 - h)).sum(axis=0), (p_o * (1 - o)).sum(axis=0)]
        return Weights.from_layers(self._layers, [into_h, into_o], biases)

    def _parts(self, weights: Weights) -> tuple[Array, Array, Array, Array]:
        """W_0 and W_1, biases of hidden nodes and of answers."""
        layers = self._layers
        matrices = (weights.matrix(layers, k) for k in range(2))
        return *matrices, *(weights.bias[layers.nodes(k)] for k in (1, 2))

    def _conductance(self, weights: Weights) -> tuple[Array, Array]:
        """Of all that hangs on a hidden node, and on an answer, in leaks."""
        first, last, b_h, b_o = self._parts(weights)
        hidden = 1 + first.sum(axis=1) + last.sum(axis=0) + b_h
        return hidden, 1 + self._how.flow.stiffness + last.sum(axis=1) + b_o

    @staticmethod
    def _bounds(n: int) -> tuple[Array, Array]:
        """Between which diodes leave hidden nodes."""
        first = np.arange(n) < -(-n // 2)
        return np.where(first, 0.0, -np.inf), np.where(first, np.inf, 0.0)


def exact(profile: Profile, experiment: Experiment, data: Dataset) -> dict[str, float]:
    """Accuracy of a trained one."""
    found = Exact(profile, experiment, data)
    found.train()
    return found.judged()
