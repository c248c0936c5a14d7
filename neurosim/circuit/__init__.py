"""Circuits: amplifiers, conductance pairs, node laws, co-content and local contrasts."""

from neurosim.circuit.amplified import Gradient, Hopfield
from neurosim.circuit.amplifiers import Amplifier, Linear, Silu, Tanh, UnitAmplifier
from neurosim.circuit.by_layer import ByLayer
from neurosim.circuit.circuit import Circuit
from neurosim.circuit.crossbars import Crossbars
from neurosim.circuit.diodes import Diode, IdealDiode, PointsDiode, ShockleyDiode
from neurosim.circuit.driven import DrivenCircuit
from neurosim.circuit.elements import Pairs, Springs
from neurosim.circuit.fluctuation import Fluctuation
from neurosim.circuit.graded import Graded
from neurosim.circuit.interaction import Interaction
from neurosim.circuit.laws import Law, Oscillating, Passive, check_answers
from neurosim.circuit.locking import Locking
from neurosim.circuit.measured import Measured
from neurosim.circuit.node import Node
from neurosim.circuit.oscillator import Oscillator
from neurosim.circuit.outputs import Amplifiers, Imperfect, imperfect
from neurosim.circuit.resistive import Resistive
from neurosim.circuit.shunts import Shunts

__all__ = [
    "Amplifier",
    "Amplifiers",
    "ByLayer",
    "Circuit",
    "Crossbars",
    "Diode",
    "DrivenCircuit",
    "Fluctuation",
    "Graded",
    "Gradient",
    "Hopfield",
    "IdealDiode",
    "Imperfect",
    "Interaction",
    "Law",
    "Linear",
    "Locking",
    "Measured",
    "Node",
    "Oscillating",
    "Oscillator",
    "Pairs",
    "Passive",
    "PointsDiode",
    "Resistive",
    "ShockleyDiode",
    "Shunts",
    "Silu",
    "Springs",
    "Tanh",
    "UnitAmplifier",
    "check_answers",
    "imperfect",
]
