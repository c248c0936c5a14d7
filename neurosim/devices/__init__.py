"""Devices: coupling pairs, springs, and their mismatch."""

from neurosim.devices.coupling import CouplingDevice, Target
from neurosim.devices.curves import Piece
from neurosim.devices.drift import Drift, DriftLaw, Leak, LogRelaxation, PowerLaw, TableDrift
from neurosim.devices.drivers import ClassA, ClassAB, DriverLaw
from neurosim.devices.faults import FAULTS, Faults, Faulty
from neurosim.devices.levels import EvenConductance, EvenResistance, LevelLaw, LevelTable
from neurosim.devices.node import Mismatch, Spring, spread
from neurosim.devices.pulses import (
    ExponentialStep,
    LinearStep,
    Pulse,
    PulsedDevices,
    PulseLaw,
    SoftBounds,
)
from neurosim.devices.read_noise import DeviceNoise, Telegraph, Traps
from neurosim.devices.supply import Supply
from neurosim.devices.thermal import Thermal
from neurosim.devices.wires import Wires
from neurosim.devices.writing import Verify, Write, Written

__all__ = [
    "FAULTS",
    "ClassA",
    "ClassAB",
    "CouplingDevice",
    "DeviceNoise",
    "Drift",
    "DriftLaw",
    "DriverLaw",
    "EvenConductance",
    "EvenResistance",
    "ExponentialStep",
    "Faults",
    "Faulty",
    "Leak",
    "LevelLaw",
    "LevelTable",
    "LinearStep",
    "LogRelaxation",
    "Mismatch",
    "Piece",
    "PowerLaw",
    "Pulse",
    "PulseLaw",
    "PulsedDevices",
    "SoftBounds",
    "Spring",
    "Supply",
    "TableDrift",
    "Target",
    "Telegraph",
    "Thermal",
    "Traps",
    "Verify",
    "Wires",
    "Write",
    "Written",
    "spread",
]
