"""Oscillators whose interaction is not odd: how far the measured gradient turns, and the remedy."""

from __future__ import annotations

import argparse
import json
from typing import Any

import common
import lessons
import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.pulls import pulled
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit, Oscillator, Springs
from neurosim.circuit.transposed import Transposed, along
from neurosim.data import load_digits
from neurosim.host import AsymmetricEP, Batch, Classify, FlowSettings, initial_weights
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.solvers import Transient, settle

Array = NDArray[np.float64]
LAYERS, ROWS, BETA = (64, 48, 10), 24, 0.01
HELD = np.arange(LAYERS[0] + LAYERS[-1]) < LAYERS[0]
ANGLES, ROUNDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5), (1, 2, 4, 8)
# A host's nudged phases are as long as its free one, in which a row that is held softly would leave
# for another rest by a nudge of 0.01.
HOST_BETA = 0.003
# Times in 1 / K; a row has settled where no phase moves by more, in radians per 1 / K.
FREE, NUDGED, SETTLED = 500.0, 60.0, 1e-8
ENGINE = Transient(rtol=1e-6, atol=1e-10, precision="float64")


def presented(angle: float, seed: int, rows: int) -> tuple[Chip, Batch]:
    """A chip of random weights with digits held at its inputs, and what is presented to it."""
    changes = {"layers": LAYERS, "sources": (0, -1), "node.law": Oscillator(angle_rad=angle)}
    chip = Chip(load_profile("ideal_oscillator").with_values(changes), 0, ENGINE, n_threads=1)
    rng = np.random.default_rng(seed)
    weights = initial_weights(chip.die.layers, 0.5, rng)
    weights.bias[:] = 0.5 * rng.standard_normal(len(weights.bias))
    chip.program(weights)
    images, labels = load_digits()
    some = rng.permutation(len(images))[:rows]
    batch = Classify().batch(images[some], 2 * np.eye(10)[labels[some]] - 1)
    chip.precharge(batch.targets)
    chip.drive(batch.targets, chip.data_sheet.unit_S, HELD)
    return chip, batch


def nudged(springs: Springs, wanted: Array, sign: int, beta: float = BETA) -> Springs:
    """Merged with a nudge: a stiffer spring, and a source that has moved."""
    k, target_V, soft = sign * beta, springs.target_V.copy(), ~springs.held
    target_V[:, soft] += k / (1 + k) * wanted
    return Springs(springs.conductance_S * (1 + k), target_V, springs.nodes)


def exact(circuit: Any, springs: Springs, rest_V: Array, wanted: Array) -> Weights:
    """Mean gradient by the transposed Jacobian of each row."""
    n, unit_S = circuit.n_nodes, float(circuit.leak_S[0])
    free = np.setdiff1d(np.arange(n), springs.held_nodes)
    answers, p = springs.numbers[~springs.held], np.zeros_like(rest_V)
    for row, u_V in enumerate(rest_V):
        many = Springs(springs.conductance_S, np.repeat(springs.target_V[row][None], n, axis=0),
                       springs.nodes)  # fmt: skip
        transposed = circuit.jacobian_vector_A(u_V[None], np.eye(n), many) / unit_S
        pull, slope = pulled(circuit, u_V, springs.rows(slice(row, row + 1)))
        c = np.zeros(n)
        c[answers] = pull - wanted[row] * slope
        p[row, free] = np.linalg.solve(transposed[np.ix_(free, free)], c[free])
    return -1.0 * along(circuit, rest_V, p)


def cosine(a: Array, b: Array) -> float:
    """Of two gradients."""
    return float(a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b))


