"""Every learning rule on the ideal circuit: its cosine to the gradient, and what it comes to."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import chips
import common
import dies
import lessons
import numpy as np
import readouts
from matplotlib.axes import Axes

from neurosim.devices import LinearStep
from neurosim.host import (
    ContinualEP,
    ContrastiveHebbian,
    Coupled,
    Experiment,
    GradEP,
    Learning,
    initial_weights,
)
from neurosim.host.gradep import RuleLaw
from neurosim.profile import Profile
from neurosim.runs import Run
from neurosim.streams import Streams

PICTURE = "Rules: cosine to the exact gradient by beta, loss by update, continual learning by rate"
ONE_SIDED = {"flow.phases": "one-sided"}
RULES: dict[str, tuple[RuleLaw, dict[str, Any]]] = {
    "EP": (GradEP(), {}),
    "EP, one-sided": (GradEP(), ONE_SIDED),
    "coupled": (Coupled(), {}),
    "coupled, one-sided": (Coupled(), ONE_SIDED),
    "contrastive Hebbian": (ContrastiveHebbian(), {}),
}
COLORS = (lessons.BLUE, "#56B4E9", lessons.RED, "#E69F00", lessons.GREEN)
BETAS, SHOWN = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.9), (0.02, 0.2)
AT_REST = 40.0
# Weights that learn during the nudged phase: devices of fine, even steps take pulses from a plain
# descent; phases are long, for no second nudged phase takes away what still moves.
PULSED = {"pulse": LinearStep(states=20_000), "coupling.encoding": "complementary"}
CONTINUAL: dict[str, Any] = {
    "optimizer": "sgd",
    "clip": None,
    "learning": Learning(mode="in_memory", pulses="accumulate", most=10_000),
    "flow.beta": 0.5,
    "flow.settle_tau": 15.0,
}
RATES = (0.01, 0.03, 0.1, 0.3)
CHANGES: dict[str, RuleLaw] = {
    "EP": GradEP(),
    "1 change a phase": ContinualEP(steps=1),
    "2 changes": ContinualEP(steps=2),
    "5 changes": ContinualEP(steps=5),
}
SMOOTHED = 20
LOSSES = (0.01, 0.02, 0.05, 0.1, 0.2)
Curves = dict[str, dict[str, list[float]]]


def _place(found: argparse.Namespace, name: str, of: float) -> Path:
    word = name.replace(", ", "_").replace(" ", "_")
    return Path(found.out / "rules" / f"{word}_{of:g}")


def _pulsed(found: argparse.Namespace, rule: RuleLaw, rate: float) -> tuple[Profile, Experiment]:
    profile = lessons.hardware("ideal_hopfield", changes=PULSED)
    own = {"rule": rule, "learning_rate": rate, **CONTINUAL}
    return profile, lessons.recipe(found, seed=0, **own)


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings by every rule, seed by seed; then of devices that take pulses, by rate."""
    ideal = lessons.hardware("ideal_hopfield")
    jobs: list[tuple[Any, ...]] = [
        (
            lessons.learned,
            ideal,
            lessons.recipe(found, rule=rule, seed=seed, **changes),
            _place(found, name, seed),
        )
        for seed in range(found.seeds)
        for name, (rule, changes) in RULES.items()
    ]
    for rate in RATES[:1] if found.quick else RATES:
        for name, rule in CHANGES.items():
            of = _pulsed(found, rule, rate)
            jobs.append((lessons.learned, *of, _place(found, f"memory {name}", rate)))
    return jobs


def cosines(found: argparse.Namespace) -> dict[str, Curves]:
    """Of every rule to the exact gradient of squared error, before training and after it."""
    run, betas = dies.offline(found), BETAS[1::3] if found.quick else BETAS
    rng = Streams(run.experiment.seed).generator("weights")
    start = initial_weights(run.profile.network, run.experiment.gain, rng)
    curves: dict[str, Curves] = {}
    for stage, weights in (("before", start), ("after", run.weights())):
        problem = readouts.Problem(run.experiment, weights)
        exact = problem.exact()
        curves[stage] = {
            name: {
                "beta": [float(beta) for beta in betas],
                "cosine": [
                    readouts.cosine(problem.settled(rule, beta, AT_REST, changes), exact)
                    for beta in map(float, betas)
                ],
            }
            for name, (rule, changes) in {
                **RULES, "continual, 5 parts": (ContinualEP(steps=5), {})
            }.items()
        }  # fmt: skip
    return curves


