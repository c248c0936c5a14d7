"""Activations of hidden nodes with two derivatives, and with their integrals from 0."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["DERIVATIVES", "INTEGRALS", "Activation"]

Array = NDArray[np.float64]
Activation = Literal["tanh", "silu"]

_SILU_LIMIT = 10.0
_LEGENDRE = np.polynomial.legendre.leggauss(64)


def _tanh(u: Array) -> tuple[Array, Array, Array]:
    """phi, phi', phi'' of tanh."""
    v = np.tanh(u)
    return v, 1 - v * v, -2 * v * (1 - v * v)


def _silu(u: Array) -> tuple[Array, Array, Array]:
    """phi, phi', phi'' of L tanh(silu(u) / L), silu(u) = u / (1 + exp(-u)), L = 10."""
    p = expit(u)
    silu1, silu2 = p * (1 + u * (1 - p)), p * (1 - p) * (2 + u * (1 - 2 * p))
    clamped = np.tanh(u * p / _SILU_LIMIT)
    inner = 1 - clamped * clamped
    curvature = inner * (silu2 - 2 * clamped * silu1**2 / _SILU_LIMIT)
    return _SILU_LIMIT * clamped, inner * silu1, curvature


def _silu_integral(u: Array) -> Array:
    """Integral of the clamped SiLU from 0 to u, by Gauss-Legendre quadrature."""
    points, weights = _LEGENDRE
    return u / 2 * (_silu(u[..., None] * (points + 1) / 2)[0] @ weights)


DERIVATIVES = {"tanh": _tanh, "silu": _silu}
INTEGRALS = {"tanh": lambda u: np.logaddexp(u, -u) - np.log(2), "silu": _silu_integral}
