"""Steps of each device and the noise that all share, by maximum likelihood along the ramps.

The steps of a device are fitted by Gauss and Newton with the weights of the noise, the noise by
Fisher's scoring with the steps; in turns until neither moves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from neurosim.devices.fit.filter import Innovations, innovations
from neurosim.devices.fit.part import Array
from neurosim.devices.fit.ramps import Ramps

__all__ = ["Dynamics", "fit_dynamics"]

_ROUNDS = 60
# Where nothing moves by more than this share of its standard error.
_CLOSE = 0.02
# Of the way to where steps vanish, a pulse goes at most so much.
_FASTEST = 0.95
_HALVINGS = 8


class Dynamics(NamedTuple):
    """Steps by group (device and direction) in units of the range seen, and the noise.

    Attributes
    ----------
    steps, slopes : ndarray, shape (n_groups,)
        Step in the middle of the range seen, and how much it falls over that range.
    covariance : ndarray, shape (n_groups, 2, 2)
        Of step and slope.
    noise : ndarray, shape (3,)
        Variances: of a step over its square, of a step over the square of the one in the middle, of
        a reading.
    noise_covariance : ndarray, shape (3, 3)
    likelihood : float
        Its logarithm, restricted to what the steps leave.
    seen : Innovations
    converged : bool
    """

    steps: Array
    slopes: Array
    covariance: Array
    noise: Array
    noise_covariance: Array
    likelihood: float
    seen: Innovations
    converged: bool


def fit_dynamics(ramps: Ramps, free: tuple[int, ...] = (0, 1, 2)) -> Dynamics:
    """Fit steps and those of the three variances of `Dynamics.noise` that are free."""
    n_groups = int(ramps.group.max()) + 1
    first, last = ramps.g[:, 0], _last(ramps.g)
    span = _last(ramps.n) - ramps.n[:, 0]
    sums = [np.bincount(ramps.group, x, n_groups) for x in (last - first, span)]
    steps = np.maximum(sums[0] / sums[1], 0.1 / sums[1].max())
    slopes = np.bincount(ramps.group, np.ones(len(span)), n_groups) / sums[1]
    noise = np.array([1e-4, 0.0, 1e-4])
    for _ in range(10):
        steps, slopes, _ = _improved_steps(ramps, steps, slopes, noise)
    noise = _start(ramps, steps, slopes, free)
    converged = False
    for _ in range(_ROUNDS):
        before = np.concatenate([steps, slopes]), noise
        steps, slopes, covariance = _improved_steps(ramps, steps, slopes, noise)
        noise, information = _improved_noise(ramps, steps, slopes, noise, free)
        moved = np.abs(np.concatenate([steps, slopes]) - before[0])
        error = np.sqrt(np.concatenate([covariance[:, 0, 0], covariance[:, 1, 1]]))
        noise_error = 1 / np.sqrt(np.diag(information))
        if (moved < _CLOSE * error).all() and (
            np.abs(noise - before[1]) <= _CLOSE * noise_error
        ).all():
            converged = True
            break
    seen = innovations(ramps, steps[ramps.group], slopes[ramps.group], noise, _middle(ramps, steps))
    noise_covariance = _noise_covariance(ramps, steps, slopes, noise, information, free)
    likelihood = -_minus_log(_run(ramps, steps, slopes, noise))
    return Dynamics(steps, slopes, covariance, noise, noise_covariance, likelihood, seen, converged)


def _last(x: Array) -> Array:
    """The last number of each row."""
    at = np.isfinite(x).sum(axis=1) - 1
    ends: Array = x[np.arange(len(x)), at]
    return ends


def _middle(ramps: Ramps, steps: Array) -> Array:
    """Step in the middle of the range, by ramp; never nothing."""
    floor = 1e-3 * float(np.median(np.abs(steps))) + 1e-12
    middle: Array = np.maximum(np.abs(steps), floor)[ramps.group]
    return middle


def _start(ramps: Ramps, steps: Array, slopes: Array, free: tuple[int, ...]) -> Array:
    """Noise from variance and correlation of what single steps leave.

    Noise of a reading is in two successive steps with opposite signs: its variance is minus their
    covariance, and a step has two of them.
    """
    step = (steps[ramps.group, None] - slopes[ramps.group, None] * (ramps.g - 0.5))[:, :-1]
    m = np.diff(ramps.n, axis=1)
    rest = np.diff(ramps.g, axis=1) - step * m
    rest = rest - np.nanmean(rest, axis=1, keepdims=True)
    pairs = rest[:, 1:] * rest[:, :-1]
    reading = max(-float(np.nanmean(pairs)) if np.isfinite(pairs).any() else 0.0, 0.0)
    own = max(float(np.nanmean(rest**2)) - 2 * reading, 0.1 * float(np.nanmean(rest**2)))
    of_step = own / float(np.nanmean(step**2 * m)) / (len(free) - 1)
    start = np.array([of_step, of_step, reading])
    return np.where(np.isin(range(3), free), start, 0.0)


def _by_group(ramps: Ramps, values: Array) -> Array:
    """Sums over the readings and the ramps of each group, (..., n_groups)."""
    rows = np.nansum(values, axis=-1)
    of_group = np.arange(int(ramps.group.max()) + 1) == ramps.group[:, None]
    sums: Array = rows @ of_group
    return sums


class _Run(NamedTuple):
    """Innovations, their derivatives by step and slope, and the information of these by group."""

    error: Array
    variance: Array
    by_step: Array
    by_slope: Array
    information: Array


def _run(ramps: Ramps, steps: Array, slopes: Array, noise: Array) -> _Run:
    """The filter beside itself with other steps and slopes; `noise` may have variants, (..., 3)."""
    h = 1e-4 * np.maximum(np.abs(steps), 1e-9), 1e-4 * np.maximum(np.abs(slopes), 1e-6)
    of = ramps.group
    a = np.stack([steps, steps + h[0], steps])[:, of]
    b = np.stack([slopes, slopes, slopes + h[1]])[:, of]
    shape = (*noise.shape[:-1], *a.shape)
    seen = innovations(
        ramps, np.broadcast_to(a, shape), np.broadcast_to(b, shape), noise[..., None, :],
        _middle(ramps, steps),
    )  # fmt: skip
    error, variance = seen.error[..., 0, :, :], seen.variance[..., 0, :, :]
    by = [(seen.error[..., k + 1, :, :] - error) / h[k][of][:, None] for k in range(2)]
    sums = [[_by_group(ramps, i * j / variance) for j in by] for i in by]
    information = np.moveaxis(np.array(sums), (0, 1), (-2, -1))
    return _Run(error, variance, by[0], by[1], information)


def _improved_steps(
    ramps: Ramps, steps: Array, slopes: Array, noise: Array
) -> tuple[Array, Array, Array]:
    """One step of Gauss and Newton for each group, shortened where it does not help."""
    seen = _run(ramps, steps, slopes, noise)
    weight = 1 / seen.variance
    pull = [_by_group(ramps, by * seen.error * weight) for by in (seen.by_step, seen.by_slope)]
    covariance = np.asarray(np.linalg.pinv(seen.information, rcond=1e-14, hermitian=True), float)
    change = -np.einsum("gij,jg->ig", covariance, np.array(pull))
    cost = _by_group(ramps, seen.error**2 * weight)
    middle, size = _middle(ramps, steps), np.ones(len(steps))

    def moved() -> tuple[Array, Array]:
        return steps + size * change[0], np.minimum(slopes + size * change[1], _FASTEST)

    for _ in range(_HALVINGS):
        a, b = moved()
        tried = innovations(ramps, a[ramps.group], b[ramps.group], noise, middle)
        worse = ~(_by_group(ramps, tried.error**2 * weight) <= cost * (1 + 1e-12))
        if not worse.any():
            break
        size = np.where(worse, size / 4, size)
    size = np.where(worse, 0.0, size)
    return *moved(), covariance


def _improved_noise(
    ramps: Ramps, steps: Array, slopes: Array, noise: Array, free: tuple[int, ...]
) -> tuple[Array, Array]:
    """One step of Fisher's scoring, none of the variances below 0, and their covariance."""
    h = 1e-3 * np.maximum(noise, [1e-6, 1e-6, 1e-12])
    seen = _run(ramps, steps, slopes, noise + np.concatenate([np.zeros((1, 3)), np.diag(h)]))
    error, variance = seen.error[0], seen.variance[0]
    by_error = [(seen.error[k + 1] - error) / h[k] for k in range(3)]
    by_variance = [(seen.variance[k + 1] - variance) / (h[k] * variance) for k in range(3)]
    lost = [(_log_det(seen.information[k + 1]) - _log_det(seen.information[0])) / h[k] / 2
            for k in range(3)]  # fmt: skip
    pull = np.array([
        np.nansum((error**2 / variance - 1) * dv / 2 - error * de / variance) - gone
        for de, dv, gone in zip(by_error, by_variance, lost, strict=True)
    ])  # fmt: skip
    information = np.array([
        [np.nansum(by_variance[i] * by_variance[j] / 2 + by_error[i] * by_error[j] / variance)
         for j in range(3)] for i in range(3)
    ])  # fmt: skip
    inside = np.ix_(free, free)
    covariance = _inverse(information[inside])
    goal = np.zeros(3)
    at = list(free)
    goal[at] = _not_below_zero(noise[at] + covariance @ pull[at], information[inside])
    for size in (*0.5 ** np.arange(_HALVINGS), 0.0):
        tried = noise + size * (goal - noise)
        if _minus_log(_run(ramps, steps, slopes, tried)) <= _minus_log(
            _run(ramps, steps, slopes, noise)
        ):
            break
    return tried, information


