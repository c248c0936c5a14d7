r"""Mean and spread of a number among devices, each measured with an error of its own.

With y_i of devices i, e_i the standard error of each, and normal devices of spread tau, the
weights are :math:`w_i = 1 / (\tau^2 + e_i^2)` and tau solves

.. math:: \sum_i w_i (y_i - \bar y)^2 = n - p, \qquad \bar y = \sum_i w_i y_i / \sum_i w_i

(Paule and Mandel, J. Res. Natl. Bur. Stand. 87, 377 (1982)), p being the number of coefficients of
the mean. Without the e_i tau would hold the noise of the measurement too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from neurosim.devices.fit.part import Array, Estimate, root

__all__ = ["Spread", "spread_of"]


class Spread(NamedTuple):
    """Coefficients of the mean over x with their errors, and the spread about it.

    `variance` is tau squared, `weights` are one over it and the square of each error; `left` is
    what the weighted mean leaves.
    """

    mean: list[Estimate]
    sigma: Estimate
    variance: Estimate
    weights: Array
    left: float
    freedom: int


def spread_of(y: Array, errors: Array, powers: Array | None = None) -> Spread:
    """Fit the mean and the spread.

    Parameters
    ----------
    y, errors : ndarray, shape (n,)
    powers : ndarray, shape (n, p), optional
        What the mean is linear in; a constant without it.
    """
    powers = np.ones((len(y), 1)) if powers is None else powers
    scale = float(np.ptp(y)) or float(np.abs(y).max()) or 1.0
    y, errors, freedom = y / scale, errors / scale, len(y) - powers.shape[1]
    # Rounding alone: devices that do not differ at all.
    errors = np.maximum(errors, 1e-9)

    def fitted(variance: float) -> tuple[Array, Array, float]:
        w = 1 / (variance + errors**2)
        covariance = np.asarray(np.linalg.inv(powers.T @ (powers * w[:, None])), dtype=float)
        mean: Array = covariance @ (powers.T @ (w * y))
        return mean, covariance, float(np.sum(w * (y - powers @ mean) ** 2))

    variance = 0.0
    if freedom > 0 and fitted(0.0)[2] > freedom:
        variance = float(brentq(lambda v: fitted(v)[2] - freedom, 0.0, 4.0, xtol=1e-14))
    mean, covariance, left = fitted(variance)
    w = 1 / (variance + errors**2)
    error = float(np.sqrt(2 * max(freedom, 1)) / max(freedom, 1) / np.sqrt(np.mean(w**2)))
    sigma = root(variance, error)
    return Spread(
        [
            Estimate(float(m) * scale, float(e) * scale)
            for m, e in zip(mean, np.sqrt(np.diag(covariance)), strict=True)
        ],
        Estimate(sigma.value * scale, sigma.error * scale),
        Estimate(variance * scale**2, error * scale**2),
        w / scale**2,
        left,
        freedom,
    )
