"""Short trainings: what lambda, alpha and beta do; cost and quality by size of the network."""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.append(str(Path(__file__).parents[1]))
import common

from neurosim.chip import Chip
from neurosim.data import PairSource
from neurosim.data.sets import load_dataset
from neurosim.host import (
    Experiment,
    draw_samples,
    free_phase,
    initial_weights,
    present,
)
from neurosim.host.free import flow_loss
from neurosim.metrics import baselines, classifier_of, evaluate_samples
from neurosim.profile import Profile, load_profile
from neurosim.report.ticks import label_decades
from neurosim.runs import Run
from neurosim.streams import Streams

SEEDS = (0, 1)
FULL = (64, 128, 128)
SHORT = Experiment().with_values(
    {
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "flow": {"stiffness": 15, "alpha": 2, "beta": 1.25e-3, "settle_tau": 30},
        "sampling": {"mode": "spring", "t_end": 1.2, "dt": 0.04},
    },
)


@dataclass(frozen=True)
class Length:
    """How much is trained and drawn."""

    updates: int = 200
    batch: int = 256
    samples: int = 1000
    ablations: int = 8
    networks: int = 6


QUICK = Length(updates=2, batch=16, samples=20, ablations=1, networks=1)
PUBLISHED = "lambda 15, alpha 2, beta 1.25e-3"
ABLATIONS: dict[str, dict[str, Any]] = {
    PUBLISHED: {},
    "lambda 5": {"flow.stiffness": 5},
    "lambda 40": {"flow.stiffness": 40},
    "alpha 1": {"flow.alpha": 1},
    "alpha 4": {"flow.alpha": 4},
    "beta 4e-3": {"flow.beta": 4e-3},
    "beta 8e-3": {"flow.beta": 8e-3},
    "one-sided": {"flow.phases": "one-sided"},
}
NETWORKS = {(64, width, width): "digits" for width in (128, 32, 64, 256)} | {
    (256, 128, 128): "digits16",
    (784, 128, 128): "digits28",
}


