"""Sweeps: a grid of chips, recipes and ways of sampling, trained once each and sampled each."""

from neurosim.sweeps.folder import SweepFolder, run_sweep
from neurosim.sweeps.making import expand
from neurosim.sweeps.notebook import sweep
from neurosim.sweeps.plan import Sweep
from neurosim.sweeps.points import Point
from neurosim.sweeps.ranking import Group, as_good, badness, best, front, groups, standing
from neurosim.sweeps.table import Table
from neurosim.sweeps.workers import Workers

__all__ = [
    "Group",
    "Point",
    "Sweep",
    "SweepFolder",
    "Table",
    "Workers",
    "as_good",
    "badness",
    "best",
    "expand",
    "front",
    "groups",
    "run_sweep",
    "standing",
    "sweep",
]
