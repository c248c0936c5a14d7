r"""Kalman filter over ramps of pulses: what each reading adds to what the ones before foretold.

Both laws have steps that are linear in the place g. One pulse moves it by

.. math:: g \to g + r\,(1 + \sigma_m \xi) + \sigma_a \bar r\, \eta, \qquad r = a - b\,(g - g_c)

and a reading is g with the noise rho; xi and eta are standard normal at each pulse, r-bar is the
step in the middle of the range, g_c = 1/2. m pulses without a reading between them move the mean
by :math:`r\,(1 - A^m)/b` with :math:`A = 1 - b`, and add the variance
:math:`m A^{2 m - 2} \sigma_m^2 r^2 + \sigma_a^2 \bar r^2 (1 - A^{2 m}) / (1 - A^2)`, the first one
to leading order in the noise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurosim.devices.fit.part import Array
from neurosim.devices.fit.ramps import Ramps

__all__ = ["Innovations", "innovations"]

_MIDDLE = 0.5
# Readings have some seven digits: no variance is below this, in units of the range seen.
_LEAST = 1e-14


class Innovations(NamedTuple):
    """Of each reading but the first: how far it is from what was foretold, and the variance."""

    error: Array
    variance: Array


def innovations(
    ramps: Ramps, steps: Array, slopes: Array, noise: Array, middle: Array
) -> Innovations:
    """Run the filter.

    Parameters
    ----------
    ramps : Ramps
    steps, slopes : ndarray, shape (..., n_ramps)
        a and b of each ramp; leading axes are variants.
    noise : ndarray, shape (..., 3)
        Variances: sigma_m^2, sigma_a^2, and that of a reading.
    middle : ndarray, shape (n_ramps,)
        r-bar.
    """
    of_step, of_middle, reading = (noise[..., k, None] for k in range(3))
    decay = 1 - slopes
    g = np.broadcast_to(ramps.g[:, 0], steps.shape)
    variance = np.broadcast_to(reading, steps.shape)
    shape = (*steps.shape, ramps.g.shape[1] - 1)
    errors, variances = np.full(shape, np.nan), np.full(shape, np.nan)
    for k in range(1, ramps.g.shape[1]):
        m = ramps.n[:, k] - ramps.n[:, k - 1]
        step = steps - slopes * (g - _MIDDLE)
        power = decay**m
        foretold = g + step * _geometric(decay, power, m)
        own = of_step * m * (power / decay * step) ** 2
        added = own + of_middle * middle**2 * _geometric(decay**2, power**2, m)
        variance = np.maximum(power**2 * variance + added, 0.0)
        total = np.maximum(variance + reading, _LEAST)
        error = ramps.g[:, k] - foretold
        gain = variance / total
        errors[..., k - 1], variances[..., k - 1] = error, total
        g, variance = foretold + gain * error, (1 - gain) * variance
    return Innovations(errors, variances)


def _geometric(ratio: Array, power: Array, m: Array) -> Array:
    """1 + q + ... + q^(m - 1), with q^m given."""
    flat = np.abs(1 - ratio) < 1e-9
    return np.where(flat, m, (1 - power) / np.where(flat, 1.0, 1 - ratio))
