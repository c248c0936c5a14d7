r"""Steps towards rest that solve the small-signal equations, each of them guarded.

Newton's step goes to where a linear circuit would rest. Where it shows no bowl, Euler's implicit
step goes on: :math:`(1/h - J)\,\mathrm{d}u = \mathrm{d}u/\mathrm{d}s` follows the transient for a
time h, which grows while steps are accepted, so that it ends as Newton's (pseudo-transient
continuation: Kelley and Keyes, SIAM J. Numer. Anal. 35, 1998). Along a slow mode it takes in some
tens of steps what an explicit transient takes in thousands.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.solvers.system import RateFunction, SmallSignal
from neurosim.solvers.transient import RateOf

__all__ = ["RESIDUAL", "Descent", "creep", "descend", "pull"]

Array = NDArray[np.float64]

# Unit voltages: how far Newton's step moves a node at most, and Euler's.
REACH, SHORT = 0.5, 0.2
RESIDUAL = 1e-8
_NEWTON_STEPS, _PRODUCTS = 16, 60
# Of Euler's: times in tau, first and least, by what they change, and steps.
_FIRST_TAU, _LEAST_TAU, _LONGER, _SHORTER, _EULER_STEPS = 4.0, 0.1, 2.0, 0.25, 150


def pull(now: Array, rate: RateFunction) -> Array:
    """How far each node would move, its couplings aside: rate over decay, (n, rows)."""
    return np.abs(now) / np.maximum(rate.decay, 1e-12)[:, None]


def solve(
    small: SmallSignal, rate: Array, tolerance: float
) -> tuple[Array, NDArray[np.bool_], float]:
    """Newton's step by preconditioned conjugate gradients; rows leave as they are done.

    Returns
    -------
    step : ndarray, shape (n, rows)
    convex : ndarray of bool, shape (rows,)
        No direction of negative curvature has shown, and the solution is accurate.
    n_products : float
        Products of a mean row.
    """
    residual = small.right_side(rate)
    n_rows = residual.shape[1]
    part, rows = small.equations, np.arange(n_rows)
    solution, n_products = np.zeros_like(residual), 0.0
    convex = small.symmetric & part.positive
    size = np.maximum(np.abs(residual).max(axis=0), np.finfo(residual.dtype).tiny)
    residual /= size
    z = residual / part.scale
    y, p, rz = np.zeros_like(z), z.copy(), np.einsum("ij,ij->j", residual, z)
    goal, plain = tolerance**2 * rz, rz.copy()
    active = (rz > 0) & convex
    for _ in range(_PRODUCTS):
        if 2 * np.count_nonzero(active) < len(rows):
            solution[:, rows] = y
            keep = np.flatnonzero(active)
            part, rows = part.rows(keep), rows[keep]
            residual, y, p = (np.take(a, keep, axis=1) for a in (residual, y, p))
            z, rz, goal, active = np.empty_like(y), rz[keep], goal[keep], active[keep]
            plain = plain[keep]
        if not len(rows):
            break
        bp = part.product(p)
        n_products += len(rows) / n_rows
        curvature = np.einsum("ij,ij->j", p, bp)
        # `plain` is the curvature without couplings: near a bifurcation the ratio tends to zero.
        bowl = curvature > 1e-3 * plain
        convex[rows[active & ~bowl]] = False
        active &= bowl
        length = np.where(active, rz / np.where(active, curvature, 1), 0)
        bp *= length
        residual -= bp
        np.multiply(p, length, out=bp)
        y += bp
        np.divide(residual, part.scale, out=z)
        previous, rz = rz, np.einsum("ij,ij->j", residual, z)
        active &= rz > goal
        turn = np.where(active, rz / np.where(active, previous, 1), 0)
        p *= turn
        p += z
        plain = rz + turn**2 * plain
    convex[rows[active]] = False
    solution[:, rows] = y
    return small.step(rate, solution * size), convex, n_products


class Descent(NamedTuple):
    """Where guarded steps led some rows of a block.

    Attributes
    ----------
    u_V : ndarray, shape (n, k)
    speed : ndarray, shape (k,)
        Largest rate of a node in unit voltages, where it was last looked at.
    arrived : ndarray of bool, shape (k,)
        Every step was accepted, and nothing moves any more.
    n_evaluations, n_steps : float
        Of a mean row; products with the small-signal matrix count as evaluations.
    """

    u_V: Array
    speed: Array
    arrived: NDArray[np.bool_]
    n_evaluations: float
    n_steps: float


def descend(
    rate_of: RateOf, rows: NDArray[np.intp], start_V: Array, now: Array | None, unit_V: float
) -> Descent:
    """Newton's steps of some rows of the block, (n, k); a row leaves at rest or by one that fails.

    `now` is their rate at the start, where that is known.
    """
    return _stepped(rate_of, rows, start_V, now, unit_V, None)


def creep(rate_of: RateOf, rows: NDArray[np.intp], start_V: Array, unit_V: float) -> Descent:
    """Euler's implicit steps, shortened until they are accepted and lengthened while they are."""
    return _stepped(rate_of, rows, start_V, None, unit_V, np.full(len(rows), _FIRST_TAU))


