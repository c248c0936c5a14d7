r"""What steps that are linear in the conductance mean for one device, by each law of pulses.

A ramp begins at the bound that it leaves. `linear_step` has its bounds there, and its slopes
follow; where steps vanish at these bounds, it is `soft_bounds`, with bounds where steps would end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from neurosim.devices.fit.dynamics import Dynamics
from neurosim.devices.fit.part import Array
from neurosim.devices.fit.ramps import Ramps
from neurosim.devices.fit.spread import spread_of

__all__ = ["Devices", "before_the_end", "devices_of", "is_soft", "nominal_of"]

_NAMES = ("low", "high", "log_states", "log_step", "asymmetry", "gamma_up", "gamma_down")
# A slope this near to 1, or as near as its error tells up to the second number, is one.
_NEAR, _VAGUE = 0.1, 0.2
# At most this share of the range is left out at a hard bound.
_MOST_CUT = 0.25


class Devices(NamedTuple):
    """Numbers of each device by name, in units of the range seen, and their standard errors."""

    values: dict[str, Array]
    errors: dict[str, Array]


def before_the_end(ramps: Ramps, found: Dynamics) -> Ramps:
    """Ramps up to where the next pulses may run into the hard bound of a linear step.

    A reading is left out for those before it alone, so that the ones kept are no selection.
    """
    ends = 1 - _starts(ramps, found)[0].reshape(-1, 2)[:, ::-1].ravel()
    starts = _starts(ramps, found)[0]
    noise = np.sqrt(found.noise[0] + found.noise[1])
    margin = np.minimum(np.abs(found.steps) * (2 + 4 * noise), _MOST_CUT * (ends - starts))
    near = ramps.g[:, :-1] > (ends - margin)[ramps.group][:, None]
    gone = np.concatenate([np.zeros((len(near), 1), bool), np.cumsum(near, axis=1) > 0], axis=1)
    g, n = np.where(gone, np.nan, ramps.g), np.where(gone, np.nan, ramps.n)
    whole = np.isfinite(g).sum(axis=1) > 1
    if len(np.unique(ramps.group[whole])) < len(starts):
        return ramps
    return replace(ramps, g=g[whole], n=n[whole], group=ramps.group[whole])


def _inputs(ramps: Ramps, found: Dynamics) -> tuple[Array, Array]:
    """Per device: steps and slopes up and down, starts up and down; and their covariance."""
    n = len(ramps.devices)
    starts, errors = _starts(ramps, found)
    both = np.stack([found.steps, found.slopes], axis=1).reshape(n, 4)
    ends = np.stack([starts[0::2], 1 - starts[1::2]], axis=1)
    covariance = np.zeros((n, 6, 6))
    for way in range(2):
        at = slice(2 * way, 2 * way + 2)
        covariance[:, at, at] = found.covariance[way::2]
        covariance[:, 4 + way, 4 + way] = errors[way::2] ** 2
    return np.concatenate([both, ends], axis=1), covariance


def _starts(ramps: Ramps, found: Dynamics) -> tuple[Array, Array]:
    """Mean start of each group's ramps and its standard error."""
    counts = np.bincount(ramps.group)
    mean = np.bincount(ramps.group, ramps.g[:, 0]) / counts
    squares = np.sum((ramps.g[:, 0] - mean[ramps.group]) ** 2)
    freedom = len(ramps.group) - len(counts)
    scatter = squares / freedom if freedom else 0.0
    return mean, np.sqrt(np.maximum(scatter, found.noise[2]) / counts)


def _numbers(x: Array, soft: bool) -> Array:
    """Of `_NAMES`, shape (7, n), from inputs of shape (n, 6)."""
    step_up, slope_up, step_down, slope_down, low, high = x.T
    if soft:
        low, high = 0.5 - step_down / slope_down, 0.5 + step_up / slope_up
        up, down = slope_up * (high - low), slope_down * (high - low)
        gammas = np.ones_like(up), np.ones_like(up)
    else:
        middle = (low + high) / 2 - 0.5
        up, down = step_up - slope_up * middle, step_down + slope_down * middle
        gammas = slope_up * (high - low) / (2 * up), slope_down * (high - low) / (2 * down)
    step = (up + down) / 2
    return np.stack([
        low, high, np.log((high - low) / step), np.log(step), (up - down) / (up + down), *gammas
    ])  # fmt: skip


def devices_of(ramps: Ramps, found: Dynamics, soft: bool) -> Devices:
    """What the law says of each device; standard errors to first order.

    Raises
    ------
    FloatingPointError
        Some device's steps do not make sense in this law.
    """
    x, covariance = _inputs(ramps, found)
    with np.errstate(invalid="raise", divide="raise"):
        y = _numbers(x, soft)
        h = 1e-5 * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)) + 1e-12
        by = np.stack(
            [(_numbers(x + h * (np.arange(6) == k), soft) - y) / h[:, k] for k in range(6)]
        )
    variance = np.einsum("iyn,nij,jyn->yn", by, covariance, by)
    errors = np.sqrt(np.maximum(variance, 0.0))
    if not (np.isfinite(y).all() and np.isfinite(errors).all()):
        raise FloatingPointError
    return Devices(dict(zip(_NAMES, y, strict=True)), dict(zip(_NAMES, errors, strict=True)))


def is_soft(devices: Devices) -> bool:
    """Whether steps of `linear_step` vanish where the ramps the other way begin, both ways."""
    for name in ("gamma_up", "gamma_down"):
        gamma = spread_of(devices.values[name], devices.errors[name]).mean[0]
        if 1 - gamma.value > min(max(_NEAR, 3 * gamma.error), _VAGUE):
            return False
    return True


def nominal_of(ramps: Ramps, found: Dynamics, devices: Devices) -> float:
    """Step in the middle of the range seen over the nominal step, the mean of all groups."""
    step, skew = np.exp(devices.values["log_step"]), devices.values["asymmetry"]
    nominal = np.stack([step * (1 + skew), step * (1 - skew)], axis=1).ravel()
    return float(np.mean(np.abs(found.steps) / nominal))
