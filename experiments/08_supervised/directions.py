"""Couplings whose two directions mismatch, with and without what makes up for it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np

from neurosim.blocks.units import format_quantity
from neurosim.converters import Injectors
from neurosim.host import AsymmetricEP, GradEP
from neurosim.profile import Profile

PICTURE = "Accuracy by mismatch of the directions"
MISMATCH = (0.0, 0.1, 0.2, 0.3, 0.5)
RULES = {"EP": GradEP(), "with the remedy": AsymmetricEP()}
N_JUDGED = 360
# A third of the recipe's updates: the remedy settles and reads several times as often.
SHORT = {"updates": 200}


def chip_of(mismatch: float) -> Profile:
    """An ideal circuit, of whose couplings each direction has a device of its own."""
    changes = {
        "coupling.directions": "separate",
        "mismatch.coupling": mismatch,
        "injectors": Injectors(layers=(1, 2)),
    }
    return lessons.hardware("ideal_hopfield", changes=changes)


def _place(found: argparse.Namespace, rule: str, mismatch: float, seed: int) -> Path:
    word = "remedy" if "remedy" in rule else rule
    return Path(found.out / "directions" / f"{word}_{mismatch:g}_{seed}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings; the mismatches without a remedy first."""
    return [
        (
            lessons.learned,
            chip_of(mismatch),
            lessons.recipe(found, rule=law, seed=seed, **SHORT),
            _place(found, rule, mismatch, seed),
        )
        for seed in range(min(found.seeds, 2))
        for rule, law in RULES.items()
        for mismatch in (MISMATCH[-1:] if found.quick else MISMATCH[::-1])
    ]


def tell(found: argparse.Namespace) -> None:
    """Accuracy by mismatch and rule."""
    results = {
        rule: {
            f"{mismatch:g}": runs
            for mismatch in MISMATCH
            if (runs := lessons.finished([_place(found, rule, mismatch, seed)
                                          for seed in range(found.seeds)]))
        }
        for rule in RULES
    }  # fmt: skip
    if any(results.values()):
        lessons.write(found, "directions", results, table(results), PICTURE)
        draw(results, found.results / "directions.png")


def table(results: dict[str, dict[str, list[lessons.Result]]]) -> str:
    """A row a mismatch, four columns a rule."""
    rows = []
    for mismatch in MISMATCH:
        row: list[Any] = [f"{100 * mismatch:g} %"]
        for rule in RULES:
            runs = results[rule].get(f"{mismatch:g}", [])
            row += _cells(runs) if runs else [""] * 4
        rows.append(row)
    names = ("test accuracy, %", "test loss", "training of the chip", "seeds")
    heads = [f"{rule}: {name}" for rule in RULES for name in names]
    return common.table(["mismatch of each direction", *heads], rows)


def _cells(runs: list[lessons.Result]) -> list[Any]:
    loss, time_s = (np.mean([run[key] for run in runs]) for key in ("test_loss", "training_s"))
    accuracy = lessons.spread(lessons.accuracies(runs))
    return [accuracy, f"{loss:.3f}", format_quantity(float(time_s), "s", 3), len(runs)]


def draw(results: dict[str, dict[str, list[lessons.Result]]], path: Path) -> None:
    """Accuracy over mismatch, with the standard error that so many images leave."""
    fig, ax = common.new_figure(size=(6, 4))
    for (rule, by_mismatch), color, shift in zip(
        results.items(), (lessons.BLUE, lessons.RED), (-0.4, 0.4), strict=True
    ):
        x = [100 * float(mismatch) + shift for mismatch in by_mismatch]
        share = np.array([np.mean(lessons.accuracies(runs)) for runs in by_mismatch.values()])
        error = np.sqrt(share * (1 - share) / N_JUDGED)
        ax.errorbar(x, 100 * share, 100 * error, fmt="o-", capsize=3, color=color, label=rule)
    ax.set(xlabel="mismatch of each direction, %", ylabel="test accuracy, %", ylim=(94, 100))
    ax.grid(lw=0.4, alpha=0.5)
    ax.legend(frameon=False)
    common.save(fig, path)
