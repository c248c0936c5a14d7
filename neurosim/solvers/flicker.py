r"""1/f noise as a sum of Ornstein-Uhlenbeck processes, whose state outlives a settle.

Processes of rates :math:`r_k`, evenly spaced on a logarithmic scale over a band, have the
one-sided spectrum

.. math:: S(f) = \sum_k \frac{4 \sigma_k^2\, r_k}{r_k^2 + (2 \pi f)^2} \approx \frac{1}{f},

with variances from least squares. Memory is that of a few states, however long a settle lasts.
Reference for the sum: J. Bernamont, Proc. Phys. Soc. 49, 138 (1937).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from neurosim.arrays import NUMPY, Arrays, Normals, namespace_of
from neurosim.solvers.brownian import BrownianPath, NoisePath
from neurosim.solvers.field import Field
from neurosim.solvers.krogstad import Kick
from neurosim.solvers.system import SharesNoise, System

__all__ = ["FlickerPath", "FlickerSource", "FlickerState", "Noise", "flicker_processes"]

Array = NDArray[np.float64]

# 1.25 processes a decade keep the spectrum within 5 % of 1/f.
_PER_DECADE = 1.25
# A value of a process may stand for half its correlation time, or for a step.
_HOLD = 0.5


@cache
def flicker_processes(low: float, high: float) -> tuple[Array, Array]:
    """Rates and variances of the processes whose spectrum is 1/f from `low` to `high`.

    Below `low` the spectrum is flat, above `high` it falls as 1/f^2; in between it is within 5 %.

    Parameters
    ----------
    low, high : float
        Ends of the band, in cycles per unit of time; `high` above `low`.

    Returns
    -------
    rate : ndarray, shape (k,)
        2 pi times frequencies from `low` to `high`, ascending.
    variance : ndarray, shape (k,)

    Examples
    --------
    >>> rate, variance = flicker_processes(0.01, 1.0)
    >>> float(round(np.sum(4 * variance * rate / (rate**2 + (2 * np.pi * 0.1) ** 2)), 1))
    9.8
    """
    count = int(np.ceil(_PER_DECADE * np.log10(high / low))) + 1
    rate = 2 * np.pi * np.geomspace(low, high, count)
    f = np.geomspace(low, high, 20 * count)
    spectra = 4 * rate / (rate**2 + (2 * np.pi * f[:, None]) ** 2)
    variance, _ = nnls(f[:, None] * spectra, np.ones(len(f)))
    for array in (rate, variance):
        array.setflags(write=False)
    return rate, variance


@dataclass
class FlickerState:
    r"""The processes of one block of rows.

    A value is a draw from its process at the beginning of the time H for which it stands, exact in
    law given the draw before. Holding raises the spectrum at low frequencies by
    :math:`(rH/2) \coth(rH/2)`; the sum takes this out, so that slow nodes, and the difference of
    two phases, see the right power.

    Parameters
    ----------
    arrays : Arrays
    normals : Normals
        Draws every later value.
    rate, variance : ndarray, shape (k,)
    value : array, shape (k, n, rows)
        Edited in place.
    age : ndarray, shape (k,)
        How long each value has stood.
    total : array, shape (n, rows)
        Sum of the values, as they are held.
    """

    arrays: Arrays
    normals: Normals
    rate: Array
    variance: Array
    value: Any
    age: Array
    total: Any
    held_for: float = math.nan

    @classmethod
    def stationary(
        cls,
        arrays: Arrays,
        rng: np.random.Generator,
        processes: tuple[Array, Array],
        n: int,
        rows: int,
    ) -> FlickerState:
        """Every process as it is after an infinite time."""
        (rate, variance), normals = processes, arrays.normals(rng)
        value = arrays.empty((len(rate), n, rows), np.float32)
        for k, deviation in enumerate(np.sqrt(variance)):
            normals.fill(value[k])
            value[k] *= float(deviation)
        total = arrays.empty((n, rows), np.float32)
        return cls(arrays, normals, rate, variance, value, np.zeros(len(rate)), total)

    def some(self, rows: NDArray[np.bool_]) -> FlickerState:
        """Copy of some rows, with the same generator."""
        value, total = (self.arrays.columns(a, rows) for a in (self.value, self.total))
        return replace(self, value=value, total=total)

    def put(self, rows: NDArray[np.bool_], part: FlickerState) -> None:
        """Take over what `some` has become."""
        if rows.all():
            self.value, self.total = part.value, part.total
        else:
            self.arrays.put_columns(self.value, rows, part.value)
            self.arrays.put_columns(self.total, rows, part.total)
        self.age, self.held_for = part.age, part.held_for

    def advance(self, h: float) -> Any:
        """Sum of the processes to hold over the next time `h`, shape (n, rows); not to be edited.

        Whatever the times between draws, a process keeps its law.
        """
        renewed = (self.age > 0) & (self.age + h > _HOLD / self.rate)
        for k in np.flatnonzero(renewed):
            self._renew(int(k))
        if renewed.any() or h != self.held_for:
            self._sum(h)
        self.age = np.where(renewed, h, self.age + h)
        return self.total

    def _renew(self, k: int) -> None:
        time = self.rate[k] * self.age[k]
        value, draw = self.value[k], self.total
        self.normals.fill(draw)
        value *= float(np.exp(-time))
        draw *= float(np.sqrt(self.variance[k] * -np.expm1(-2 * time)))
        value += draw

    def _sum(self, h: float) -> None:
        x = self.rate * np.maximum(h, _HOLD / self.rate) / 2
        shares = self.arrays.put(np.sqrt(np.tanh(x) / x)[None], np.float32)
        every, total = self.value.reshape(len(x), -1), self.total.reshape(1, -1)
        namespace_of(total).matmul(shares, every, out=total)
        self.held_for = h


class FlickerSource:
    """1/f noise of a batch over settles that follow one another without a pause.

    Slow processes hardly move within a settle. Drawn anew in each, they would differ between
    phases that a real chip runs one after the other, and the difference would look like signal.

    Parameters
    ----------
    low, high : float
        Band, in cycles per tau.
    generator_of : callable
        Fresh generator of block k.
    """

    def __init__(
        self, low: float, high: float, generator_of: Callable[[int], np.random.Generator]
    ) -> None:
        self._processes = flicker_processes(low, high)
        self._generator_of = generator_of
        self._states: dict[int, FlickerState] = {}

    def state(self, k: int, n: int, rows: int, arrays: Arrays = NUMPY) -> FlickerState:
        """State of block k; stationary at its first call."""
        if k not in self._states:
            rng = self._generator_of(k)
            self._states[k] = FlickerState.stationary(arrays, rng, self._processes, n, rows)
        return self._states[k]


class FlickerPath:
    """Kicks of a Brownian path beside a flicker noise that is constant over each step.

    Parameters
    ----------
    white : NoisePath
    state : FlickerState
        Advanced by every kick.
    amplitude : ndarray, shape (n,)
        a: the noise in dz/ds has the one-sided density a^2 / f.
    field : Field
    nodes : ndarray of int, optional
        Which nodes of the state these are; all, if left out.
    """

    def __init__(
        self,
        white: NoisePath,
        state: FlickerState,
        amplitude: Array,
        field: Field,
        nodes: NDArray[np.intp] | None = None,
    ) -> None:
        self._white, self._state, self._nodes = white, state, nodes
        self._amplitude = field.arrays.put(amplitude[:, None], field.dtype)
        shape = len(amplitude), state.total.shape[1]
        self._force = field.arrays.empty(shape, field.dtype)

    def kick(self, h: float) -> Kick:
        """See `NoisePath.kick`."""
        total = self._state.advance(h)
        if self._nodes is not None:
            total = total[self._nodes]
        namespace_of(total).multiply(total, self._amplitude, out=self._force)
        return self._white.kick(h)._replace(force=self._force)


@dataclass(frozen=True)
class Noise:
    """What the noise of one block of rows is drawn from.

    Parameters
    ----------
    white : numpy.random.Generator or None
        Stream of the white noise. None is silence: an engine takes the steps that noise asks for,
        and none is added.
    flicker : FlickerState, optional
        The 1/f noise, advanced in place.
    nodes : ndarray of int, optional
        The nodes that move, of those that the flicker has.
    goes_on : bool
        Whether the settle before ended where this one begins, under the same sources.
    """

    white: np.random.Generator | None
    flicker: FlickerState | None = None
    nodes: NDArray[np.intp] | None = None
    goes_on: bool = False

    def path(self, system: System, field: Field, rows: int) -> NoisePath | None:
        """Kicks of all noise of a system whose field is being stepped."""
        if self.white is None:
            return None
        normals = field.arrays.normals(self.white)
        shared = system.noise_correlation if isinstance(system, SharesNoise) else None
        white = BrownianPath(normals, system.noise_V * field.per_V, field, rows, shared)
        if self.flicker is None:
            return white
        amplitude = system.flicker_V * field.per_V
        return FlickerPath(white, self.flicker, amplitude, field, self.nodes)

    def some(self, rows: NDArray[np.bool_]) -> Noise:
        """For some rows, with a copy of their state."""
        flicker = None if self.flicker is None else self.flicker.some(rows)
        return replace(self, flicker=flicker)

    def put(self, rows: NDArray[np.bool_], part: Noise) -> None:
        """Take over the state that `some` has reached."""
        if self.flicker is not None and part.flicker is not None:
            self.flicker.put(rows, part.flicker)
