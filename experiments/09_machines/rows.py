"""The gradient of each row by itself, at several angles, with the remedy and without."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import angles
import common
import lessons
import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import DrivenCircuit
from neurosim.circuit.transposed import Transposed, along
from neurosim.solvers import settle

Array = NDArray[np.float64]
# A row by itself may be near a fold, where the square of the nudge shows: it is ten times weaker
# than where rows are summed, and waits as long as the free phase.
BETA = 1e-3


def measured(angle: float, seed: int, rows: int, span: float) -> dict[str, Any]:
    """Cosine of each row that settles, over its couplings and fields together."""
    chip, batch = angles.presented(angle, seed, rows)
    system = chip.system()
    tau_s, circuit = system.tau_s, system.circuit
    free = settle(system, chip.u_V, span * tau_s, angles.ENGINE, n_threads=1)
    good = np.flatnonzero(free.residual < angles.SETTLED)
    found: dict[str, Any] = {"angle": angle, "seed": seed, "of": rows, "plain": [], "remedy": []}
    if not len(good):
        return found
    rest_V, springs = free.u_V[good], system.springs.rows(good)
    wanted = batch.wanted[:, ~angles.HELD][good]
    hidden = np.setdiff1d(np.arange(circuit.n_nodes), springs.held_nodes)
    contrast = circuit.law.contrast()
    ends: dict[str, list[Array]] = {"plain": [], "remedy": []}
    for name, both in ends.items():
        for sign in (1, -1):
            moved = angles.nudged(springs, wanted, sign, BETA)
            driven = DrivenCircuit(circuit, moved, tau_s)
            led = Transposed(driven, rest_V) if name == "remedy" else driven
            both.append(settle(led, rest_V, span * tau_s, angles.ENGINE, n_threads=1).u_V)
    for row in range(len(good)):
        one = slice(row, row + 1)
        truth = angles.exact(circuit, springs.rows(one), rest_V[one], wanted[one])
        high, low = (contrast.derivative(u_V[one], circuit.layers) for u_V in ends["plain"])
        answer_V = (ends["remedy"][0][one] - ends["remedy"][1][one]) / (2 * BETA)
        estimates = {
            "plain": (high - low) / (2 * BETA),
            "remedy": -1.0 * along(circuit, rest_V[one], answer_V),
        }
        for name, estimate in estimates.items():
            parts = [
                np.concatenate([g.coupling.ravel(), g.bias[hidden]]) for g in (estimate, truth)
            ]
            found[name].append(angles.cosine(*parts))
    return found


def _one(path: Path, *asked: Any) -> dict[str, Any]:
    return dict(common.kept(path, lambda: measured(*asked)))


def _place(found: argparse.Namespace, angle: float, seed: int) -> Path:
    return Path(found.out / "rows" / f"{angle:g}_{seed}.json")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Every angle with every seed."""
    asked = (angles.ANGLES, angles.ROWS, angles.FREE) if not found.quick else ((0.1,), 6, 200.0)
    return [
        (_one, _place(found, angle, seed), angle, seed, *asked[1:])
        for angle in asked[0]
        for seed in range(min(found.seeds, 3))
    ]


def tell(found: argparse.Namespace) -> None:
    """Table of the rows that have been measured."""
    places = (_place(found, a, seed) for a in angles.ANGLES for seed in range(min(found.seeds, 3)))
    results = [json.loads(place.read_text()) for place in places if place.exists()]
    head = ["angle, rad", "settled", "median", "least", "median, remedy", "least, remedy"]
    head += ["rows of at least 0.999, remedy"]
    lines = []
    for angle in angles.ANGLES:
        some = [one for one in results if one["angle"] == angle]
        by = {
            name: np.concatenate([one[name] for one in some] or [[]])
            for name in ("plain", "remedy")
        }
        if not len(by["plain"]):
            continue
        n = len(by["plain"])
        cells = [f"{of(by[name]):.4f}" for name in by for of in (np.median, np.min)]
        share = f"{np.count_nonzero(by['remedy'] >= 0.999)} of {n}"
        lines.append([f"{angle:g}", f"{n} of {sum(one['of'] for one in some)}", *cells, share])
    lessons.write(found, "rows", results, common.table(head, lines))