def measured(angle: float, seed: int, rows: int, free_for: float) -> dict[str, Any]:
    """Share that settles, and cosines of what is measured of these rows."""
    chip, batch = presented(angle, seed, rows)
    system, wanted = chip.system(), batch.wanted[:, ~HELD]
    tau_s, circuit = system.tau_s, system.circuit
    free = settle(system, chip.u_V, free_for * tau_s, ENGINE, n_threads=1)
    good = np.flatnonzero(free.residual < SETTLED)
    found: dict[str, Any] = {"angle": angle, "seed": seed, "settled": len(good), "of": rows}
    found["median_residual"] = float(np.median(free.residual))
    if not len(good):
        return found
    rest_V, springs, wanted = free.u_V[good], system.springs.rows(good), wanted[good]
    truth = exact(circuit, springs, rest_V, wanted)
    hidden = np.setdiff1d(np.arange(circuit.n_nodes), springs.held_nodes)
    contrast = circuit.law.contrast()

    def note(name: str, estimate: Weights) -> None:
        found[f"{name}_couplings"] = cosine(estimate.coupling, truth.coupling)
        found[f"{name}_fields"] = cosine(estimate.bias[hidden], truth.bias[hidden])

    for name in ("plain", "remedy"):
        ends = []
        for sign in (1, -1):
            driven = DrivenCircuit(circuit, nudged(springs, wanted, sign), tau_s)
            led = Transposed(driven, rest_V) if name == "remedy" else driven
            ends.append(settle(led, rest_V, NUDGED * tau_s, ENGINE, n_threads=1).u_V)
        if name == "remedy":
            moved_V = (ends[0] - ends[1]) / (2 * BETA)
            estimate = -1.0 * along(circuit, rest_V, moved_V)
        else:
            high, low = (contrast.derivative(u_V, circuit.layers) for u_V in ends)
            estimate = (high - low) / (2 * BETA)
        note(name, estimate)
    batch = Batch(batch.targets[good], batch.wanted[good])
    for rounds in ROUNDS if angle else ROUNDS[:1]:
        before = chip.ledger.copy()
        note(f"host_{rounds}", by_host(chip, batch, rounds, free_for))
        spent = chip.ledger.since(before)
        found[f"host_{rounds}_settles"] = spent["settles"]
        found[f"host_{rounds}_set"] = spent["injector_conversions"]
    return found


def by_host(chip: Chip, batch: Batch, rounds: int, settle_tau: float) -> Weights:
    """Gradient that a host measures by the rule, through the chip's interface alone."""
    flow = FlowSettings(stiffness=1.0, alpha=1.0, beta=HOST_BETA, settle_tau=settle_tau)
    rule = AsymmetricEP(rounds=rounds)
    return rule.estimate(chip, batch, flow.on(chip.data_sheet), HELD, None).gradient


def one(path: Any, *asked: Any) -> dict[str, Any]:
    """`measured`, kept."""
    return dict(common.kept(path, lambda: measured(*asked)))


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Every angle with every seed."""
    angles, rows, span = (ANGLES, ROWS, FREE) if not found.quick else ((0.1,), 6, 200.0)
    return [
        (one, _place(found, angle, seed), angle, seed, rows, span)
        for angle in angles
        for seed in range(min(found.seeds, 3))
    ]


def _place(found: argparse.Namespace, angle: float, seed: int) -> Any:
    return found.out / "angles" / f"{angle:g}_{seed}.json"


def tell(found: argparse.Namespace) -> None:
    """Figures and table of the angles that have been measured."""
    files = [_place(found, angle, seed) for angle in ANGLES for seed in range(min(found.seeds, 3))]
    results = [json.loads(file.read_text()) for file in files if file.exists()]
    head = ["angle, rad", "settled", "couplings", "fields", "couplings, remedy", "fields, remedy"]
    by = ["angle, rad", *(f"{n} round{'s' * (n > 1)}" for n in ROUNDS), "least of a seed, 8 rounds"]
    rows, hosts = [], []
    for angle in ANGLES:
        some = [one for one in results if one["angle"] == angle]
        if some:
            share = f"{sum(one['settled'] for one in some)} of {sum(one['of'] for one in some)}"
            rows.append([f"{angle:g}", share, *(_mean(some, name) for name in _COSINES)])
            hosts.append([f"{angle:g}", *(_both(some, f"host_{n}") for n in ROUNDS), _least(some)])
    more = {"rounds": common.table(by, hosts)}
    lessons.write(found, "angles", results, common.table(head, rows), more=more)


_COSINES = ("plain_couplings", "plain_fields", "remedy_couplings", "remedy_fields")


def _both(some: list[dict[str, Any]], name: str) -> str:
    """Of the couplings and of the fields."""
    return f"{_mean(some, f'{name}_couplings')}, {_mean(some, f'{name}_fields')}"


def _least(some: list[dict[str, Any]]) -> str:
    most = f"host_{ROUNDS[-1]}"
    names = f"{most}_couplings", f"{most}_fields"
    values = [one[name] for one in some for name in names if name in one]
    return f"{min(values):.4f}" if values else "-"


def _mean(some: list[dict[str, Any]], name: str) -> str:
    values = [one[name] for one in some if name in one]
    return f"{np.mean(values):.4f}" if values else "-"