def _log_det(information: Array) -> float:
    """Sum over groups of the logarithm of the determinant."""
    return float(np.sum(np.linalg.slogdet(information)[1]))


def _minus_log(seen: _Run) -> float:
    """Minus the restricted likelihood: steps and slopes were fitted to the same readings."""
    of_errors = np.nansum(np.log(seen.variance) + seen.error**2 / seen.variance)
    return float(of_errors + _log_det(seen.information)) / 2


def _noise_covariance(
    ramps: Ramps,
    steps: Array,
    slopes: Array,
    noise: Array,
    information: Array,
    free: tuple[int, ...],
) -> Array:
    """Of the variances, less what fitting the steps has taken of the information.

    With V linear in them, the restricted information is the full one less half the second
    derivatives of the logarithm of the determinant.
    """
    inside = np.ix_(free, free)
    covariance = np.zeros((3, 3))
    covariance[inside] = _inverse(information[inside])
    h = 0.1 * np.maximum(np.sqrt(np.diag(covariance)), 1e-12)
    steps_of = np.concatenate([np.zeros((1, 3)), np.diag(h)])
    pairs = (steps_of[:, None] + steps_of[None, :]).reshape(-1, 3)
    found = _run(ramps, steps, slopes, noise + pairs).information
    f = np.array([_log_det(one) for one in found]).reshape(4, 4)
    second = (f[1:, 1:] - f[1:, :1] - f[:1, 1:] + f[0, 0]) / (h[:, None] * h)
    root_of = np.linalg.cholesky(covariance[inside])
    kept, axes = np.linalg.eigh(np.eye(len(root_of)) - root_of.T @ second[inside] @ root_of / 2)
    # Of what is next to nothing the expansion may leave nothing at all.
    covariance[inside] = root_of @ (axes / np.clip(kept, 0.1, 1.0)) @ axes.T @ root_of.T
    return covariance


def _inverse(information: Array) -> Array:
    """Positive definite, whatever the units; what nothing is known of has a large variance."""
    unit = 1 / np.sqrt(np.maximum(np.diag(information), 1e-30))
    values, vectors = np.linalg.eigh(information * unit[:, None] * unit)
    inverse: Array = (vectors / np.maximum(values, 1e-8)) @ vectors.T
    return inverse * unit[:, None] * unit


def _not_below_zero(wanted: Array, information: Array) -> Array:
    """The most likely variances of at least 0 where the likelihood is a parabola about `wanted`.

    Raises
    ------
    FloatingPointError
        There is no likelihood: the ramps run away.
    """
    if not (np.isfinite(wanted).all() and np.isfinite(information).all()):
        raise FloatingPointError
    unit = 1 / np.sqrt(np.maximum(np.diag(information), 1e-30))
    values, vectors = np.linalg.eigh(information * unit[:, None] * unit)
    half = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    found: Array = nnls(half, half @ (wanted / unit))[0] * unit
    return found
