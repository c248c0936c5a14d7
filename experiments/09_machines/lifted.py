"""Amplifiers between the layers of a network of resistors: digits, and a flow that draws none."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
from numpy.typing import NDArray
from resistors import beside, hardware, judged_once

from neurosim.circuit import Resistive
from neurosim.data import PairSource
from neurosim.host import Classify, Experiment, Flow, decide, draw_samples
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run, Trained
from neurosim.streams import Streams

DEEP, FLOW = (128, 64, 64, 10), (64, 32, 32)
# Gain of the amplifiers of both hidden layers, None: none; and by what inputs are multiplied.
GAINS, INPUTS = (None, 2.0, 4.0), (40.0, 8.0)
SHORT = {"updates": 300}
OF_FLOW = {
    "updates": 150, "batch": 64, "learning_rate": 5e-3, "schedule": "cosine",
    "sampling.mode": "spring", "sampling.t_end": 1.0, "sampling.dt": 0.1,
}  # fmt: skip
# Resistors load what they are to carry: half the velocity a displacement stands for is better.
OF_RESISTORS = {"updates": 80, "learning_rate": 2e-2, "flow.alpha": 1.0}
FLOWS = ("none", "4", "amplifiers")
N_DRAWN = 200
SEEDS = 1
Result = dict[str, Any]


def machine(layers: tuple[int, ...], gain: float | None, inputs: float = 1.0) -> Profile:
    """The ideal network with the voltages, leaks and Schottky diodes of `board_resistive`."""
    board = load_profile("board_resistive").node
    law = Resistive(diode=board.law.diode, gain=gain)
    changes = {"node.law": law, "node.unit_V": board.unit_V, "node.leak_S": board.leak_S}
    answers = {"sources": (0, -1), "host.input_gain": inputs} if layers == DEEP else {}
    plain = {"host.inputs": "plain", "host.input_gain": 1.0, "sources": (0,), "node.unit_V": 1.0}
    return hardware("ideal_resistive", changes | {"layers": layers} | (answers or plain))


def place(found: argparse.Namespace, name: str) -> Path:
    """Folder of a training."""
    return Path(found.out / "lifted" / name)


def named(gain: float | None, inputs: float, seed: int) -> str:
    """A training's folder."""
    return f"{'none' if gain is None else f'{gain:g}'}_{inputs:g}_{seed}"


def answered(profile: Profile, asked: Experiment, folder: Path) -> Result:
    """Train and judge; and the voltages of each layer under what was judged."""
    figures = judged_once(profile, asked, folder)
    return figures | dict(
        common.kept(folder / "voltages.json", lambda: _voltages(Run.open(folder)))
    )


def _voltages(run: Run) -> Result:
    trained = Trained.of(run, n_threads=1)
    chip, asked = trained.fresh(), run.experiment
    task = asked.task.lessons(trained.dataset, asked, chip.data_sheet)
    shown = next(iter(task.exams().values()))
    decide(chip, shown.targets, asked.flow, trained.calibration, task.held)
    layers, u_V = chip.die.layers, chip.output_V
    rms = [np.sqrt(np.mean(u_V[:, layers.nodes(k)] ** 2)) for k in range(len(layers.sizes))]
    return {"rms_V": [float(value) for value in rms]}


def flowed(profile: Profile, asked: Experiment, folder: Path) -> Result:
    """Train a flow, and draw by it."""
    run = common.trained(profile, asked, folder)
    return dict(common.kept(beside(folder), lambda: _drawn(run)))


def _drawn(run: Run) -> Result:
    asked, images = run.experiment, run.experiment.images().images
    pairs = PairSource(images, len(images), Streams(1), prefetch=False).batch_at(0)
    x_0 = np.random.default_rng(0).standard_normal((N_DRAWN, images.shape[1]))
    drawn = draw_samples(Trained.of(run, n_threads=1).fresh(), x_0, asked.flow, asked.sampling)
    return {
        "loss": float(run.metrics()["flow_loss"][-10:].mean()),
        # Of the one velocity, the same everywhere and always, that costs least.
        "constant_loss": float(np.mean((pairs.u_t - pairs.u_t.mean(axis=0)) ** 2)),
        "still_loss": float(np.mean(pairs.u_t**2)),
        "spread": _spread(drawn),
        "spread_of_digits": _spread(images),
        "spread_of_noise": _spread(x_0),
        "alike": _alike(x_0, drawn),
    }


