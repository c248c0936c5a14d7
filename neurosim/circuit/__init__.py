"""Circuits: amplifiers, conductance pairs, node laws, co-content and local contrasts."""

from neurosim.circuit.amplifiers import AMPLIFIERS, Amplifier, Linear, Silu, Tanh
from neurosim.circuit.circuit import Circuit, Law
from neurosim.circuit.driven import DrivenCircuit
from neurosim.circuit.elements import Pairs, Springs
from neurosim.circuit.fluctuation import Fluctuation

__all__ = [
    "AMPLIFIERS",
    "Amplifier",
    "Circuit",
    "DrivenCircuit",
    "Fluctuation",
    "Law",
    "Linear",
    "Pairs",
    "Silu",
    "Springs",
    "Tanh",
]
