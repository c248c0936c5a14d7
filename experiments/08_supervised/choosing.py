"""Recipe, on digits that are not judged by: a fifth of the training digits is kept for choosing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
import twin

from neurosim.data import Dataset, load_dataset
from neurosim.host import Classify

# What is tried beside the recipe, one change at a time.
TRIED: dict[str, dict[str, Any]] = {
    "the recipe": {},
    "rate 2.5e-3": {"learning_rate": 2.5e-3},
    "rate 1e-2": {"learning_rate": 1e-2},
    "beta 0.1": {"flow.beta": 0.1},
    "beta 0.4": {"flow.beta": 0.4},
    "10 tau a phase": {"flow.settle_tau": 10.0},
}
SEEDS, TWINS = 2, 5


def training_digits(out: Path) -> Path:
    """File of the digits that are learned from, which the task splits once more."""
    path, digits = out / "choosing" / "digits.npz", load_dataset("digits")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        rows, labels = Classify().split(digits)[0], Classify().labels(digits)
        np.savez(path, images=digits.images[rows], labels=labels[rows])
    return path


def _twins(data: Dataset, found: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Back-propagation with the same choices of the rate."""
    profile = lessons.hardware("ideal_hopfield")
    return {
        name: [
            twin.twin(profile, lessons.recipe(found, seed=seed, **changes), data)
            for seed in range(1 if found.quick else TWINS)
        ]
        for name, changes in TRIED.items()
        if not changes or "learning_rate" in changes
    }


def _places(name: str, found: argparse.Namespace) -> list[Path]:
    word = name.replace(" ", "_")
    return [found.out / "choosing" / f"{word}_{seed}" for seed in range(min(SEEDS, found.seeds))]


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings of the ideal circuit."""
    file = str(training_digits(found.out))
    tried = list(TRIED)[:2] if found.quick else list(TRIED)
    return [
        (
            lessons.learned,
            lessons.hardware("ideal_hopfield"),
            lessons.recipe(found, dataset=file, seed=seed, **TRIED[name]),
            place,
        )
        for name in tried
        for seed, place in enumerate(_places(name, found))
    ]


def tell(found: argparse.Namespace) -> None:
    """Accuracy on the fifth, of each choice."""
    results = {name: lessons.finished(_places(name, found)) for name in TRIED}
    results = {name: runs for name, runs in results.items() if runs}
    if not results:
        return
    data = load_dataset(training_digits(found.out))
    twins = common.kept(found.out / "choosing" / "twins.json", lambda: _twins(data, found))
    rows = []
    for name, runs in results.items():
        loss = f"{np.mean([run['test_loss'] for run in runs]):.4f}"
        beside = lessons.spread(lessons.accuracies(twins[name])) if name in twins else ""
        rows.append([name, len(runs), lessons.spread(lessons.accuracies(runs)), loss, beside])
    head = ["choice", "seeds", "accuracy on the fifth, % (range)", "loss there"]
    table = common.table([*head, f"back-propagation, {TWINS} seeds, %"], rows)
    lessons.write(found, "choosing", {"EP": results, "back-propagation": twins}, table)
