"""neurosim: a circuit-level simulator of neuromorphic hardware that learns and draws.

Read the package in this order:

======================== ==========================================================================
`network`                which node is where: a layered network as one crossbar
`circuit.amplifiers`     node amplifiers
`circuit.elements`       pairs of conductances, springs
`circuit.laws`           what a node puts out, and what its couplings do to it
`circuit.circuit`        currents, co-content, local contrasts
`solvers.etd`            integrators that take leaks and springs exactly
`solvers.settle`         a batch in chunks on threads
`devices.coupling`       programmable conductance pairs
`chip.interface`         what a host sees of a chip
`chip.chip`              a die behind converters, with a clock
`host.phases`            the free and the two nudged phases
`host.gradep`            every weight's gradient from its own two end points
`host.trainer`           the loop
======================== ==========================================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Loaded at first use, so that `neurosim --help` does not wait for NumPy and SciPy.
_HOME = {
    "Adc": "converters",
    "Chip": "chip",
    "CouplingDevice": "devices",
    "CurrentSense": "converters",
    "Dac": "converters",
    "Experiment": "host",
    "Faults": "devices",
    "FlowSettings": "host",
    "Mismatch": "devices",
    "Node": "circuit",
    "Profile": "profile",
    "Run": "runs",
    "SamplingSettings": "host",
    "Spring": "devices",
    "Trained": "runs",
    "Trainer": "host",
    "Write": "devices",
    "evaluate": "runs",
    "export_weights": "runs",
    "load_digits": "data",
    "load_profile": "profile",
    "resume": "runs",
    "sample": "runs",
    "shipped_profiles": "profile",
    "train": "runs",
}

__all__ = sorted(_HOME)  # noqa: PLE0605  # a list of str, which ruff cannot see through `sorted`


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'neurosim' has no attribute {name!r}")
    return getattr(import_module(f"neurosim.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
