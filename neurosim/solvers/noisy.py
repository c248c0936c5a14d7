"""Noise in the dynamics, in equal steps that are exact in the leak and the springs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neurosim.solvers.etd import ETD2
from neurosim.solvers.flicker import Noise
from neurosim.solvers.system import System
from neurosim.solvers.transient import Chunk, RateOf, finish

__all__ = ["noisy"]

Array = NDArray[np.float64]


def noisy(
    rate_of: RateOf,
    u_V: Array,
    span: float,
    step_tau: float,
    dtype: np.dtype[np.floating],
    system: System,
    noise: Noise,
) -> Chunk:
    """Run a block of rows for `span` time constants with noise, in steps of at most `step_tau`."""
    rate = rate_of(np.arange(len(u_V)), dtype)
    step = span / max(1, math.ceil(span / step_tau - 1e-9))
    with np.errstate(over="ignore", invalid="ignore"):
        solver = ETD2(
            lambda _t, y: y,
            0.0,
            u_V.T.ravel(),
            span,
            decay=rate.decay,
            rows=len(u_V),
            nonlinear=rate.nonlinear,
            step=step,
            path=noise.path(system, rate.decay, len(u_V), step),
            dtype=dtype,
        )
        n_steps = 0
        while solver.status == "running":
            solver.step()
            n_steps += 1
        return finish(
            rate, solver.y.reshape(u_V.T.shape), solver.nfev, n_steps, system.unit_V, failed=False
        )
