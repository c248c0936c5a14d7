"""Devices: coupling pairs, nodes, springs, and their mismatch."""

from neurosim.devices.coupling import CouplingDevice, Target
from neurosim.devices.drift import Drift
from neurosim.devices.node import Mismatch, Node, Spring, spread
from neurosim.devices.read_noise import DeviceNoise, Traps

__all__ = [
    "CouplingDevice",
    "DeviceNoise",
    "Drift",
    "Mismatch",
    "Node",
    "Spring",
    "Target",
    "Traps",
    "spread",
]
