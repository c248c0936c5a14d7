"""Short trainings: what lambda, alpha and beta do; cost and quality by size of the network."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
import common

from neurosim.data import PairSource
from neurosim.datasets import load_dataset
from neurosim.host import Experiment, draw_samples, free_phase, gradient, present
from neurosim.host.phases import flow_loss
from neurosim.metrics import baselines, classifier_of, evaluate_samples
from neurosim.profile import load_profile
from neurosim.runs import Run
from neurosim.streams import Streams
from neurosim.yaml_files import with_values

SEEDS = (0, 1)
FULL = (64, 128, 128)
SHORT = with_values(
    Experiment(),
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
    networks: int = 7


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
NETWORKS = {(64, width, width): "digits" for width in (128, 32, 64, 256, 512)} | {
    (256, 128, 128): "digits16",
    (784, 128, 128): "digits28",
}


def short_run(
    out: Path, length: Length, layers: tuple[int, ...], changes: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Train a network of the paper's law, by operating points in single precision; judge it."""
    place = {"settling.engine": "operating_point", "settling.precision": "float32"}
    profile = with_values(load_profile("ideal_gradient"), place | {"layers": layers})
    own = {"updates": length.updates, "batch": length.batch}
    own |= {"seed": seed, "dataset": NETWORKS[layers]}
    words = [f"{key.split('.')[1]}-{value}" for key, value in changes.items()]
    folder = out / "_".join(["-".join(map(str, layers)), *words, f"seed-{seed}"])
    run = common.trained(profile, with_values(SHORT, own | changes), folder)
    return common.kept(folder / "judged.json", lambda: _judged(run, length.samples))


def _judged(run: Run, n: int) -> dict[str, Any]:
    """Quality of samples, flow loss over as many triples as images, and the cost of an update."""
    chip, real = run.chip(n_threads=1), run.dataset
    flow = run.experiment.flow.on(chip.data_sheet)
    x_0 = Streams(0).generator("samples").standard_normal((n, real.n_pixels))
    x = draw_samples(chip, x_0, flow, run.experiment.sampling)
    found = evaluate_samples(x, real.images, classifier_of(real.n_pixels), real.steps)
    batch = PairSource(real.images, len(real.images), Streams(0), prefetch=False).batch_at(0)
    velocity = free_phase(chip, batch.x_t, flow)[2]
    found["flow_loss"] = flow_loss(velocity, batch.u_t, batch.t)[0]
    rows = run.experiment.batch
    times_s, before = [], chip.ledger.evaluations
    for _ in range(3):
        started_s = time.process_time()
        shown = present(chip, batch.x_t[:rows], batch.u_t[:rows], flow)
        gradient(shown, flow.beta, chip.data_sheet.layers)
        times_s.append(time.process_time() - started_s)
    found["evaluations"] = (chip.ledger.evaluations - before) / 3
    found["cpu_s_an_update"] = float(np.median(times_s))
    found["worst_gradient_norm"] = float(run.metrics()["gradient_norm"].max())
    return found | {"samples": np.round(x[: common.SHOWN], 3).tolist()}


def ablation(out: Path, workers: int, length: Length) -> dict[str, Any]:
    """What lambda, alpha and beta do to loss and quality; one changed at a time, two seeds."""
    names = list(ABLATIONS)[: length.ablations]
    work = [
        (short_run, out, length, FULL, ABLATIONS[name], seed) for name in names for seed in SEEDS
    ]
    done = iter(common.in_parallel(work, workers))
    found = {name: [next(done) for _ in SEEDS] for name in names}
    return {"runs": found, "floors": floors(out, "digits", length.samples)}


def scaling(out: Path, workers: int, length: Length) -> dict[str, Any]:
    """Cost of an update, loss and quality by width and by resolution; one seed."""
    layers = list(NETWORKS)[: length.networks]
    work = [(short_run, out, length, sizes, {}, SEEDS[0]) for sizes in layers]
    runs = {}
    for sizes, run in zip(layers, common.in_parallel(work, workers), strict=True):
        couplings = sizes[0] * sizes[1] + sizes[1] * sizes[2]
        runs["-".join(map(str, sizes))] = run | {"couplings": couplings}
    names = sorted({NETWORKS[sizes] for sizes in layers})
    return {"runs": runs, "floors": {name: floors(out, name, length.samples) for name in names}}


def floors(out: Path, name: str, n: int) -> dict[str, Any]:
    """Metrics of real, noisy and Gaussian images, as many as there are samples of a run."""

    def make() -> dict[str, Any]:
        real = load_dataset(name)
        return baselines(real.images, 0, n, real.steps)

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
    axes[1].set_xscale("log")
    common.save(fig, path)


def draw_scaling(found: dict[str, Any], path: Path) -> None:
    """Quality and cost against the number of couplings, and samples at three resolutions."""
    fig, axes = common.new_figure(2, 3, size=(10, 6))
    shown = {
        "flow_loss": "flow-matching loss",
        "frechet_feature": "feature Frechet distance",
        "cpu_s_an_update": "CPU seconds an update of 256",
    }
    runs = found["runs"]
    by_width = {name: run for name, run in runs.items() if name.startswith("64-")}
    enlarged = {name: run for name, run in runs.items() if name not in by_width}
    for ax, (key, label) in zip(axes[0], shown.items(), strict=True):
        for some, style in ((by_width, "o-"), (enlarged, "s")):
            x, y = ([run[what] for run in some.values()] for what in ("couplings", key))
            ax.plot(x, y, style, ms=5, color="#0072B2" if some is by_width else "#D55E00")
            for name, at, value in zip(some, x, y, strict=True):
                ax.annotate(
                    name, (at, value), xytext=(4, 4), textcoords="offset points", fontsize=7
                )
        ax.set(xscale="log", xlabel="couplings", ylabel=label)
        ax.margins(x=0.25, y=0.15)
    axes[0, 1].set_yscale("log")
    axes[0, 2].set_yscale("log")
    drawn = ["64-128-128", *enlarged]
    for ax, name in zip(axes[1], drawn, strict=False):
        common.show_digits(ax, runs[name]["samples"][:40], 8, name)
    for ax in axes[1, len(drawn) :]:
        ax.set_axis_off()
    common.save(fig, path)
