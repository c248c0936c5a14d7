"""A circuit as SPICE text, and what ngspice makes of it."""

from neurosim.netlists.spice import has_ngspice, netlist, run_ngspice
from neurosim.netlists.texts import Characteristic, LawText
from neurosim.netlists.variants import hierarchical, noise_step_s, with_noise

__all__ = [
    "Characteristic",
    "LawText",
    "has_ngspice",
    "hierarchical",
    "netlist",
    "noise_step_s",
    "run_ngspice",
    "with_noise",
]
