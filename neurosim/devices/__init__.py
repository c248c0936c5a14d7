"""Devices: coupling pairs, nodes, springs, and their mismatch."""

from neurosim.devices.coupling import CouplingDevice, Target
from neurosim.devices.node import Mismatch, Node, Spring, spread

__all__ = ["CouplingDevice", "Mismatch", "Node", "Spring", "Target", "spread"]
