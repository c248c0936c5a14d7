"""Every profile, by equilibrium propagation and by coupled learning."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
import twin
from matplotlib.axes import Axes

from neurosim.blocks.units import format_quantity
from neurosim.data import load_dataset
from neurosim.runs.examining import rivals_of

PICTURE = "Accuracy of every chip, and by settling time"
TWIN = "back-propagation of the same network"
COSTS = {
    "energy_per_decision_J": "J",
    "time_per_decision_s": "s",
    "training_J": "J",
    "training_s": "s",
}
Results = dict[str, list[lessons.Result]]


def place(found: argparse.Namespace, name: str, rule: str, seed: int) -> Path:
    """Where a training lies."""
    return Path(found.out / f"{name}_{rule}_{seed}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings: one of every profile before the second of any."""
    names = lessons.NAMES[:2] if found.quick else lessons.NAMES
    return [
        (
            lessons.learned,
            lessons.hardware(name),
            lessons.recipe(found, rule=lessons.RULES[rule], seed=seed),
            place(found, name, rule, seed),
        )
        for rule in found.rules
        for seed in range(found.seeds)
        for name in names
    ]


def without_a_chip(found: argparse.Namespace, seed: int) -> dict[str, dict[str, float]]:
    """What needs no chip, on the same split: the same network, and scikit-learn's."""
    digits, asked = load_dataset("digits"), lessons.recipe(found, seed=seed)
    profile = lessons.hardware("ideal_hopfield")
    same = common.kept(found.out / f"twin_{seed}.json", lambda: twin.twin(profile, asked, digits))
    others = common.kept(
        found.out / f"rivals_{seed}.json", lambda: rivals_of(digits, asked, lessons.DIGITS)
    )
    names = {"back-propagation": "scikit-learn's network"}
    return {TWIN: same} | {names.get(name, name): row for name, row in others.items()}


def settled_tau(results: list[lessons.Result]) -> float:
    """Shortest settle within half a point of the accuracy of the longest, mean over seeds."""
    curves = np.mean([result["by_settling"]["accuracy"] for result in results], axis=0)
    enough = curves >= curves[-1] - 0.005
    return float(results[0]["by_settling"]["tau"][int(np.argmax(enough))])


def _mean(results: list[lessons.Result], key: str) -> float:
    return float(np.mean([result[key] for result in results]))


def table(results: Results, others: list[dict[str, dict[str, float]]]) -> str:
    """Accuracy and cost of every chip, and the accuracy of what needs none."""
    head = ["chip, rule", "seeds", "test accuracy, % (range)", "training set, %"]
    head += ["enough settling, tau", "a decision: energy", "time", "training: energy", "time"]
    rows: list[list[Any]] = []
    for name, found in results.items():
        test = lessons.spread(lessons.accuracies(found))
        seen = f"{100 * _mean(found, 'accuracy'):.1f}"
        costs = [format_quantity(_mean(found, key), unit, 3) for key, unit in COSTS.items()]
        rows.append([name, len(found), test, seen, f"{settled_tau(found):g}", *costs])
    for name in others[0]:
        found = [other[name] for other in others]
        test = lessons.spread(lessons.accuracies(found))
        seen = f"{100 * _mean(found, 'accuracy'):.1f}"
        rows.append([f"*{name}*", len(others), test, seen, *[""] * 5])
    return common.table(head, rows)


def draw(results: Results, others: list[dict[str, dict[str, float]]], path: Path) -> None:
    """Test accuracy of every chip, and how it grows with settling."""
    names = list(dict.fromkeys(key.partition(", ")[0] for key in results))
    fig, (upper, lower) = common.new_figure(2, 1, size=(7.5, 2.4 + 0.6 * max(len(names), 8)))
    rows, present = np.arange(len(names)), [r for r in lessons.RULES if _of(results, names, r)]
    shifts = {rule: 0.32 * (k - (len(present) - 1) / 2) for k, rule in enumerate(present)}
    for rule, color in zip(present, (lessons.BLUE, lessons.RED), strict=False):
        of, shift = _of(results, names, rule), shifts[rule]
        for k, found in of.items():
            values = [100 * value for value in lessons.accuracies(found)]
            upper.plot(values, [k + shift] * len(values), ".", color=color, alpha=0.5)
            upper.plot(np.mean(values), k + shift, "|", ms=12, mew=2, color=color)
        upper.plot([], [], "|", ms=12, mew=2, color=color, label=rule)
    best = 100 * np.mean([found[TWIN]["test_accuracy"] for found in others])
    upper.axvline(best, color=lessons.GREY, ls="--", lw=1, label="back-propagation")
    upper.set_yticks(rows, names)
    upper.set_ylim(len(names) - 0.5, -0.5)
    upper.set_xlabel("test accuracy, %: each seed a dot, their mean a bar")
    upper.grid(lw=0.4, alpha=0.5)
    fig.legend(frameon=False, loc="outside upper center", ncols=3)
    _by_settling(lower, _of(results, names, "EP"), names)
    common.save(fig, path)


def _of(results: Results, names: list[str], rule: str) -> dict[int, list[lessons.Result]]:
    """Trainings by one rule, by the chip's place."""
    keys = {k: f"{name}, {rule}" for k, name in enumerate(names)}
    return {k: results[key] for k, key in keys.items() if key in results}


def _by_settling(ax: Axes, of: dict[int, list[lessons.Result]], names: list[str]) -> None:
    """Accuracy as numbers, a row a chip and a column a settling time."""
    curves = [[run["by_settling"] for run in runs] for runs in of.values()]
    tau = curves[0][0]["tau"]
    grid = np.array([np.mean([c["accuracy"] for c in own], axis=0) for own in curves]) * 100
    ax.imshow(grid, aspect="auto", cmap="viridis", vmin=85, vmax=100)
    for (k, j), value in np.ndenumerate(grid):
        color = "white" if value < 93 else "black"
        ax.text(j, k, f"{value:.0f}" if value < 95 else f"{value:.1f}", ha="center", va="center",
                fontsize=7, color=color)  # fmt: skip
    ax.set_yticks(range(len(of)), [names[k] for k in of])
    ax.set_xticks(range(len(tau)), [f"{value:g}" for value in tau])
    ax.set_xlabel("settling time of a decision, units of C/g")
    ax.set_title("test accuracy after EP, %, mean of the seeds above", fontsize=10)


def tell(found: argparse.Namespace) -> None:
    """Of every chip and rule that are there, of whichever seeds."""
    seeds = range(found.seeds)
    results: Results = {}
    for name in lessons.NAMES:
        for rule in lessons.RULES:
            runs = lessons.finished([place(found, name, rule, seed) for seed in seeds])
            if runs:
                results[f"{name}, {rule}"] = runs
    others = [without_a_chip(found, seed) for seed in seeds]
    everything = {"chips": results, "without a chip": others}
    lessons.write(found, "chips", everything, table(results, others), PICTURE)
    draw(results, others, found.results / "chips.png")
