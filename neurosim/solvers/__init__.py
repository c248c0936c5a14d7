"""Settling engines; they know no circuits."""

from neurosim.solvers.brownian import BrownianPath
from neurosim.solvers.etd import ETD2, ETD4
from neurosim.solvers.flicker import FlickerSource
from neurosim.solvers.rkc import RKC
from neurosim.solvers.settings import ENGINES, METHODS, Settling
from neurosim.solvers.settle import (
    Settled,
    available_threads,
    memory_estimate_bytes,
    one_blas_thread,
    settle,
)
from neurosim.solvers.system import RateFunction, System

__all__ = [
    "ENGINES",
    "ETD2",
    "ETD4",
    "METHODS",
    "RKC",
    "BrownianPath",
    "FlickerSource",
    "RateFunction",
    "Settled",
    "Settling",
    "System",
    "available_threads",
    "memory_estimate_bytes",
    "one_blas_thread",
    "settle",
]
