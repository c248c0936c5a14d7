"""What spoils a measured gradient late in training: one effect of a chip taken away at a time."""

from __future__ import annotations

import argparse
from typing import Any

import chips
import common
import dies
import lessons
import numpy as np
import readouts

from neurosim.chip import Chip
from neurosim.host import GradEP
from neurosim.profile import Profile

CHIP, BESIDE = "bss2_65nm", "cmos_rc_6bit"
REPEATS = 3
AWAY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "an exact ADC": {"adc.bits": None, "adc.noise": 0.0, "adc.channels": None},
    "an exact DAC": {"dac.bits": None, "dac.noise_V": 0.0, "dac.channels": None},
    "one device for both directions": {"coupling.directions": "shared"},
    "no mismatch": {
        f"mismatch.{name}": 0.0 for name in ("leak", "coupling", "spring", "gain", "offset_V")
    },
    "a hold capacitor": {"node.hold": "capacitor"},
    "no thermal noise": {"thermal.temperature_K": None},
}
# Differences amplified 1 / beta times: what is left of settling, beside the nudge.
SETTLES, BETAS, BITS = (5.0, 20.0), (0.005, 0.2), 10
HEAD = ["chip, batch of 64", "cosine to the exact gradient", "readings that clip, %"]
Row = dict[str, Any]


def _measured(
    problem: readouts.Problem, profile: Profile, beta: float, tau: float, exact: Any, repeats: int
) -> Row:
    """Cosines of repeated measurements of one batch, and the share of readings that clip."""
    chip = Chip(profile, problem.asked.seed)
    chip.program(problem.weights)
    batches = problem.asked.task.lessons(readouts.digits(), problem.asked, chip.data_sheet)
    batch, settings = batches.batch_at(problem.asked.updates), {"beta": beta, "settle_tau": tau}
    flow = problem.asked.flow.with_values(settings).on(chip.data_sheet)
    cosines = []
    for _ in range(repeats):
        found = GradEP().estimate(chip, batch, flow, batches.held, None).gradient
        cosines.append(readouts.cosine(readouts.vector(found), exact))
    n_read = 3 * repeats * len(batch.targets) * profile.network.n_nodes
    clipped = chip.ledger.adc_clipped + chip.ledger.difference_clipped
    return {"cosine": cosines, "clipped": clipped / n_read}


def measure(found: argparse.Namespace) -> dict[str, Row]:
    """By what was taken away, and by beta and settling of differences."""
    run = dies.offline(found)
    problem = readouts.Problem(run.experiment, run.weights())
    exact, flow = problem.exact(), run.experiment.flow
    assert flow.beta is not None
    assert flow.settle_tau is not None
    usual = flow.beta, flow.settle_tau
    plain = lessons.hardware(BESIDE)
    rows = {BESIDE: _measured(problem, plain, *usual, exact, REPEATS)}
    for name, changes in AWAY.items():
        profile = lessons.hardware(CHIP, changes=changes)
        rows[f"{CHIP}, {name}"] = _measured(problem, profile, *usual, exact, REPEATS)
    for tau in SETTLES:
        for beta in BETAS:
            profile = readouts.chip_of("difference", BITS, beta)
            name = f"differences of {BITS} bits, beta {beta:g}, {tau:g} tau"
            rows[name] = _measured(problem, profile, beta, tau, exact, 1)
    return rows


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Nothing is trained."""
    del found
    return []


def tell(found: argparse.Namespace) -> None:
    """A row a chip."""
    if not lessons.finished([chips.place(found, dies.OFFLINE, "EP", 0)]):
        return
    results = common.kept(found.out / "causes.json", lambda: measure(found))
    rows = []
    for name, row in results.items():
        low, high = np.min(row["cosine"]), np.max(row["cosine"])
        cosines = f"{low:.3f}" if len(row["cosine"]) == 1 else f"{low:.2f} to {high:.2f}"
        rows.append([name, cosines, f"{100 * row['clipped']:.1f}"])
    lessons.write(found, "causes", results, common.table(HEAD, rows))
