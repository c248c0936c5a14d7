"""What the wires of crossbars leave of a die's couplings, found once a programming."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import Crossbars, Pairs
from neurosim.devices import Wires
from neurosim.devices.wires import Behind
from neurosim.network import Layers
from neurosim.threads import one_blas_thread

__all__ = ["Wiring"]

Array = NDArray[np.float64]
# Of devices that serve both directions or drive odd nodes, and of those that drive even ones.
Both = tuple[Pairs, Pairs | None]


class Wiring:
    """Effective conductances of couplings behind wires; biases have short ones.

    Exact for the conductances that were written. What has changed since is taken to count in the
    proportion in which those that were written do, device by device, and so is device noise; heat
    and thermal noise follow the sum of a node's devices.

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
        self._crossbars: Crossbars

    def behind(self, now: Both, written: Both) -> tuple[Both, Crossbars]:
        """Pairs as the nodes see them, from those at present and those that were written."""
        if self._written is None or not _same(self._written, written):
            with one_blas_thread():
                self._seen, self._crossbars = self._solved(*written)
            self._written = written
        moved = _each(_moved, now, self._written, self._seen)
        return moved, self._now(moved)

    def noise(self, variance: Both) -> Both:
        """Variances [S^2] as the nodes see them, behind what was written last."""
        assert self._written is not None
        return _each(_damped, variance, self._written, self._seen)

    def _solved(self, forward: Pairs, back: Pairs | None) -> tuple[Both, Crossbars]:
        """What is behind the wires of every array; `forward` drives odd nodes."""
        layers, noisy_S = self._layers, np.zeros(self._layers.n_nodes)
        to_odd = self._every(forward.plus_S, forward.minus_S, even=False)
        seen = Pairs(to_odd.plus_S, to_odd.minus_S)
        noisy_S[layers.odd] = to_odd.columns_S.diagonal()
        if back is None:
            # Columns are driven, and the currents of a node's two rails are subtracted.
            noisy_S[layers.even] = to_odd.rails_S.sum(axis=0).diagonal()
            return (seen, None), Crossbars(to_odd.rails_S, to_odd.columns_S[None], noisy_S)
        to_even = self._every(back.plus_S.T, back.minus_S.T, even=True)
        noisy_S[layers.even] = to_even.columns_S.diagonal()
        both = seen, Pairs(to_even.plus_S.T.copy(), to_even.minus_S.T.copy())
        return both, Crossbars(to_odd.rails_S, to_even.rails_S, noisy_S)

    def _every(self, plus_S: Array, minus_S: Array, *, even: bool) -> Behind:
        """Arrays of all links, those of even or of odd driven nodes, as one."""
        n_driven, n_driving = plus_S.shape
        whole = Behind(
            np.zeros_like(plus_S), np.zeros_like(minus_S),
            np.zeros((2, n_driving, n_driving)), np.zeros((n_driven, n_driven)),
        )  # fmt: skip
        for low, high in self._layers.links:
            driven, driving = self._layers.crossing(low, high)[:: -1 if even else 1]
            at = driven, driving
            one = self._wires.behind(plus_S[at], minus_S[at])
            whole.plus_S[at], whole.minus_S[at] = one.plus_S, one.minus_S
            whole.rails_S[:, driving, driving] += one.rails_S
            whole.columns_S[driven, driven] += one.columns_S
        return whole

    def _now(self, moved: Both) -> Crossbars:
        """What flows in the arrays, from what the pairs have become."""
        if _same(moved, self._seen):
            return self._crossbars
        (forward, back), (first, second) = moved, self._seen
        back, second = back or forward, second or first
        even = _over(forward.sum_S.sum(axis=0), first.sum_S.sum(axis=0))
        odd = _over(back.sum_S.sum(axis=1), second.sum_S.sum(axis=1))
        noisy = np.empty(self._layers.n_nodes)
        noisy[self._layers.odd] = _over(forward.sum_S.sum(axis=1), first.sum_S.sum(axis=1))
        noisy[self._layers.even] = _over(back.sum_S.sum(axis=0), second.sum_S.sum(axis=0))
        return self._crossbars.scaled(even, odd, noisy)


def _over(now_S: Array, then_S: Array) -> Array:
    """How many times as large; 1 where there was nothing."""
    return np.divide(now_S, then_S, out=np.ones_like(now_S), where=then_S > 0)


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
