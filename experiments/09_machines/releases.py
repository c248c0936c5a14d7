"""How much slower a released visible oscillator must be: what lags against what strays."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import common
import flows
import lessons
import numpy as np

from neurosim.chip import Chip
from neurosim.runs import Run, Trained, evaluate

MACHINE, UPDATES, T_END = "imperfect oscillators, released at 50", 900, 1.2
RATIOS = (10, 20, 30, 50, 100, 200)
STRAY = "node.law.detuning_Hz"
# Of every oscillator as drawn, or of none.
STRAYS: dict[str, dict[str, Any]] = {
    "straying": {},
    "not straying": {STRAY: "ideal", f"{flows.GRADED}.visible_trim": 0.0},
}


def drawn(run: Run, ratio: float, changes: dict[str, Any], n: int) -> dict[str, Any]:
    """How good samples are of the run's weights, released so much slower, by the chip alone."""
    larger_F = ratio * run.profile.node.capacitance_F
    profile = run.profile.with_values({"node.release_capacitance_F": larger_F, **changes})
    chip = Chip(profile, run.experiment.seed, n_threads=1)
    chip.program(run.weights())
    result, _ = evaluate(Trained(chip, run.experiment), n, mode="free-running", t_end=T_END)
    return {key: result[key] for key in (*flows.FIGURES, "baselines")}


def of_seed(found: argparse.Namespace, seed: int, n: int) -> None:
    """Every ratio, kept."""
    run = common.finished(flows.place(found, MACHINE, UPDATES, seed), "the part flows")
    for ratio in RATIOS[:1] if found.quick else RATIOS:
        for name, changes in STRAYS.items():
            common.kept(place(found, seed, ratio, name, n), partial(drawn, run, ratio, changes, n))


def place(found: argparse.Namespace, seed: int, ratio: float, name: str, n: int) -> Path:
    """File of a figure."""
    return Path(found.out / "releases" / f"{seed}_{ratio:g}_{name.replace(' ', '_')}_{n}.json")


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Every seed that the part flows has trained."""
    n = 32 if found.quick else common.SAMPLES
    seeds = range(found.seeds)
    there = [k for k in seeds if flows.place(found, MACHINE, UPDATES, k).exists()]
    return [(of_seed, found, seed, n) for seed in there]


def tell(found: argparse.Namespace) -> None:
    """Figures, table and picture."""
    n, fresh = (32 if found.quick else common.SAMPLES), dict[str, Any]()
    for name in STRAYS:
        for ratio in RATIOS:
            for seed in range(found.seeds):
                file = place(found, seed, ratio, name, n)
                if file.exists():
                    at = fresh.setdefault(name, {}).setdefault(f"{ratio:g}", {})
                    at[str(seed)] = json.loads(file.read_text())
    results = common.merged(found.results / "releases.json", fresh)
    if not results:
        return
    rows = [
        [name, ratio, *(mean(by_seed, key) for key in flows.FIGURES)]
        for name, by_ratio in results.items()
        for ratio, by_seed in by_ratio.items()
    ]
    base = next(iter(next(iter(results["straying"].values())).values()))["baselines"]
    rows += [
        [f"*{floor}*", "", *(f"{base[floor][key]:.3g}" for key in flows.FIGURES)]
        for floor in ("real", "gaussian")
    ]
    head = ["oscillators", "C_x/C_h", "feature Frechet", "precision", "recall", "coverage", "1-NN",
            "smallest class"]  # fmt: skip
    draw(found, results, base)
    what = "Feature Frechet against how much slower visible oscillators are released"
    lessons.write(found, "releases", results, common.table(head, rows), what)


def mean(by_seed: dict[str, Any], key: str) -> str:
    """Of a figure over seeds, with its range."""
    values = [one[key] for one in by_seed.values()]
    low, high = min(values), max(values)
    return f"{np.mean(values):.3g}" + (f" ({low:.3g} to {high:.3g})" if len(values) > 1 else "")


def draw(found: argparse.Namespace, results: dict[str, Any], base: dict[str, Any]) -> None:
    """Feature Frechet over C_x/C_h, the mean and each seed, beside real digits and a Gaussian."""
    fig, ax = common.new_figure(size=(6.4, 3.8))
    for (name, by_ratio), color in zip(results.items(), ("#0072B2", "#D55E00"), strict=True):
        ratios = [float(ratio) for ratio in by_ratio]
        values = [[one["frechet_feature"] for one in seeds.values()] for seeds in by_ratio.values()]
        ax.plot(ratios, [np.mean(v) for v in values], "-o", color=color, label=name, ms=4)
        for ratio, seeds in zip(ratios, values, strict=True):
            ax.plot([ratio] * len(seeds), seeds, "_", color=color, ms=9)
    for floor, style in (("gaussian", "--"), ("real", ":")):
        label = "a fitted Gaussian" if floor == "gaussian" else "other real digits"
        ax.axhline(base[floor]["frechet_feature"], ls=style, color="0.4", label=label)
    ax.set_xscale("log")
    ax.set_xticks(RATIOS, [str(ratio) for ratio in RATIOS])
    ax.minorticks_off()
    ax.set_ylim(0, None)
    ax.set_xlabel("C_x/C_h: how many times slower visible oscillators turn when released")
    ax.set_ylabel("feature Frechet")
    ax.legend(frameon=False)
    ax.grid(alpha=0.3, lw=0.6)
    common.save(fig, found.results / "releases.png")
