r"""The Brownian path that drives a settle with noise, as an object of its own.

A step of length h sees of the filtered noise :math:`x(t) = b\int_0^t e^{-\gamma(t-s)}\,dW_s` two
numbers: its end and, in the middle stages, what makes the step's quadrature (1/6, 4/6, 1/6) of x
right in mean and variance, given both ends:

.. math::
    \xi = x(h) = b \sqrt{\tfrac{1 - e^{-2\gamma h}}{2\gamma}}\;\zeta, \qquad
    m = \frac{\xi}{2\cosh(\gamma h/2)} + b\sqrt{\tfrac{3 \tanh(\gamma h/2)}{8\gamma}}\;\eta

with independent standard normal zeta and eta. The first term of m is the mean of x(h/2) for given
ends, the second has three quarters of its variance: the integral of a Brownian bridge has the
variance h^3/12, of its middle alone the quadrature would make h^3/9.

Noise that nodes share, of the correlation r, makes ends of the covariance

.. math:: \langle \xi_i \xi_j \rangle = r_{ij}\,b_i b_j\,
          \frac{1 - e^{-(\gamma_i + \gamma_j) h}}{\gamma_i + \gamma_j},

and eta of the correlation r itself.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.arrays import Normals, namespace_of
from neurosim.errors import DataError
from neurosim.solvers.field import Field, remembered
from neurosim.solvers.krogstad import Kick

__all__ = ["BrownianPath", "ComposedPath", "NoisePath", "kick_deviations"]

Array = NDArray[np.float64]


class NoisePath(Protocol):
    """What a solver asks of its noise."""

    def kick(self, h: float) -> Kick:
        """What the noise does over the next time `h`; lost at the next call."""


def _relative(x: Array) -> Array:
    """(1 - exp(-x)) / x."""
    safe = np.maximum(x, 1e-8)
    return np.where(x > 1e-8, -np.expm1(-safe) / safe, 1.0)


def kick_deviations(intensity: Array, decay: Array, h: float) -> tuple[Array, Array, Array]:
    """Deviation of the end, share of it in the middle, and deviation that the middle adds.

    Parameters
    ----------
    intensity, decay : ndarray, shape (n,)
        b and gamma.
    h : float
    """
    end = intensity * np.sqrt(h * _relative(2 * decay * h))
    x = decay * h / 2
    bridge = np.where(x > 1e-8, np.tanh(x) / np.maximum(x, 1e-8), 1.0)
    return end, 0.5 / np.cosh(np.minimum(x, 300.0)), intensity * np.sqrt(3 * h / 16 * bridge)


class BrownianPath:
    """Kicks of thermal noise, filtered by the leak of each node.

    Parameters
    ----------
    normals : Normals
        A stream of its own.
    intensity : ndarray, shape (n,)
        b, in units of z per square root of time.
    field : Field
        Of gamma, and of where the arrays are.
    rows : int
        Independent rows of the batch.
    correlation : ndarray, shape (n, n), optional
        Of the noise of all nodes; by default they are independent.
    """

    def __init__(
        self,
        normals: Normals,
        intensity: Array,
        field: Field,
        rows: int,
        correlation: Array | None = None,
    ) -> None:
        self._normals, self._intensity, self._field = normals, intensity, field
        shape = len(intensity), rows
        self._end, self._middle, self._work = (
            field.arrays.empty(shape, field.dtype) for _ in range(3)
        )
        self._address = intensity.tobytes(), field.decay.tobytes(), field.dtype, field.arrays
        self._correlation = correlation
        self._shares_of: dict[float, tuple[Any, Any]] = {}

    def kick(self, h: float) -> Kick:
        """See `NoisePath.kick`."""

        def make() -> Any:
            columns = np.stack(kick_deviations(self._intensity, self._field.decay, h))
            return self._field.arrays.put(columns[:, :, None], self._field.dtype)

        known = self._field.known
        deviation, share, rest = remembered(known, ("kick", h, *self._address), make)
        end, middle, work = self._end, self._middle, self._work
        of_end, of_middle = self._shares(h)
        self._draw(end, of_end)
        self._draw(middle, of_middle)
        end *= deviation
        middle *= rest
        namespace_of(end).multiply(end, share, out=work)
        middle += work
        return Kick(middle, end)

    def _draw(self, out: Any, shares: Any | None) -> None:
        """Normal deviates into `out`, mixed by `shares` where nodes have noise in common."""
        self._normals.fill(out if shares is None else self._work)
        if shares is not None:
            namespace_of(out).matmul(shares, self._work, out=out)

    def _shares(self, h: float) -> tuple[Any, Any]:
        """How deviates of a step's end are mixed, and of its middle; None: they are not."""
        correlation = self._correlation
        if correlation is None:
            return None, None
        if h not in self._shares_of:
            decay, put = self._field.decay, self._field.arrays.put
            own = _relative(2 * decay * h)
            both = _relative((decay[:, None] + decay) * h) / np.sqrt(own[:, None] * own)
            factors = [np.linalg.cholesky(c) for c in (correlation * both, correlation)]
            self._shares_of[h] = tuple(put(f, self._field.dtype) for f in factors)
        return self._shares_of[h]


