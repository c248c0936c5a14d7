"""The Brownian path that drives a settle with noise, as an object of its own."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError

__all__ = ["BrownianPath", "NoisePath"]

Array = NDArray[np.float64]


class NoisePath(Protocol):
    """What a solver asks of its noise."""

    def increment(self, h: float) -> Array:
        """Change of every node over the next time `h`, shape (n, rows)."""


class BrownianPath:
    r"""Increments of thermal noise, filtered by the leak of each node.

    .. math:: \xi(t, h) = b \int_t^{t+h} e^{-\gamma (t + h - s)}\, dW_s, \qquad
              \operatorname{var} \xi = b^2 \frac{1 - e^{-2 \gamma h}}{2 \gamma}

    Two solvers with different steps see the SAME path when both steps are multiples of `base_step`:
    an increment over k base steps is composed of k draws.

    Parameters
    ----------
    rng : numpy.random.Generator
        A named stream of its own (see `neurosim.streams`).
    intensity : ndarray, shape (n,)
        b, in units of the state per square root of time.
    decay : ndarray, shape (n,)
        gamma, per time.
    rows : int
        Independent rows of the batch.
    base_step : float
        Time that one draw covers.
    """

    def __init__(
        self, rng: np.random.Generator, intensity: Array, decay: Array, rows: int, base_step: float
    ) -> None:
        self._rng, self._intensity, self._decay = rng, intensity, decay
        self._shape, self._base = (len(intensity), rows), base_step
        self._z = np.empty(self._shape)
        self._keep = np.exp(-decay * base_step)[:, None]
        self._deviation = self._deviation_over(base_step)[:, None]

    def _deviation_over(self, h: float) -> Array:
        x = 2 * self._decay * h
        relative = np.where(x > 1e-8, -np.expm1(-np.maximum(x, 1e-8)) / np.maximum(x, 1e-8), 1.0)
        return self._intensity * np.sqrt(h * relative)

    def increment(self, h: float) -> Array:
        """Next increment, shape (n, rows), over a time `h` that is a multiple of the base step.

        Raises
        ------
        DataError
            `h` is no multiple of the base step.
        """
        draws = round(h / self._base)
        if draws < 1 or abs(h / self._base - draws) > 1e-6:
            raise DataError(
                f"BrownianPath.increment needs a multiple of the base step {self._base:g}, but h "
                f"is {h:g}; choose steps that divide the settling time."
            )
        total = self._draw()
        for _ in range(draws - 1):
            total = total * self._keep
            total += self._draw()
        return total

    def _draw(self) -> Array:
        self._rng.standard_normal(out=self._z)
        self._z *= self._deviation
        return self._z
