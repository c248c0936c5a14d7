"""The cheapest assignment of rows to columns, by SciPy, from prices that are nearly right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["cheapest_assignment"]

Array = NDArray[np.float64]

# Of fewer rows the search itself takes less than its preparation.
_FEWEST_ROWS = 128
# Temperature in standard deviations of the costs, and rounds: what was fastest for digits.
_TEMPERATURE, _ROUNDS = 0.06, 10
# e^-80 is about the least number that float32 holds in full.
_LOWEST = -80.0
# Infinite costs, and those whose differences overflow, are SciPy's alone.
_LARGEST = 1e300


def cheapest_assignment(cost: Array) -> NDArray[np.intp]:
    r"""Permutation p that minimises :math:`\sum_i c_{i,p(i)}`.

    A price taken off a whole row or column takes as much off every permutation, so the cheapest one
    stays; SciPy's search (shortest augmenting paths) ends the sooner, the nearer to their best the
    prices are. They come from Sinkhorn's rounds at a low temperature (Cuturi, arXiv:1306.0895): of
    1,797 rows, noise and digits take 0.15 s for 0.36 s, digits and noise 0.17 s for 1.8 s.

    Parameters
    ----------
    cost : ndarray of float, shape (n, n)

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> cheapest_assignment(np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]]))
    array([1, 0, 2])
    """
    if len(cost) >= _FEWEST_ROWS and np.abs(cost).max() < _LARGEST:
        cost = cost - _prices(cost)
        cost -= cost.min(axis=1, keepdims=True)
        cost -= cost.min(axis=0)
    permutation: NDArray[np.intp] = linear_sum_assignment(cost)[1]
    return permutation


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _prices(cost: Array) -> Array:
    """Of each column, (n,); 0 where costs are too uneven for any."""
    temperature = _TEMPERATURE * float(cost.std())
    kernel = (cost.min(axis=1, keepdims=True) - cost).astype(np.float32)
    kernel *= np.float32(1 / temperature) if temperature else np.float32(0)
    np.exp(np.maximum(kernel, np.float32(_LOWEST), out=kernel), out=kernel)
    columns = np.ones(len(cost), np.float32)
    # By einsum, for BLAS would start threads of its own beside the caller's.
    for _ in range(_ROUNDS):
        rows = 1 / np.einsum("ij,j->i", kernel, columns)
        columns = 1 / np.einsum("i,ij->j", rows, kernel)
    prices = temperature * np.log(columns.astype(np.float64))
    return prices if np.isfinite(prices).all() else np.zeros(len(cost))
