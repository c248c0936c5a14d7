r"""Measured points as ones that rise, where noise of the bench lets some of them fall.

The nearest outputs that do not fall, :math:`\min_y \sum_k (y_k - v_k)^2` with :math:`y_k \le
y_{k+1}`, are the means of runs of points (isotonic regression by pooling adjacent violators, Ayer
et al. 1955). A run that has a fall becomes one point at its mean, so that a curve that rises has no
steps; where that would move its points more than three times as far as they stray, it stays level.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from neurosim.blocks.units import format_quantity

__all__ = ["Risen", "check_order", "risen", "said_of_smoothing"]

Array = NDArray[np.float64]

# Of the swing of the outputs: a point that must be moved by more is no noise of a bench.
_MOST_NOISE = 0.01
_NEAR = 3.0


class Risen(NamedTuple):
    """Points whose outputs do not fall, by rising inputs."""

    at: Array
    values: Array


def check_order(
    points: Sequence[tuple[float, float]], field: str, inputs: str, outputs: str, or_: str = ""
) -> None:
    """Raise a ValueError unless inputs rise, and outputs fall by no more than a bench's noise.

    Parameters
    ----------
    points : sequence of (float, float)
    field, inputs, outputs : str
        Their names in the message.
    or_ : str
        What else can be done about a fall than to leave a point out.
    """
    x, _ = np.array(points).T
    wrong = np.flatnonzero(np.diff(x) <= 0)
    if len(wrong):
        raise ValueError(
            f"{field} must have {inputs} that rise, but point {wrong[0] + 2} does not; put them in "
            "order"
        )
    if (falls := _falls_too_far(points)) is not None:
        raise ValueError(
            f"{field} must have {outputs} that do not fall, but point {falls} does, by more than "
            f"the noise that is smoothed, {_MOST_NOISE:.0%} of the swing; leave it out{or_}"
        )


def _falls_too_far(points: Sequence[tuple[float, float]]) -> int | None:
    """Number from 1 of the first point that noise of a bench does not explain; None without."""
    _, y = np.array(points, dtype=np.float64).T
    moved = np.abs(isotonic_regression(y).x - y)
    far = np.flatnonzero(moved > _MOST_NOISE * np.ptp(y))
    falls = np.flatnonzero(np.diff(y) < 0) + 1
    return int(falls[np.argmin(np.abs(falls - far[0]))]) + 1 if len(far) else None


def risen(points: Sequence[tuple[float, float]], *, level_ends: bool) -> Risen:
    """As many points or fewer; as they are where no output falls.

    Parameters
    ----------
    points : sequence of (float, float)
        By rising inputs.
    level_ends : bool
        Whether a run at an end goes on level to the first or the last input.

    Examples
    --------
    >>> noisy = [(0.0, 0.0), (1.0, 1.0), (1.2, 1.3), (1.4, 1.2), (1.6, 1.5), (3.0, 3.0)]
    >>> risen(noisy, level_ends=True).at
    array([0. , 1. , 1.3, 1.6, 3. ])
    """
    x, y = np.array(points, dtype=np.float64).T
    bounds = isotonic_regression(y).blocks
    runs = [slice(*ends) for ends in pairwise(bounds)]
    falling = [bool((np.diff(y[run]) < 0).any()) for run in runs]

    def kept(run: slice, level: bool) -> tuple[Array, Array]:
        ends = x[run][[0, -1]]
        at = ends if level else [x[run].mean()]
        if not level and level_ends and run.start == 0:
            at = [ends[0], *at]
        if not level and level_ends and run.stop == len(x):
            at = [*at, ends[1]]
        return np.array(at), np.full(len(at), y[run].mean())

    def joined(level: Sequence[bool]) -> Risen:
        parts = [
            kept(run, flat) if falls else (x[run], y[run])
            for run, falls, flat in zip(runs, falling, level, strict=True)
        ]
        at, values = (np.concatenate(found) for found in zip(*parts, strict=True))
        return Risen(at, values)

    thin = joined([False] * len(runs))
    away = np.interp(x, *thin) - y
    return joined([_rms(away[run]) > _NEAR * _rms(y[run] - y[run].mean()) for run in runs])


def said_of_smoothing(field: str, measured: Array, kept: Array, unit: str) -> str | None:
    """How far points are from the curve that is kept, in words; None where no output falls."""
    if not (np.diff(measured) < 0).any():
        return None
    rms, most, swing = (
        format_quantity(value, unit, 2)
        for value in (
            _rms(kept - measured),
            float(np.abs(kept - measured).max()),
            float(np.ptp(measured)),
        )
    )
    return (
        f"{field}: what falls is smoothed, which moves the points by {rms} (rms), {most} at most, "
        f"of a swing of {swing}"
    )


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
