r"""The operating point: where a row would stand after infinite time, and how that is made sure.

A transient of the usual tolerance brings each row near; Newton's method, its steps solved by
conjugate gradients on the symmetric small-signal matrix B, takes it the rest of the way in few
products. Newton alone may land in another basin, so a row is accepted only if at every step

- no direction of negative curvature shows in B (the state lies in a bowl),
- no node moves further than `REACH` unit voltages,
- the potential falls: the mean of its slopes at both ends of the step is negative,

and ends where nothing moves. Any other row goes back to where the transient left it and follows the
transient twice as long before the next attempt. Rows that are still refused after `LONGEST_TAU` are
left where the transient has brought them, and counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.solvers.etd import ETD4
from neurosim.solvers.settings import Settling
from neurosim.solvers.system import RateFunction, SmallSignal, System
from neurosim.solvers.transient import Chunk, RateOf, finish

__all__ = ["operating_point"]

Array = NDArray[np.float64]

REACH = 0.3
FIRST_TAU, LONGEST_TAU = 15.0, 960.0
# A disturbance that moves no node further than this, coupling aside, is tried without a transient.
NEAR = 0.05
RESIDUAL = 1e-9
_NEWTON_STEPS, _PRODUCTS = 8, 60


def _transient(
    rate: RateFunction, u_V: Array, span: float, settings: Settling, unit_V: float
) -> tuple[Array, int]:
    """Transient of a block (n, rows), and its evaluations."""
    solver = ETD4(
        lambda _t, y: y, 0.0, u_V.ravel(), span,
        decay=rate.decay, rows=u_V.shape[1], nonlinear=rate.nonlinear,
        rtol=settings.rtol, atol=settings.atol * unit_V, relative_to_start=True,
    )  # fmt: skip
    while solver.status == "running":
        solver.step()
    return solver.y.reshape(u_V.shape), solver.nfev


def _solve(small: SmallSignal, rate: Array, tolerance: float) -> tuple[Array, Array, int]:
    """Newton's step by preconditioned conjugate gradients, row by row.

    Returns
    -------
    step : ndarray, shape (n, rows)
    convex : ndarray of bool, shape (rows,)
        No direction of negative curvature has shown.
    n_products : int
    """
    residual = small.right_side(rate)
    y, z = np.zeros_like(residual), residual / small.scale_S
    p, rz = z.copy(), np.einsum("ij,ij->j", residual, z)
    goal, convex, n = tolerance**2 * rz, small.symmetric.copy(), 0
    active = (rz > 0) & convex
    while active.any() and n < _PRODUCTS:
        bp = small.product(p)
        n += 1
        curvature = np.einsum("ij,ij->j", p, bp)
        # Relative to the curvature without couplings: near a bifurcation it tends to zero.
        bowl = curvature > 1e-3 * np.einsum("ij,ij->j", p, small.scale_S * p)
        convex &= bowl | ~active
        active &= bowl
        length = np.where(active, rz / np.where(active, curvature, 1.0), 0.0)
        y += length * p
        residual -= length * bp
        np.divide(residual, small.scale_S, out=z)
        previous, rz = rz, np.einsum("ij,ij->j", residual, z)
        active &= rz > goal
        p *= np.where(active, rz / np.where(active, previous, 1.0), 0.0)
        p += z
    return small.step(rate, y), convex & ~active, n


def _descend(
    rate: RateFunction, start_V: Array, unit_V: float
) -> tuple[Array, NDArray[np.bool_], int, int]:
    """Guarded Newton steps of a block (n, rows).

    Returns
    -------
    u_V : ndarray, shape (n, rows)
    arrived : ndarray of bool, shape (rows,)
        Every step was accepted, and nothing moves any more.
    n_evaluations, n_steps : int
        Products with the small-signal matrix count as evaluations.
    """
    u, now = start_V.copy(), rate(start_V, np.empty_like(start_V))
    fine, n_evaluations = np.ones(u.shape[1], dtype=bool), 1
    moving = np.abs(now).max(axis=0) > RESIDUAL * unit_V
    for n_steps in range(_NEWTON_STEPS + 1):
        if n_steps == _NEWTON_STEPS or not (moving & fine).any():
            break
        small = rate.linearised(u)
        if small is None:
            return start_V, np.zeros_like(fine), n_evaluations, n_steps
        # Inexact Newton: as accurate as quadratic convergence can use.
        tolerance = 1e-2 if np.abs(now[:, fine]).max() > 1e-2 * unit_V else 1e-4
        change, convex, n_products = _solve(small, now, tolerance)
        near = np.abs(change).max(axis=0) < REACH * unit_V
        stepping = moving & fine & convex & near
        fine &= stepping | ~moving
        change *= stepping
        new = u + change
        after = rate(new, np.empty_like(new))
        slopes = small.power(now, change) + small.power(after, change)
        fine &= (slopes < 0) | ~stepping | (np.abs(after).max(axis=0) < RESIDUAL * unit_V)
        u, now = new, after
        n_evaluations += n_products + 2
        moving = np.abs(now).max(axis=0) > RESIDUAL * unit_V
    return u, fine & ~moving, n_evaluations, n_steps


def operating_point(
    rate_of: RateOf,
    u_V: Array,
    span: float,
    settings: Settling,
    system: System,
    rng: np.random.Generator | None = None,
) -> Chunk:
    """Settle rows to where they would stand after infinite time; `span` is not used.

    Parameters
    ----------
    rate_of : callable
        Right-hand side for some rows of the block.
    u_V : ndarray, shape (rows, n)
    system : System
        For its unit voltage.

    Returns
    -------
    Chunk
        Its `refused` marks rows that stand where a transient of `LONGEST_TAU` left them.
    """
    del span, rng
    unit_V = system.unit_V
    out = np.ascontiguousarray(u_V.T)
    left = np.arange(len(u_V))
    n_evaluations = n_steps = 0.0
    elapsed, span_tau = 0.0, FIRST_TAU
    rate = rate_of(left)
    pull = np.abs(rate(out, np.empty_like(out))) / np.maximum(rate.decay, 1e-12)[:, None]
    try_first = (pull.max(axis=0) < NEAR * unit_V).all()
    while len(left):
        rate, block = rate_of(left), out[:, left]
        if not try_first:
            block, n = _transient(rate, block, span_tau, settings, unit_V)
            elapsed, span_tau = elapsed + span_tau, elapsed + span_tau
            out[:, left] = block
            n_evaluations += n * len(left) / len(u_V)
        try_first = False
        block, arrived, n, steps = _descend(rate, block, unit_V)
        out[:, left[arrived]] = block[:, arrived]
        n_evaluations += n * len(left) / len(u_V)
        n_steps += steps * len(left) / len(u_V)
        left = left[~arrived]
        if elapsed >= LONGEST_TAU:
            break
    every = np.arange(len(u_V))
    chunk = finish(
        rate_of(every), out, int(np.ceil(n_evaluations)), int(np.ceil(n_steps)), unit_V, False
    )
    refused = np.zeros(len(u_V), dtype=bool)
    refused[left] = True
    return Chunk(chunk.u_V, chunk.residual, chunk.n_evaluations, chunk.n_steps, refused)
