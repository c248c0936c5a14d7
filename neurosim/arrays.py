"""Where blocks of numbers are computed: NumPy, or another array namespace that works like it.

What is written over both uses the functions that both have, with `out=` arguments, taken from
`namespace_of` an array. What they do differently is asked of an object of the Protocol `Arrays`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.special import ndtri

from neurosim.memory import aligned

__all__ = ["NUMPY", "Arrays", "Normals", "NumpyArrays", "namespace_of", "one_minus"]


def namespace_of(array: Any) -> Any:
    """The module whose functions take this array."""
    return np if isinstance(array, np.ndarray) else sys.modules[type(array).__module__]


def one_minus(array: Any) -> None:
    """1 - x in place of x."""
    if isinstance(array, np.ndarray):
        np.subtract(1, array, out=array)
    else:
        array.neg_().add_(1)


class Normals(Protocol):
    """A stream of standard normal numbers."""

    def fill(self, out: Any) -> None:
        """Draw into every element of an array."""


class Arrays(Protocol):
    """How arrays of one kind are made, filled, and read back."""

    @property
    def whole(self) -> bool:
        """Whether a batch is best computed as one block, instead of blocks that fit a cache."""

    @property
    def pool(self) -> dict[Any, Any] | None:
        """What is kept from one settle to the next; None where nothing is worth it."""

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """An array of anything."""

    def put(self, values: NDArray[Any], dtype: DTypeLike) -> Any:
        """A copy of a NumPy array, C-contiguous."""

    def get(self, array: Any) -> NDArray[np.float64]:
        """A copy as a NumPy array, in double precision."""

    def columns(self, array: Any, which: NDArray[np.bool_]) -> Any:
        """A copy of some columns: of the last axis."""

    def put_columns(self, array: Any, which: NDArray[np.bool_], values: Any) -> None:
        """Replace some columns."""

    def normals(self, rng: np.random.Generator) -> Normals:
        """Standard normal numbers that begin where the generator is."""

    def replayed(self, work: Callable[[], None]) -> Callable[[], None]:
        """`work` on arrays that stay where they are, at the least cost of doing it again."""


@cache
def _quantiles(dtype: np.dtype[Any]) -> NDArray[Any]:
    """The normal quantiles at the middles of 65,536 equal parts, scaled to a variance of 1."""
    z = ndtri((np.arange(65_536) + 0.5) / 65_536)
    table: NDArray[Any] = (z / np.sqrt(np.mean(z**2))).astype(dtype)
    table.setflags(write=False)
    return table


# Generators whose raw words are 64 random bits.
_OF_64_BITS = (np.random.SFC64, np.random.PCG64, np.random.PCG64DXSM, np.random.Philox)


class _Table:
    """Normal numbers from 16 random bits each: mean 0, variance 1, and none beyond 4.4."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def fill(self, out: NDArray[Any]) -> None:
        """See `Normals.fill`; `out` is contiguous."""
        flat = out.reshape(-1)
        n = -(-flat.size // 4)
        if isinstance(self._rng.bit_generator, _OF_64_BITS):
            words = self._rng.bit_generator.random_raw(n)
        else:
            words = self._rng.integers(0, 0xFFFF_FFFF_FFFF_FFFF, n, np.uint64, endpoint=True)
        index = words.view(np.uint16)[: flat.size]
        np.take(_quantiles(out.dtype), index, out=flat, mode="wrap")


class NumpyArrays:
    """NumPy's, on the processor."""

    whole = False
    pool = None

    def __str__(self) -> str:
        return "the processor"

    def __reduce__(self) -> str:
        """There is one of them, in another process too."""
        return "NUMPY"

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """See `Arrays.empty`."""
        return aligned(shape, dtype)

    def put(self, values: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
        """See `Arrays.put`."""
        out = aligned(values.shape, dtype)
        out[...] = values
        return out

    def get(self, array: NDArray[Any]) -> NDArray[np.float64]:
        """See `Arrays.get`."""
        return np.array(array, np.float64)

    def columns(self, array: NDArray[Any], which: NDArray[np.bool_]) -> NDArray[Any]:
        """See `Arrays.columns`."""
        return array.copy() if which.all() else np.compress(which, array, axis=-1)

    def put_columns(
        self, array: NDArray[Any], which: NDArray[np.bool_], values: NDArray[Any]
    ) -> None:
        """See `Arrays.put_columns`."""
        array[..., which] = values

    def normals(self, rng: np.random.Generator) -> Normals:
        """Quantiles of the normal distribution, drawn from a table: a fifth of NumPy's cost."""
        return _Table(rng)

    def replayed(self, work: Callable[[], None]) -> Callable[[], None]:
        """As it is."""
        return work


NUMPY: Arrays = NumpyArrays()
