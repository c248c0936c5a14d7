"""The chip: what a host sees of it, one fabricated die, its converters and its ledger."""

from neurosim.chip.chip import Chip
from neurosim.chip.die import Die
from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.chip.ledger import Ledger

__all__ = ["Chip", "ChipInterface", "DataSheet", "Die", "Ledger"]
