"""Beta, readout and bits: where learning dies on an otherwise ideal circuit."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import chips
import common
import dies
import lessons
import numpy as np
from numpy.typing import NDArray

from neurosim.analysis import Answering
from neurosim.chip import Chip
from neurosim.converters import Correlator, DoubleSampling
from neurosim.data import Dataset, load_dataset
from neurosim.host import Experiment, GradEP, free_phase, initial_weights
from neurosim.host.gradep import RuleLaw
from neurosim.host.lessons import Lessons
from neurosim.host.settings import ChipFlow
from neurosim.network import Weights
from neurosim.profile import Profile
from neurosim.streams import Streams

Array = NDArray[np.float64]

PICTURE = "Cosine of the gradient, and accuracy where it was trained, by beta, readout and bits"
# Training seeds of one setting, length, and what is trained; gradients are of a finer grid.
SHORT = {"updates": 300}
BETAS, BITS = (0.2, 0.02, 0.8), (6, 4, 8)
SCAN = tuple(np.geomspace(0.005, 0.8, 12))
SCANNED_BITS = (4, 6, 8, 10)
READOUTS = ("plain", "difference", "correlator")
# In volts; a hidden node saturates at 0.1 V, an answer should be +-0.1 V.
RANGES = {"adc.visible_range_V": 0.15, "adc.hidden_range_V": 0.15}
ROWS = 64


def chip_of(readout: str, bits: int | None, beta: float) -> Profile:
    """The ideal circuit whose nudged phases are read so; answers are judged by an exact ammeter.

    What a readout adds before its converter suits beta, as a designer would choose it: differences
    are amplified 1 / beta times, sums of a batch have a range of beta a row.
    """
    changes: dict[str, Any] = {}
    if bits is not None and readout == "correlator":
        changes["readout"] = Correlator(bits=bits, range=ROWS * beta, auto_range=True)
    elif bits is not None:
        changes = {"adc.bits": bits, **RANGES}
    if bits is not None and readout == "difference":
        changes["readout"] = DoubleSampling(gain=max(1.0, 1 / beta), capacitance_F=1e-12)
        changes["adc.auto_range"] = True
    return lessons.hardware("ideal_hopfield", changes=changes)


def _place(found: argparse.Namespace, readout: str, bits: int | None, beta: float) -> Path:
    name = "exact" if bits is None else f"{readout}_{bits}"
    return Path(found.out / "readouts" / f"{name}_{beta:g}")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings: exact readings first, then every readout at every beta and number of bits."""
    betas, bits = (BETAS[:1], BITS[:1]) if found.quick else (BETAS, BITS)
    chosen: list[tuple[str, int | None, float]] = [("plain", None, beta) for beta in betas]
    chosen += [(readout, n, beta) for beta in betas for n in bits for readout in READOUTS]
    return [
        (
            lessons.learned,
            chip_of(*of),
            lessons.recipe(found, seed=0, **SHORT | {"flow.beta": of[2]}),
            _place(found, *of),
        )
        for of in chosen
    ]


def vector(weights: Weights) -> Array:
    """Without biases of held inputs, which change nothing."""
    bias = weights.bias.copy()
    bias[: lessons.DIGITS[0]] = 0.0
    return np.concatenate([weights.coupling.ravel(), bias])


def cosine(a: Array, b: Array) -> float:
    """Of the angle between two gradients; 0 where one is zero."""
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / size) if size else 0.0


@dataclass(frozen=True)
class Problem:
    """A batch of digits at some weights of the ideal circuit, and the gradient of its mean cost."""

    asked: Experiment
    weights: Weights

    def _shown(self, profile: Profile, beta: float, tau: float) -> tuple[Chip, ChipFlow, Lessons]:
        chip = Chip(profile, self.asked.seed)
        chip.program(self.weights)
        flow = self.asked.flow.with_values({"beta": beta, "settle_tau": tau}).on(chip.data_sheet)
        return chip, flow, self.asked.task.lessons(digits(), self.asked, chip.data_sheet)

    def exact(self) -> Array:
        """At rest, by the adjoint."""
        chip, flow, batches = self._shown(chip_of("plain", None, 0.1), 0.1, 40.0)
        batch, held = batches.batch_at(self.asked.updates), batches.held
        assert held is not None
        free_phase(chip, batch.targets, flow, None, held)
        system, scale = chip.system(), flow.alpha * flow.stiffness
        answering = Answering(system.circuit, chip.u_V, system.springs, scale)
        return vector(answering.exact(batch.wanted[:, ~held], lambda said, y: said - y))

    def measured(self, readout: str, bits: int | None, beta: float) -> Array:
        """By equilibrium propagation, settled as in training."""
        tau = self.asked.flow.settle_tau or 5.0
        return self._estimated(GradEP(), self._shown(chip_of(readout, bits, beta), beta, tau))

    def settled(self, rule: RuleLaw, beta: float, tau: float, changes: dict[str, Any]) -> Array:
        """By a rule, on the ideal circuit, with phases of so many time constants."""
        other = replace(self, asked=self.asked.with_values(changes))
        return other._estimated(rule, other._shown(chip_of("plain", None, beta), beta, tau))

    def _estimated(self, rule: RuleLaw, shown: tuple[Chip, ChipFlow, Lessons]) -> Array:
        chip, flow, batches = shown
        batch = batches.batch_at(self.asked.updates)
        return vector(rule.estimate(chip, batch, flow, batches.held, None).gradient)


