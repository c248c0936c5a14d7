"""How a settle is computed: the numerical choices, which are no property of a chip."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurosim.config import Block

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
        Runge-Kutta-Chebyshev) or any of SciPy's.
    rtol, atol : float
        Tolerances of the transient; `atol` in units of the amplifiers' unit voltage.
    step_tau : float
        Step of the stochastic engine in time constants of a hidden node.
    """

    engine: Engine = "transient"
    method: Method = "ETD4"
    rtol: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    atol: Annotated[float, Field(gt=0)] = 1e-5
    step_tau: Annotated[float, Field(gt=0, le=2)] = 0.25