def tell(found: argparse.Namespace) -> None:
    """Cosines by beta, accuracy by rule, and by rate where weights learn in the phase."""
    if not lessons.finished([chips.place(found, dies.OFFLINE, "EP", 0)]):
        return
    curves = common.kept(found.out / "rules" / "cosines.json", lambda: cosines(found))
    seeds, trained, losses = range(found.seeds), dict[str, Any](), dict[str, Any]()
    for name in RULES:
        places = [_place(found, name, seed) for seed in seeds]
        if runs := lessons.finished(places):
            trained[name], losses[name] = runs, _loss(places[0])
    memory = {
        name: {
            f"{rate:g}": runs[0]
            for rate in RATES
            if (runs := lessons.finished([_place(found, f"memory {name}", rate)]))
        }
        for name in CHANGES
    }
    results = {"cosines": curves, "trained": trained, "losses": losses, "in memory": memory}
    lessons.write(found, "rules", results, table(curves, trained, memory), PICTURE)
    draw(curves, losses, memory, found.results / "rules.png")


def _loss(place: Path) -> list[float]:
    """Mean loss of each few updates."""
    loss = np.asarray(Run.open(place).metrics()["flow_loss"], dtype=float)
    n = max(1, len(loss) // SMOOTHED * SMOOTHED)
    return [float(part.mean()) for part in loss[:n].reshape(-1, min(SMOOTHED, n))]


def table(curves: dict[str, Curves], trained: dict[str, Any], memory: dict[str, Any]) -> str:
    """A row a rule, and a row a number of changes in a phase."""
    rows = []
    for name, runs in trained.items():
        cells = [f"{_near(curves[stage][name], beta):.3f}"
                 for stage in ("before", "after") for beta in SHOWN]  # fmt: skip
        test, seen = (lessons.spread([run[key] for run in runs])
                      for key in ("test_accuracy", "accuracy"))  # fmt: skip
        loss = f"{np.mean([run['test_loss'] for run in runs]):.3f}"
        rows.append([name, *cells, len(runs), test, loss, seen])
    head = ["rule", *(f"cosine {stage}, beta {beta:g}"
                      for stage in ("before", "after") for beta in SHOWN)]  # fmt: skip
    head += ["seeds", "test accuracy, % (range)", "test loss", "training set, %"]
    first = common.table(head, rows)
    cells_of = [
        [name, *(f"{100 * of[f'{r:g}']['test_accuracy']:.1f}" if f"{r:g}" in of else ""
                 for r in RATES)]
        for name, of in memory.items()
    ]  # fmt: skip
    heads = ["in memory", *(f"rate {rate:g}, %" for rate in RATES)]
    return f"{first}\n{common.table(heads, cells_of)}"


def _near(of: dict[str, list[float]], beta: float) -> float:
    """Cosine at the beta of the scan that is nearest."""
    return of["cosine"][int(np.argmin(np.abs(np.log(np.array(of["beta"]) / beta))))]


def draw(curves: dict[str, Curves], losses: dict[str, Any], memory: Any, path: Path) -> None:
    """Cosines before and after training, loss by update, accuracy by rate."""
    fig, ((before, after), (learning, rates)) = common.new_figure(2, 2, size=(9.5, 6.5))
    colors = dict(zip([*RULES, "continual, 5 parts"], (*COLORS, lessons.GREY), strict=True))
    for ax, stage in ((before, "before"), (after, "after")):
        for name, of in curves[stage].items():
            ls = "--" if "Hebbian" in name or "continual" in name else "-"
            ax.plot(of["beta"], of["cosine"], ls=ls, color=colors[name], label=name)
        _beta_axis(ax, f"cosine to the exact gradient, {stage} training")
    for name, loss in losses.items():
        learning.semilogy(
            SMOOTHED * (np.arange(len(loss)) + 0.5), loss, color=colors[name], label=name
        )
    learning.set(xlabel="update", title="loss in training, seed 0")
    learning.set_yticks(LOSSES, [f"{loss:g}" for loss in LOSSES])
    learning.minorticks_off()
    for (name, of), marker in zip(memory.items(), "os^D", strict=True):
        x, y = [float(r) for r in of], [100 * run["test_accuracy"] for run in of.values()]
        rates.semilogx(x, y, marker=marker, label=name)
    rates.set(xlabel="rate", ylim=(0, 102), title="test accuracy in memory, %")
    rates.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
    rates.minorticks_off()
    for ax in (before, learning, rates):
        ax.legend(frameon=False, fontsize=8)
    for ax in (before, after, learning, rates):
        ax.grid(lw=0.4, alpha=0.5)
        ax.title.set_fontsize(10)
    common.save(fig, path)


def _beta_axis(ax: Axes, title: str) -> None:
    ax.set(xscale="log", xlabel="beta", title=title)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
