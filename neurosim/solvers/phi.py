r"""The functions of exponential integrators.

.. math::
    \varphi_0(z) = e^z, \qquad \varphi_{k+1}(z) = \frac{\varphi_k(z) - 1/k!}{z}
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["phi_functions"]

Array = NDArray[np.float64]


@cache
def _series(order: int) -> Array:
    """Coefficients 1 / (j + k)! of z^j in phi_k, shape (16, order)."""
    return np.array([[1 / math.factorial(j + k) for k in range(1, order + 1)] for j in range(16)])


def phi_functions(z: Array, order: int) -> list[Array]:
    """phi_0(z), ..., phi_order(z) for z <= 0, accurate down to z = 0.

    Examples
    --------
    >>> [float(p) for p in phi_functions(np.zeros(()), 2)]
    [1.0, 1.0, 0.5]
    """
    small = np.abs(z) < 0.5
    # Downward recursion cancels for small z, where 16 terms of the series reach 1e-17.
    safe = np.where(small, -1.0, z)
    phis = [np.exp(z)]
    recursion = phis[0]
    powers = np.ones((z.size, 16))
    powers[:, 1:] = np.where(small, z, 0.0).reshape(-1, 1)
    np.multiply.accumulate(powers, axis=1, out=powers)
    series = (powers @ _series(order)).reshape(*z.shape, order)
    for k in range(1, order + 1):
        recursion = (recursion - 1 / math.factorial(k - 1)) / safe
        phis.append(np.where(small, series[..., k - 1], recursion))
    return phis
