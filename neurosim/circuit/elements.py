"""What a network is wired of: pairs of conductances, and springs to voltage sources."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError

__all__ = ["Array", "Pairs", "Springs"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Pairs of positive conductances, G+ to +v and G- to -v, that make signed ones.

    Parameters
    ----------
    plus_S, minus_S : ndarray
        Conductances of the two devices of each pair [S], of any one shape.
    """

    plus_S: Array
    minus_S: Array

    def __post_init__(self) -> None:
        if self.plus_S.shape != self.minus_S.shape:
            raise DataError(
                f"Pairs.plus_S and Pairs.minus_S must have one shape, but are {self.plus_S.shape} "
                f"and {self.minus_S.shape}."
            )
        if min(self.plus_S.min(initial=0.0), self.minus_S.min(initial=0.0)) < 0:
            raise DataError("Pairs must hold conductances of at least 0 S, but one is negative.")
        for array in (self.plus_S, self.minus_S):
            array.setflags(write=False)

    @cached_property
    def delta_S(self) -> Array:
        """Signed conductance dG = G+ - G-."""
        return self.plus_S - self.minus_S

    @cached_property
    def sum_S(self) -> Array:
        """G+ + G-, which loads a passive node and makes thermal noise."""
        return self.plus_S + self.minus_S


@dataclass(frozen=True)
class Springs:
    """Conductance from some nodes to a voltage source each.

    Its co-content is 1/2 K (u - V)^2; as K grows it becomes a clamp, with K = 0 it lets go.

    Parameters
    ----------
    conductance_S : ndarray, shape (n,)
        Stiffness K; infinite for a clamp, which holds the node at its source. Some nodes may be
        clamped while others are on springs or free.
    target_V : ndarray, shape (rows, n)
        Source voltage V of each row of the batch.
    nodes : ndarray of int, shape (n,), optional
        Which nodes, each once; by default the first n of all, which are the visible ones.
    """

    conductance_S: Array
    target_V: Array
    nodes: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        lowest = float(np.min(self.conductance_S, initial=np.inf))
        if not lowest >= 0:
            raise DataError(
                f"Springs.conductance_S must be at least 0 S, but is {lowest:g} S; a negative "
                "nudge needs a spring that is stiffer than the nudge."
            )

    @cached_property
    def held(self) -> NDArray[np.bool_]:
        """Which of these nodes their sources hold rigidly, (n,)."""
        return np.isinf(self.conductance_S)

    @cached_property
    def at(self) -> slice | NDArray[np.intp]:
        """Where these nodes are among all; a slice if they are neighbours."""
        if self.nodes is None:
            return slice(0, len(self.conductance_S))
        n = len(self.nodes)
        first = int(self.nodes[0]) if n else 0
        in_a_row = np.array_equal(self.nodes, np.arange(first, first + n))
        return slice(first, first + n) if in_a_row else self.nodes

    @cached_property
    def numbers(self) -> NDArray[np.intp]:
        """Numbers of these nodes among all, (n,)."""
        return np.arange(len(self.conductance_S)) if self.nodes is None else self.nodes

    @cached_property
    def held_nodes(self) -> NDArray[np.intp]:
        """Numbers of the nodes that are held rigidly."""
        return self.numbers[self.held]

    @cached_property
    def clamped(self) -> bool:
        """Whether any node is held rigidly."""
        return bool(self.held.any())

    @cached_property
    def soft_S(self) -> Array:
        """Stiffness of the springs, zero where a node is held rigidly."""
        return np.where(self.held, 0.0, self.conductance_S) if self.clamped else self.conductance_S

    def rows(self, rows: slice | NDArray[np.intp]) -> Springs:
        """The springs of some rows of the batch."""
        return Springs(self.conductance_S, self.target_V[rows], self.nodes)
