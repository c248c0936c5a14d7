"""The operating point of a convex system, blocks of nodes in turn, each at rest exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.solvers.system import Blocks, RateFunction
from neurosim.solvers.transient import Chunk, RateOf, finish

__all__ = ["block_descent"]

Array = NDArray[np.float64]

# Largest rate at rest, in unit voltages per tau.
RESIDUAL = 1e-8
# The distance to rest shrinks by a factor a sweep; so many are no descent any more.
_MOST_SWEEPS = 20_000


def block_descent(
    blocks: Blocks, rate_of: RateOf, rate: RateFunction, u_V: Array, unit_V: float
) -> Chunk:
    """Settle rows to where a convex system would stand after infinite time.

    What a row moves in a sweep, times the largest decay, is what may still move it; the rate itself
    is asked at the end, and the sweeps go on with a narrower bound where it is too large.

    Parameters
    ----------
    blocks : Blocks
    rate_of : callable
        Right-hand side for some rows of the block.
    rate : RateFunction
        That of all.
    u_V : ndarray, shape (rows, n)
    unit_V : float

    Returns
    -------
    Chunk
        Its `refused` marks rows that still moved after the last sweep.
    """
    out, n_sweeps = np.ascontiguousarray(u_V.T), 0
    bound = RESIDUAL * unit_V / max(float(np.max(rate.decay, initial=0.0)), 1e-300)
    every = np.arange(len(u_V))
    while True:
        moved = blocks.sweep(out)
        n_sweeps += 1
        if n_sweeps >= _MOST_SWEEPS or not moved.max(initial=0.0) > bound:
            chunk = finish(rate_of(every), out, n_sweeps, n_sweeps, unit_V, False)
            refused = ~(chunk.residual <= RESIDUAL)
            if n_sweeps >= _MOST_SWEEPS or not refused.any() or not moved.max(initial=0.0):
                break
            bound /= 10
    return Chunk(chunk.u_V, chunk.residual, chunk.n_evaluations, chunk.n_steps, refused)
