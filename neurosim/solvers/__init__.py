"""Settling engines; they know no circuits."""

from neurosim.solvers.brownian import BrownianPath
from neurosim.solvers.engines import METHODS, Engine, OperatingPoint, Settling, Transient
from neurosim.solvers.etd import ETD4
from neurosim.solvers.flicker import FlickerSource, Noise
from neurosim.solvers.settle import (
    Settled,
    available_threads,
    memory_estimate_bytes,
    settle,
)
from neurosim.solvers.system import RateFunction, System
from neurosim.solvers.transient import Chunk, RateOf, finish

__all__ = [
    "ETD4",
    "METHODS",
    "BrownianPath",
    "Chunk",
    "Engine",
    "FlickerSource",
    "Noise",
    "OperatingPoint",
    "RateFunction",
    "RateOf",
    "Settled",
    "Settling",
    "System",
    "Transient",
    "available_threads",
    "finish",
    "memory_estimate_bytes",
    "settle",
]
