"""What the exponential solver steps: a right-hand side in the coordinates that cost it least."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.arrays import NUMPY, Arrays
from neurosim.errors import DataError
from neurosim.solvers.system import RateFunction

__all__ = ["Field", "Folds", "PlainField", "field_of", "remembered"]

Array = NDArray[np.float64]
# What is remembered of the fields of one circuit.
_MOST_KNOWN = 32


class Field(Protocol):
    """dz/ds = N(z) - decay z for a block of rows; z of shape (n, rows) is made from the voltages.

    Attributes
    ----------
    arrays : Arrays
        Where z is.
    dtype : dtype
        Of z.
    decay : ndarray, shape (n,)
        At least 0.
    per_V : ndarray, shape (n,)
        Change of z for a change of a node's voltage by 1 V.
    known : dict
        What has been found out of fields with this memory; see `remembered`.
    likeness : hashable or None
        Fields of the same differ in nothing but values that one can `load` from another.
    """

    arrays: Arrays
    dtype: np.dtype[Any]
    decay: Array
    per_V: Array
    known: dict[Hashable, Any]

    @property
    def likeness(self) -> Hashable:
        """See above."""

    def detach(self) -> None:
        """Share no memory with any other field."""

    def load(self, other: Any) -> None:
        """Take the values of a field of the same likeness, without moving anything."""

    def enter(self, u_V: Array) -> Any:
        """Z for voltages of shape (n, rows)."""

    def leave(self, z: Any) -> Array:
        """The voltages of z."""

    def nonlinear(self, z: Any, out: Any, spare: bool) -> None:
        """N(z) into `out`; z may be lost unless it is to be spared."""


@runtime_checkable
class Folds(Protocol):
    """A right-hand side that knows coordinates of its own."""

    def field(self, arrays: Arrays) -> Field | None:
        """Itself in these coordinates; None where it has none."""


class PlainField:
    """A right-hand side as it is: z is u.

    Parameters
    ----------
    rate : RateFunction
    dtype : dtype
        Of the state.
    """

    def __init__(self, rate: RateFunction, dtype: DTypeLike) -> None:
        self.arrays, self.dtype = NUMPY, np.dtype(dtype)
        self.decay = np.asarray(rate.decay, np.float64)
        self.per_V, self.likeness = np.ones(len(self.decay)), None
        self.known: dict[Hashable, Any] = {}
        self._nonlinear = rate.nonlinear

    def detach(self) -> None:
        """See `Field.detach`; there is nothing to do."""

    def load(self, other: Any) -> None:
        """See `Field.load`; there is no other."""

    def enter(self, u_V: Array) -> Any:
        """See `Field.enter`."""
        return self.arrays.put(u_V, self.dtype)

    def leave(self, z: Any) -> Array:
        """See `Field.leave`."""
        return self.arrays.get(z)

    def nonlinear(self, z: Any, out: Any, spare: bool) -> None:
        """See `Field.nonlinear`."""
        del spare
        self._nonlinear(z, out)


def remembered(known: dict[Hashable, Any], key: Hashable, make: Callable[[], Any]) -> Any:
    """What is known by this key, made at its first use; of many keys all are forgotten."""
    found = known.get(key)
    if found is None:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        found = known[key] = make()
    return found


def field_of(rate: RateFunction, dtype: DTypeLike, arrays: Arrays = NUMPY) -> Field:
    """The field of a right-hand side, in coordinates of its own where it has any.

    Raises
    ------
    DataError
        It has none, and is to be computed elsewhere than by NumPy.
    """
    if isinstance(rate, Folds) and (field := rate.field(arrays)) is not None:
        return field
    if arrays is not NUMPY:
        raise DataError(
            f"A right-hand side on {arrays} must be one of `Hopfield` or `Gradient` nodes without "
            "an amplifier's pole, but is another; settle it on the processor."
        )
    return PlainField(rate, dtype)
