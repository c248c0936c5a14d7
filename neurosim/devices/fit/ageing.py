"""What lines over the logarithm of time say in each law of drift."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr

from neurosim.devices.fit.lines import Aged, lines_of
from neurosim.devices.fit.part import Array, Part
from neurosim.devices.fit.spread import Spread, spread_of

__all__ = ["LogFit", "PowerFit"]

_PLAUSIBLE = 0.01
_MOST_DEGREE = 2
# The power law's exponent is cut off at 0: at most this share of devices may fall to that.
_MOST_CUT = 0.01


class _Fit(ABC):
    """Lines through the readings as a law has them straight.

    Attributes
    ----------
    spread : str
        Field of the block that is the spread among devices.
    """

    spread: str

    def __init__(self, data: Aged, y: Array, unit: Array) -> None:
        self.data, self.lines = data, lines_of(data, y, unit)

    @abstractmethod
    def part(self) -> Part:
        """The block, with what is to be said of it."""

    @abstractmethod
    def mean_S(self, log_t: Array) -> Array:
        """Mean conductance of all devices at these times."""

    def _part(
        self, block: dict[str, Any], errors: dict[str, Any], assumed: dict[str, str], facts: Any
    ) -> Part:
        return Part(
            "drift", block, errors, assumed, len(self.data.time_s), [], "time (s)",
            "conductance (S)", facts=facts,
        )  # fmt: skip


class PowerFit(_Fit):
    """G_0 (t / t_0)^-nu: lines of ln G."""

    spread = "exponent_spread"

    def __init__(self, data: Aged) -> None:
        super().__init__(data, np.log(data.conductance_S), np.ones_like(data.conductance_S))

    @cached_property
    def nu(self) -> Spread:
        """Exponent over the target, a polynomial of the least plausible degree, and its spread."""
        x, nu, errors = self.data.x, -self.lines.slopes, self.lines.errors
        levels = np.unique(x)
        each = spread_of(nu, errors, (x[:, None] == levels).astype(float))
        root_w = np.sqrt(each.weights)
        for degree in range(min(_MOST_DEGREE, len(levels) - 1) + 1):
            powers = np.vander(x, degree + 1, increasing=True)
            mean = np.linalg.lstsq(powers * root_w[:, None], nu * root_w, rcond=None)[0]
            misfit = float(np.sum(each.weights * (nu - powers @ mean) ** 2)) - each.left
            freedom = len(levels) - degree - 1
            if freedom == 0 or chdtrc(freedom, misfit) > _PLAUSIBLE:
                break
        return spread_of(nu, errors, powers)

    def _mean(self, x: Array) -> Array:
        powers = [m.value for m in self.nu.mean]
        mean: Array = np.polynomial.polynomial.polyval(x, powers) + np.zeros_like(x)
        return mean

    @property
    def cuts_off(self) -> bool:
        """Whether so many devices rise that a law whose exponent is at least 0 would lose them."""
        nu, mean = self.nu, self._mean(np.unique(self.data.x))
        error = nu.mean[0].error if len(nu.mean) == 1 else nu.sigma.value / np.sqrt(nu.freedom)
        cut = ndtr(-mean / nu.sigma.value) if nu.sigma.value else np.zeros_like(mean)
        return bool((mean <= 3 * error).any() or (cut > _MOST_CUT).any())

    def part(self) -> Part:
        """The block, with what is to be said of it."""
        values, errors = [m.value for m in self.nu.mean], [m.error for m in self.nu.mean]
        constant, noise = len(values) == 1, self.lines.noise
        block = {
            "law": "power", "start_s": self.data.start_s,
            "reference_S": float(self.data.targets.max()),
            "exponent": values[0] if constant else {"polynomial": values},
            "exponent_spread": self.nu.sigma.value,
        }  # fmt: skip
        errors_of = {
            "exponent": errors[0] if constant else {"polynomial": errors},
            "exponent_spread": self.nu.sigma.error,
        }
        part = self._part(block, errors_of, {}, {"reading_noise": noise})
        part.notes.append(
            f"noise of a reading {100 * noise:.2g} % of it, which exponent_spread is without"
        )
        return part

    def mean_S(self, log_t: Array) -> Array:
        """Mean conductance of all devices at these times."""
        starts, nu = np.exp(self.lines.starts), self._mean(self.data.x)
        return np.array([np.mean(starts * np.exp(-nu * log)) for log in log_t])


class LogFit(_Fit):
    """G_0 + a ln (t / t_0): lines of G."""

    spread = "spread_growth_S"

    def __init__(self, data: Aged) -> None:
        super().__init__(data, data.conductance_S, data.conductance_S)

    @cached_property
    def shift(self) -> Spread:
        """Slope and its spread."""
        return spread_of(self.lines.slopes, self.lines.errors)

    def part(self) -> Part:
        """The block, with what is to be said of it."""
        block = {
            "law": "log", "start_s": self.data.start_s, "shift_S": self.shift.mean[0].value,
            "spread_S": "ideal", "spread_growth_S": self.shift.sigma.value,
        }  # fmt: skip
        errors = {
            "shift_S": self.shift.mean[0].error,
            "spread_growth_S": self.shift.sigma.error,
        }
        why = "not fitted: what devices have at start_s is the error of their write"
        noise = self.lines.noise
        part = self._part(block, errors, {"spread_S": why}, {"reading_noise_S": noise})
        part.notes.append(f"noise of a reading {noise:.2g} S, which spread_growth_S is without")
        self._warn_of_targets(part)
        return part

    def _warn_of_targets(self, part: Part) -> None:
        """The law has one shift for all targets."""
        targets = np.unique(self.data.targets)
        if len(targets) == 1:
            return
        slopes, of = self.lines.slopes, (self.data.targets[:, None] == targets).astype(float)
        each = spread_of(slopes, self.lines.errors, of)
        mean = self.shift.mean[0].value
        misfit = float(np.sum(each.weights * (slopes - mean) ** 2)) - each.left
        if chdtrc(len(targets) - 1, misfit) < _PLAUSIBLE:
            shown = "; ".join(
                f"{target:.3g} S: {m.value:.2g}"
                for target, m in zip(targets, each.mean, strict=True)
            )
            part.warnings.append(
                f"drift.shift_S differs between targets, the block has one ({shown})"
            )

    def mean_S(self, log_t: Array) -> Array:
        """Mean conductance of all devices at these times."""
        mean: Array = self.lines.starts.mean() + self.shift.mean[0].value * log_t
        return mean
