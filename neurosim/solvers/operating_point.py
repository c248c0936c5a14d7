r"""The operating point: where a row would stand after infinite time, and how that is made sure.

A transient of the usual tolerance brings each row near; Newton's method, its steps solved by
conjugate gradients on the symmetric small-signal matrix B, takes it the rest of the way in few
products. Newton alone may land in another basin, so a row is accepted only if at every step

- no direction of negative curvature shows in B (the state lies in a bowl),
- no node moves further than `REACH` unit voltages: a longer step is shortened,
- the potential falls: the mean of its slopes at both ends of the step is negative,

and ends where nothing moves. Any other row goes back to where the transient left it and follows the
transient twice as long before the next attempt, from `ALONE_TAU` on so finely that it rests by it.
Rows that are still refused after `LONGEST_TAU` are left where it has brought them, and counted.

A system that is convex, and says so, has one rest and needs no transient: see `block_descent`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.solvers.block_descent import block_descent
from neurosim.solvers.system import Convex, RateFunction, SmallSignal
from neurosim.solvers.transient import (
    Chunk,
    RateOf,
    Tolerances,
    arrays_of,
    finish,
    follow,
)

__all__ = ["operating_point"]

Array = NDArray[np.float64]

REACH = 0.5
# The transient only chooses the basin: its tolerances are this much wider.
LOOSE = 3.0
FIRST_TAU, LONGEST_TAU = 10.0, 1280.0
# Rows that no Newton step takes must come to rest by the transient alone: from here on it is one
# of float64 that follows them until they do.
ALONE_TAU = 160.0
# A disturbance that moves no node further than this, coupling aside, is tried without a transient.
NEAR = 0.05
RESIDUAL = 1e-8
_NEWTON_STEPS, _PRODUCTS = 8, 60


class _Some:
    """Right-hand side for some rows of a block, counted among these."""

    def __init__(self, rate_of: RateOf, rows: NDArray[np.intp]) -> None:
        self._rate_of, self._rows, self.arrays = rate_of, rows, arrays_of(rate_of)

    def __call__(self, rows: NDArray[np.intp], dtype: DTypeLike = np.float64) -> RateFunction:
        return self._rate_of(self._rows[rows], dtype)


def _transient(
    rate_of: RateOf,
    some: NDArray[np.intp],
    u_V: Array,
    span: float,
    tolerances: Tolerances,
    unit_V: float,
) -> tuple[Array, int]:
    """Transient of some rows of the block, states (n, k), and its evaluations."""
    rtol, atol, dtype = tolerances
    wide = Tolerances(LOOSE * rtol, LOOSE * atol, dtype)
    path = follow(_Some(rate_of, some), u_V, span, wide, unit_V)
    return path.u_V, path.n_evaluations


def _to_rest(tolerances: Tolerances) -> Tolerances:
    """So fine that what is at rest stays so: explicit steps hover at their tolerance."""
    rtol, atol = min(tolerances.rtol, 1e-5), min(tolerances.atol, 0.1 * RESIDUAL)
    return Tolerances(rtol, atol, np.dtype(np.float64))


def _pull(now: Array, rate: RateFunction) -> Array:
    """How far each node would move, its couplings aside: rate over decay, (n, rows)."""
    return np.abs(now) / np.maximum(rate.decay, 1e-12)[:, None]


def _solve(
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


class _Descent(NamedTuple):
    """Where guarded Newton steps led some rows of a block.

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


