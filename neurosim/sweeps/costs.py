"""What points of a sweep cost beside each other: a share of their own, and what they settle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from neurosim.host import Experiment, SamplingSettings
from neurosim.sweeps.points import Point

__all__ = ["costs_of", "law_of"]

Array = NDArray[np.float64]


def costs_of(points: Sequence[Point]) -> Array:
    """One, and what all samples settle in units of C / g, for each point: (n, 2)."""
    costs = [(1.0, point.sampling.n * _sample_tau(point)) for point in points]
    return np.array(costs).reshape(-1, 2)


def _sample_tau(point: Point) -> float:
    """Settling of a sample, or of an answer."""
    recipe = Experiment() if point.training is None else point.training.experiment
    profile = point.deploy or (point.named[0] if point.training is None else point.training.profile)
    how, default = point.sampling, SamplingSettings()
    settle_tau = how.settle_tau or recipe.flow.settle_tau or profile.host.settle_tau
    if not recipe.task.has_paths:
        return settle_tau
    t_end = how.t_end or default.t_end
    if (how.mode or default.mode) != "free-running":
        return settle_tau * t_end / (how.dt or default.dt)
    node = profile.node
    return settle_tau + t_end * recipe.flow.alpha * node.release_capacitance_F / node.capacitance_F


def law_of(seen: Array, took_s: Array) -> Array:
    """A point's own time and that of each unit of settling; neither is negative."""
    if np.ptp(seen[:, 1]) == 0:  # One length tells no slope.
        return np.array([took_s.mean(), 0.0])
    return np.asarray(nnls(seen, took_s)[0])
