"""Weight tables and netlists for other tools."""

from neurosim.export.checking import check_table, profile_of
from neurosim.export.formats import FORMATS, export, read_table, write_table
from neurosim.export.plan import Plan, plan
from neurosim.export.programming import program_table
from neurosim.export.spice import has_ngspice, netlist, run_ngspice
from neurosim.export.table import WeightTable, table
from neurosim.export.tiles import read_faults, tiled

__all__ = [
    "FORMATS",
    "Plan",
    "WeightTable",
    "check_table",
    "export",
    "has_ngspice",
    "netlist",
    "plan",
    "profile_of",
    "program_table",
    "read_faults",
    "read_table",
    "run_ngspice",
    "table",
    "tiled",
    "write_table",
]
