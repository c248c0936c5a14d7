"""What nodes that oscillate are tuned to, each by itself, beside their couplings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["TUNED", "Tuned", "TunedWord"]

Array = NDArray[np.float64]
TunedWord = Literal["sync", "detuning"]
TUNED: tuple[TunedWord, ...] = ("sync", "detuning")


@dataclass(frozen=True, eq=False)
class Tuned:
    """Parameters of nodes alone, or a gradient by them.

    Parameters
    ----------
    sync : ndarray, shape (n_nodes,)
        Sub-harmonic locking S, in weights.
    detuning : ndarray, shape (n_nodes,)
        Natural frequency above the reference, as a share of K.

    Examples
    --------
    >>> Tuned.zeros(2).sync
    array([0., 0.])
    """

    sync: Array
    detuning: Array

    def __post_init__(self) -> None:
        for array in (self.sync, self.detuning):
            array.setflags(write=False)

    @classmethod
    def zeros(cls, n_nodes: int) -> Tuned:
        """Of nodes that nobody has tuned."""
        return cls(np.zeros(n_nodes), np.zeros(n_nodes))

    @property
    def acts(self) -> bool:
        """Whether any node is tuned to anything."""
        return bool(self.sync.any() or self.detuning.any())

    def same(self, other: Tuned) -> bool:
        """Whether every node is tuned to the same."""
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in TUNED)
