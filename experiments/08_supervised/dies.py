"""Yield: weights learned offline and written to twenty dies, and learned in the loop on each."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import chips
import common
import lessons
import numpy as np
from matplotlib.ticker import FixedLocator

from neurosim.chip import Chip
from neurosim.data import load_dataset
from neurosim.host import Classify
from neurosim.runs import Run

PICTURE = "Wrong answers of every die"
OFFLINE = "ideal_hopfield"
LOOP = "cmos_rc_6bit"
N_DIES = 20
# Offline weights that go on learning on their die, for a sixth of the updates.
GOING_ON = {"updates": 100, "learning_rate": 1e-3}
BAR = 97
WRONG = (0.5, 1, 2, 3, 5, 10, 20, 40)
# Of its own law, for which the offline weights are not made.
OTHER = "ideal_gradient"
WAYS = ("written", "written, then 100 updates in the loop", "learned in the loop")


def offline(found: argparse.Namespace) -> Run:
    """The ideal circuit's training of seed 0."""
    place = chips.place(found, OFFLINE, "EP", 0)
    return common.trained(lessons.hardware(OFFLINE), lessons.recipe(found, seed=0), place)


def _dies(found: argparse.Namespace) -> range:
    return range(2 if found.quick else N_DIES)


def _file(found: argparse.Namespace, name: str) -> Path:
    return Path(found.out / "dies" / f"written_{name}.json")


def written(found: argparse.Namespace, name: str) -> None:
    """Test accuracy of every die that was given the offline weights."""
    common.kept(_file(found, name), lambda: [_written(found, name, die) for die in _dies(found)])


def _written(found: argparse.Namespace, name: str, die: int) -> float:
    task, chip = Classify(), Chip(lessons.hardware(name), die)
    chip.program(offline(found).weights())
    unseen = task.unseen(load_dataset("digits"))
    assert unseen is not None
    inputs, wanted = unseen
    said = task.answer(chip, inputs, wanted.shape[1], lessons.recipe(found).flow)
    return float(task.judge(said, wanted).figures["accuracy"])


def _on(found: argparse.Namespace, die: int) -> Path:
    return Path(found.out / "dies" / f"{LOOP}_on_{die}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Offline weights on the dies of every profile; on one profile also learning on each die."""
    start = offline(found)
    names = lessons.NAMES[:2] if found.quick else lessons.NAMES
    jobs: list[tuple[Any, ...]] = [
        (written, found, name) for name in names if name not in (OFFLINE, OTHER)
    ]
    for die in _dies(found):
        asked = lessons.recipe(found, seed=die, **GOING_ON)
        jobs.append((lessons.learned, lessons.hardware(LOOP), asked, _on(found, die), start))
    return jobs


def tell(found: argparse.Namespace) -> None:
    """Mean, spread and worst die of every profile, by way of learning."""
    on = [_on(found, die) for die in _dies(found)]
    results: dict[str, dict[str, list[float]]] = {}
    for name in lessons.NAMES:
        file = _file(found, name)
        if file.exists() and name != OTHER:
            results[name] = {WAYS[0]: json.loads(file.read_text())}
            seeds = [chips.place(found, name, "EP", seed) for seed in range(found.seeds)]
            results[name][WAYS[2]] = lessons.accuracies(lessons.finished(seeds))
    results.setdefault(LOOP, {})[WAYS[1]] = lessons.accuracies(lessons.finished(on))
    lessons.write(found, "dies", results, table(results), PICTURE)
    draw(results, found.results / "dies.png")


def table(results: dict[str, dict[str, list[float]]]) -> str:
    """A row a chip: the mean of its dies and the worst one, by way of learning."""
    rows = []
    for name, ways in results.items():
        row: list[Any] = [name]
        for way in WAYS:
            values = 100 * np.array(ways.get(way, []))
            if not values.size:
                row += ["", ""]
                continue
            row.append(f"{values.mean():.1f} ({values.min():.1f}), {len(values)}")
            row.append(f"{100 * np.mean(values >= BAR):.0f}")
        rows.append(row)
    heads = [h for way in WAYS for h in (f"{way}: mean (worst), dies", f"from {BAR} % on, %")]
    return common.table(["chip", *heads], rows)


def draw(results: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Every die a dot, by the share of its wrong answers."""
    names = list(results)
    fig, ax = common.new_figure(size=(8, 1.4 + 0.33 * max(len(names), 6)))
    colors = (lessons.RED, lessons.GREEN, lessons.BLUE)
    for way, color, shift in zip(WAYS, colors, (-0.22, 0.0, 0.22), strict=True):
        for k, name in enumerate(names):
            wrong = 100 - 100 * np.array(results[name].get(way, []))
            ax.plot(wrong, np.full(len(wrong), k + shift), ".", color=color, alpha=0.6)
        if any(ways.get(way) for ways in results.values()):
            ax.plot([], [], ".", color=color, label=way)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set(xscale="log", xlabel="wrong test answers of a die, %")
    ax.xaxis.set_major_locator(FixedLocator(WRONG))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.minorticks_off()
    ax.grid(lw=0.4, alpha=0.5)
    fig.legend(frameon=False, loc="outside upper center", ncols=3)
    common.save(fig, path)
