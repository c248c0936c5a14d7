"""MNIST, 8,000 images to learn and 2,000 to judge by, on resistors and on oscillators."""

from __future__ import annotations

import argparse
from functools import cache, partial
from pathlib import Path
from typing import Any

import common
import exact
import lessons
import mnist
import numpy as np
import oscillators
import resistors

from neurosim.host import Experiment
from neurosim.profile import Profile

OSCILLATORS = ("ideal_oscillator", (784, 120, 10))
CHIPS = {
    "resistors": ("ideal_resistive", (1568, 100, 10)),
    "oscillators": OSCILLATORS,
    "oscillators, images moved too": OSCILLATORS,
}
# Pixels from 0, where no ink is, to 1; else from -1.
INK = {"scale": "none"}
# Each image that is learned from four times more, moved by a pixel: left, right, up and down.
MOVED = {"moved": True}
# What differs from the recipe: the best of what was tried on the images for choosing.
CHOSEN: dict[str, dict[str, Any]] = {
    "resistors": {"learning_rate": 1e-3, "clip": None} | INK,
    "oscillators": {"learning_rate": 1e-3, "flow.beta": 0.1, "task.input_gain": 1.5},
    "oscillators, images moved too": {
        "learning_rate": 2e-3, "flow.beta": 0.1, "task.input_gain": 1.5, "updates": 2500,
    } | MOVED,
}  # fmt: skip
OF_DIGITS = oscillators.MACHINES["ideal_oscillator"]
TRIED: dict[str, dict[str, dict[str, Any]]] = {
    "resistors": {
        "the recipe, rate 5e-3": {},
        "rate 2.5e-3": {"learning_rate": 2.5e-3},
        "rate 1e-3": {"learning_rate": 1e-3},
        "rate 3e-4": {"learning_rate": 3e-4},
        "rate 2.5e-3, no clip": {"learning_rate": 2.5e-3, "clip": None},
        "rate 1e-3, no clip": {"learning_rate": 1e-3, "clip": None},
        "rate 1e-3, no clip, inputs times 400": {
            "learning_rate": 1e-3, "clip": None, "task.input_gain": 400.0
        },
        "rate 1e-3, no clip, inputs times 30": {
            "learning_rate": 1e-3, "clip": None, "task.input_gain": 30.0
        },
        "rate 1e-3, no clip, inputs times 10": {
            "learning_rate": 1e-3, "clip": None, "task.input_gain": 10.0
        },
        "rate 2.5e-3, no clip, inputs times 10": {
            "learning_rate": 2.5e-3, "clip": None, "task.input_gain": 10.0
        },
        "rate 1e-3, no clip, pixels from 0": {"learning_rate": 1e-3, "clip": None} | INK,
        "rate 2.5e-3, no clip, pixels from 0": {"learning_rate": 2.5e-3, "clip": None} | INK,
        "rate 1e-3, no clip, pixels from 0, inputs times 300": {
            "learning_rate": 1e-3, "clip": None, "task.input_gain": 300.0
        } | INK,
    },
    "oscillators": {
        "as for digits, rate 1e-3": OF_DIGITS | {"learning_rate": 1e-3},
        "as for digits, rate 1e-3, pixels from 0": OF_DIGITS | {"learning_rate": 1e-3} | INK,
    },
}  # fmt: skip
EXACT = "exact gradient of the resistors"
Result = dict[str, Any]


def hardware(kind: str) -> Profile:
    """The ideal machine with the layers and the sources of the task."""
    name, layers = CHIPS[kind]
    return lessons.hardware(name).with_values({"layers": layers})


def data(found: argparse.Namespace, changes: dict[str, Any], choosing: bool = False) -> Path:
    """File of 08_supervised, with the pixels and the images that a choice asks for."""
    given = mnist.data(found, choosing)
    given = from_0(given) if changes.items() >= INK.items() else given
    return moved(given) if changes.items() >= MOVED.items() else given


@cache
def from_0(given: Path) -> Path:
    """The file beside it, with pixels from 0 to 1; checked once a process."""
    with np.load(given) as there:
        arrays = dict(there)
    for name in ("images", "test_images"):
        arrays[name] = (arrays[name] + 1) / 2
    return common.stored(given.with_stem(f"{given.stem}_from_0"), given, arrays)


@cache
def moved(given: Path) -> Path:
    """The file beside it, with the images that are learned from moved too; once a process."""
    with np.load(given) as there:
        arrays = dict(there)
    shape, side = arrays["images"].shape, (-1, 28, 28)
    images = arrays["images"].reshape(side)
    blank = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    steps = ((1, 1), (1, 0), (1, 2), (0, 1), (2, 1))
    every = [blank[:, down : down + 28, right : right + 28] for down, right in steps]
    arrays["images"] = np.concatenate(every).reshape(-1, *shape[1:])
    arrays["labels"] = np.tile(arrays["labels"], len(steps))
    return common.stored(given.with_stem(f"{given.stem}_moved"), given, arrays)


