"""The stochastic engine: noise in the dynamics, exact in the leak and the springs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import ConvergenceError
from neurosim.solvers.brownian import BrownianPath, NoisePath
from neurosim.solvers.etd import ETD2
from neurosim.solvers.flicker import FlickerPath, Noise
from neurosim.solvers.settings import Settling
from neurosim.solvers.system import System
from neurosim.solvers.transient import Chunk, RateOf, finish

__all__ = ["stochastic"]

Array = NDArray[np.float64]


def stochastic(
    rate_of: RateOf,
    u_V: Array,
    span: float,
    settings: Settling,
    system: System,
    noise: Noise | None,
) -> Chunk:
    """Run a block of rows for `span` time constants with noise, in equal steps.

    Raises
    ------
    ConvergenceError
        There is no stream for the noise.
    """
    if noise is None:
        raise ConvergenceError(
            "The stochastic engine needs a random stream, but has none; pass `noise_of`."
        )
    rate = rate_of(np.arange(len(u_V)), settings.dtype)
    step = span / max(1, math.ceil(span / settings.step_tau - 1e-9))
    path: NoisePath = BrownianPath(noise.white, system.noise_V, rate.decay, len(u_V), step)
    if noise.flicker is not None:
        path = FlickerPath(path, noise.flicker, system.flicker_V, rate.decay)
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
            path=path,
            dtype=settings.dtype,
        )
        n_steps = 0
        while solver.status == "running":
            solver.step()
            n_steps += 1
        return finish(
            rate, solver.y.reshape(u_V.T.shape), solver.nfev, n_steps, system.unit_V, failed=False
        )
