"""Weight tables for other tools, and back."""

from neurosim.tables.checking import check_table, profile_of
from neurosim.tables.faulty import read_faults
from neurosim.tables.formats import FORMATS, export, read_table, write_table
from neurosim.tables.plan import Plan, plan
from neurosim.tables.programming import program_table
from neurosim.tables.table import WeightTable, table
from neurosim.tables.tiles import tiled

__all__ = [
    "FORMATS",
    "Plan",
    "WeightTable",
    "check_table",
    "export",
    "plan",
    "profile_of",
    "program_table",
    "read_faults",
    "read_table",
    "table",
    "tiled",
    "write_table",
]
