"""Weight tables and netlists for other tools."""

from neurosim.export.spice import has_ngspice, netlist, run_ngspice
from neurosim.export.table import export, table

__all__ = ["export", "has_ngspice", "netlist", "run_ngspice", "table"]
