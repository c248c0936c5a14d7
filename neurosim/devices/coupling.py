"""Programmable devices that make couplings and biases: levels, encoding, programming noise."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.config import IdleSiemens, Levels, Sigma, Sourced

__all__ = ["CouplingDevice", "Target"]

Array = NDArray[np.float64]


class Target(NamedTuple):
    """Conductances to program, [S]; `n_clipped` weights lay beyond the full scale."""

    plus_S: Array
    minus_S: Array
    n_clipped: int


class CouplingDevice(Sourced):
    r"""A pair of conductances G+ and G- for one signed weight.

    .. math:: dG = G^+ - G^- = w\,g, \qquad G^\pm \in [g_\min,\; g_\min + w_\max g]

    with g the conductance of weight 1 (the leak of a node).

    Parameters
    ----------
    encoding : {"one_sided", "complementary"}
        `one_sided`: one device of the pair carries the weight, the other idles at g_min.
        `complementary`: G+ + G- is constant, so that the load of a node does not depend on weights.
    full_scale : float
        Largest weight w_max.
    idle_S : float
        g_min, the conductance of a device at level 0.
    levels : int or None
        Number of equally spaced conductances of one device; None is a continuum.
    programming_noise : float
        Standard deviation of a write over the range w_max g, drawn at each write of a device that
        is not fully off.
    directions : {"shared", "separate"}
        Whether one device serves both directions of a coupling, or two (written alike, each with
        its own mismatch and noise: not reciprocal).
    """

    encoding: Literal["one_sided", "complementary"]
    full_scale: Annotated[float, Field(gt=0)]
    idle_S: IdleSiemens
    levels: Levels
    programming_noise: Sigma
    directions: Literal["shared", "separate"]

    def target(self, weight: Array, unit_S: float) -> Target:
        """Nearest programmable pair for each weight; `unit_S` is the conductance of weight 1."""
        w = np.clip(weight, -self.full_scale, self.full_scale)
        n_clipped = int(np.count_nonzero(w != weight))
        if self.encoding == "one_sided":
            plus, minus = np.maximum(w, 0.0), np.maximum(-w, 0.0)
        else:
            plus, minus = (self.full_scale + w) / 2, (self.full_scale - w) / 2
        if self.levels is not None:
            step = self.full_scale / (self.levels - 1)
            # Half-way values go up in G+ and down in G-.
            up, down = np.floor(plus / step + 0.5), np.ceil(minus / step - 0.5)
            if self.encoding == "complementary":
                # Not rounded by itself: the sum must stay constant where weights lie half-way.
                down = self.levels - 1 - up
            plus, minus = up * step, down * step
        return Target(self.idle_S + plus * unit_S, self.idle_S + minus * unit_S, n_clipped)

    def level(self, conductance_S: Array, unit_S: float) -> NDArray[np.int64]:
        """Level code of each target conductance (levels must be finite)."""
        if self.levels is None:
            raise ValueError(
                "CouplingDevice.level needs a finite number of levels, but it is ideal."
            )
        step = self.full_scale * unit_S / (self.levels - 1)
        return np.rint((conductance_S - self.idle_S) / step).astype(np.int64)

    def nominal_load_S(self, unit_S: float) -> float:
        """Sum G+ + G- of a pair that holds weight 0 [S]."""
        extra = self.full_scale * unit_S if self.encoding == "complementary" else 0.0
        return 2 * self.idle_S + extra

    def write(self, target_S: Array, unit_S: float, rng: np.random.Generator) -> Array:
        """Conductances that a write of these targets leaves behind, never below 0 S."""
        if self.programming_noise == 0:
            return target_S
        error = self.programming_noise * self.full_scale * unit_S
        noisy = target_S + error * rng.standard_normal(target_S.shape)
        return np.where(target_S > 0, np.maximum(noisy, 0.0), 0.0)
