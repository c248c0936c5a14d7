"""Imperfections one at a time and together: what they cost, and what training in the loop heals.

python experiments/06_imperfections/run.py [--out DIR] [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on. The sweeps are those of the
files beside this one, which `neurosim sweep` runs too.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.analysis import Conditions, scan_beta
from neurosim.blocks.files import load_block
from neurosim.host import Experiment
from neurosim.outputs import write_text
from neurosim.profile import Profile, load_profile
from neurosim.report import write_sweep_report
from neurosim.runs import Run
from neurosim.sweeps import Sweep, SweepFolder, expand, groups

HERE = Path(__file__).parent
RECIPE = load_block(HERE / "recipe.yaml", Experiment)
TUNING = load_block(HERE / "tuning.yaml", Experiment)
SHORT = {"updates": 2, "batch": 32, "flow.settle_tau": 2.0, "sampling.t_end": 0.3}
SWEEPS = ("deployed", "drift", "in_the_loop", "beta")
WEAK = 1.25e-3
SHARES = (0.02, 0.05, 0.075, 0.1, 0.2, 0.3, 0.48, 0.6, 0.75, 0.9)
ALL = "all together"
QUICK = ("ideal", "converters 8 bit", "drift", ALL)
# First word of a case, and what its strengths are.
KINDS = {
    "weights": "weights [bit]",
    "converters": "converters [bit]",
    "noise": "noise over that of cmos_rc_6bit",
    "mismatch": "mismatch [%]",
    "stuck": "stuck devices [%]",
    "wires": "wire [Ohm a cell]",
    "drift": "age of the weights",
}
Rows = list[dict[str, Any]]


def plan(name: str, found: argparse.Namespace) -> Sweep:
    """The sweep of a file on the run of this command; two chips and few samples if quick."""
    sweep = load_block(HERE / f"{name}.yaml", Sweep)
    tree, ideal = sweep.model_dump(), str((found.out / "ideal").resolve())
    tree["base"] = {
        key: ideal if key in ("run", "start") else value
        for key, value in tree["base"].items()
        if value is not None
    }
    if found.quick:
        tree["sampling"]["n"] = 50
        tree["sampling"]["t_end"] = 0.3
        for axis in tree["axes"]:
            if "cases" in axis:
                axis["cases"] = {k: v for k, v in axis["cases"].items() if k in QUICK}
            else:
                axis["values"] = axis["values"][:1]
        if "experiment" in tree["base"]:
            tree["base"]["experiment"] = TUNING.with_values(SHORT).model_dump(mode="json")
    return Sweep(**tree)


def swept(name: str, found: argparse.Namespace) -> Rows:
    """Figures of a sweep, a row a chip: means over dies, and the standard deviation among them."""
    sweep = plan(name, found)
    command = f"neurosim sweep experiments/{HERE.name}/{name}.yaml"
    folder = SweepFolder.create(found.out / name, sweep, HERE, command=command, resume=True)
    rows = common.swept(folder, found.workers)
    write_sweep_report(folder)
    lost = [row["error"] for row in rows if row["error"]]
    if lost:
        raise SystemExit(f"{len(lost)} points of {name} failed: {lost[0]}")
    columns = [c for c in folder.points[0].settings if c != "sampling.die"]
    return [
        dict(zip(columns, group.settings, strict=True))
        | group.mean
        | {"spread": group.error["frechet_feature"] * group.rows**0.5}
        for group in groups(rows, list(folder.points[0].settings), sweep.measure)
    ]


def gradient(profile: Profile, shares: tuple[float, ...], found: argparse.Namespace) -> Rows:
    """The measured gradient against the exact one over beta, at the ideal circuit's weights."""
    run = Run.open(found.out / "ideal")
    rows, repeats = (16, 2) if found.quick else (128, 3)
    conditions = Conditions(profile, run.weights(), run.experiment.flow, rows, repeats)
    return [
        {"beta": point.beta, "cosine": point.gradient.cosine, "held": point.gradient.cosine_held}
        for point in scan_beta(conditions, shares)
    ]


def _reads(chip: str) -> bool:
    """Whether the chip's imperfection is one of reading, so that beta matters."""
    return chip.startswith(("converters", "noise", ALL))


def gradients(found: argparse.Namespace) -> dict[str, Rows]:
    """Of every chip: over beta where beta is chosen again, elsewhere at the weak one alone."""
    chips = {p.settings["chip"]: p for p in expand(plan("in_the_loop", found), HERE)}
    work = []
    for name, point in chips.items():
        assert point.training is not None
        shares = (SHARES[::4] if found.quick else SHARES) if _reads(name) else (SHARES[2],)
        work.append((_gradient_of, name, point.training.profile, shares, found))
    return dict(zip(chips, common.in_parallel(work, found.workers), strict=True))