def recipe(
    found: argparse.Namespace, seed: int, changes: dict[str, Any], choosing: bool = False
) -> Experiment:
    """That of the digits, twice as long, with the choices of a machine."""
    asked = {"dataset": str(data(found, changes, choosing)), "seed": seed}
    known = {name: value for name, value in changes.items() if name not in MOVED}
    return lessons.recipe(found, **{**mnist.LENGTH, **asked, **known})


def _place(found: argparse.Namespace, name: str, seed: int) -> Path:
    return Path(found.out / "mnist" / f"{name.replace(',', '').replace(' ', '_')}_{seed}")


def beside(found: argparse.Namespace, seed: int) -> dict[str, float]:
    """The same network of resistors by the exact gradient."""
    asked = recipe(found, seed, CHOSEN["resistors"])
    place = _place(found, "exact", seed).with_suffix(".json")
    images = asked.images()
    return dict(common.kept(place, lambda: exact.exact(hardware("resistors"), asked, images)))


def tried(found: argparse.Namespace, kind: str, name: str) -> Result:
    """A choice, judged by the images for choosing: resistors by the exact gradient, seed 0."""
    asked = recipe(found, 0, TRIED[kind][name], choosing=True)
    place = _choice(found, kind, name)
    if kind == "oscillators":
        return resistors.judged_once(hardware(kind), asked, place)
    images = asked.images()
    return dict(common.kept(
        lessons.beside(place), lambda: exact.exact(hardware(kind), asked, images)
    ))  # fmt: skip


def _choice(found: argparse.Namespace, kind: str, name: str) -> Path:
    return Path(found.out / "mnist" / "choosing" / f"{kind}_{name.replace(' ', '_')}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Choices unless machines are asked for, then trainings; nothing where no file was given.

    If quick, of resistors alone.
    """
    if found.mnist is None:
        return []
    kinds = found.chosen or [*CHIPS][: 1 if found.quick else None]
    jobs: list[tuple[Any, ...]] = [
        (tried, found, kind, name)
        for kind in kinds
        if kind in TRIED and not found.chosen
        for name in [*TRIED[kind]][: 1 if found.quick else None]
    ]
    for seed in range(found.seeds):
        if "resistors" in kinds:
            jobs.append((beside, found, seed))
        jobs += [
            (resistors.judged_once, hardware(kind), recipe(found, seed, CHOSEN[kind]),
             _place(found, kind, seed))
            for kind in kinds
        ]  # fmt: skip
    return jobs


def tell(found: argparse.Namespace) -> None:
    """Choices and accuracies of whichever trainings there are, those of earlier runs among them."""
    results = {
        name: lessons.by_seed(partial(_place, found, place), found.seeds)
        for name, place in [*zip(CHIPS, CHIPS, strict=True), (EXACT, "exact")]
    }
    choices = {
        kind: {
            name: of[0] for name in names if (of := lessons.finished([_choice(found, kind, name)]))
        }
        for kind, names in TRIED.items()
    }
    new = {"trained": results, "choices": choices}
    everything = common.merged(found.results / "mnist.json", new)
    if not any(everything["trained"].values()):
        return
    head = ["machine", "choice", "accuracy on the images for choosing, %"]
    rows = [
        [kind, name, f"{100 * result['test_accuracy']:.1f}"]
        for kind, names in everything["choices"].items()
        for name, result in names.items()
    ]
    more = {"choices": common.table(head, rows)} if rows else {}
    lessons.write(found, "mnist", everything, table(everything["trained"]), more=more)


def table(results: dict[str, dict[str, Result]]) -> str:
    """A row a machine, and the exact gradient's; both by seed."""
    twins, rows = results[EXACT], []
    for name, by_seed in results.items():
        if not by_seed:
            continue
        runs, said = list(by_seed.values()), ""
        if name == "resistors" and (pairs := by_seed.keys() & twins.keys()):
            both = [[of[seed]["test_accuracy"] for of in (twins, by_seed)] for seed in pairs]
            below = [100 * (exactly - measured) for exactly, measured in both]
            said = f"{np.mean(below):.2f} ({min(below):.2f} to {max(below):.2f})"
        test = lessons.spread(lessons.accuracies(runs))
        seen = f"{100 * np.mean([run['accuracy'] for run in runs]):.1f}"
        rows.append([name, len(runs), test, said, seen])
    head = ["machine", "seeds", "test accuracy, % (range)", "points below its exact gradient"]
    return common.table([*head, "training set, %"], rows)
