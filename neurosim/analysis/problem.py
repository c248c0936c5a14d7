"""The problem that every contestant solves: free phases of real data, at shipped weights."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.classes import called
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit
from neurosim.data import FlowBatch, PairSource, load_digits
from neurosim.errors import DataError
from neurosim.files import load_npz
from neurosim.host import FlowSettings, initial_weights
from neurosim.network import Weights
from neurosim.profile import Profile, load_profile
from neurosim.streams import Streams

__all__ = [
    "LAWS",
    "WEIGHTS",
    "LawName",
    "Problem",
    "Stage",
    "interleaved",
    "make_problem",
    "shipped_weights",
    "summary",
    "trained_weights",
]

Array = NDArray[np.float64]
# Names of the shipped ideal chips, less `ideal_`, and of their weights.
LawName = Literal["hopfield", "gradient"]
Stage = Literal["start", "bifurcation", "trained"]
WEIGHTS = Path(__file__).with_name("weights.npz")
LAWS: tuple[LawName, ...] = ("hopfield", "gradient")


def shipped_weights(law: LawName, stage: Stage) -> Weights:
    """Weights of the ideal chip: at the start, at its bifurcation, after 300 updates of 512.

    Made by ``neurosim train --profile ideal_LAW --updates 300`` with seed 0; the bifurcation is the
    state after the update with the largest gradient.
    """
    if stage == "start":
        layers = load_profile(f"ideal_{law}").network
        return initial_weights(layers, 0.5, Streams(0).generator("weights"))
    stored = load_npz(WEIGHTS.read_bytes())
    coupling, bias = (stored[f"{law}_{stage}_{part}"] for part in ("coupling", "bias"))
    return Weights(coupling.astype(np.float64), bias.astype(np.float64))


def trained_weights(profile: Profile) -> Weights:
    """`shipped_weights` of the ideal chip whose nodes have this profile's law, trained.

    Raises
    ------
    DataError
        No weights of this law are shipped.
    """
    names: dict[str, LawName] = {name: name for name in LAWS}
    name = names.get(getattr(profile.node.law, "law", ""))
    if name is None:
        raise DataError(
            f"Trained weights are shipped for the laws {' and '.join(LAWS)}, but {profile.name} "
            f"has {called(profile.node.law)}; give those of a run of yours."
        )
    return shipped_weights(name, "trained")


@dataclass(frozen=True)
class Problem:
    """A batch under its springs, ready to settle.

    Attributes
    ----------
    law, stage : str
    chip : Chip
        Programmed; its springs drive the batch.
    batch : FlowBatch
    system : DrivenCircuit
    start_V : ndarray, shape (rows, n_nodes)
    span_tau : float
        Length of the free phase.
    """

    law: LawName
    stage: Stage
    chip: Chip
    batch: FlowBatch
    system: DrivenCircuit
    start_V: Array
    span_tau: float

    @property
    def time_s(self) -> float:
        """Length of the free phase in seconds."""
        return self.span_tau * self.system.tau_s

    def error(self, u_V: Array, exact_V: Array) -> float:
        """Largest deviation of any node of any row, in unit voltages."""
        return float(np.abs(u_V - exact_V).max() / self.system.unit_V)


def make_problem(law: LawName, stage: Stage, rows: int, span_tau: float = 30.0) -> Problem:
    """The published free phase for `rows` digits at random t."""
    chip = Chip(load_profile(f"ideal_{law}"))
    chip.program(shipped_weights(law, stage))
    images, _ = load_digits()
    batch = PairSource(images, rows, Streams(0), prefetch=False).batch_at(0)
    target_V = batch.x_t * chip.data_sheet.unit_V
    chip.precharge(target_V)
    chip.drive(target_V, FlowSettings().stiffness * chip.data_sheet.unit_S)
    return Problem(law, stage, chip, batch, chip.system(), chip.u_V.copy(), span_tau)


def interleaved(contestants: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Wall times [s] of each, taken in turns so that a slow moment of the machine hits all."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, run in contestants.items():
            started_s = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started_s)
    return times


def summary(times_s: list[float]) -> dict[str, float]:
    """Median, and spread (largest less smallest over the median)."""
    median = float(np.median(times_s))
    return {"wall_s": median, "wall_s_spread": float(np.ptp(times_s) / median)}
