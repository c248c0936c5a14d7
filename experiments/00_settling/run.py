"""What accuracy costs, and how the cost of a settle grows with rows and couplings.

python experiments/00_settling/run.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

sys.path.append(str(Path(__file__).parents[1]))
import ending

from neurosim.analysis.problem import LAWS, LawName, make_problem
from neurosim.chip import Chip
from neurosim.host import initial_weights
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import Transient, settle

HERE = Path(__file__).parent
NETWORKS = [(64, 128, 128), (128, 192, 192), (196, 256, 256), (400, 384, 384), (784, 512, 512)]
ROWS = [128, 256, 512, 1024, 2048]


def cost(sizes: tuple[int, ...], rows: int, repeats: int) -> dict:
    """Wall time of a free phase of 30 tau on two threads, median of `repeats`."""
    profile = load_profile("ideal_hopfield").with_value("layers", sizes)
    chip, rng = Chip(profile), np.random.default_rng(0)
    chip.program(initial_weights(Layers(sizes), 0.5, rng))
    target_V = 0.1 * rng.standard_normal((rows, sizes[0]))
    chip.precharge(target_V)
    chip.drive(target_V, 15e-5)
    system, start_V = chip.system(), chip.u_V
    times = []
    for _ in range(repeats):
        started_s = time.perf_counter()
        got = settle(system, start_V, 30 * system.tau_s, Transient(), n_threads=2)
        times.append(time.perf_counter() - started_s)
    couplings = int(chip.die.layers.present.sum())
    return {
        "sizes": list(sizes),
        "rows": rows,
        "couplings": couplings,
        "evaluations": got.n_evaluations,
        "wall_s": float(np.median(times)),
        "ns_per_row_coupling_evaluation": float(
            1e9 * np.median(times) / (rows * couplings * got.n_evaluations)
        ),
    }


def draw(by_rows: list[dict], by_couplings: list[dict]) -> None:
    """Wall time against rows and against couplings, with lines of slope one."""
    fig = Figure(figsize=(9, 3.8), layout="constrained")
    FigureCanvasAgg(fig)
    axes = fig.subplots(1, 2)
    for ax, table, key, label in (
        (axes[0], by_rows, "rows", "rows (64-128-128)"),
        (axes[1], by_couplings, "couplings", "couplings (256 rows)"),
    ):
        x = np.array([row[key] for row in table])
        y = np.array([row["wall_s"] / row["evaluations"] * 1e3 for row in table])
        ax.loglog(x, y, "o-", color="#0072b2", label="measured")
        ax.loglog(x, y[-1] * x / x[-1], "--", color="0.5", label="proportional")
        for axis, values in ((ax.xaxis, x), (ax.yaxis, 2.0 ** np.arange(-1, 4))):
            axis.set_ticks(values, [f"{v:,.3g}" if v < 1e3 else f"{v:,.0f}" for v in values])
            axis.set_minor_locator(NullLocator())
        ax.tick_params(axis="x", labelsize=8)
        ax.set_xlabel(label)
        ax.set_ylabel("ms per evaluation")
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
    fig.savefig(HERE / "scaling.png", dpi=150)


METHODS = {
    "ETD4": Transient(),
    "ETD4, float32": Transient(precision="float32"),
    "RK45 (SciPy)": Transient(method="RK45"),
    "DOP853 (SciPy)": Transient(method="DOP853"),
}


def accuracy(law: LawName, rows: int, tolerances: list[float]) -> list[dict]:
    """Evaluations and largest error of a free phase at trained weights, by tolerance asked."""
    problem = make_problem(law, "trained", rows)
    exact = settle(
        problem.system,
        problem.start_V,
        problem.time_s,
        Transient(method="DOP853", rtol=1e-11, atol=1e-13),
    )
    table = []
    for name, base in METHODS.items():
        for rtol in tolerances:
            settings = base.model_copy(update={"rtol": rtol, "atol": 1e-2 * rtol})
            got = settle(problem.system, problem.start_V, problem.time_s, settings)
            error = problem.error(got.u_V, exact.u_V)
            table.append(
                {"law": law, "method": name, "rtol": rtol}
                | {"evaluations": got.n_evaluations, "max_error": error}
            )
    return table


def draw_accuracy(table: list[dict]) -> None:
    """Evaluations against the error reached, a panel for each law."""
    fig = Figure(figsize=(9, 3.8), layout="constrained")
    FigureCanvasAgg(fig)
    colours = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00")
    for ax, law in zip(fig.subplots(1, 2, sharey=True), LAWS, strict=True):
        for (name, colour), marker in zip(zip(METHODS, colours, strict=True), "os^v", strict=True):
            rows = [r for r in table if r["law"] == law and r["method"] == name]
            x, y = [r["max_error"] for r in rows], [r["evaluations"] for r in rows]
            ax.loglog(x, y, marker + "-", color=colour, label=name, markersize=4)
        ax.set_title(law)
        ax.set_xlabel("largest error of any node of any row (unit voltages)")
        ax.invert_xaxis()
        ax.grid(alpha=0.3)
        ax.yaxis.set_ticks([100, 200, 500, 1000, 2000], ["100", "200", "500", "1,000", "2,000"])
        ax.yaxis.set_minor_locator(NullLocator())
    fig.axes[0].set_ylabel("evaluations")
    fig.axes[0].legend(frameon=False, fontsize=8)
    fig.savefig(HERE / "accuracy.png", dpi=150)


def main() -> None:
    """Measure, write scaling.json, accuracy.json and their pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two points each, nothing written")
    quick = parser.parse_args().quick
    repeats = 1 if quick else 5
    by_rows = [cost(NETWORKS[0], rows, repeats) for rows in (ROWS[:2] if quick else ROWS)]
    by_couplings = [cost(s, 256, repeats) for s in (NETWORKS[:2] if quick else NETWORKS)]
    tolerances = [1e-2] if quick else [10.0**-k for k in (2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6)]
    errors = [row for law in LAWS for row in accuracy(law, 32 if quick else 512, tolerances)]
    for row in by_rows + by_couplings + errors:
        print(row)
    if not quick:
        text = json.dumps({"by_rows": by_rows, "by_couplings": by_couplings}, indent=2)
        (HERE / "scaling.json").write_text(text + "\n")
        draw(by_rows, by_couplings)
        (HERE / "accuracy.json").write_text(json.dumps(errors, indent=2) + "\n")
        draw_accuracy(errors)


if __name__ == "__main__":
    ending.ran(main, keeps=False)
