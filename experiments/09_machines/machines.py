"""Digits on networks of resistors: what is trained, how it is read, and how it is judged."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import numpy as np

from neurosim.converters import DoubleSampling
from neurosim.host import Experiment
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run

DIGITS = (128, 128, 10)
# Full scales in units of the host: inputs stand at +-100, hidden nodes below 60, and what a nudge of
# beta 0.2 moves below 0.5.
INPUT, HIDDEN, MOVED = 100.0, 60.0, 0.5

# Name -> bits of the converter, and whether nudged phases are read as differences.
READOUTS: dict[str, tuple[int | None, bool]] = {
    "exact": (None, False),
    "difference, 4 bits": (4, True),
    "plain, 8 bits": (8, False),
    "difference, 8 bits": (8, True),
    "plain, 10 bits": (10, False),
    "plain, 12 bits": (12, False),
}


def hardware(name: str, changes: dict[str, Any] | None = None) -> Profile:
    """A profile with the layers and sources of the task."""
    fitting = {"layers": DIGITS, "sources": (0, -1)}
    return load_profile(name).with_values(fitting | (changes or {}))


def read_so(readout: str) -> Profile:
    """The ideal network, read so. Answers are read over a range that fits them, in every case."""
    bits, difference = READOUTS[readout]
    if bits is None:
        return hardware("ideal_resistive")
    unit_V = load_profile("ideal_resistive").node.unit_V
    changes: dict[str, Any] = {
        "adc.bits": bits,
        "adc.auto_range": True,
        "adc.visible_range_V": INPUT * unit_V,
        "adc.hidden_range_V": HIDDEN * unit_V,
    }
    if difference:
        changes["readout"] = DoubleSampling(gain=HIDDEN / MOVED, capacitance_F=1e-12)
    return hardware("ideal_resistive", changes)


def recipe(found: argparse.Namespace, seed: int, **changes: Any) -> Experiment:
    """That of `neurosim train --task classify`."""
    asked = Experiment.suited("classify").with_values({"seed": seed} | changes)
    return asked.with_values({"updates": 2, "batch": 16}) if found.quick else asked


def learned(profile: Profile, experiment: Experiment, folder: Path) -> dict[str, Any]:
    """What a training has come to; done once."""
    run = common.trained(profile, experiment, folder)
    return common.judged(run)


def place(found: argparse.Namespace, name: str, seed: int) -> Path:
    """Folder of a training."""
    return Path(found.out / f"{name.replace(', ', '_').replace(' ', '_')}_{seed}")


def accuracies(found: argparse.Namespace, name: str) -> list[float]:
    """Of the digits that are kept for judging, in per cent, for every seed that has been judged."""
    shares = []
    for seed in range(found.seeds):
        folder = place(found, name, seed)
        kept = sorted(folder.glob("judged_*.json"))
        if kept and Run.open(folder).experiment == recipe(found, seed, **found.changes.get(name, {})):
            shares.append(100 * common.kept(kept[0], dict)["test_accuracy"])
    return shares


def row(name: str, shares: list[float]) -> str:
    """Of a table: seeds, mean and range."""
    if not shares:
        return f"| {name} | 0 | | |"
    spread = f"{min(shares):.1f} to {max(shares):.1f}" if len(shares) > 1 else ""
    return f"| {name} | {len(shares)} | {np.mean(shares):.1f} | {spread} |"
