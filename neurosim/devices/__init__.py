"""Devices: coupling pairs, nodes, springs, and their mismatch."""

from neurosim.devices.coupling import CouplingDevice, Target
from neurosim.devices.drift import Drift
from neurosim.devices.faults import FAULTS, Faults, Faulty
from neurosim.devices.levels import EvenConductance, EvenResistance, LevelTable
from neurosim.devices.node import Mismatch, Node, Spring, spread
from neurosim.devices.pulses import ExponentialStep, LinearStep, Pulse, PulsedDevices, SoftBounds
from neurosim.devices.read_noise import DeviceNoise, Traps
from neurosim.devices.writing import Verify, Write, Written

__all__ = [
    "FAULTS",
    "CouplingDevice",
    "DeviceNoise",
    "Drift",
    "EvenConductance",
    "EvenResistance",
    "ExponentialStep",
    "Faults",
    "Faulty",
    "LevelTable",
    "LinearStep",
    "Mismatch",
    "Node",
    "Pulse",
    "PulsedDevices",
    "SoftBounds",
    "Spring",
    "Target",
    "Traps",
    "Verify",
    "Write",
    "Written",
    "spread",
]
