"""Every profile, by equilibrium propagation and by coupled learning."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
import twin

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
    height = 2.4 + 0.5 * max(len(names), 8)
    fig, (upper, lower) = common.new_figure(2, 1, size=(7, height))
    rows = np.arange(len(names))
    for rule, color, shift in (("EP", lessons.BLUE, -0.16), ("coupled", lessons.RED, 0.16)):
        of = {k: results[f"{name}, {rule}"] for k, name in enumerate(names)
              if f"{name}, {rule}" in results}  # fmt: skip
        for k, found in of.items():
            values = [100 * value for value in lessons.accuracies(found)]
            upper.plot(values, [k + shift] * len(values), ".", color=color, alpha=0.5)
            upper.plot(np.mean(values), k + shift, "|", ms=12, mew=2, color=color)
        if of:
            most = max(map(len, of.values()))
            mean_of = f"mean of {most} seeds" if most > 1 else "one seed"
            upper.plot([], [], "|", ms=12, mew=2, color=color, label=f"{rule}, {mean_of}")
    best = 100 * np.mean([found[TWIN]["test_accuracy"] for found in others])
    upper.axvline(
        best,
        color=lessons.GREY,
        ls="--",
        lw=1,
        label=f"back-propagation, mean of {len(others)} seeds",
    )
    upper.set_yticks(rows, names)
    upper.set_ylim(len(names) - 0.5, -0.5)
    upper.set_xlabel("test accuracy, %")
    upper.grid(axis="y", lw=0.4, alpha=0.5)
    upper.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.3, 1.0), ncols=3)
    colors = [f"C{k % 10}" for k in rows]
    for k, name in enumerate(names):
        curves = [result["by_settling"] for result in results.get(f"{name}, EP", [])]
        if curves:
            mean = 100 * np.mean([curve["accuracy"] for curve in curves], axis=0)
            style = "-" if k < 10 else "--"
            lower.plot(curves[0]["tau"], mean, style, color=colors[k], label=name)
    lower.set_xscale("log")
    lower.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    lower.set_xlabel("settling time of a decision, units of C/g")
    lower.set_ylabel("test accuracy after EP, %")
    lower.legend(frameon=False, fontsize=8, ncols=2, loc="lower right")
    common.save(fig, path)


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
