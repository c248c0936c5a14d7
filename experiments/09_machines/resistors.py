"""Digits on a network of resistors and diodes: how phases must be read, and two real chips."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path += [str(Path(__file__).parents[1] / name) for name in ("", "08_supervised")]
import common
import lessons
from lessons import beside, learned

from neurosim.converters import DoubleSampling
from neurosim.host import Classify, Coupled, Experiment, decide
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run, Trained

LAYERS = (128, 128, 10)
# In the host's units: inputs stand at +-100 and hidden nodes stay below 60. What a nudge moves is
# converted up to 0.1 at answers and 0.002 at hidden nodes, and clips beyond.
INPUT, HIDDEN, ANSWERS_MOVE, HIDDEN_MOVE = 100.0, 60.0, 0.1, 0.002
# Bits of the converter of states, and of that of differences from the free phase; None: without.
READOUTS: dict[str, tuple[int | None, int | None]] = {
    "exact": (None, None),
    "exact, coupled learning": (None, None),
    "8 bits, differences of 4 bits": (8, 4),
    "8 bits, plain": (8, None),
    "10 bits, plain": (10, None),
    "12 bits, plain": (12, None),
}
# Answers that are clamped a fifth of the way tell far more than a nudge does, at a rate that suits.
RECIPES = {"exact, coupled learning": {"rule": Coupled(), "learning_rate": 6e-4}}
CHIPS = ("board_resistive", "rram_1t1r_resistive")
Result = dict[str, Any]


def hardware(name: str, changes: dict[str, Any] | None = None) -> Profile:
    """A profile with the layers and the sources of the task."""
    fitting = {"layers": LAYERS, "sources": (0, -1)}
    return load_profile(name).with_values(fitting | (changes or {}))


def read_so(readout: str) -> Profile:
    """The ideal network with this readout; answers are read over a range that fits them."""
    bits, of_differences = READOUTS[readout]
    if bits is None:
        return hardware("ideal_resistive")
    unit_V = load_profile("ideal_resistive").node.unit_V
    changes: dict[str, Any] = {
        "adc.bits": bits,
        "adc.auto_range": True,
        "adc.visible_range_V": INPUT * unit_V,
        "adc.hidden_range_V": HIDDEN * unit_V,
    }
    if of_differences is not None:
        changes["readout"] = DoubleSampling(
            gain=HIDDEN / ANSWERS_MOVE,
            layer_gain=(1.0, ANSWERS_MOVE / HIDDEN_MOVE, 1.0),
            capacitance_F=1e-12,
            bits=of_differences,
        )
    return hardware("ideal_resistive", changes)


def recipe(found: argparse.Namespace, seed: int) -> Experiment:
    """That of `neurosim train --task classify`; two updates if quick."""
    short = {"updates": 2, "batch": 32} if found.quick else {}
    return Experiment.suited(Classify()).with_values({"seed": seed, **short})


def chosen(found: argparse.Namespace) -> dict[str, Profile]:
    """What is trained, by name."""
    made = {name: read_so(name) for name in READOUTS}
    made |= {name: hardware(name) for name in CHIPS}
    if found.settings:
        made = {name: made[name] for name in found.settings}
    return dict(list(made.items())[:2]) if found.quick else made


def place(found: argparse.Namespace, name: str, seed: int) -> Path:
    """Folder of a training."""
    return Path(found.out / "resistors" / f"{name.replace(', ', '_').replace(' ', '_')}_{seed}")


def judged_once(profile: Profile, asked: Experiment, place: Path) -> Result:
    """Train, and judge once, after a settle as long as in training; both are kept."""
    run = common.trained(profile, asked, place)
    return dict(common.kept(beside(place), lambda: _judged(run)))


def _judged(run: Run) -> Result:
    trained, figures = Trained.of(run, n_threads=1), dict[str, Any]()
    chip, asked = trained.fresh(), run.experiment
    task = asked.task.lessons(trained.dataset, asked, chip.data_sheet)
    for exam, shown in task.exams().items():
        before, n = chip.ledger.copy(), len(shown.targets)
        velocity = decide(chip, shown.targets, asked.flow, trained.calibration, task.held)
        figures |= {f"{exam}{k}": v for k, v in task.judge(velocity, shown).figures.items()}
        spent = chip.ledger.since(before)
    cost = {f"{k}_per_decision_{unit}": spent[f"{k}_{unit}"] / n
            for k, unit in (("energy", "J"), ("time", "s"))}  # fmt: skip
    return figures | cost | {"training_J": run.facts["ledger"]["energy_J"]}


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings, seed by seed."""
    return [
        (
            judged_once if name in CHIPS else learned,
            profile,
            recipe(found, seed).with_values(RECIPES.get(name, {})),
            place(found, name, seed),
        )
        for seed in range(found.seeds)
        for name, profile in chosen(found).items()
    ]


def tell(found: argparse.Namespace) -> None:
    """Figures and table of what has been trained, of whichever seeds."""
    head = ["readout or chip", "seeds", "test accuracy, % (range)", "training set, %"]
    write(found, "resistors", {name: partial(place, found, name) for name in [*READOUTS, *CHIPS]},
          head, lambda name, runs: [name, *counted(runs)])  # fmt: skip


def write(
    found: argparse.Namespace,
    part: str,
    places: dict[str, Callable[[int], Path]],
    head: list[str],
    row: Callable[[str, list[Result]], list[Any]],
) -> None:
    """Figures by name and seed, those of earlier runs among them, and a row of the table a name."""
    results = {
        name: runs for name, of in places.items() if (runs := lessons.by_seed(of, found.seeds))
    }
    results = common.merged(found.results / f"{part}.json", results)
    rows = [row(name, list(runs.values())) for name, runs in results.items()]
    lessons.write(found, part, results, common.table(head, rows))


def counted(runs: list[Result]) -> list[Any]:
    """Cells: how many seeds, and their accuracies."""
    return [len(runs), spread(runs, "test_accuracy"), spread(runs, "accuracy")]


def spread(results: list[Result], key: str) -> str:
    """Mean and range of shares, in percent."""
    percent = 100 * np.array([result[key] for result in results])
    if len(percent) == 1:
        return f"{percent[0]:.1f}"
    return f"{percent.mean():.1f} ({percent.min():.1f} to {percent.max():.1f})"
