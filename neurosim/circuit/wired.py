"""What a circuit is made of, element by element, and what follows from that alone."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurosim.circuit.amplifiers import Amplifier, check_amplifier
from neurosim.circuit.between import Between
from neurosim.circuit.crossbars import Crossbars
from neurosim.circuit.elements import Array, Pairs
from neurosim.circuit.laws import Law, Lifting, Oscillating, Passive, check_law
from neurosim.circuit.locking import Locking
from neurosim.circuit.outputs import Amplifiers
from neurosim.circuit.shunts import Shunts
from neurosim.errors import DataError
from neurosim.network import Layers

__all__ = ["Wired"]


@dataclass(frozen=True)
class Wired:
    """One network with every element's value; states have shape (..., n_nodes), volts.

    Parameters
    ----------
    layers : Layers
        Where nodes and couplings are stored.
    law : Law
        What a node puts out, and how the couplings act on it: `Hopfield`, `Gradient` or your own.
    visible, hidden : Amplifier
        Transfer characteristic of the visible and of all other nodes; with errors of each node,
        `Imperfect`.
    capacitance_F, leak_S : ndarray, shape (n_nodes,)
        C_i and g_i.
    couplings : Pairs of shape (n_odd, n_even)
        Current into the odd node i for output voltage of the even node j.
    biases : Pairs of shape (n_nodes,)
        Couplings to the reference rail.
    reference_V : float
        Voltage of that rail.
    loading : float
        Share of the couplings' conductance that loads the summing node: 1 for a passive node,
        1 / (1 + A) for a virtual ground of gain A, 0 for an ideal one.
    back_couplings : Pairs of shape (n_odd, n_even), optional
        The devices that drive the even nodes from the odd ones; None where one device serves both
        directions. Two different devices are not reciprocal: such a circuit has no co-content.
    amplifier_tau_s : float
        Time constant with which an output follows phi(u); 0 follows at once. The methods of this
        class know the outputs at rest alone.
    cubic_per_V2 : float
        k of a device's current :math:`G v (1 + k v^2)` for the output v across it.
    shunts : Shunts, optional
        Elements to ground besides the leaks, of a passive law.
    locking : Locking, optional
        What acts on oscillators besides their couplings. Their `leak_S` is the conductance of
        weight 1, by which their law's fixed injections count, and nothing else.
    crossbars : Crossbars, optional
        What flows in the couplings, and their noise, where wires have a resistance: `couplings`
        and `back_couplings` are then effective conductances.
    """

    layers: Layers
    law: Law
    visible: Amplifier
    hidden: Amplifier
    capacitance_F: Array
    leak_S: Array
    couplings: Pairs
    biases: Pairs
    reference_V: float
    loading: float = 0.0
    back_couplings: Pairs | None = None
    amplifier_tau_s: float = 0.0
    cubic_per_V2: float = 0.0
    shunts: Shunts | None = None
    locking: Locking | None = None
    crossbars: Crossbars | None = None

    def __post_init__(self) -> None:
        check_law("Circuit.law", self.law)
        for place in ("visible", "hidden"):
            check_amplifier(f"Circuit.{place}", getattr(self, place))
        n, box = self.layers.n_nodes, (self.layers.n_odd, self.layers.n_even)
        checks = [
            ("capacitance_F", self.capacitance_F.shape, (n,)),
            ("leak_S", self.leak_S.shape, (n,)),
            ("couplings", self.couplings.plus_S.shape, box),
            ("biases", self.biases.plus_S.shape, (n,)),
        ]
        for name, shape, wanted in checks:
            if shape != wanted:
                raise DataError(f"Circuit.{name} must have shape {wanted}, but has {shape}.")
        if self.shunts is not None and not self.passive:
            raise DataError(
                f"Circuit.shunts must be None unless the law is passive, but it is {self.law!r}; "
                "take Resistive, or leave them out."
            )
        if self.locking is not None and not self.oscillating:
            raise DataError(
                "Circuit.locking must be None unless the nodes oscillate, but the law is "
                f"{self.law!r}; take Oscillator, or leave it out."
            )
        if self.oscillating and (self.amplifier_tau_s or self.cubic_per_V2 or self.loading):
            raise DataError(
                "Circuit.amplifier_tau_s, cubic_per_V2 and loading must be 0 where the nodes "
                f"oscillate, but are {self.amplifier_tau_s:g} s, {self.cubic_per_V2:g} and "
                f"{self.loading:g}; leave them out."
            )

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.layers.n_nodes

    @cached_property
    def passive(self) -> bool:
        """Whether couplings are resistors from node to node."""
        return isinstance(self.law, Passive)

    @cached_property
    def oscillation(self) -> Oscillating | None:
        """The law, where nodes are phases; else None."""
        return self.law if isinstance(self.law, Oscillating) else None

    @property
    def oscillating(self) -> bool:
        """Whether nodes are phases, and springs join their sums."""
        return self.oscillation is not None

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """How much of the products of both ends each output has in the co-content: m w / y'."""
        if self.oscillation is not None:
            return self.oscillation.shares
        return (1.0,) * self.law.n_outputs

    @property
    def reciprocal(self) -> bool:
        """Whether nodes act on each other alike both ways, so that there is a co-content."""
        odd = self.oscillation is None or self.oscillation.odd
        alike = self.between is None or self.between.strays is None
        return self.back_couplings is None and odd and alike

    @property
    def back(self) -> Pairs:
        """The devices that drive the even nodes."""
        return self.back_couplings or self.couplings

    @cached_property
    def between(self) -> Between | None:
        """Amplifiers between the layers of a network of resistors."""
        if not isinstance(self.law, Lifting):
            return None
        return self.law.between(self.layers, Amplifiers(self._groups))

    @cached_property
    def lift(self) -> Array:
        """By what these raise the voltages of each node, over the last layer's; 1 without."""
        return np.ones(self.n_nodes) if self.between is None else self.between.lift

    @cached_property
    def directed_S(self) -> tuple[Array, Array]:
        """What outputs drive odd nodes by, and what even ones, both (n_odd, n_even)."""
        if self.between is None:
            return self.couplings.delta_S, self.back.delta_S
        return self.between.directed_S(self.couplings.delta_S)

    @cached_property
    def noisy_S(self) -> Array:
        """Conductance of couplings and bias that each node has the thermal noise of."""
        if self.crossbars is not None:
            return self.biases.sum_S + self.crossbars.noisy_S
        if self.between is None:
            return self.load_S
        return self.biases.sum_S + self.between.noisy_S(self.couplings.sum_S)

    @cached_property
    def load_S(self) -> Array:
        """Sum of the conductances attached to each node, (n_nodes,): couplings and bias."""
        total = self.biases.sum_S.copy()
        total[self.layers.odd] += self.couplings.sum_S.sum(axis=1)
        total[self.layers.even] += self.back.sum_S.sum(axis=0)
        return total

    @cached_property
    def decay_S(self) -> Array:
        """Conductance to ground D = g + loading * load of each node, springs not included."""
        if self.oscillating:
            return np.zeros(self.n_nodes)
        return self.leak_S + self.loading * self.load_S

    @cached_property
    def bias_A(self) -> Array:
        """Bias current into each node."""
        bent = 1 + self.cubic_per_V2 * self.reference_V**2
        return self.biases.delta_S * self.reference_V * bent

    @cached_property
    def fixed_A(self) -> Array:
        """What each sum of a node has besides its couplings, (n_outputs, n_nodes)."""
        fixed_A = np.zeros((self.law.n_outputs, self.n_nodes))
        fixed_A[0] = self.bias_A / self.lift
        if self.between is not None:
            to_odd_V, to_even_V = self.between.series_V
            fixed_A[0, self.layers.odd] += (self.couplings.delta_S * to_odd_V).sum(axis=1)
            fixed_A[0, self.layers.even] += (self.couplings.delta_S * to_even_V).sum(axis=0)
        if self.oscillation is not None:
            fixed_A += self.leak_S * np.array(self.oscillation.fixed_V(self.amplifiers))
        return fixed_A

    @cached_property
    def radian_V(self) -> float | Array:
        """Voltage of a radian of oscillators, of all or one a node; of other nodes the unit."""
        if self.oscillation is None:
            return self.amplifiers.unit_V
        sizes = [n for _, n in self.amplifiers.groups]
        return self.oscillation.radian_V(self.amplifiers.unit_V, sizes)

    @cached_property
    def wirings(self) -> dict[Hashable, Any]:
        """What the engines have made of the couplings."""
        return {}

    @cached_property
    def known(self) -> dict[Hashable, Any]:
        """What the engines remember of their steps."""
        return {}

    @cached_property
    def amplifiers(self) -> Amplifiers:
        """Those of all nodes."""
        lift = 1.0 if self.between is None else self.between.lift
        return Amplifiers(self._groups, lift)

    @property
    def _groups(self) -> tuple[tuple[Amplifier, int], ...]:
        k = self.layers.n_visible
        return (self.visible, k), (self.hidden, self.n_nodes - k)