def digits() -> Dataset:
    """Those that chips learn."""
    return load_dataset("digits")


def gradients(found: argparse.Namespace) -> list[dict[str, Any]]:
    """Cosine of measured gradients to the exact one, before training and after it."""
    run = dies.offline(found)
    rng = Streams(run.experiment.seed).generator("weights")
    start = initial_weights(run.profile.network, run.experiment.gain, rng)
    scan, bits = (SCAN[::6], SCANNED_BITS[:1]) if found.quick else (SCAN, SCANNED_BITS)
    rows: list[dict[str, Any]] = []
    for stage, weights in (("before", start), ("after", run.weights())):
        problem = Problem(run.experiment, weights)
        exact = problem.exact()
        ways = [("plain", None), *((readout, n) for readout in READOUTS for n in bits)]
        for readout, n in ways:
            for beta in map(float, scan):
                found_ = cosine(problem.measured(readout, n, beta), exact)
                row = {"training": stage, "readout": readout, "bits": n, "beta": beta}
                rows.append(row | {"cosine": found_})
    return rows


def tell(found: argparse.Namespace) -> None:
    """Test accuracy by readout, bits and beta, and cosines."""
    if not lessons.finished([chips.place(found, dies.OFFLINE, "EP", 0)]):
        return
    kept = common.kept(found.out / "readouts" / "gradients.json", lambda: gradients(found))
    trained = []
    for readout, n in [("plain", None), *((r, n) for r in READOUTS for n in sorted(BITS))]:
        for beta in sorted(BETAS):
            for result in lessons.finished([_place(found, readout, n, beta)]):
                row = {"readout": readout, "bits": n, "beta": beta}
                figures = {key: result[key] for key in ("test_accuracy", "accuracy")}
                trained.append(row | figures)
    lessons.write(
        found, "readouts", {"trained": trained, "gradients": kept}, table(trained, kept), PICTURE
    )
    draw(trained, kept, found.results / "readouts.png")


def _near(rows: list[dict[str, Any]], of: dict[str, Any], stage: str) -> float:
    """Cosine at the beta of the scan that is nearest."""
    alike = [
        row for row in rows
        if (row["training"], row["readout"], row["bits"]) == (stage, of["readout"], of["bits"])
    ]  # fmt: skip
    if not alike:
        return float("nan")
    return float(min(alike, key=lambda row: abs(np.log(row["beta"] / of["beta"])))["cosine"])


def table(trained: list[dict[str, Any]], kept: list[dict[str, Any]]) -> str:
    """A row a readout and number of bits, a column a beta."""
    accuracy = {(r["readout"], r["bits"], r["beta"]): r["test_accuracy"] for r in trained}
    rows = []
    for readout, n in [("plain", None), *((r, n) for r in READOUTS for n in sorted(BITS))]:
        cells = []
        for beta in sorted(BETAS):
            of = {"readout": readout, "bits": n, "beta": beta}
            cosines = " / ".join(f"{_near(kept, of, stage):.2f}" for stage in ("before", "after"))
            share = accuracy.get((readout, n, beta))
            cells.append(cosines if share is None else f"{100 * share:.1f} ({cosines})")
        rows.append(["exact" if n is None else f"{readout}, {n} bits", *cells])
    return common.table(["readout", *(f"beta {beta:g}" for beta in sorted(BETAS))], rows)


def draw(trained: list[dict[str, Any]], kept: list[dict[str, Any]], path: Path) -> None:
    """Cosines before training and after it, and accuracies; a column a readout."""
    shown = [
        (f"cosine, {stage} training", [r for r in kept if r["training"] == stage], "cosine", 1)
        for stage in ("before", "after")
    ]
    if trained:
        shown.append(("test accuracy, %", trained, "test_accuracy", 100))
    fig, axes = common.new_figure(len(shown), len(READOUTS), size=(9, 2.5 * len(shown) + 0.5))
    shades = (lessons.RED, "#E69F00", lessons.GREEN, lessons.BLUE)
    colors = dict(zip(SCANNED_BITS, shades, strict=True))
    for line_of, (label, rows, figure, factor) in zip(axes, shown, strict=True):
        for ax, readout in zip(line_of, READOUTS, strict=True):
            for n in (*SCANNED_BITS, None):
                of = ("plain" if n is None else readout, n)
                style = {"color": lessons.GREY, "ls": "--"} if n is None else {"color": colors[n]}
                line = [row for row in rows if (row["readout"], row["bits"]) == of]
                line.sort(key=lambda row: row["beta"])
                x, y = [r["beta"] for r in line], [factor * r[figure] for r in line]
                marker = "o" if rows is trained else None
                name = "exact readings" if n is None else f"{n} bits"
                ax.plot(x, y, marker=marker, ms=4, lw=1.4, label=name, **style)
            least = min((row[figure] for row in rows), default=0.0) if rows is trained else 0.0
            room = 0.03 * (1 - least)
            ax.set(xscale="log", xlim=(0.004, 1),
                   ylim=(factor * (least - room), factor * (1 + room)))  # fmt: skip
            ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            ax.grid(lw=0.4, alpha=0.5)
        line_of[0].set_ylabel(label)
    for ax, readout in zip(axes[0], READOUTS, strict=True):
        ax.set_title(readout)
    for ax in axes[-1]:
        ax.set_xlabel("beta")
    axes[0, -1].legend(frameon=False, fontsize=9, loc="lower right")
    common.save(fig, path)
