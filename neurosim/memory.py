"""How much memory this machine has, networks that could never fit into it, and who keeps it."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["aligned", "beyond_memory", "keep_freed", "machine_bytes"]

# Of one number for each coupling; a chip holds some ten of them and training some forty.
_LEAST_BYTES = 8 * 10
# glibc learns from no larger block.
_LARGEST_FREED = 31 * 2**20
# The widest registers of today's processors, and their cache lines.
_LINE_BYTES = 64


@cache
def machine_bytes() -> int | None:
    """Memory of this machine; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def beyond_memory(sizes: Sequence[int]) -> str | None:
    """Why layers whose couplings alone are beyond this machine's memory are refused; else None.

    Parameters
    ----------
    sizes : sequence of int
        Of the layers, the visible one first. Every even layer has room for couplings to every odd
        one.
    """
    there = machine_bytes()
    needed = _LEAST_BYTES * sum(sizes[::2]) * sum(sizes[1::2])
    if there is None or needed <= there:
        return None
    return (
        f"must fit into this machine's memory of {there / 1e9:.3g} GB, but couplings alone take "
        f"{needed / 1e9:.3g} GB at ten numbers each; make layers smaller"
    )


@cache
def keep_freed() -> None:
    """Let the C library keep what arrays free, for the next ones.

    glibc gives memory back to the system as soon as twice the largest block that was ever freed
    lies idle. The arrays of a settle are small and many: their pages would go and come back at
    every one, a tenth of its time. One larger block, of which no page is touched, teaches it.
    Elsewhere this has no effect.
    """
    np.empty(_LARGEST_FREED, np.uint8)


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of anything, C-contiguous, that begins where a cache line does.

    NumPy's own begin at multiples of 16 bytes, from where adding two arrays into a third has taken
    up to twice as long.
    """
    dtype = np.dtype(dtype)
    n_bytes = math.prod(shape) * dtype.itemsize
    room = np.empty(n_bytes + _LINE_BYTES, np.uint8)
    start = -room.ctypes.data % _LINE_BYTES
    return room[start : start + n_bytes].view(dtype).reshape(shape)
