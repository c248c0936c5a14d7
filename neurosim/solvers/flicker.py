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

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from neurosim.solvers.brownian import BrownianPath, NoisePath
from neurosim.solvers.etd import phi_functions
from neurosim.solvers.system import System

__all__ = ["FlickerPath", "FlickerSource", "FlickerState", "Noise", "flicker_processes"]

Array = NDArray[np.float64]

# 1.25 processes a decade keep the spectrum within 5 % of 1/f.
_PER_DECADE = 1.25
# A process may stand for half its correlation time: at low frequencies this adds 0.5^2 / 12 = 2 %.
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
    """The processes of one block of rows.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws every later value.
    rate, variance : ndarray, shape (k,)
    value : ndarray, shape (k, n, rows)
        Edited in place.
    age : ndarray, shape (k,)
        How long each value has stood.
    total : ndarray, shape (n, rows)
        Sum of the values.
    """

    rng: np.random.Generator
    rate: Array
    variance: Array
    value: Array
    age: Array
    total: Array

    @classmethod
    def stationary(
        cls, rng: np.random.Generator, rate: Array, variance: Array, n: int, rows: int
    ) -> FlickerState:
        """Every process as it is after an infinite time."""
        value = rng.standard_normal((len(rate), n, rows))
        value *= np.sqrt(variance)[:, None, None]
        return cls(rng, rate, variance, value, np.zeros(len(rate)), value.sum(axis=0))

    def some(self, rows: NDArray[np.bool_]) -> FlickerState:
        """Copy of some rows, with the same generator."""
        value, total = (np.compress(rows, a, axis=-1) for a in (self.value, self.total))
        return replace(self, value=value, total=total)

    def put(self, rows: NDArray[np.bool_], part: FlickerState) -> None:
        """Take over what `some` has become."""
        if rows.all():
            self.value, self.total = part.value, part.total
        else:
            self.value[..., rows], self.total[..., rows] = part.value, part.total
        self.age = part.age

    def advance(self, h: float) -> Array:
        """Sum of the processes to hold over the next time `h`, shape (n, rows); not to be edited.

        A value is a draw from its process at the beginning of the time for which it stands,
        exact in law given the draw before, whatever the times between them.
        """
        renewed = (self.age > 0) & (self.age + h > _HOLD / self.rate)
        for k in np.flatnonzero(renewed):
            time = self.rate[k] * self.age[k]
            self.value[k] *= np.exp(-time)
            draw = self.rng.standard_normal(self.total.shape)
            draw *= np.sqrt(self.variance[k] * -np.expm1(-2 * time))
            self.value[k] += draw
        if renewed.any():
            np.sum(self.value, axis=0, out=self.total)
        self.age = np.where(renewed, h, self.age + h)
        return self.total


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

    def state(self, k: int, n: int, rows: int) -> FlickerState:
        """State of block k; stationary at its first call."""
        if k not in self._states:
            rng = self._generator_of(k)
            self._states[k] = FlickerState.stationary(rng, *self._processes, n, rows)
        return self._states[k]


class FlickerPath:
    r"""Increments of a Brownian path and of a flicker noise that is constant over each step.

    .. math:: \xi + h\,\varphi_1(-\gamma h)\, a \textstyle\sum_k x_k(t)

    The value at a step's beginning stands for the step: strong order 1, as that of the solver.

    Parameters
    ----------
    white : NoisePath
    state : FlickerState
        Advanced by every increment.
    amplitude : ndarray, shape (n,)
        a: the noise in du/ds has the one-sided density a^2 / f.
    decay : ndarray, shape (n,)
        gamma.
    """

    def __init__(
        self, white: NoisePath, state: FlickerState, amplitude: Array, decay: Array
    ) -> None:
        self._white, self._state = white, state
        self._amplitude, self._decay = amplitude, decay
        self._sum = np.empty(state.value.shape[1:])
        self._h_of_weight = math.nan

    def increment(self, h: float) -> Array:
        """Next increment, shape (n, rows), over a time `h`."""
        if h != self._h_of_weight:
            self._weight = (h * phi_functions(-self._decay * h, 1)[1] * self._amplitude)[:, None]
            self._h_of_weight = h
        np.multiply(self._state.advance(h), self._weight, out=self._sum)
        self._sum += self._white.increment(h)
        return self._sum


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
    """

    white: np.random.Generator | None
    flicker: FlickerState | None = None

    def path(self, system: System, decay: Array, rows: int, step: float) -> NoisePath | None:
        """Increments of all noise in steps of `step`, filtered by the `decay` of each node."""
        if self.white is None:
            return None
        white = BrownianPath(self.white, system.noise_V, decay, rows, step)
        if self.flicker is None:
            return white
        return FlickerPath(white, self.flicker, system.flicker_V, decay)

    def some(self, rows: NDArray[np.bool_]) -> Noise:
        """For some rows, with a copy of their state."""
        return Noise(self.white, None if self.flicker is None else self.flicker.some(rows))

    def put(self, rows: NDArray[np.bool_], part: Noise) -> None:
        """Take over the state that `some` has reached."""
        if self.flicker is not None and part.flicker is not None:
            self.flicker.put(rows, part.flicker)
