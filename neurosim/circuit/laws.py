r"""Node laws: what a node puts out, and what the sums of its couplings do to it.

A node puts out m voltages :math:`y^k(u)`, k = 1 ... m; its couplings and its bias make a sum of
each, and its current is these sums, weighed, and the pulls of its leak and spring:

.. math::
    s^k_i = \textstyle\sum_j dG_{ij}\,y^k_j + I^k_{b,i}, \qquad
    I_i = \textstyle\sum_k w^k(u_i)\,s^k_i - D_i u_i + K_i (V_i - u_i)

============ ============ ============= ======= =======================
law          y            w             m       R(u, V)
============ ============ ============= ======= =======================
`Hopfield`   phi(u)       1             phi'    (u - V) phi(u) - Phi(u)
`Gradient`   phi(u)       phi'          1       (u - V)^2 / 2
`Resistive`  u            1             1       (u - V)^2 / 2
the same     u / l        l             l^-2    (u - V)^2 / 2l^2
`Oscillator` cos u, sin u -sin u, cos u 1       1 - cos(u - V)
============ ============ ============= ======= =======================

A law descends the co-content P, :math:`I_i = -m_i^{-1} \partial P / \partial u_i`, where

.. math:: m\,w^k = \frac{dy^k}{du}, \qquad \frac{\partial R(u, V)}{\partial u} = m\,(u - V).

The second `Resistive` has amplifiers between its layers, which lift voltages by l: `between`.
Laws have files of their own, the first two one together; a source of an oscillator joins its sums.
``neurosim/circuit/README.md`` derives this and what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import answer, shown
from neurosim.circuit.between import Between
from neurosim.circuit.locking import Locking
from neurosim.circuit.outputs import Amplifiers
from neurosim.circuit.shunts import Shunts
from neurosim.contrasts import Contrast
from neurosim.errors import DataError
from neurosim.network import Layers

__all__ = [
    "Amplified",
    "Law",
    "Lifting",
    "Oscillating",
    "Passive",
    "Trims",
    "UnitMetric",
    "check_answers",
    "check_law",
]

Array = NDArray[np.float64]
Outputs = tuple[Array, ...]


@runtime_checkable
class Law(Protocol):
    """How a node acts; arrays have shape (..., n_nodes), tuples one array for each output.

    `unit_weights` and `unit_metric` save work where they are True; False is always right.
    """

    @property
    def n_outputs(self) -> int:
        """How many voltages m a node puts out."""

    @property
    def unit_weights(self) -> bool:
        """Whether every w is 1: a node is charged by the plain sum."""

    @property
    def unit_metric(self) -> bool:
        """Whether the metric is 1."""

    def outputs_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """What a node puts out, y [V]."""

    def weights(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """What each sum is multiplied by before it charges the node, w."""

    def weight_slopes_per_V(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """dw/du [1/V]."""

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """Metric m of I = -dP/du / m; m w is the slope of each output."""

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """Co-content R of a conductance of 1 S to a source, up to a constant [V^2]."""

    def contrast(self) -> Contrast:
        """What a reading of both ends tells of a coupling: see `neurosim.contrasts`."""

    def apply(
        self, amplifiers: Amplifiers, u_V: Array, work: Array, outputs: Array, weights: Array | None
    ) -> None:
        """Write y / unit_V and w, in place, for the engines.

        Parameters
        ----------
        amplifiers : Amplifiers
        u_V : ndarray, shape (n_nodes, rows)
        work : ndarray, shape (n_nodes, rows)
            Lost.
        outputs : ndarray, shape (n_outputs, n_nodes, rows)
        weights : ndarray, shape (n_outputs, n_nodes, rows), or None
            None where all are 1.
        """


@runtime_checkable
class Amplified(Protocol):
    """A law of which a node puts out what its amplifier does, and no more.

    Its sum is weighed by 1, where `unit_weights` is True, or else by the amplifier's slope. The
    engines then keep the amplifiers' inputs as their state, which saves a third of a step's passes
    over arrays.
    """

    @property
    def amplified(self) -> bool:
        """True."""


@runtime_checkable
class Passive(Protocol):
    """A law of which a node is its own output: its couplings are resistors from node to node.

    What a coupling's noise takes from one end it then brings to the other, its heat counts once,
    and a circuit of `loading` 1 is convex.
    """

    def shunts(self, layers: Layers, driven: NDArray[np.intp]) -> Shunts | None:
        """Elements from nodes to ground besides the leaks; `driven` nodes have sources."""


@runtime_checkable
class Lifting(Protocol):
    """A passive law of which layers may have amplifiers between them."""

    def between(self, layers: Layers, amplifiers: Amplifiers) -> Between | None:
        """Those of a network; `amplifiers` have the errors of each."""


@runtime_checkable
class Oscillating(Protocol):
    """A law of oscillators: u over the voltage of a radian is a phase, and no node has a leak.

    Sources oscillate too: a spring of conductance K to V adds K times what `sources_V` says of V to
    the sums of its node.
    """

    @property
    def odd(self) -> bool:
        """Whether m w is a share of the slope of y, so that there is a co-content."""

    @property
    def shares(self) -> tuple[float, ...]:
        """That share of each output: of the products of both ends in the co-content."""

    @property
    def steepness(self) -> float:
        """How steep the pull of a coupling of weight 1 is, at most, by the phase."""

    @property
    def source_steepness(self) -> float:
        """The same of a source."""

    @property
    def leaks(self) -> bool:
        """Whether a field pulls every phase to 0, as a leak pulls a voltage."""

    @property
    def diffusion_rad2_per_s(self) -> float:
        """D of the phase of an oscillator by itself, <theta^2> = 2 D t."""

    @property
    def amplitude_V(self) -> float:
        """Of the oscillation at a node."""

    def output_slopes(self, amplifiers: Amplifiers, u_V: Array) -> Outputs:
        """dy/du."""

    def radian_V(self, unit_V: float, sizes: Sequence[int]) -> float | Array:
        """Voltage of a radian, of all nodes or one a node.

        Parameters
        ----------
        unit_V : float
        sizes : sequence of int
            Numbers of visible and of other nodes; of the latter alone if it is one number.
        """

    def sources_V(self, amplifiers: Amplifiers, source_V: Array) -> Outputs:
        """What a source at each node injects into its sums, (..., n_nodes)."""

    def fixed_V(self, amplifiers: Amplifiers) -> Outputs:
        """What each sum has by itself, times the conductance of weight 1, (n_nodes,)."""

    def locking(
        self, radian_V: float | Array, unit_S: float, capacitance_F: Array, z: Array
    ) -> Locking:
        """What acts on nodes besides, for standard normal draws z of fabrication, (n_nodes,)."""


@runtime_checkable
class Trims(Protocol):
    """A law whose visible oscillators may be trimmed."""

    def trimmed(self, z: Array, n_visible: int) -> Array:
        """What is left of the draws z of natural frequencies, (n_nodes,), visible ones first."""


class UnitMetric:
    """The part of a law whose sources pull at the node's own voltage: its metric is 1."""

    unit_metric: ClassVar[bool] = True

    def metric(self, amplifiers: Amplifiers, u_V: Array) -> Array:
        """1."""
        del amplifiers
        return np.ones_like(u_V)

    def pull_V2(self, amplifiers: Amplifiers, u_V: Array, source_V: Array) -> Array:
        """(u - V)^2 / 2."""
        del amplifiers
        return 0.5 * (u_V - source_V) ** 2


