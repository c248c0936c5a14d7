"""Rows of the experiment: training in the loop, and weights carried over to other dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import common
import numpy as np

from neurosim.analysis import Conditions, scan_beta
from neurosim.analysis.problem import trained_weights
from neurosim.blocks.files import load_block
from neurosim.chip import Chip
from neurosim.data import load_digits
from neurosim.host import Experiment, FlowSettings, draw_samples
from neurosim.metrics import Classifier, evaluate_samples
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run
from neurosim.streams import Streams

HERE = Path(__file__).parent
BEST = load_block(HERE.parent / "contrast.yaml", Experiment)
LENGTH = {"updates": 2000, "batch": 512, "average": 0.99}
RECIPE = BEST.with_values(LENGTH | {"contrast.begin": 0.75, "contrast.rows": 128})
TUNING = {
    "updates": 100,
    "batch": 256,
    "average": 0.9,
    "contrast.begin": 0.0,
    "contrast.rows": 64,
}
# Training in the loop that begins with the ideal circuit's weights.
ONWARD = {
    "updates": 500,
    "average": 0.98,
    "contrast.begin": 0.0,
}
IDEAL = "ideal_hopfield"
SAME_RATIO = {"node.release_capacitance_F": "30 pF"}
FIVE_PERCENT = {f"mismatch.{name}": 0.05 for name in ("leak", "coupling", "spring", "gain")}
# Name of a row: profile, and what of it is changed.
CHIPS: dict[str, tuple[str, dict[str, Any]]] = {
    IDEAL: (IDEAL, SAME_RATIO),
    "cmos_rc_6bit, 5 % mismatch": ("cmos_rc_6bit", FIVE_PERCENT),
    "cmos_otac_sky130": ("cmos_otac_sky130", {}),
    "rram_cmo_hfox": ("rram_cmo_hfox", {}),
    "pcm_hermes_14nm": ("pcm_hermes_14nm", {}),
    "pcm_hermes_14nm, 32 levels": ("pcm_hermes_14nm", {"coupling.levels": 32}),
    "sonos_40nm": ("sonos_40nm", {}),
}
# Where the balanced contrast runs away: its samples come of devices that it cannot set.
LIGHT = {"rram_cmo_hfox": 1.0}
BEGINS = ("random", "ideal")
DIES = range(10)
CARRIED = 1000  # samples of each die


def hardware(name: str) -> Profile:
    """The profile of a row, in single precision."""
    base, changes = CHIPS[name]
    return load_profile(base).with_values({"settling.precision": "float32"} | changes)


def folder(out: Path, name: str) -> Path:
    """Where a row's run lies."""
    return out / "".join(c if c.isalnum() else "_" for c in name)


def best_beta(name: str, out: Path) -> float:
    """The nudge whose gradient is nearest to the exact one, by the noise ledger's scan."""

    def scan() -> float:
        profile = hardware(name)
        weights = trained_weights(profile)
        points = scan_beta(Conditions(profile, weights, FlowSettings(), 128, 4, 0.0))
        return max(points, key=lambda point: point.gradient.cosine_held).beta

    found: float = common.kept(folder(out, name).with_suffix(".beta.json"), scan)
    return found


def recipe(name: str, experiment: Experiment, out: Path) -> Experiment:
    """With the chip's own beta."""
    if name == IDEAL:
        return experiment
    return experiment.with_values({"flow.beta": best_beta(name, out)})


def in_the_loop(name: str, begin: str, experiment: Experiment, out: Path) -> Run:
    """Training on die 0, from random weights or from those of the ideal circuit."""
    if begin == "random":
        own = recipe(name, experiment, out)
        return common.trained(hardware(name), own, folder(out, name))
    ideal = common.finished(folder(out, IDEAL), "the part random")
    own = shortened(balanced(name, recipe(name, experiment, out)), ONWARD)
    return common.trained(hardware(name), own, folder(out, f"{name} onward"), start=ideal)


