"""MNIST on 784-512-10, 8,000 images to learn and 2,000 to judge by, beside back-propagation."""

from __future__ import annotations

import argparse
import time
from functools import cache
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
import twin

from neurosim.blocks.units import format_quantity
from neurosim.data import load_dataset
from neurosim.errors import DataError
from neurosim.profile import Profile
from neurosim.runs import Run

PICTURE = "MNIST: accuracy by settling time"
LAYERS = (784, 512, 10)
N_LEARNED, N_CHOOSING = 8000, 1000
LENGTH = {"updates": 1250}
RATES = (1e-3, 2.5e-3, 5e-3)
CHIPS: dict[str, dict[str, Any]] = {
    "ideal_hopfield": {"settling.precision": "float32"},
    "cmos_rc_6bit": {},
    "bss2_65nm": {},
    "rram_cmo_hfox": {},
}


# Chosen on the images for choosing, see the README; other chips have the task's own beta.
BETA = {"cmos_rc_6bit": 0.6}


def _chip(name: str) -> Profile:
    return lessons.hardware(name, LAYERS, CHIPS[name])


def data(found: argparse.Namespace, choosing: bool = False) -> Path:
    """File with a test set of its own: the last 2,000, or for choosing the last 1,000 of the 8,000.

    Raises
    ------
    DataError
        The file that was given has too few images, or no labels.
    SystemExit
        The folder holds other images than those that were given.
    """
    path = Path(found.out / "mnist" / ("choosing.npz" if choosing else "images.npz"))
    return path if found.mnist is None else _stored(path, found.mnist, choosing, found.quick)


@cache
def _stored(path: Path, file: Path | str, choosing: bool, quick: bool) -> Path:
    """Read once a process: what a file holds stays while trainings read it."""
    given, n = load_dataset(file), 400 if quick else N_LEARNED
    if len(given.images) <= n or given.labels is None:
        raise DataError(
            f"--mnist must hold more than {n} images with labels, but {given.name} has "
            f"{len(given.images)}; see the README."
        )
    first = n - (100 if quick else N_CHOOSING) if choosing else n
    learned, judged = slice(0, first), slice(first, n if choosing else len(given.images))
    arrays = {
        "images": given.images[learned],
        "labels": given.labels[learned],
        "test_images": given.images[judged],
        "test_labels": given.labels[judged],
    }
    return common.stored(path, file, arrays)


def choices(found: argparse.Namespace) -> dict[str, float]:
    """Accuracy of back-propagation on the images for choosing, by learning rate."""

    def make() -> dict[str, float]:
        images = load_dataset(data(found, choosing=True))
        return {
            f"{rate:g}": twin.twin(
                _chip("ideal_hopfield"),
                lessons.recipe(found, seed=0, learning_rate=rate, **LENGTH),
                images,
            )["test_accuracy"]
            for rate in RATES
        }

    return dict(common.kept(found.out / "mnist" / "choices.json", make))


def _recipe(found: argparse.Namespace, seed: int, name: str = "ideal_hopfield") -> Any:
    tried = choices(found)
    rate = float(max(tried, key=lambda name: tried[name]))
    own = {"dataset": str(data(found)), "seed": seed, "learning_rate": rate}
    beta = {"flow.beta": BETA[name]} if name in BETA else {}
    return lessons.recipe(found, **own, **beta, **LENGTH)


def _place(found: argparse.Namespace, name: str, seed: int) -> Path:
    return Path(found.out / "mnist" / f"{name}_{seed}")


def one(found: argparse.Namespace, name: str, seed: int) -> None:
    """Train and judge; what the whole training takes of one core is kept beside it."""
    place, asked = _place(found, name, seed), _recipe(found, seed, name)
    before = Run.open(place).n_done if place.exists() else 0
    began = time.process_time()
    common.trained(_chip(name), asked, place)
    if before < asked.updates:
        share = (asked.updates - before) / asked.updates
        took = {"cpu_s": (time.process_time() - began) / share}
        common.kept(place.with_name(f"{place.name}_took.json"), lambda: took)
    lessons.learned(_chip(name), asked, place)