def _gradient_of(
    name: str, profile: Profile, shares: tuple[float, ...], found: argparse.Namespace
) -> Rows:
    path = found.out / "gradients" / f"{name}.json"
    rows: Rows = common.kept(path, lambda: gradient(profile, shares, found))
    return rows


def age(age_s: float) -> str:
    """Hours or days."""
    return f"{age_s / 86400:g} d" if age_s >= 86400 else f"{age_s / 3600:g} h"


def by_chip(rows: Rows) -> dict[str, dict[str, Any]]:
    """Rows by the name of their chip, and age."""
    return {
        row["chip"] + (f", {age(row['sampling.age_s'])}" if "sampling.age_s" in row else ""): row
        for row in rows
    }


def best_beta(rows: Rows) -> float:
    """Where the gradient is nearest to the exact one."""
    beta: float = max(rows, key=lambda row: row["held"])["beta"]
    return beta


def main_table(results: dict[str, Any], floors: dict[str, Any]) -> str:
    """A row a chip: as deployed, and trained on with the weak nudge."""
    head = ["chip", "deployed: feature Frechet", "precision", "recall", "coverage",
            "in the loop: feature Frechet", "1-NN", "precision", "recall", "coverage",
            "cosine of the gradient"]  # fmt: skip
    names = ("precision", "recall", "coverage")
    loop = by_chip(results["in_the_loop"])
    rows: list[list[Any]] = []
    for name, row in by_chip(results["deployed"] + results["drift"]).items():
        spread = f" ± {row['spread']:.2f}" if row["spread"] > 0.005 else ""
        cells = [name, f"{row['frechet_feature']:.2f}{spread}"]
        cells += [f"{row[key]:.2f}" for key in names]
        if name in loop:
            keys = ("frechet_feature", "nn_two_sample", *names)
            cells += [f"{loop[name][key]:.2f}" for key in keys]
            weak = min(results["gradients"][name], key=lambda point: abs(point["beta"] - WEAK))
            cells.append(f"{weak['held']:.2f}")
        rows.append(cells + [""] * (len(head) - len(cells)))
    for name, base in floors.items():
        figures = [f"{base[key]:.2f}" for key in ("frechet_feature", *names)]
        rows.append([f"*{name}*", *figures, *[""] * (len(head) - 5)])
    return common.table(head, rows)


def beta_table(results: dict[str, Any]) -> str:
    """A row a chip, a column a beta: feature Frechet, and the gradient's cosine in brackets."""
    betas = sorted({row["experiment.flow.beta"] for row in results["beta"]})
    deployed, loop = by_chip(results["deployed"]), by_chip(results["in_the_loop"])
    found: dict[str, dict[float, float]] = {}
    for row in results["beta"]:
        known = found.setdefault(row["chip"], {WEAK: loop[row["chip"]]["frechet_feature"]})
        known[row["experiment.flow.beta"]] = row["frechet_feature"]
    rows = []
    for name, by_beta in found.items():
        points = results["gradients"][name]
        cells = [name, f"{deployed[name]['frechet_feature']:.2f}"]
        for beta in (WEAK, *betas):
            at = min(points, key=lambda point: abs(point["beta"] - beta))
            cells.append(f"{by_beta[beta]:.2f} ({at['held']:.2f})" if beta in by_beta else "")
        rows.append([*cells, f"{best_beta(points):.3g}"])
    heads = [f"beta {beta:g}" for beta in (WEAK, *betas)]
    return common.table(["chip", "deployed", *heads, "the ledger's beta"], rows)


def strength(row: dict[str, Any]) -> float:
    """The number in a chip's name, or its age."""
    if "sampling.age_s" in row:
        return float(row["sampling.age_s"])
    numbers = [word for word in row["chip"].split() if word.replace(".", "").isdigit()]
    return float(numbers[0])