def balanced(name: str, experiment: Experiment) -> Experiment:
    """With the contrast as much heavier as the nudge makes the flow's gradient too long.

    A nudge of r = beta alpha^2 lambda times the spring lengthens it by 1 / (1 - r^2), see
    01_paper/QUESTIONS.md.
    """
    if name in LIGHT:
        return experiment.with_values({"contrast.weight": LIGHT[name]})
    flow, stage = experiment.flow, experiment.contrast
    assert flow.beta is not None
    assert stage is not None
    r = flow.beta * flow.alpha**2 * flow.stiffness
    return experiment.with_values({"contrast.weight": stage.weight / (1 - r**2)})


def shortened(experiment: Experiment, changes: dict[str, Any]) -> Experiment:
    """A shorter training; no longer and no larger than the one that it follows."""
    most = {key: getattr(experiment, key) for key in ("updates", "batch")}
    limits = {key: min(value, changes.get(key, value)) for key, value in most.items()}
    return experiment.with_values(changes | limits)


def one(name: str, begin: str, experiment: Experiment, out: Path, n: int) -> dict[str, Any]:
    """Train in the loop, and judge what the chip draws alone."""
    run = in_the_loop(name, begin, experiment, out)
    chip, flow = run.chip(n_threads=1), run.experiment.flow
    stage = run.experiment.contrast
    assert stage is not None
    spent, sample = run.facts["ledger"], of_a_sample(chip, run.experiment)
    result = common.judged(run, n)
    return result | {
        "beta": flow.on(chip.data_sheet).beta,
        "contrast": stage.weight,
        "training_s": spent["time_s"],
        "training_J": spent["energy_J"],
        "sample_s": sample["time_s"],
        "sample_J": sample["energy_J"],
    }


def of_a_sample(chip: Chip, experiment: Experiment, rows: int = 64) -> dict[str, float]:
    """What the chip spends on one sample, settling, driving and reading: its ledger's totals."""
    before = chip.ledger.copy()
    x_0 = Streams(0).generator("samples").standard_normal((rows, chip.data_sheet.layers.n_visible))
    draw_samples(chip, x_0, experiment.flow, experiment.sampling)
    return {name: value / rows for name, value in chip.ledger.since(before).items()}


def carried(name: str, die: int, experiment: Experiment, out: Path, n: int) -> dict[str, float]:
    """Feature Frechet distance on one die: written only, and after tuning on it.

    `ideal` are the ideal circuit's weights, `trained` those that die 0 was trained to from there,
    and `tuned` the ideal circuit's after the short training on this die.
    """

    def measure() -> dict[str, float]:
        profile, ideal = hardware(name), common.finished(folder(out, IDEAL), "the part random")
        common.finished(folder(out, f"{name} onward"), "the part ideal")
        found = {}
        onward = in_the_loop(name, "ideal", experiment, out)
        for label, source in (("ideal", ideal), ("trained", onward)):
            chip = Chip(profile, die, n_threads=1)
            chip.program(source.weights())
            found[label] = _frechet(chip, experiment, n)
        own = balanced(name, recipe(name, experiment, out))
        short = shortened(own, TUNING | {"seed": die})
        tuned = common.trained(profile, short, folder(out, f"{name} die {die}"), start=ideal)
        found["tuned"] = _frechet(tuned.chip(n_threads=1), experiment, n)
        return found

    return common.kept(folder(out, f"{name} die {die} {n}").with_suffix(".json"), measure)


def _frechet(chip: Chip, experiment: Experiment, n: int) -> float:
    x_0 = Streams(0).generator("samples").standard_normal((n, chip.data_sheet.layers.n_visible))
    x = draw_samples(chip, x_0, experiment.flow, experiment.sampling)
    x = x[np.isfinite(x).all(axis=1)]
    return float(evaluate_samples(x, load_digits()[0], Classifier.load())["frechet_feature"])
