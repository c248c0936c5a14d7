"""Flows on oscillators, beside that of the circuit of amplifiers: digits drawn by phases."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
import lessons
import numpy as np
from numpy.typing import NDArray

from neurosim.analysis import Conditions
from neurosim.host import Experiment, FlowSettings
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run, Trained
from neurosim.solvers import OperatingPoint

BETA = 4e-3
BATCH = 256
# Digits of a batch whose gradient is compared, by what its cosines are kept as: at a beta of 4e-3,
# and of what it and half of it extrapolate to.
COSINES = {"cosine": 32, "cosine_of_batch": BATCH}
EXTRAPOLATED = {f"{kept}_extrapolated": rows for kept, rows in COSINES.items()}
# As experiment 02 has it beside the published recipe.
BETTER = {"learning_rate": 2e-3, "schedule": "cosine"}
GRADED = "node.law.graded"
# Of the imperfect machine 8-bit phases are those that the host reads, over a whole turn.
IMPERFECT: dict[str, Any] = {
    "node.law.angle_rad": 0.1,
    "node.law.detuning_Hz": 0.03 * 1e7 / (2 * np.pi),
    "adc.bits": 8,
    "adc.visible_range_V": np.pi / 0.4,
    "adc.hidden_range_V": np.pi,
    "coupling.full_scale": 0.6,
    "coupling.levels": 32,
    "coupling.directions": "separate",
    "mismatch.coupling": 0.05,
}
# The same with room for the mean image, and visible oscillators that stray as little beside their
# own rate, a hundredth, as hidden ones do.
TRIMMED = IMPERFECT | {"coupling.full_scale": 1.2, f"{GRADED}.visible_trim": 0.99}
# And released to move 50 times as slowly as hidden ones, not 100: what strays has less time.
SOONER = TRIMMED | {"node.release_capacitance_F": 50e-12}
STRONG = {"flow.beta": 8e-3}
AVERAGED = {"average": 0.98}
# What a machine is made of, and what its recipe has of its own. A visible oscillator of 1e-5 rad is
# a linear node, that of a voltage.
MACHINES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "amplifiers": ("ideal_hopfield", {}, {}),
    "amplifiers, centred": ("ideal_hopfield", {}, {}),
    "voltages and oscillators": ("ideal_oscillator_flow", {f"{GRADED}.visible_rad": 1e-5}, {}),
    "oscillators": ("ideal_oscillator_flow", {}, {}),
    "oscillators, centred": ("ideal_oscillator_flow", {}, {}),
    "oscillators, centred, from any phase": (
        "ideal_oscillator_flow",
        {},
        {"flow.hidden_start": "random"},
    ),
    "oscillators, 300 more": ("ideal_oscillator_flow", {}, {}),
    "oscillators, field 0.7": ("ideal_oscillator_flow", {f"{GRADED}.field": 0.7}, {}),
    "oscillators, field 1.2": ("ideal_oscillator_flow", {f"{GRADED}.field": 1.2}, {}),
    "oscillators, field 1.2, 0.2 rad": (
        "ideal_oscillator_flow",
        {f"{GRADED}.visible_rad": 0.2, f"{GRADED}.field": 1.2},
        {},
    ),
    "imperfect oscillators": ("ideal_oscillator_flow", IMPERFECT, STRONG),
    "imperfect oscillators, trimmed": ("ideal_oscillator_flow", TRIMMED, STRONG | AVERAGED),
    "imperfect oscillators, released at 50": ("ideal_oscillator_flow", SOONER, STRONG | AVERAGED),
}
# What is trained: machine, updates; and how it is drawn: mode and time.
PLANS: dict[tuple[str, int], tuple[tuple[str, float], ...]] = {
    ("amplifiers", 400): (("free-running", 1.3), ("free-running", 1.2)),
    ("amplifiers, centred", 400): (("free-running", 1.3), ("free-running", 1.2)),
    ("voltages and oscillators", 400): (
        ("free-running", 1.3),
        ("free-running", 1.2),
        ("spring", 1.2),
    ),
    ("oscillators", 400): (("free-running", 1.2),),
    ("oscillators", 900): (("free-running", 1.2), ("spring", 1.2)),
    ("oscillators, centred", 400): (("free-running", 1.2), ("spring", 1.2)),
    ("oscillators, centred", 900): (("free-running", 1.2), ("spring", 1.2)),
    ("oscillators, centred, from any phase", 400): (("free-running", 1.2),),
    ("oscillators, centred, from any phase", 900): (("free-running", 1.2),),
    ("imperfect oscillators", 400): (("free-running", 1.2), ("spring", 1.2)),
    ("imperfect oscillators, trimmed", 400): (("free-running", 1.2), ("spring", 1.2)),
    ("imperfect oscillators, trimmed", 900): (("free-running", 1.2), ("free-running", 1.3)),
    ("imperfect oscillators, trimmed", 1800): (("free-running", 1.2),),
    ("imperfect oscillators, released at 50", 900): (("free-running", 1.2),),
    ("oscillators, 300 more", 300): (("free-running", 1.2),),
    ("oscillators, field 0.7", 400): (("free-running", 1.2),),
    ("oscillators, field 1.2", 400): (("free-running", 1.2),),
    ("oscillators, field 1.2, 0.2 rad", 400): (("free-running", 1.2),),
}
# Begin with biases that make the mean image likely, see `common.centred`.
CENTRED = (
    "amplifiers, centred",
    "oscillators, centred",
    "oscillators, centred, from any phase",
    "imperfect oscillators, trimmed",
    "imperfect oscillators, released at 50",
)
QUICK = ["oscillators, 400", "imperfect oscillators, released at 50, 900"]
# Begins with the weights of another training; its rate decays anew.
STARTS = {"oscillators, 300 more": ("oscillators", 400)}
FIRST = "the part flows with 'oscillators, 400' of the same seed"
DRAWN = {"free-running": "by the chip alone", "spring": "host steps, hidden phases from 0"}
PICTURES = {
    "flows": (
        ("amplifiers", 400, "free-running", 1.3),
        ("voltages and oscillators", 400, "free-running", 1.3),
        ("oscillators", 400, "free-running", 1.2),
        ("oscillators, 300 more", 300, "free-running", 1.2),
    ),
    "flows_900": (
        ("oscillators", 900, "free-running", 1.2),
        ("oscillators", 900, "spring", 1.2),
        ("imperfect oscillators", 400, "free-running", 1.2),
        ("imperfect oscillators", 400, "spring", 1.2),
    ),
    "flows_imperfect": (("imperfect oscillators, released at 50", 900, "free-running", 1.2),),
    "flows_centred": (
        ("amplifiers, centred", 400, "free-running", 1.3),
        ("oscillators, centred", 400, "free-running", 1.2),
        ("oscillators, centred", 900, "free-running", 1.2),
        ("oscillators, centred", 900, "spring", 1.2),
    ),
}
FIGURES = ("frechet_feature", "precision", "recall", "coverage", "nn_two_sample", "smallest_class")
Result = dict[str, Any]


def hardware(name: str) -> Profile:
    """A machine."""
    shipped, changes, _ = MACHINES[name]
    return load_profile(shipped).with_values(changes)


def recipe(found: argparse.Namespace, name: str, updates: int, seed: int) -> Experiment:
    """A flow in batches of 256, by this machine's nudge; two updates if quick."""
    own = {"updates": updates, "batch": BATCH, "seed": seed} | BETTER | MACHINES[name][2]
    return Experiment().with_values(own | ({"updates": 2, "batch": 8} if found.quick else {}))


