"""Sweeps: a grid of chips, recipes and ways of sampling, trained once each and sampled each."""

from neurosim.sweeps.engines import Engine
from neurosim.sweeps.plan import Sweep
from neurosim.sweeps.points import Point, expand
from neurosim.sweeps.ranking import Group, badness, best, front, groups
from neurosim.sweeps.sweep import SweepFolder, run_sweep

__all__ = [
    "Engine",
    "Group",
    "Point",
    "Sweep",
    "SweepFolder",
    "badness",
    "best",
    "expand",
    "front",
    "groups",
    "run_sweep",
]