def beside(found: argparse.Namespace, seed: int) -> dict[str, float]:
    """The same network by back-propagation."""
    asked, images = _recipe(found, seed), load_dataset(data(found))
    place = found.out / "mnist" / f"twin_{seed}.json"
    return dict(common.kept(place, lambda: twin.twin(_chip("ideal_hopfield"), asked, images)))


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings, of the first two chips alone if quick."""
    if found.mnist is None:
        return []
    names = [*CHIPS][:2] if found.quick else [*CHIPS]
    jobs: list[tuple[Any, ...]] = [(beside, found, seed) for seed in range(found.seeds)]
    return jobs + [(one, found, name, seed) for seed in range(found.seeds) for name in names]


def tell(found: argparse.Namespace) -> None:
    """Accuracy, and how far it is below that of back-propagation with the same seed."""
    seeds = [seed for seed in range(found.seeds)
             if (found.out / "mnist" / f"twin_{seed}.json").exists()]  # fmt: skip
    if not seeds:
        return
    twins = {seed: beside(found, seed) for seed in seeds}
    results: dict[str, Any] = {}
    for name in CHIPS:
        runs = {}
        for seed in seeds:
            place = _place(found, name, seed)
            for result in lessons.finished([place]):
                took = lessons.finished([place.with_name(f"{place.name}_took")])
                runs[seed] = result | (took[0] if took else {})
        if runs:
            results[name] = runs
    everything = {"chips": results, "back-propagation": twins, "choices": choices(found)}
    lessons.write(found, "mnist", everything, table(results, twins), PICTURE)
    draw(results, twins, found.results / "mnist.png")


def table(results: dict[str, Any], twins: dict[int, dict[str, float]]) -> str:
    """A row a chip."""
    rows: list[list[Any]] = []
    for name, runs in results.items():
        below = [100 * (twins[seed]["test_accuracy"] - run["test_accuracy"])
                 for seed, run in runs.items()]  # fmt: skip
        of = list(runs.values())
        cost = [
            format_quantity(float(np.mean([run[key] for run in of])), unit, 3)
            for key, unit in (("energy_per_decision_J", "J"), ("time_per_decision_s", "s"))
        ]
        took = [run["cpu_s"] / 60 for run in of if "cpu_s" in run]
        minutes = f"{np.mean(took):.1f}" if took else ""
        test = lessons.spread(lessons.accuracies(of))
        seen = f"{100 * np.mean([run['accuracy'] for run in of]):.1f}"
        worst = f"{np.mean(below):.2f} ({min(below):.2f} to {max(below):.2f})"
        rows.append([name, len(of), test, worst, seen, *cost, minutes])
    of = list(twins.values())
    seen = f"{100 * np.mean([run['accuracy'] for run in of]):.1f}"
    last = ["*back-propagation*", len(of), lessons.spread(lessons.accuracies(of)), "", seen]
    head = ["chip", "seeds", "test accuracy, % (range)", "points below back-propagation"]
    head += ["training set, %", "a decision: energy", "time", "training, min of one core"]
    return common.table(head, [*rows, [*last, "", "", ""]])


def draw(results: dict[str, Any], twins: dict[int, dict[str, float]], path: Path) -> None:
    """Test accuracy over the settling time of a decision."""
    fig, ax = common.new_figure(size=(6.5, 4))
    for name, runs in results.items():
        curves = [run["by_settling"] for run in runs.values()]
        mean = 100 * np.mean([curve["accuracy"] for curve in curves], axis=0)
        ax.plot(curves[0]["tau"], mean, ".-", label=name)
    best = 100 * np.mean([run["test_accuracy"] for run in twins.values()])
    ax.axhline(best, color=lessons.GREY, ls="--", lw=1, label="back-propagation")
    ax.set(xscale="log", ylabel="test accuracy, %")
    ax.set_xlabel("settling time of a decision, units of C/g")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.grid(lw=0.4, alpha=0.5)
    ax.legend(frameon=False)
    common.save(fig, path)
