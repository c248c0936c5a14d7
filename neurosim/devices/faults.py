"""Devices that do not obey: stuck, dead and open ones, drawn once at fabrication."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from neurosim.blocks.block import Sourced
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Sigma

__all__ = ["FAULTS", "Faults", "Faulty"]

Array = NDArray[np.float64]

# Number of each kind in `Faulty.kind` and in the weight table; 0 is a device that works.
FAULTS = ("", "stuck_low", "stuck_high", "dead", "open")


class Faulty(NamedTuple):
    """Kind of fault of each device (0: none), and the conductance that it keeps."""

    kind: NDArray[np.uint8]
    conductance_S: Array


class Faults(Sourced):
    """Shares of devices that no write changes.

    Parameters
    ----------
    stuck_low : float
        Stuck at the idle conductance.
    stuck_high : float
        Stuck at the top of the range.
    dead : float
        Unresponsive, anywhere in the range with equal probability.
    open : float
        Conducting nothing.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Faults(stuck_low=0.01)
    Faults(stuck_low=0.01)
    """

    stuck_low: Sigma = 0.0
    stuck_high: Sigma = 0.0
    dead: Sigma = 0.0
    open: Sigma = 0.0

    @model_validator(mode="after")
    def _some_work(self) -> Faults:
        total = self.stuck_low + self.stuck_high + self.dead + self.open
        if total >= 1:
            text = f"must be below 1 together with the other shares, but is {total:g}"
            raise BlockError([(("open",), text)])
        return self

    def draw(
        self, present: NDArray[np.bool_], idle_S: float, range_S: float, rng: np.random.Generator
    ) -> Faulty:
        """Which of the devices that are there fail, and how."""
        shares = [self.stuck_low, self.stuck_high, self.dead, self.open]
        u, place = rng.random(present.shape), rng.random(present.shape)
        ends = np.cumsum(shares)
        fails = (u < ends[-1]) & present
        kind = np.where(fails, 1 + np.searchsorted(ends, u, side="right"), 0)
        stuck_S = np.array([np.nan, idle_S, idle_S + range_S, np.nan, 0.0])
        value_S = np.where(kind == 3, idle_S + range_S * place, stuck_S[kind])
        return Faulty(kind.astype(np.uint8), value_S)
