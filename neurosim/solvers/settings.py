"""How a settle is computed: the numerical choices, which are no property of a chip."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from neurosim.blocks.block import Block
from neurosim.blocks.mistakes import BlockError

__all__ = ["ENGINES", "METHODS", "Engine", "Method", "Settling"]

Engine = Literal["transient", "stochastic", "operating_point"]
Method = Literal["ETD4", "RKC", "RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"]
ENGINES: tuple[Engine, ...] = ("transient", "stochastic", "operating_point")
METHODS: tuple[Method, ...] = ("ETD4", "RKC", "RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA")


class Settling(Block):
    """Engine and tolerances.

    Parameters
    ----------
    engine : {"transient", "stochastic", "operating_point"}
        `transient` integrates for the settling time, without noise; `stochastic` has noise in
        the dynamics; `operating_point` settles for an infinite time.
    method : str
        Solver of the transient: ETD4 (ours, exact in leaks and springs), RKC (ours, stabilised
        Runge-Kutta-Chebyshev) or any of SciPy's. RKC is stable for a real spectrum alone: where
        couplings are not reciprocal or amplifiers lag, ETD4 takes its place.
    rtol, atol : float
        Tolerances of the transient; `atol` in units of the amplifiers' unit voltage.
    step_tau : float
        Step of the stochastic engine in time constants of a hidden node.
    precision : {"float64", "float32"}
        Of the integration by ETD4 and of the stochastic engine: float32 takes about half the time,
        and its rounding, 1e-7 of a voltage a step, stays far below the default tolerances. An
        operating point ends as accurate in either.
    """

    engine: Engine = "transient"
    method: Method = "ETD4"
    rtol: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    atol: Annotated[float, Field(gt=0)] = 1e-5
    step_tau: Annotated[float, Field(gt=0, le=2)] = 0.25
    precision: Literal["float64", "float32"] = "float64"

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """NumPy's type of `precision`."""
        return np.dtype(self.precision)

    @model_validator(mode="after")
    def _precision_has_a_solver(self) -> Settling:
        if self.precision == "float32" and self.engine == "transient" and self.method != "ETD4":
            text = f"must be float64 with {self.method}; only ETD4 integrates in float32"
            raise BlockError([(("precision",), text)])
        return self
