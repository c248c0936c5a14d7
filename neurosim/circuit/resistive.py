r"""The law of a network of resistors: a node is its own output, and feels what hangs on it.

Couplings are resistors from node to node, and load both ends (`loading` of 1):

.. math:: C_i \dot u_i = \sum_j G_{ij} (u_j - u_i) - g_i u_i + K_i (V_i - u_i) - I_{d,i}(u_i)

It descends the content of Kirchhoff's laws (Millar 1951; Kendall et al. 2020), for linear elements
half of the heat,

.. math::
    P = \tfrac12 \sum_{i<j} G_{ij} (u_i - u_j)^2 + \tfrac12 \sum_i g_i u_i^2
        + \tfrac12 \sum_i K_i (u_i - V_i)^2 + \sum_i \int_0^{u_i} I_{d,i}\,du,

which is convex: there is one rest, also with amplifiers between the layers, see `between`. A diode
of the nodes of hidden layers makes the answer non-linear: it keeps the first half of a layer from
falling below 0 V, and the second half from rising above (Scellier 2024). Nodes with sources, inputs
and answers, have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.blocks.words import Word
from neurosim.circuit.between import Between
from neurosim.circuit.diodes import NodeDiode
from neurosim.circuit.outputs import Amplifiers
from neurosim.circuit.shunts import Shunts
from neurosim.contrasts import Contrast, HalfSquaredDifference
from neurosim.network import Layers

__all__ = ["Resistive"]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]

# Of an amplifier between two layers.
_MOST_GAIN = 100.0


class Resistive(Block):
    """Nodes that resistors join, with diodes to ground in hidden layers.

    Parameters
    ----------
    law : {"resistive"}
        Names this law.
    diode : Diode or None
        Diode of each hidden node: ideal, shockley, points or your own, see
        `neurosim.circuit.diodes`;
        none: the network is linear.
    gain : float or None
        A of amplifiers between hidden layers and the next ones, at least 1; none: there are none.

    Examples
    --------
    >>> from neurosim.circuit.diodes import IdealDiode
    >>> Resistive(diode=IdealDiode())
    Resistive(diode=IdealDiode())
    """

    stated: ClassVar[bool] = True
    unwritten: ClassVar[tuple[str, ...]] = ("gain",)
    n_outputs: ClassVar[int] = 1

    law: Literal["resistive"] = "resistive"
    diode: NodeDiode = None
    gain: Annotated[float | None, Field(ge=1), Word("none")] = None

    @property
    def unit_weights(self) -> bool:
        """Whether there are no amplifiers between layers."""
        return self.gain is None

    @property
    def unit_metric(self) -> bool:
        """The same."""
        return self.gain is None

    def doubts(self, most_pull: float, tau_s: float, settle_s: float) -> Iterator[tuple[str, str]]:
        """Fields whose numbers are allowed and odd, and why; what is given does not matter."""
        del most_pull, tau_s, settle_s
        if self.gain is not None and self.gain > _MOST_GAIN:
            yield (
                "gain",
                f"is {self.gain:.3g}, so many times is each layer shown to the next; amplifiers "
                f"between layers have 1 to {_MOST_GAIN:g}: is it that of one layer?",
            )

    def between(self, layers: Layers, amplifiers: Amplifiers) -> Between | None:
        """See `Lifting.between`."""
        return None if self.gain is None else Between(layers, self.gain, amplifiers)

    def shunts(self, layers: Layers, driven: NDArray[np.intp]) -> Shunts | None:
        """See `Passive.shunts`: of each layer without sources the first half of side -1."""
        if self.diode is None:
            return None
        side = np.zeros(layers.n_nodes)
        for layer, size in enumerate(layers.sizes):
            here = np.ones(size)
            here[: -(-size // 2)] = -1
            side[layers.nodes(layer)] = here
        side[driven] = 0
        return Shunts(self.diode, side)

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """The node's own voltage over its lift."""
        return (u_V / amplifiers.lift,)

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """The lift."""
        return (np.ones_like(u_V) * amplifiers.lift,)

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """0."""
        del amplifiers
        return (np.zeros_like(u_V),)

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """1 over the square of the lift."""
        return np.ones_like(u_V) / amplifiers.lift**2

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """(u - V)^2 / 2 in that metric."""
        return np.asarray(0.5 * ((u_V - source_V) / amplifiers.lift) ** 2)

    def contrast(self) -> Contrast:
        """Half the squared difference of the two ends."""
        return HalfSquaredDifference() if self.gain is None else HalfSquaredDifference(self.gain)

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """See `Law.apply`."""
        del work
        lift = amplifiers.lift
        per_V = 1 / (amplifiers.unit_V * lift)
        np.multiply(u_V, np.reshape(per_V, (-1, 1)).astype(u_V.dtype), out=outputs[0])
        if weights is not None:
            weights[0] = np.reshape(lift, (-1, 1))