class ComposedPath:
    r"""Kicks of ONE path for steps of any lengths, to compare them: exact, and ten times slower.

    A draw over the base step is x at its end and :math:`I = \int x\,dt`, with their covariance;
    those of consecutive steps compose to those of a longer one. The middle of a kick is then the
    one whose quadrature over the step is I.

    Parameters
    ----------
    rng : numpy.random.Generator
    intensity, decay : ndarray, shape (n,)
        b and gamma; gamma above 0.
    rows : int
    base_step : float
        Every step is a multiple of it.
    """

    def __init__(
        self, rng: np.random.Generator, intensity: Array, decay: Array, rows: int, base_step: float
    ) -> None:
        self._rng, self._intensity, self._decay = rng, intensity[:, None], decay[:, None]
        self._shape, self._base = (len(intensity), rows), base_step
        self._keep = np.exp(-self._decay * base_step)
        self._to_come = (1 - self._keep) / self._decay

    def _covariance(self, h: float) -> tuple[Array, Array, Array]:
        """Variances of x and I and their covariance after a time h from x = 0."""
        g, b2 = self._decay, self._intensity**2
        lost = -np.expm1(-g * h)
        x = b2 * -np.expm1(-2 * g * h) / (2 * g)
        both = b2 * lost**2 / (2 * g**2)
        total = b2 * (h - 2 * lost / g - np.expm1(-2 * g * h) / (2 * g)) / g**2
        return x, total, both

    def _given_end(self, h: float) -> tuple[Array, Array]:
        """Mean of I per x(h), and deviation of I about it."""
        x, total, both = self._covariance(h)
        slope = np.divide(both, x, out=np.zeros_like(x), where=x > 0)
        return slope, np.sqrt(np.maximum(total - slope * both, 0.0))

    def kick(self, h: float) -> Kick:
        """See `NoisePath.kick`.

        Raises
        ------
        DataError
            `h` is no multiple of the base step.
        """
        draws = round(h / self._base)
        if draws < 1 or abs(h / self._base - draws) > 1e-6:
            raise DataError(
                f"ComposedPath.kick needs a multiple of the base step {self._base:g}, but h is "
                f"{h:g}; choose steps that divide the settling time."
            )
        slope, deviation = self._given_end(self._base)
        x_deviation = np.sqrt(self._covariance(self._base)[0])
        x, total = np.zeros(self._shape), np.zeros(self._shape)
        for _ in range(draws):
            new = x_deviation * self._rng.standard_normal(self._shape)
            total += self._to_come * x + slope * new
            total += deviation * self._rng.standard_normal(self._shape)
            x = self._keep * x + new
        slope, deviation = self._given_end(h)
        eta = np.divide(total - slope * x, deviation, out=np.zeros_like(x), where=deviation > 0)
        _, share, rest = kick_deviations(self._intensity[:, 0], self._decay[:, 0], h)
        return Kick(share[:, None] * x + rest[:, None] * eta, x)