def draw_kind(ax: Axes, kind: str, results: dict[str, Any], real: float) -> None:
    """Feature Frechet over one kind's strengths."""

    def line(rows: Rows, style: str, color: str, label: str) -> None:
        of = sorted((r for r in rows if r["chip"].startswith(kind)), key=strength)
        if of:
            x, y = [strength(r) for r in of], [r["frechet_feature"] for r in of]
            bars = [r["spread"] for r in of]
            ax.errorbar(x, y, bars, ls=style, color=color, marker="o", ms=4, capsize=2, label=label)

    line(results["deployed"] + results["drift"], "-", "#D55E00", "deployed, 3 dies")
    line(results["in_the_loop"], "-", "#0072B2", f"in the loop, beta {WEAK:g}")
    for beta, color in ((8e-3, "#009E73"), (1.25e-2, "#CC79A7"), (1.5e-2, "#E69F00")):
        rows = [row for row in results["beta"] if row["experiment.flow.beta"] == beta]
        line(rows, "--", color, f"in the loop, beta {beta:g}")
    ideal = by_chip(results["deployed"])["ideal"]["frechet_feature"]
    ax.axhline(ideal, color="#5a5a5a", lw=0.8, label="ideal circuit")
    ax.axhline(real, color="#5a5a5a", lw=0.8, ls=":", label="real digits")
    ax.set(yscale="log", ylim=(0.4, 200), xlabel=KINDS[kind], ylabel="feature Frechet")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    if kind in ("noise", "mismatch", "stuck", "wires", "drift"):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        xs = sorted({strength(r) for r in results["deployed"] + results["drift"]
                     if r["chip"].startswith(kind)})  # fmt: skip
        ax.set_xticks(xs, [age(x) if kind == "drift" else f"{x:g}" for x in xs])
        ax.minorticks_off()


def draw_together(ax: Axes, results: dict[str, Any], real: float) -> None:
    """All imperfections at once, by way and beta."""
    bars = {"deployed": by_chip(results["deployed"])[ALL]["frechet_feature"]}
    bars[f"loop, {WEAK:g}"] = by_chip(results["in_the_loop"])[ALL]["frechet_feature"]
    for row in results["beta"]:
        if row["chip"] == ALL:
            bars[f"loop, {row['experiment.flow.beta']:g}"] = row["frechet_feature"]
    ax.bar(list(bars), list(bars.values()), color=["#D55E00", *["#0072B2"] * (len(bars) - 1)])
    ideal = by_chip(results["deployed"])["ideal"]["frechet_feature"]
    ax.axhline(ideal, color="#5a5a5a", lw=0.8)
    ax.axhline(real, color="#5a5a5a", lw=0.8, ls=":")
    ax.tick_params(axis="x", rotation=30)
    ax.set(yscale="log", ylim=(0.4, 200), ylabel="feature Frechet")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_title("all together: cmos_rc_6bit, 5 % mismatch", fontsize=10)


def draw_gradients(ax: Axes, gradients: dict[str, Rows]) -> None:
    """Cosine over beta of the chips whose beta is chosen again."""
    styles = {"converters": "-", "noise": "--", "all": ":"}
    for name, points in gradients.items():
        if len(points) > 1:
            x, y = [p["beta"] for p in points], [p["held"] for p in points]
            ax.plot(x, y, styles[name.split()[0]], marker=".", label=name)
    ax.set(xscale="log", xlabel="beta", ylabel="cosine to the exact gradient")
    ax.legend(fontsize=7, frameon=False)


def draw(results: dict[str, Any], floors: dict[str, Any], path: Path) -> None:
    """A panel for each kind, one for all together, one for the gradient."""
    fig, axes = common.new_figure(3, 3, size=(12.5, 10.5))
    real = floors["real"]["frechet_feature"]
    for ax, kind in zip(axes.flat, KINDS, strict=False):
        draw_kind(ax, kind, results, real)
    draw_together(axes[2, 1], results, real)
    draw_gradients(axes[2, 2], results["gradients"])
    handles, labels = axes[0, 1].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=7, frameon=False, fontsize=9)
    common.save(fig, path)


def main() -> None:
    """Train the ideal circuit, sweep, compare; write results.json, table.md, imperfections.png."""
    found = common.options(__doc__ or "", HERE)
    recipe = RECIPE.with_values(SHORT) if found.quick else RECIPE
    ideal = common.trained(load_profile(HERE / "chip.yaml"), recipe, found.out / "ideal")
    floors = common.judged(ideal, 50 if found.quick else 1000)["baselines"]
    results: dict[str, Any] = {"gradients": gradients(found)}
    results |= {name: swept(name, found) for name in SWEEPS}
    text = main_table(results, floors) + "\n" + beta_table(results)
    print(text)
    results["floors"] = floors
    write_text(found.results / "results.json", json.dumps(results, indent=1) + "\n")
    write_text(found.results / "table.md", text)
    draw(results, floors, found.results / "imperfections.png")
    common.finish(found)


if __name__ == "__main__":
    ending.ran(main)
