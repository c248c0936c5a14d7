"""Faults that somebody could make, each as a change of one place of the package.

A fault names the test file that should catch it first. It is planted in a copy of the tree, never
in the tree itself; its text must stand there exactly once.
"""

from planted import around, physics
from planted.fault import Fault

__all__ = ["FAULTS", "Fault"]

FAULTS = physics.FAULTS + around.FAULTS