def short_run(
    out: Path, length: Length, layers: tuple[int, ...], changes: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Train a network of the paper's law, by operating points in single precision; judge it."""
    own = {"updates": length.updates, "batch": length.batch}
    own |= {"seed": seed, "dataset": NETWORKS[layers]}
    folder = folder_of(out, layers, changes, seed)
    run = common.trained(profile(layers), SHORT.with_values(own | changes), folder)
    return common.kept(folder / "judged.json", lambda: _judged(run, length.samples))


def profile(layers: tuple[int, ...]) -> Profile:
    """The paper's circuit with other layers."""
    place = {"settling.engine": "operating_point", "settling.precision": "float32"}
    return load_profile("ideal_gradient").with_values(place | {"layers": layers})


def folder_of(out: Path, layers: tuple[int, ...], changes: dict[str, Any], seed: int) -> Path:
    """Where a run lies."""
    words = [f"{key.split('.')[1]}-{value}" for key, value in changes.items()]
    return out / "_".join(["-".join(map(str, layers)), *words, f"seed-{seed}"])


def _judged(run: Run, n: int) -> dict[str, Any]:
    """Quality of samples, and flow loss over as many triples as images."""
    chip, real = run.chip(n_threads=1), run.dataset
    flow = run.experiment.flow.on(chip.data_sheet)
    x_0 = Streams(0).generator("samples").standard_normal((n, real.n_pixels))
    x = draw_samples(chip, x_0, flow, run.experiment.sampling)
    found = evaluate_samples(x, real.images, classifier_of(real.name), real.steps)
    batch = PairSource(real.images, len(real.images), Streams(0), prefetch=False).batch_at(0)
    velocity = free_phase(chip, batch.x_t, flow)[2]
    found["flow_loss"] = flow_loss(velocity, batch.u_t, batch.t)[0]
    found["worst_gradient_norm"] = float(run.metrics()["gradient_norm"].max())
    return found | {"samples": np.round(x[: common.SHOWN], 3).tolist()}


def ablation(out: Path, workers: int, length: Length) -> dict[str, Any]:
    """What lambda, alpha and beta do to loss and quality; one changed at a time."""
    names = list(ABLATIONS)[: length.ablations]
    runs = [(name, seed) for name in names for seed in (SEEDS if name == PUBLISHED else SEEDS[:1])]
    work = [(short_run, out, length, FULL, ABLATIONS[name], seed) for name, seed in runs]
    found: dict[str, list[Any]] = {name: [] for name in names}
    for (name, _), run in zip(runs, common.in_parallel(work, workers), strict=True):
        found[name].append(run)
    return {"runs": found, "floors": floors(out, "digits", length.samples)}


def scaling(out: Path, workers: int, length: Length) -> dict[str, Any]:
    """Cost of an update at the start, loss and quality by width and by resolution; one seed."""
    sizes = list(NETWORKS)[: length.networks]
    work = [(short_run, out, length, layers, {}, SEEDS[0]) for layers in sizes]
    runs = common.in_parallel(work, workers)
    found = {
        "-".join(map(str, layers)): run | cost(layers, length.batch)
        for layers, run in zip(sizes, runs, strict=True)
    }
    names = sorted({NETWORKS[layers] for layers in sizes})
    return {"runs": found, "floors": {name: floors(out, name, length.samples) for name in names}}


def cost(layers: tuple[int, ...], rows: int) -> dict[str, Any]:
    """CPU seconds and evaluations of the three phases of an update, at random weights."""
    chip, images = Chip(profile(layers), n_threads=1), load_dataset(NETWORKS[layers]).images
    start = initial_weights(chip.data_sheet.layers, 0.5, Streams(0).generator("weights"))
    chip.program(start)
    batch = PairSource(images, rows, Streams(0), prefetch=False).batch_at(0)
    flow, times_s = SHORT.flow.on(chip.data_sheet), []
    with threadpool_limits(1, "blas"):
        for _ in range(5):
            started_s = time.process_time()
            present(chip, batch.x_t, batch.u_t, flow)
            times_s.append(time.process_time() - started_s)
    return {
        "couplings": sum(a * b for a, b in itertools.pairwise(layers)),
        "evaluations": chip.ledger.evaluations / 5,
        "cpu_s": float(np.median(times_s)),
    }


def floors(out: Path, name: str, n: int) -> dict[str, Any]:
    """Metrics of real, noisy and Gaussian images, as many as there are samples of a run."""

    def make() -> dict[str, Any]:
        real = load_dataset(name)
        return baselines(real.images, classifier_of(real.name), 0, n, real.steps)

    return common.kept(out / f"floors-{name}.json", make)


def draw_ablation(found: dict[str, Any], path: Path) -> None:
    """A dot a run: flow loss, and distance of the samples."""
    fig, axes = common.new_figure(1, 2, size=(9, 3.2))
    names = list(found["runs"])
    shown = {"flow_loss": "flow-matching loss", "frechet_feature": "feature Frechet distance"}
    for ax, (key, label) in zip(axes, shown.items(), strict=True):
        for place, name in enumerate(names):
            values = [run[key] for run in found["runs"][name]]
            ax.plot(values, [place] * len(values), "o", color="#0072B2", ms=5, alpha=0.8)
        published = np.mean([run[key] for run in found["runs"][PUBLISHED]])
        ax.axvline(published, color="0.6", lw=0.8, ls=":")
        ax.set(xlabel=label, yticks=range(len(names)), yticklabels=names)
        ax.invert_yaxis()
    axes[1].set_yticklabels([])
    common.save(fig, path)


def draw_scaling(found: dict[str, Any], path: Path) -> None:
    """Quality and cost against the number of couplings; beside it samples at each resolution."""
    fig, axes = common.new_figure(1, 3, size=(10, 3.2))
    shown = {
        "flow_loss": "flow-matching loss",
        "frechet_feature": "feature Frechet distance",
        "cpu_s": "CPU seconds an update of 256",
    }
    runs = found["runs"]
    enlarged = {name for name in runs if not name.startswith("64-")}
    for ax, (key, label) in zip(axes, shown.items(), strict=True):
        for name, run in runs.items():
            is_large = name in enlarged
            at = run["couplings"], run[key]
            ax.plot(*at, "o", ms=5, color="#D55E00" if is_large else "#0072B2")
            text = name.removesuffix("-128-128") if is_large else name.removeprefix("64-")
            place = {"xytext": (0, -12 if is_large else 6), "textcoords": "offset points"}
            ax.annotate(text, at, fontsize=7, ha="center", **place)
        ax.set(xscale="log", xlabel="couplings", ylabel=label, xlim=(1e3, 4e5))
        ax.margins(y=0.15)
    axes[2].set_yscale("log")
    label_decades(axes[2].yaxis)
    for colour, text in (
        ("#0072B2", "64 pixels, by hidden layers"),
        ("#D55E00", "128-128, by pixels"),
    ):
        axes[0].plot([], [], "o", ms=5, color=colour, label=text)
    axes[0].legend(fontsize=8, frameon=False)
    common.save(fig, path)
    drawn = ["64-128-128", *sorted(enlarged)]
    fig, axes = common.new_figure(1, len(drawn), size=(10, 2.4))
    for ax, name in zip(np.atleast_1d(axes), drawn, strict=True):
        common.show_digits(ax, runs[name]["samples"][:40], 8, name)
    common.save(fig, path.with_name("resolutions.png"))
