r"""Amplifiers between the layers of a network of resistors, which act both ways.

.. code-block:: text

    node i of a hidden layer                         node j of the next one
       u_i ---+-----| gain A |>------+-----/\/\/\-----o u_j
              |                      |        G
              +-----<| i / A |-------+

Resistors towards the next layer hang on A u_i, and of the current i that they take the node loses
i / A (Kendall et al., arXiv 2006.01981 (2020)):

.. math:: I_j = G\,(A u_i - u_j), \qquad I_i = G\,(u_j / A - u_i)

Either end is loaded by G as without. With the lift :math:`\lambda = A^{l - n}` of layer l of
0 ... n (of layer 0 that of layer 1: inputs have no amplifier, their sources are as large as they
are made), a node is a law of output, weight and metric

.. math:: y = u / \lambda, \qquad w = \lambda, \qquad m = \lambda^{-2}, \qquad
          P = \tfrac12 \sum G\,\frac{(A u_i - u_j)^2}{\lambda_j^2} + \ldots

so that it descends a content as without, in voltages y, and rests alike with ideal diodes. Answers,
in the last layer, have m = 1. What is behind no amplifier is as it was: leaks, diodes, springs,
biases, of which all rails stand at one voltage.

**Errors.** With a gain error gamma and an input offset o an amplifier shows
:math:`A \gamma (u + o)`, and takes :math:`i / (A \gamma)`: one ratio sets both ways. An offset is a
source in series, and leaves a content. Gains that differ within a layer do not: from a node i of it
to one above, back to its neighbour k and to one below, both ways round differ by
:math:`(\gamma_i / \gamma_k)^2`.

**Noise.** The noise current of a resistor leaves j whole, and enters i as its A-th part. All
resistors together then have no temperature in common: see ``neurosim/circuit/README.md``. Noise
and heat are counted as of amplifiers without errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.outputs import Amplifiers
from neurosim.contrasts import lift_of
from neurosim.network import Layers

__all__ = ["Between"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Between:
    """Amplifiers of all hidden layers but the last layer; crosspoints are (n_odd, n_even).

    Parameters
    ----------
    layers : Layers
        Coupled to their neighbours alone.
    gain : float
        A.
    amplifiers : Amplifiers
        Of all nodes; of those between layers their gain errors and offsets count, and no more.
    """

    layers: Layers
    gain: float
    amplifiers: Amplifiers

    @cached_property
    def at(self) -> NDArray[np.bool_]:
        """Which nodes have one, (n_nodes,)."""
        layer_of = self.layers.layer_of
        return (layer_of > 0) & (layer_of < len(self.layers.sizes) - 1)

    @cached_property
    def lift(self) -> Array:
        """See the module, (n_nodes,)."""
        return lift_of(self.layers, self.gain)

    @cached_property
    def rises(self) -> NDArray[np.bool_]:
        """Whether the odd node of a crosspoint is in the higher layer."""
        layer_of = self.layers.layer_of
        return np.asarray(layer_of[self.layers.odd, None] > layer_of[self.layers.even])

    def _lower(self, of_nodes: Array) -> Array:
        """Values of the lower end of each crosspoint."""
        odd, even = self.layers.odd, self.layers.even
        return np.where(self.rises, of_nodes[even], of_nodes[odd, None])

    def _upper(self, of_nodes: Array) -> Array:
        """Values of the upper end."""
        odd, even = self.layers.odd, self.layers.even
        return np.where(self.rises, of_nodes[odd, None], of_nodes[even])

    @cached_property
    def forward(self) -> Array:
        """Gain of each node's amplifier, 1 where it has none, (n_nodes,)."""
        return np.where(self.at, self.gain * self.amplifiers.errors.slope, 1.0)

    @cached_property
    def strays(self) -> Array | None:
        """Gain error between the lower and the upper end; None where no gain strays."""
        stray = np.where(self.at, self.amplifiers.errors.slope, 1.0)
        return self._lower(stray) if (stray != 1).any() else None

    @cached_property
    def offset_V(self) -> Array:
        """Of each node's amplifier, 0 where it has none, (n_nodes,)."""
        return np.where(self.at, self.amplifiers.errors.offset_V, 0.0)

    def directed_S(self, delta_S: Array) -> tuple[Array, Array]:
        """What conductances drive the odd nodes by, and the even ones, of the outputs y."""
        if self.strays is None:
            return delta_S, delta_S
        up_S, down_S = delta_S * self.strays, delta_S / self.strays
        return np.where(self.rises, up_S, down_S), np.where(self.rises, down_S, up_S)

    @cached_property
    def series_V(self) -> tuple[Array, Array]:
        """What the offset of the lower end makes a conductance add to the odd and the even sum."""
        source_V = self._lower(self.offset_V / self.lift)
        up_V = source_V if self.strays is None else source_V * self.strays
        return np.where(self.rises, up_V, -source_V), np.where(self.rises, -source_V, up_V)

    @cached_property
    def across(self) -> Array:
        """Share of a noise current at the upper end that enters the lower one, 1 / A."""
        return np.asarray(self._lower(self.lift) / self._upper(self.lift))

    def above_S(self, conductance_S: Array) -> Array:
        """Conductance that hangs on each node's upper side, (n_nodes,)."""
        found = np.empty(self.layers.n_nodes)
        found[self.layers.odd] = np.where(self.rises, 0.0, conductance_S).sum(axis=1)
        found[self.layers.even] = np.where(self.rises, conductance_S, 0.0).sum(axis=0)
        return found

    def noisy_S(self, conductance_S: Array) -> Array:
        """Conductance whose noise each node has of its couplings, (n_nodes,)."""
        low_S, found = conductance_S * self.across**2, np.empty(self.layers.n_nodes)
        found[self.layers.odd] = np.where(self.rises, conductance_S, low_S).sum(axis=1)
        found[self.layers.even] = np.where(self.rises, low_S, conductance_S).sum(axis=0)
        return found

    def heat_W(self, y_V: Array, conductance_S: Array) -> Array:
        """Heat of the couplings of each row, from outputs (rows, n_nodes)."""
        odd, even = self.layers.odd, self.layers.even
        lifted_S = conductance_S * self._upper(self.lift) ** 2
        both = y_V[:, odd] ** 2 @ lifted_S.sum(axis=1) + y_V[:, even] ** 2 @ lifted_S.sum(axis=0)
        return np.asarray(both - 2 * np.sum((y_V[:, even] @ lifted_S.T) * y_V[:, odd], axis=1))

    def output_A(self, y_V: Array, conductance_S: Array) -> Array:
        """What each amplifier delivers to the resistors above it, (rows, n_nodes)."""
        odd, even, found = self.layers.odd, self.layers.even, np.empty_like(y_V)
        lifted_S = conductance_S * self._upper(self.lift)
        up_S, down_S = lifted_S * self.rises, lifted_S * ~self.rises
        found[:, even] = y_V[:, even] * up_S.sum(axis=0) - y_V[:, odd] @ up_S
        found[:, odd] = y_V[:, odd] * down_S.sum(axis=1) - y_V[:, even] @ down_S.T
        return found * self.at