# A row that is not finite shows no positive curvature, and is refused.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _descend(
    rate_of: RateOf, rows: NDArray[np.intp], start_V: Array, now: Array | None, unit_V: float
) -> _Descent:
    """Guarded Newton steps of some rows of the block, (n, k); those at rest leave.

    `now` is their rate at the start, where that is known.
    """
    u, k = start_V.copy(), len(rows)
    every_speed, arrived = np.full(k, np.inf), np.zeros(k, dtype=bool)
    left, rate = np.arange(k), None
    n_evaluations = n_steps = 0.0
    if now is None:
        rate = rate_of(rows)
        now, n_evaluations = rate(u, np.empty_like(u)), 1.0
    while True:
        speed = np.abs(now).max(axis=0) / unit_V
        every_speed[left] = speed
        arrived[left[speed <= RESIDUAL]] = True
        keep = np.flatnonzero(speed > RESIDUAL)
        if len(keep) < len(left):
            left, now, speed = left[keep], np.take(now, keep, axis=1), speed[keep]
            rate = None
        small = None
        if len(left) and n_steps < _NEWTON_STEPS:
            rate = rate_of(rows[left]) if rate is None else rate
            here = u if len(left) == k else np.take(u, left, axis=1)
            small = rate.linearised(here)
        if rate is None or small is None:
            return _Descent(u, every_speed, arrived, n_evaluations, n_steps)
        # Newton squares the distance: more than that share of it need not be solved, nor more
        # than brings the fastest row to rest.
        pull = _pull(now, rate).max() / unit_V
        tolerance = float(max(np.clip(pull, 1e-5, 1e-1), 0.1 * RESIDUAL / speed.max()))
        change, convex, n_products = _solve(small, now, tolerance)
        longest = np.maximum(np.abs(change).max(axis=0), np.finfo(np.float64).tiny)
        change *= np.minimum(1, REACH * unit_V / longest)
        after = rate(here + change, np.empty_like(here))
        slopes = small.power(now, change) + small.power(after, change)
        good = convex & ((slopes < 0) | (np.abs(after).max(axis=0) <= RESIDUAL * unit_V))
        n_evaluations += (n_products + 3) * len(left) / k
        n_steps += 1
        u[:, left[good]] += change[:, good]
        left, now = left[good], np.compress(good, after, axis=1)
        rate = rate if good.all() else None


def operating_point(rate_of: RateOf, u_V: Array, tolerances: Tolerances, unit_V: float) -> Chunk:
    """Settle rows to where they would stand after infinite time.

    Parameters
    ----------
    rate_of : callable
        Right-hand side for some rows of the block.
    u_V : ndarray, shape (rows, n)
    tolerances : Tolerances
        Of the transient, before it is made `LOOSE` times as wide.
    unit_V : float

    Returns
    -------
    Chunk
        Its `refused` marks rows that stand where a transient of `LONGEST_TAU` left them.
    """
    left = np.arange(len(u_V))
    rate = rate_of(left)
    if isinstance(rate, Convex) and (blocks := rate.blocks()) is not None:
        return block_descent(blocks, rate_of, rate, u_V, unit_V)
    out = np.ascontiguousarray(u_V.T)
    residual, n_evaluations, n_steps = np.full(len(u_V), np.inf), 1.0, 0.0
    elapsed, span_tau = 0.0, FIRST_TAU
    at_start = rate(out, np.empty_like(out))
    now = at_start if (_pull(at_start, rate) < NEAR * unit_V).all() else None
    while len(left):
        block = np.take(out, left, axis=1)
        if now is None:
            if elapsed >= ALONE_TAU:
                tolerances = _to_rest(tolerances)
            block, n = _transient(rate_of, left, block, span_tau, tolerances, unit_V)
            elapsed += span_tau
            span_tau = elapsed
            out[:, left] = block
            n_evaluations += n * len(left) / len(u_V)
        found = _descend(rate_of, left, block, now, unit_V)
        now, there = None, left[found.arrived]
        out[:, there] = found.u_V[:, found.arrived]
        residual[there] = found.speed[found.arrived]
        n_evaluations += found.n_evaluations * len(left) / len(u_V)
        n_steps += found.n_steps * len(left) / len(u_V)
        left = left[~found.arrived]
        if elapsed >= LONGEST_TAU:
            break
    refused = np.zeros(len(u_V), dtype=bool)
    refused[left] = True
    if len(left):
        block = np.take(out, left, axis=1)
        residual[left] = finish(rate_of(left), block, 0, 0, unit_V, False).residual
    ended_V = np.ascontiguousarray(out.T)
    evaluations, steps = int(np.ceil(n_evaluations)), int(np.ceil(n_steps))
    return Chunk(ended_V, residual, evaluations, steps, refused)
