"""Noise in the dynamics, on a ramp of steps that nothing but the circuit decides."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import ConvergenceError
from neurosim.solvers.brownian import NoisePath
from neurosim.solvers.field import Field, field_of
from neurosim.solvers.flicker import Noise
from neurosim.solvers.krogstad import stepping
from neurosim.solvers.system import System
from neurosim.solvers.transient import Chunk, RateOf, arrays_of

__all__ = ["LONGEST_STEP", "noisy", "ramp", "stepped"]

Array = NDArray[np.float64]

LONGEST_STEP = 1.0
# Nodes that act on each other faster than this, per tau, take shorter steps.
_GAIN = 1.5
# Beyond it steps are so short that no settle would end: a network that learns has a few.
_MOST_GAIN = 1e3
# A settle begins with a jump of its sources.
_SHORT, _N_SHORT = 0.5, 2


def ramp(span: float, longest: float = LONGEST_STEP, goes_on: bool = False) -> list[float]:
    """Steps that add up to `span`: two of at most half of the longest, then equal ones.

    Where a settle goes on under the same sources, all are equal.

    Examples
    --------
    >>> ramp(4.0)
    [0.5, 0.5, 1.0, 1.0, 1.0]
    >>> ramp(2.0, goes_on=True)
    [1.0, 1.0]
    """
    parts = span / longest
    if goes_on:
        n = max(1, math.ceil(parts - 1e-9))
        return [span / n] * n
    n_long = math.ceil(parts - _SHORT * _N_SHORT - 1e-9)
    if n_long < 1:
        n = max(1, math.ceil(parts / _SHORT - 1e-9))
        return [span / n] * n
    step = span / (n_long + _SHORT * _N_SHORT)
    return [_SHORT * step] * _N_SHORT + [step] * n_long


def noisy(
    rate_of: RateOf,
    u_V: Array,
    span: float,
    dtype: np.dtype[np.floating],
    system: System,
    noise: Noise,
) -> Chunk:
    """Run a block of rows for `span` time constants with noise.

    The steps depend on the couplings and on nothing that a phase, a row or a draw could change:
    two nudged phases of one noise then differ by their nudge alone.

    Raises
    ------
    ConvergenceError
        The couplings are so strong beside the leaks that the steps would be too short.
    """
    rate = rate_of(np.arange(len(u_V)), dtype)
    field = field_of(rate, dtype, arrays_of(rate_of))
    gain = float(getattr(rate, "gain", 0.0))
    if gain > _MOST_GAIN:
        raise ConvergenceError(
            f"Couplings must pull at most {_MOST_GAIN:g} times as hard as leaks where a settle has "
            f"noise, but pull {gain:.3g} times; look for a conductance of the profile in another "
            "unit: `neurosim profiles check` warns of it."
        )
    steps = ramp(span, LONGEST_STEP / max(1.0, gain / _GAIN), noise.goes_on)
    return stepped(field, u_V, steps, noise.path(system, field, len(u_V)), system.unit_V)


def stepped(
    field: Field, u_V: Array, steps: Sequence[float], path: NoisePath | None, unit_V: float
) -> Chunk:
    """Run a block of rows in these steps."""
    with np.errstate(over="ignore", invalid="ignore"), stepping(field, u_V.T) as stepper:
        for h in steps:
            stepper.attempt(h, None if path is None else path.kick(h))
            stepper.accept()
        residual = stepper.fastest_V() / unit_V
        residual[~np.isfinite(residual)] = np.inf
        ended_V = np.ascontiguousarray(field.leave(stepper.z).T)
    return Chunk(ended_V, residual, stepper.evaluations, len(steps))
