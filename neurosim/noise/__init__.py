"""The noise ledger: which imperfection of a chip does what to a read and to the gradient."""

from neurosim.noise.measure import ALL, BETA, SETTLE, Figures, Point, Row, ledger, scan_beta
from neurosim.noise.observe import Conditions
from neurosim.noise.sources import SOURCES, Source, ideal, only, present, without

__all__ = [
    "ALL",
    "BETA",
    "SETTLE",
    "SOURCES",
    "Conditions",
    "Figures",
    "Point",
    "Row",
    "Source",
    "ideal",
    "ledger",
    "only",
    "present",
    "scan_beta",
    "without",
]
