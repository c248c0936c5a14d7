"""What each imperfection of a chip does, and what a chip spends."""

from neurosim.analysis.answered import AnswerConditions
from neurosim.analysis.answers import Answering
from neurosim.analysis.energy import FORMULAS, energy_table, formulas_of
from neurosim.analysis.imperfections import SOURCES, Source, ideal, only, present, without
from neurosim.analysis.noise import ALL, BETA, SETTLE, Figures, Point, Row, ledger, scan_beta
from neurosim.analysis.observe import Conditions

__all__ = [
    "ALL",
    "BETA",
    "FORMULAS",
    "SETTLE",
    "SOURCES",
    "AnswerConditions",
    "Answering",
    "Conditions",
    "Figures",
    "Point",
    "Row",
    "Source",
    "energy_table",
    "formulas_of",
    "ideal",
    "ledger",
    "only",
    "present",
    "scan_beta",
    "without",
]
