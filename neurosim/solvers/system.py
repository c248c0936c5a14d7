"""What the engines ask of a system: they know no circuits."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "Blocks",
    "Convex",
    "Equations",
    "HoldsNodes",
    "RateFunction",
    "SharesNoise",
    "SmallSignal",
    "System",
]

Array = NDArray[np.float64]
Single = NDArray[np.float32]


class RateFunction(Protocol):
    """du/ds = N(u) - decay u of a block of rows, in volts per unit of time tau, nodes first."""

    @property
    def decay(self) -> Array:
        """Diagonal linear part, shape (n,), at least 0."""

    def nonlinear(self, u_V: Array, out: Array) -> Array:
        """N(u) into `out`, both of shape (n, rows)."""

    def linearised(self, u_V: Array) -> SmallSignal | None:
        """Small-signal system at `u_V`; None where it has no symmetric form."""

    def __call__(self, u_V: Array, out: Array) -> Array:
        """du/ds into `out`, both of shape (n, rows)."""


class Blocks(Protocol):
    """Blocks of nodes of a convex system, each of which can be brought to rest exactly."""

    def sweep(self, u_V: Array) -> Array:
        """Each block once, in place, (n, rows); how far each row's farthest node has moved."""


@runtime_checkable
class Convex(Protocol):
    """A right-hand side that may descend a convex potential, block by block."""

    def blocks(self) -> Blocks | None:
        """Its blocks; None where more than one rest may be."""


class Equations(Protocol):
    """Symmetric linear equations S x = b of each row, x of shape (m, rows).

    They are scaled: without couplings the diagonal of S is 1.
    """

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Rows that may be positive definite: what was eliminated to get here was."""

    def rows(self, rows: NDArray[np.intp]) -> Equations:
        """The same for some rows of the block."""

    def product(self, x: Single) -> Single:
        """S x."""


class SmallSignal(Protocol):
    """A state's linear neighbourhood in symmetric form: see `neurosim.circuit.linearised`."""

    @property
    def equations(self) -> Equations:
        """What x must obey for Newton's step."""

    @property
    def symmetric(self) -> NDArray[np.bool_]:
        """Rows that have a symmetric form."""

    def over(self, time_tau: Array) -> SmallSignal:
        """Of Euler's implicit step over these times, (rows,), instead of Newton's."""

    def right_side(self, rate: Array) -> Single:
        """What S x must equal for Newton's step."""

    def step(self, rate: Array, x: Single) -> Array:
        """Newton's step from the solution x, (n, rows)."""

    def power(self, rate: Array, change_V: Array) -> Array:
        """Derivative of the descended potential along `change_V`, shape (rows,)."""


class System(Protocol):
    """A batch of independent rows that settle."""

    @property
    def tau_s(self) -> float:
        """Unit of time."""

    @property
    def unit_V(self) -> float:
        """Typical voltage: tolerances and residuals are relative to it."""

    @property
    def noise_V(self) -> Array:
        """Noise intensity b of each node [V per square root of tau], shape (n,)."""

    @property
    def flicker_V(self) -> Array:
        """Flicker amplitude a [V per tau], shape (n,): du/ds has the one-sided density a^2 / f."""

    def rate(self, rows: slice | NDArray[np.intp], dtype: DTypeLike = np.float64) -> RateFunction:
        """Right-hand side for some rows of the batch, computed in `dtype`."""


@runtime_checkable
class SharesNoise(Protocol):
    """A system of which one source of noise may act on several nodes."""

    @property
    def noise_correlation(self) -> Array | None:
        """Correlation of the white noise of all nodes, (n, n); None: they are independent."""


@runtime_checkable
class HoldsNodes(Protocol):
    """A system of which sources may hold some nodes rigidly."""

    def free(self, u_V: Array) -> tuple[System, NDArray[np.intp]] | None:
        """The system of the other nodes, and which these are; None where it stays whole.

        `u_V` is the state of all nodes, (rows, n).
        """