def place(found: argparse.Namespace, name: str, updates: int, seed: int) -> Path:
    """Folder of a training."""
    return Path(
        found.out / "flows" / f"{name.replace(', ', '_').replace(' ', '_')}_{updates}_{seed}"
    )


def begun(found: argparse.Namespace, name: str, seed: int) -> Path | None:
    """Folder of the training whose weights this one begins with, if it does."""
    return place(found, *STARTS[name], seed) if name in STARTS else None


def learned(
    profile: Profile,
    asked: Experiment,
    folder: Path,
    drawn: tuple[tuple[str, float], ...],
    n: int,
    start: Path | None = None,
    from_mean: bool = False,
) -> None:
    """Train, judge what is drawn, and measure a settled gradient; all is kept."""
    begin: Run | Trained | None = common.centred(profile, asked) if from_mean else None
    if start is not None:
        begin = common.finished(start, FIRST)
    run = common.trained(profile, asked, folder, begin)
    for mode, t_end in drawn:
        common.judged(run, n, mode=mode, t_end=t_end)
    for kept, rows in (COSINES | EXTRAPOLATED).items():
        betas = (BETA, BETA / 2)[: 2 if kept in EXTRAPOLATED else 1]
        common.kept(folder / f"{kept}.json", lambda r=rows, b=betas: settled_cosine(run, r, b))


def settled_cosine(run: Run, rows: int, betas: Sequence[float] = (BETA,)) -> float | None:
    r"""Of a gradient by local measurements at rest, to the exact one, of so many digits.

    At the trained weights, without any imperfection; None where a row does not rest. Of beta and
    beta / 2 it is :math:`(4 g_{\beta/2} - g_\beta) / 3`, without the error in beta^2 that each has
    (Richardson's extrapolation).
    """
    profile = load_profile(run.profile.name).with_values({"settling": OperatingPoint()})
    law = {"node.law.graded": run.profile.node.law.graded} if profile.node.oscillating else {}
    measured: list[NDArray[np.float64]] = []
    for beta in betas:
        flow = FlowSettings(beta=beta)
        conditions = Conditions(profile.with_values(law), run.weights(), flow, rows, 2)
        seen = conditions.observe(conditions.profile, 0)
        if seen.rows_lost:
            return None
        measured.append(seen.gradient)
    gradient = measured[0] if len(measured) == 1 else (4 * measured[1] - measured[0]) / 3
    return cosine(gradient, conditions.exact[0])


def cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Of the angle between two vectors."""
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def work(found: argparse.Namespace) -> list[tuple[Any, ...]]:
    """Trainings, seed by seed; one that begins with another follows it in the same job.

    Raises
    ------
    SystemExit
        One begins with a training that is neither asked for nor finished.
    """
    asked = found.flows or (QUICK if found.quick else None)
    plans = [plan for plan in PLANS if asked is None or f"{plan[0]}, {plan[1]}" in asked]
    jobs = []
    for seed in range(found.seeds):
        for plan in plans:
            if (start := STARTS.get(plan[0])) in plans:
                continue
            if start is not None:
                common.finished(place(found, *start, seed), FIRST)
            onward = [other for other in plans if STARTS.get(other[0]) == plan]
            jobs.append((common.in_turn, *(_job(found, *one, seed) for one in (plan, *onward))))
    return jobs


def _job(found: argparse.Namespace, name: str, updates: int, seed: int) -> tuple[Any, ...]:
    n = 32 if found.quick else common.SAMPLES
    return (learned, hardware(name), recipe(found, name, updates, seed),
            place(found, name, updates, seed), PLANS[name, updates], n,
            begun(found, name, seed), name in CENTRED)  # fmt: skip


def kept_of(found: argparse.Namespace) -> dict[str, dict[str, dict[str, Result]]]:
    """Figures by machine and updates, how drawn and seed; samples among them."""
    results: dict[str, dict[str, dict[str, Result]]] = {}
    n = 32 if found.quick else common.SAMPLES
    for (name, updates), drawn in PLANS.items():
        for mode, t_end in drawn:
            for seed in range(found.seeds):
                folder = place(found, name, updates, seed)
                file = folder / f"judged_{n}_mode{mode}_t_end{t_end}.json"
                if file.exists():
                    result = json.loads(file.read_text())
                    for kept in COSINES | EXTRAPOLATED:
                        beside = folder / f"{kept}.json"
                        if beside.exists():
                            result[kept] = json.loads(beside.read_text())
                    at = results.setdefault(f"{name}, {updates}", {})
                    at.setdefault(f"{mode}, {t_end}", {})[str(seed)] = result
    return results


def tell(found: argparse.Namespace) -> None:
    """Figures, table and picture of what has been trained, of whichever seeds."""
    results = common.merged(found.results / "flows.json", kept_of(found))
    rows: list[list[Any]] = []
    for name in (f"{machine}, {updates}" for machine, updates in PLANS):
        for way, by_seed in results.get(name, {}).items():
            mode, t_end = way.split(", ")
            for seed, result in sorted(by_seed.items()):
                how = f"{DRAWN[mode]}, t = {t_end}"
                figures = [result["flow_loss"], *(result[key] for key in FIGURES)]
                cosines = (_cosines(result, kept) for kept in COSINES)
                rows.append([name, seed, how, *figures, *cosines])
    head = ["machine, updates", "seed", "drawn", "loss", "feature Frechet", "precision", "recall",
            "coverage", "1-NN", "smallest class"]  # fmt: skip
    head += [f"cosine of {n} (extrapolated)" for n in COSINES.values()]
    if rows:
        first = next(iter(next(iter(next(iter(results.values())).values())).values()))
        for floor, base in first["baselines"].items():
            rows.append([f"*{floor}*", "", "", "", *(base[key] for key in FIGURES), "", ""])
    plain = {
        name: {way: common.without_samples(by_seed) for way, by_seed in ways.items()}
        for name, ways in results.items()
    }
    lessons.write(found, "flows", plain, common.table(head, rows))
    draw(found, results)


def _cosines(result: Result, kept: str) -> str:
    """Such digits that 0.9989 is not shown as 0.999; that of the extrapolated gradient behind."""
    names = [name for name in (kept, f"{kept}_extrapolated") if name in result]
    said = ["-" if result[name] is None else f"{result[name]:.5f}" for name in names] or ["-"]
    return said[0] + "".join(f" ({other})" for other in said[1:])


def draw(found: argparse.Namespace, results: dict[str, dict[str, dict[str, Result]]]) -> None:
    """Samples of the first seed of each machine, where those of all of a picture are there."""
    for picture, machines in PICTURES.items():
        shown = []
        for name, updates, mode, t_end in machines:
            by_seed = results.get(f"{name}, {updates}", {}).get(f"{mode}, {t_end}", {})
            if "samples" in by_seed.get(min(by_seed, default=""), {}):
                title = f"{name}, {updates} updates\n{DRAWN[mode]}"
                shown.append((title, by_seed[min(by_seed)]))
        if len(shown) < (1 if found.quick else len(machines)):
            print(f"{picture}.png is left as it is: samples of some machines are not there.")
            continue
        fig, axes = common.new_figure(1, len(shown), size=(3 * len(shown), 3.4))
        for ax, (title, result) in zip(np.atleast_1d(axes), shown, strict=True):
            said = f"{title}\nfeature Frechet {result['frechet_feature']:.2f}"
            common.show_digits(ax, result["samples"], 10, said)
        common.save(fig, found.results / f"{picture}.png")
