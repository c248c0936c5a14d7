"""Digits on oscillators that are not ideal in one way, and what a host does about it."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lessons import learned
from oscillators import hardware, recipe
from resistors import write

from neurosim.host import AsymmetricEP, Experiment
from neurosim.profile import Profile

# Standard deviation of natural frequencies, as a share of K.
DETUNED = 0.2
_STRAYED = f"frequencies stray by {DETUNED:g} K"
# Angles of machines, by the words of the table.
_TURNED = {f"angle {angle:g} rad": angle for angle in (0.3, 0.45, 0.6)}
_MILD, _MORE, _MOST = _TURNED
_WATCHED = "`asymmetric`, 2 rounds, drift watched"
# Folder: words of the table, then what differs in the recipe.
VARIANTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "angle": (_MILD, "`gradep`", {}),
    "angle_asymmetric": (
        _MILD,
        "`asymmetric`, 2 rounds",
        {"rule": AsymmetricEP(rounds=2)},
    ),
    "angle_watched": (_MILD, _WATCHED, {"rule": AsymmetricEP(rounds=2, drift=True)}),
    "more_angle": (_MORE, "`gradep`", {}),
    "more_angle_watched": (_MORE, _WATCHED, {"rule": AsymmetricEP(rounds=2, drift=True)}),
    "most_angle": (_MOST, "`gradep`", {}),
    "most_angle_watched": (_MOST, _WATCHED, {"rule": AsymmetricEP(rounds=2, drift=True)}),
    "detuned": (_STRAYED, "couplings and fields learn", {}),
    "detuned_frequencies": (
        _STRAYED,
        "frequencies learn too",
        {"learning.tuned": ("detuning",)},
    ),
    "detuned_both": (
        _STRAYED,
        "frequencies and locking learn too",
        {"learning.tuned": ("sync", "detuning")},
    ),
}


def machine(name: str) -> Profile:
    """The ideal machine with an angle, or with frequencies that stray."""
    ideal = hardware("ideal_oscillator")
    if (words := VARIANTS[name][0]) in _TURNED:
        return ideal.with_value("node.law.angle_rad", _TURNED[words])
    return ideal.with_value("node.law.detuning_Hz", DETUNED / (2 * np.pi * ideal.node.tau_s))


def asked(found: argparse.Namespace, name: str, seed: int) -> Experiment:
    """The ideal machine's recipe, and what differs."""
    return recipe(found, "ideal_oscillator", seed).with_values(VARIANTS[name][2])


def _place(found: argparse.Namespace, name: str, seed: int) -> Path:
    return Path(found.out / "variants" / f"{name}_{seed}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings, seed by seed."""
    names = list(VARIANTS)[1:2] if found.quick else found.variants or list(VARIANTS)
    return [
        (learned, machine(name), asked(found, name, seed), _place(found, name, seed))
        for seed in range(found.seeds)
        for name in names
    ]


def tell(found: argparse.Namespace) -> None:
    """Figures and table of what has been trained, of whichever seeds."""
    head = ["ideal machine, but", "", "seeds", "test accuracy, %", "training set, %"]
    write(found, "variants", {name: partial(_place, found, name) for name in VARIANTS}, head, _row)


def _row(name: str, kept: list[dict[str, Any]]) -> list[Any]:
    means = _mean(kept, "test_accuracy"), _mean(kept, "accuracy")
    return [*VARIANTS[name][:2], len(kept), *means]


def _mean(kept: list[dict[str, Any]], exam: str) -> str:
    return f"{100 * np.mean([one[exam] for one in kept]):.1f}"
