"""Digits on coupled oscillators: an ideal machine, and two that could be built."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from lessons import learned
from resistors import counted, write

from neurosim.host import Classify, Experiment
from neurosim.profile import Profile, load_profile

LAYERS = (64, 120, 10)
# What differs from the recipe. Inputs of 1.5 rad brought seed 2 to 97.5 %, of 1 rad to 96.4 %; of
# 0.5 rad seed 0 to 95.3 %.
MACHINES: dict[str, dict[str, Any]] = {
    "ideal_oscillator": {"flow.beta": 0.1, "task.input_gain": 1.5},
    "oim_lc_board": {},
    "oim_ring_65nm": {},
}


def hardware(name: str) -> Profile:
    """A profile with the layers and the sources of the task."""
    return load_profile(name).with_values({"layers": LAYERS, "sources": (0, -1)})


def recipe(found: argparse.Namespace, name: str, seed: int) -> Experiment:
    """That of `neurosim train --task classify` with the machine's nudge; two updates if quick."""
    short = {"updates": 2, "batch": 32} if found.quick else {}
    return Experiment.suited(Classify()).with_values({"seed": seed, **MACHINES[name], **short})


def place(found: argparse.Namespace, name: str, seed: int) -> Path:
    """Folder of a training."""
    return Path(found.out / "oscillators" / f"{name}_{seed}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings, seed by seed."""
    names = found.machines or (list(MACHINES)[:1] if found.quick else list(MACHINES))
    return [
        (learned, hardware(name), recipe(found, name, seed), place(found, name, seed))
        for seed in range(found.seeds)
        for name in names
    ]


def tell(found: argparse.Namespace) -> None:
    """Figures and table of what has been trained, of whichever seeds."""
    head = ["machine", "seeds", "test accuracy, % (range)", "training set, %"]
    write(found, "oscillators", {name: partial(place, found, name) for name in MACHINES}, head,
          lambda name, runs: [f"`{name}`", *counted(runs)])  # fmt: skip
