"""Oscillators that are read before they stand still: what the remedy is then worth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
from angles import ENGINE, FREE, HELD, ROWS, SETTLED, cosine, exact, presented

from neurosim.host import AsymmetricEP, Batch, FlowSettings, GradEP
from neurosim.host.gradep import RuleLaw
from neurosim.solvers import settle

ANGLE, WAITS = 0.3, (5.0, 10.0, 20.0, 60.0, 150.0)
RULES: dict[str, RuleLaw] = {
    "`gradep`": GradEP(),
    "2 rounds": AsymmetricEP(rounds=2),
    "4 rounds": AsymmetricEP(rounds=4),
    "2 rounds, drift watched": AsymmetricEP(rounds=2, drift=True),
    "4 rounds, drift watched": AsymmetricEP(rounds=4, drift=True),
}


def beta_of(wait: float) -> float:
    """A nudge that is seen beside what drifts, and leaves phases in their bowls."""
    return 0.1 if wait <= 20 else 0.01


def measured(seed: int, waits: tuple[float, ...]) -> dict[str, Any]:
    """Cosine of the couplings' gradient by rule and time of a phase, of rows that would settle."""
    chip, batch = presented(ANGLE, seed, ROWS)
    system = chip.system()
    free = settle(system, chip.u_V, FREE * system.tau_s, ENGINE, n_threads=1)
    good = np.flatnonzero(free.residual < SETTLED)
    shown = Batch(batch.targets[good], batch.wanted[good])
    springs, rest_V = system.springs.rows(good), free.u_V[good]
    truth = exact(system.circuit, springs, rest_V, shown.wanted[:, ~HELD])
    found: dict[str, Any] = {"seed": seed, "rows": len(good)}
    for wait in waits:
        flow = FlowSettings(stiffness=1.0, alpha=1.0, beta=beta_of(wait), settle_tau=wait)
        for name, rule in RULES.items():
            got = rule.estimate(chip, shown, flow.on(chip.data_sheet), HELD, None).gradient
            found[f"{wait:g} {name}"] = cosine(got.coupling, truth.coupling)
    return found


def one(path: Path, *asked: Any) -> dict[str, Any]:
    """`measured`, kept."""
    return dict(common.kept(path, lambda: measured(*asked)))


def _place(found: argparse.Namespace, seed: int) -> Path:
    return Path(found.out / "waits" / f"{seed}.json")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Every seed."""
    waits = WAITS[:1] if found.quick else WAITS
    return [(one, _place(found, seed), seed, waits) for seed in range(min(found.seeds, 3))]


def tell(found: argparse.Namespace) -> None:
    """Figures and table of what has been measured."""
    files = [_place(found, seed) for seed in range(min(found.seeds, 3))]
    results = [json.loads(file.read_text()) for file in files if file.exists()]
    rows = [
        [f"{wait:g}", f"{beta_of(wait):g}", *(_mean(results, f"{wait:g} {name}") for name in RULES)]
        for wait in WAITS
    ]
    lessons.write(found, "waits", results, common.table(["units a phase", "beta", *RULES], rows))


def _mean(results: list[dict[str, Any]], name: str) -> str:
    values = [one[name] for one in results if name in one]
    if not values:
        return "-"
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"
