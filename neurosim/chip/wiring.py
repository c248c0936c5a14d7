"""What the wires of crossbars leave of a die's couplings, found once a programming."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import Pairs
from neurosim.devices import Wires
from neurosim.network import Layers
from neurosim.threads import one_blas_thread

__all__ = ["Wiring"]

Array = NDArray[np.float64]
# Of devices that serve both directions or drive odd nodes, and of those that drive even ones.
Both = tuple[Pairs, Pairs | None]


class Wiring:
    """Effective conductances of couplings behind wires; biases have short ones.

    Exact for the conductances that were written. What has changed since is taken to count in the
    proportion in which those that were written do, device by device, and so is device noise.

    Parameters
    ----------
    layers : Layers
        Two coupled layers are one matrix.
    wires : Wires
    """

    def __init__(self, layers: Layers, wires: Wires) -> None:
        self._layers, self._wires = layers, wires
        self._written: Both | None = None
        self._seen: Both

    def behind(self, now: Both, written: Both) -> Both:
        """Pairs as the nodes see them, from those at present and those that were written."""
        if self._written is None or not _same(self._written, written):
            forward, back = written
            with one_blas_thread():
                seen = None if back is None else self._effective(back, even=True)
                self._written, self._seen = written, (self._effective(forward, even=False), seen)
        return _each(_moved, now, self._written, self._seen)

    def noise(self, variance: Both) -> Both:
        """Variances [S^2] as the nodes see them, behind what was written last."""
        assert self._written is not None
        return _each(_damped, variance, self._written, self._seen)

    def _effective(self, pairs: Pairs, *, even: bool) -> Pairs:
        """Of devices that drive odd nodes, or even ones."""
        plus_S, minus_S = np.zeros_like(pairs.plus_S), np.zeros_like(pairs.minus_S)
        for low, high in self._layers.links:
            at = self._layers.crossing(low, high)
            one, other = pairs.plus_S[at], pairs.minus_S[at]
            if even:
                found = self._wires.pairs_S(one.T, other.T)
                plus_S[at], minus_S[at] = found[0].T, found[1].T
            else:
                plus_S[at], minus_S[at] = self._wires.pairs_S(one, other)
        return Pairs(plus_S, minus_S)


def _same(one: Both, other: Both) -> bool:
    """Whether these are the same conductances."""
    return all(
        np.array_equal(a.plus_S, b.plus_S) and np.array_equal(a.minus_S, b.minus_S)
        for a, b in zip(one, other, strict=True)
        if a is not None and b is not None
    )


def _each(change: Callable[[Array, Array, Array], Array], *each: Both) -> Both:
    """A change of the devices of every pair: at present, as written, as seen when written."""
    forward, back = zip(*each, strict=True)
    return _of_pairs(change, *forward), None if back[0] is None else _of_pairs(change, *back)


def _of_pairs(change: Callable[[Array, Array, Array], Array], *pairs: Any) -> Pairs:
    plus_S = change(*(pair.plus_S for pair in pairs))
    return Pairs(plus_S, change(*(pair.minus_S for pair in pairs)))


def _share(written_S: Array, seen_S: Array) -> Array:
    """What a wire leaves of each device; nothing of one that conducted nothing."""
    return np.divide(seen_S, written_S, out=np.zeros_like(seen_S), where=written_S > 0)


def _moved(now_S: Array, written_S: Array, seen_S: Array) -> Array:
    moved_S: Array = seen_S + _share(written_S, seen_S) * (now_S - written_S)
    return np.maximum(moved_S, 0.0)


def _damped(variance_S2: Array, written_S: Array, seen_S: Array) -> Array:
    damped_S2: Array = variance_S2 * _share(written_S, seen_S) ** 2
    return damped_S2