# A row that is not finite shows no positive curvature, and is refused.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _stepped(
    rate_of: RateOf,
    rows: NDArray[np.intp],
    start_V: Array,
    now: Array | None,
    unit_V: float,
    times_tau: Array | None,
) -> Descent:
    """Steps of Newton's, or of Euler's over these times, (k,)."""
    u, k = start_V.copy(), len(rows)
    every_speed, arrived = np.full(k, np.inf), np.zeros(k, dtype=bool)
    left, rate = np.arange(k), None
    n_evaluations = n_steps = 0.0
    most = _NEWTON_STEPS if times_tau is None else _EULER_STEPS
    if now is None:
        rate = rate_of(rows)
        now, n_evaluations = rate(u, np.empty_like(u)), 1.0
    while True:
        speed = np.abs(now).max(axis=0) / unit_V
        every_speed[left] = speed
        arrived[left[speed <= RESIDUAL]] = True
        keep = np.flatnonzero(speed > RESIDUAL)
        if times_tau is not None:
            keep = keep[times_tau[left[keep]] >= _LEAST_TAU]
        if len(keep) < len(left):
            left, now, speed = left[keep], np.take(now, keep, axis=1), speed[keep]
            rate = None
        small = None
        if len(left) and n_steps < most:
            rate = rate_of(rows[left]) if rate is None else rate
            here = u if len(left) == k else np.take(u, left, axis=1)
            small = rate.linearised(here)
        if rate is None or small is None:
            return Descent(u, every_speed, arrived, n_evaluations, n_steps)
        if times_tau is not None:
            small = small.over(times_tau[left])
        # Newton squares the distance: more than that share of it need not be solved, nor more
        # than brings the fastest row to rest.
        far = pull(now, rate).max() / unit_V
        tolerance = float(max(np.clip(far, 1e-5, 1e-1), 0.1 * RESIDUAL / speed.max()))
        change, good, n_products = solve(small, now, tolerance)
        longest = np.maximum(np.abs(change).max(axis=0), np.finfo(np.float64).tiny) / unit_V
        if times_tau is None:
            change *= np.minimum(1, REACH / longest)
        else:
            good &= longest <= SHORT
        after = rate(here + change, np.empty_like(here))
        slopes = small.power(now, change) + small.power(after, change)
        good &= (slopes < 0) | (np.abs(after).max(axis=0) <= RESIDUAL * unit_V)
        n_evaluations += (n_products + 3) * len(left) / k
        n_steps += 1
        u[:, left[good]] += change[:, good]
        if times_tau is not None:
            times_tau[left] *= np.where(good, _LONGER, _SHORTER)
            now = np.where(good, after, now)
            continue
        left, now = left[good], np.compress(good, after, axis=1)
        rate = rate if good.all() else None