def check_law(name: str, law: object) -> None:
    """Refuse what is no law, such as a word or a class."""
    if isinstance(law, type) or not isinstance(law, Law):
        raise DataError(
            f"{name} must be a law such as Hopfield() or Gradient(), but is {law!r}; make one, or "
            "see neurosim.circuit.laws for what a law of your own must have."
        )


def check_answers(law: Law, amplifiers: Amplifiers, n_nodes: int) -> None:
    """Ask a law and its amplifiers once of nodes at rest, so that what is wrong is named.

    Raises
    ------
    DataError
        A method raises something, or returns arrays of another number or shape.
    """
    at_V = np.zeros((2, n_nodes))
    for amplifier, n in amplifiers.groups:
        for call in ("output_V", "slope", "curvature_per_V", "integral_V2"):
            ideal, some_V = getattr(amplifier, "base", amplifier), at_V[:, :n]
            answer(ideal, call, some_V, shape=some_V.shape)
    for call in ("outputs_V", "weights", "weight_slopes_per_V"):
        found = answer(law, call, amplifiers, at_V)
        shapes = [np.shape(one) for one in found] if isinstance(found, tuple) else None
        if shapes != [at_V.shape] * law.n_outputs:
            raise DataError(
                f"{type(law).__name__}.{call} must return {law.n_outputs} arrays of shape "
                f"{at_V.shape} in a tuple, but returns {shown(found if shapes is None else shapes)}"
                "; mend it."
            )
    answer(law, "metric", amplifiers, at_V, shape=at_V.shape)
    answer(law, "pull_V2", amplifiers, at_V, at_V, shape=at_V.shape)
