r"""The operating point: where a row would stand after infinite time, and how that is made sure.

A transient of the usual tolerance brings each row near; Newton's method, its steps solved by
conjugate gradients on the symmetric small-signal matrix B, takes it the rest of the way in few
products. Newton alone may land in another basin, so a row is accepted only if at every step

- no direction of negative curvature shows in B (the state lies in a bowl),
- no node moves further than half a unit voltage: a longer step is shortened,
- the potential falls: the mean of its slopes at both ends of the step is negative,

and ends where nothing moves. Any other row goes back to where the transient left it; from
`CREEP_TAU` on it follows slow modes by implicit steps as guarded. Where these fail too it follows
the transient twice as long before the next attempt, from `ALONE_TAU` on so finely that it rests by
it. Rows that are still refused after `LONGEST_TAU` are left where it has brought them, and counted.

A system that is convex, and says so, has one rest and needs no transient: see `block_descent`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.solvers.block_descent import block_descent
from neurosim.solvers.newton import RESIDUAL, creep, descend, pull
from neurosim.solvers.system import Convex, RateFunction
from neurosim.solvers.transient import Chunk, RateOf, Tolerances, arrays_of, finish, follow

__all__ = ["operating_point"]

Array = NDArray[np.float64]

# The transient only chooses the basin: its tolerances are this much wider.
LOOSE = 3.0
FIRST_TAU, LONGEST_TAU = 10.0, 1280.0
# From here on Euler's implicit steps are tried after Newton's.
CREEP_TAU = 40.0
# Rows that no such step takes must come to rest by the transient alone: from here on it is one
# of float64 that follows them until they do.
ALONE_TAU = 160.0
# A disturbance that moves no node further than this, coupling aside, is tried without a transient.
NEAR = 0.05


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


def operating_point(
    rate_of: RateOf,
    u_V: Array,
    tolerances: Tolerances,
    unit_V: float,
    elapsed: float = 0.0,
    longest: float = LONGEST_TAU,
) -> Chunk:
    """Settle rows to where they would stand after infinite time.

    Parameters
    ----------
    rate_of : callable
        Right-hand side for some rows of the block.
    u_V : ndarray, shape (rows, n)
    tolerances : Tolerances
        Of the transient, before it is made `LOOSE` times as wide.
    unit_V : float
    elapsed : float
        For how long they have followed a transient before, in tau.
    longest : float
        After how much of it no other is begun.

    Returns
    -------
    Chunk
        Its `refused` marks rows that stand where a transient of `longest` left them.
    """
    left = np.arange(len(u_V))
    rate = rate_of(left)
    if isinstance(rate, Convex) and (blocks := rate.blocks()) is not None:
        return block_descent(blocks, rate_of, rate, u_V, unit_V)
    out = np.ascontiguousarray(u_V.T)
    residual, n_evaluations, n_steps = np.full(len(u_V), np.inf), 1.0, 0.0
    now = None
    if not elapsed:
        at_start = rate(out, np.empty_like(out))
        now = at_start if (pull(at_start, rate) < NEAR * unit_V).all() else None
    while len(left):
        if now is None:
            if elapsed >= ALONE_TAU:
                tolerances = _to_rest(tolerances)
            block, span_tau = np.take(out, left, axis=1), elapsed or FIRST_TAU
            block, n = _transient(rate_of, left, block, span_tau, tolerances, unit_V)
            elapsed += span_tau
            out[:, left] = block
            n_evaluations += n * len(left) / len(u_V)
        attempts = [partial(descend, now=now)] + [creep] * (elapsed >= CREEP_TAU)
        now = None
        for attempt in attempts:
            found = attempt(rate_of, left, np.take(out, left, axis=1), unit_V=unit_V)
            there = left[found.arrived]
            out[:, there] = found.u_V[:, found.arrived]
            residual[there] = found.speed[found.arrived]
            n_evaluations += found.n_evaluations * len(left) / len(u_V)
            n_steps += found.n_steps * len(left) / len(u_V)
            left = left[~found.arrived]
            if not len(left):
                break
        if elapsed >= longest:
            break
    refused = np.zeros(len(u_V), dtype=bool)
    refused[left] = True
    if len(left):
        block = np.take(out, left, axis=1)
        residual[left] = finish(rate_of(left), block, 0, 0, unit_V, False).residual
    ended_V = np.ascontiguousarray(out.T)
    evaluations, steps = int(np.ceil(n_evaluations)), int(np.ceil(n_steps))
    return Chunk(ended_V, residual, evaluations, steps, refused)
