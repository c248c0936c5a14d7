"""Weight tables for other tools."""

from neurosim.export.table import export, table

__all__ = ["export", "table"]
