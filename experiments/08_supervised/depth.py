"""Settling against accuracy: phases of training, and decisions, with one and two hidden layers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np

PICTURE = "Accuracy by settling time, one and two hidden layers"
NETWORKS = {"one hidden layer": (64, 128, 10), "two hidden layers": (64, 128, 128, 10)}
# Length of a phase in training.
PHASES = {"one hidden layer": (1.0, 2.0, 5.0), "two hidden layers": (2.0, 5.0, 10.0)}
CHIP = "ideal_hopfield"
READ = (1.0, 2.0, 5.0, 10.0, 30.0)


def _place(found: argparse.Namespace, network: str, tau: float, seed: int) -> Path:
    word = network.partition(" ")[0]
    return Path(found.out / "depth" / f"{word}_{tau:g}_{seed}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings of the ideal circuit."""
    return [
        (
            lessons.learned,
            lessons.hardware(CHIP, NETWORKS[network]),
            lessons.recipe(found, seed=seed, **{"flow.settle_tau": tau}),
            _place(found, network, tau, seed),
        )
        for seed in range(min(found.seeds, 2))
        for network, taus in PHASES.items()
        for tau in (taus[:1] if found.quick else taus)
    ]


def tell(found: argparse.Namespace) -> None:
    """Accuracy over the settling time of a decision, by that of training."""
    results = {
        f"{network}, {tau:g} tau": lessons.finished(
            [_place(found, network, tau, seed) for seed in range(found.seeds)]
        )
        for network, taus in PHASES.items()
        for tau in taus
    }
    results = {name: runs for name, runs in results.items() if runs}
    if results:
        lessons.write(found, "depth", results, table(results), PICTURE)
        draw(results, found.results / "depth.png")


def curve(runs: list[lessons.Result]) -> tuple[list[float], Any]:
    """Settling times, and accuracy there in percent, mean over seeds."""
    found = [run["by_settling"]["accuracy"] for run in runs]
    return runs[0]["by_settling"]["tau"], 100 * np.mean(found, axis=0)


def table(results: dict[str, list[lessons.Result]]) -> str:
    """A row a training, a column a settle of a decision."""
    rows = []
    for name, runs in results.items():
        taus, accuracy = curve(runs)
        cells = [f"{accuracy[taus.index(tau)]:.1f}" for tau in READ]
        rows.append([name, len(runs), *cells])
    heads = [f"read at {tau:g} tau, %" for tau in READ]
    return common.table(["trained with phases of", "seeds", *heads], rows)


def draw(results: dict[str, list[lessons.Result]], path: Path) -> None:
    """A panel a network."""
    fig, axes = common.new_figure(1, 2, size=(10, 4))
    for ax, network in zip(axes, NETWORKS, strict=True):
        for tau, color in zip(
            PHASES[network], (lessons.RED, lessons.GREEN, lessons.BLUE), strict=True
        ):
            runs = results.get(f"{network}, {tau:g} tau")
            if runs:
                x, y = curve(runs)
                ax.plot(x, y, ".-", color=color, label=f"{tau:g} tau")
        ax.set(xscale="log", title=network, xlabel="settling time of a decision, units of C/g")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.grid(lw=0.4, alpha=0.5)
        ax.legend(frameon=False, title="phases of training", loc="lower right")
    axes[0].set_ylabel("test accuracy, %")
    common.save(fig, path)