def _spread(rows: NDArray[np.float64]) -> float:
    """Root mean square of the deviation of a pixel between rows."""
    return float(np.sqrt(rows.var(axis=0).mean()))


def _alike(x_0: NDArray[np.float64], drawn: NDArray[np.float64]) -> float:
    """Share of the variance of what is drawn that is a linear image of the noise."""
    start, end = x_0 - x_0.mean(axis=0), drawn - drawn.mean(axis=0)
    left = end - start @ np.linalg.lstsq(start, end, rcond=None)[0]
    return float(1 - left.var() / end.var())


def recipe(found: argparse.Namespace, seed: int) -> Experiment:
    """That of `neurosim train --task classify`, half as long; two updates if quick."""
    short = {"updates": 2, "batch": 32} if found.quick else SHORT
    return Experiment.suited(Classify()).with_values({"seed": seed, **short})


def _plans(found: argparse.Namespace) -> list[tuple[float | None, float, int]]:
    seeds = range(min(found.seeds, SEEDS))
    every = [(gain, inputs, seed) for seed in seeds for inputs in INPUTS for gain in GAINS]
    return every[1:2] if found.quick else every


def _flow(found: argparse.Namespace, name: str) -> tuple[Any, ...]:
    """A training of a flow: on resistors, with amplifiers between them or not, or at every node."""
    short = {"updates": 2, "batch": 8} if found.quick else {}
    if name == "amplifiers":
        profile, own = load_profile("ideal_hopfield").with_value("layers", FLOW), {}
    else:
        profile, own = machine(FLOW, None if name == "none" else float(name)), OF_RESISTORS
    asked = Experiment.suited(Flow()).with_values(OF_FLOW | own | short)
    return flowed, profile, asked, place(found, f"flow_{name}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings of answers, then of flows."""
    names = FLOWS[1:2] if found.quick else FLOWS
    return [
        (answered, machine(DEEP, gain, inputs), recipe(found, seed),
         place(found, named(gain, inputs, seed)))
        for gain, inputs, seed in _plans(found)
    ] + [_flow(found, name) for name in names]  # fmt: skip


def tell(found: argparse.Namespace) -> None:
    """Figures and tables of what has been trained."""
    answers, flows = dict[str, Result](), dict[str, Result]()
    for gain, inputs, seed in _plans(found):
        folder = place(found, named(gain, inputs, seed))
        if beside(folder).exists() and (folder / "voltages.json").exists():
            parts = (beside(folder), folder / "voltages.json")
            answers[folder.name] = {k: v for part in parts for k, v in _read(part).items()}
    for name in FLOWS:
        if (kept := beside(place(found, f"flow_{name}"))).exists():
            flows[name] = _read(kept)
    head = ["inputs times", "gain of each amplifier", "test accuracy, %", "training set, %"]
    volts = [f"rms of {name}, mV" for name in ("inputs", "layer 1", "layer 2", "answers")]
    table = common.table([*head, *volts], map(_row, answers.items()))
    head = ["amplifiers between layers", "loss", "of a constant velocity", "of none at all"]
    head += ["spread drawn", "of digits", "of noise", "linear in the noise, %"]
    more = {"lifted flow": common.table(head, map(_flow_row, flows.items()))}
    lessons.write(found, "lifted", {"answers": answers, "flows": flows}, table, more=more)


def _read(path: Path) -> Result:
    return dict(json.loads(path.read_text()))


def _row(item: tuple[str, Result]) -> list[str]:
    (gain, inputs, _), result = item[0].split("_"), item[1]
    shares = [f"{100 * result[key]:.1f}" for key in ("test_accuracy", "accuracy")]
    return [inputs, gain, *shares, *(f"{1e3 * value:.0f}" for value in result["rms_V"])]


def _flow_row(item: tuple[str, Result]) -> list[str]:
    name, result = item
    losses = ("loss", "constant_loss", "still_loss")
    names = (*losses, "spread", "spread_of_digits", "spread_of_noise")
    said = {"amplifiers": "at every node (ideal_hopfield)", "4": "of gain 4"}.get(name, name)
    return [said, *(f"{result[name]:.2f}" for name in names), f"{100 * result['alike']:.0f}"]
