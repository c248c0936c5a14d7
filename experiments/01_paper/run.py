"""The published run: by transient, by operating point, by the exact gradient; and an MLP beside it.

python experiments/01_paper/run.py [--out DIR] [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neural_network import MLPRegressor

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.blocks.files import load_block
from neurosim.chip import Chip
from neurosim.data import PairSource, load_digits
from neurosim.host import (
    Experiment,
    Optimizer,
    SamplingSettings,
    draw_samples,
    free_phase,
    initial_weights,
)
from neurosim.host.free import flow_loss
from neurosim.ideal import IdealNetwork
from neurosim.metrics import Classifier, baselines, evaluate_samples
from neurosim.outputs import write_text
from neurosim.profile import Profile, load_profile
from neurosim.runs import Run
from neurosim.streams import Streams

HERE = Path(__file__).parent
PUBLISHED = load_block(HERE.parent / "paper.yaml", Experiment)
ENGINES = ("transient", "operating_point")
AGAIN = "transient, seed 1"
MODES = ("spring", "gradient", "free-running")
SEEDS = (0, 1, 2)
# Engine and seed of each run of the published recipe.
PUBLISHED_RUNS = {
    "transient": ("transient", 0),
    "operating_point": ("operating_point", 0),
    AGAIN: ("transient", 1),
}
KINDS = ("gradep", "small")
SMOOTHED = 20  # updates
SMALL_BETA = 1e-4  # a twelfth of the paper's; takes double precision
HIDDEN = 105  # 65-105-105-64 with biases: 24,844 parameters beside the chip's 24,896


def profile(engine: str, precision: str = "float32") -> Profile:
    """The paper's circuit; its network was computed in float32 too."""
    changes = {"settling.engine": engine, "settling.precision": precision}
    return load_profile("ideal_gradient").with_values(changes)


def final(losses: Any) -> float:
    """Mean of the last hundred updates."""
    return float(np.mean(losses[-100:]))


def train_engine(engine: str, seed: int, experiment: Experiment, out: Path) -> dict[str, Any]:
    """The published run; its loss an update, in total and by fifths of t."""
    own = experiment.with_values({"seed": seed})
    run = common.trained(profile(engine), own, out / (f"{engine}-{seed}" if seed else engine))
    columns = run.metrics()
    names = ["flow_loss", *(f"flow_loss_{k}" for k in range(5))]
    found = {name: np.round(columns[name], 5).tolist() for name in names}
    return found | {"settles": run.facts["ledger"]["settles"]}


def train_gradep(kind: str, seed: int, experiment: Experiment, out: Path) -> list[float]:
    """Loss an update, by three phases of the chip at rest: the paper's nudge, or a small one."""
    small = kind == "small"
    hardware = profile("operating_point", "float64" if small else "float32")
    own = experiment.with_values({"seed": seed} | ({"flow.beta": SMALL_BETA} if small else {}))
    run = common.trained(hardware, own, out / f"{kind}-{seed}")
    return run.metrics()["flow_loss"].tolist()


def train_exact(seed: int, experiment: Experiment, out: Path) -> list[float]:
    """The same from the same seed, by the oracle's adjoint gradient at the same free states."""
    return common.kept(out / f"exact-{seed}.json", lambda: _train_exact(seed, experiment))


def _train_exact(seed: int, experiment: Experiment) -> list[float]:
    chip, (images, _) = Chip(profile("operating_point"), seed, n_threads=1), load_digits()
    sheet, streams = chip.data_sheet, Streams(seed)
    layers, flow = sheet.layers, experiment.flow.on(sheet)
    start = initial_weights(layers, experiment.gain, streams.generator("weights"))
    optimizer = Optimizer(start, experiment, sheet.full_scale)
    pairs, losses = PairSource(images, experiment.batch, streams, prefetch=False), []
    for update in range(experiment.updates):
        batch = pairs.batch_at(update)
        chip.program(optimizer.weights)
        velocity = free_phase(chip, batch.x_t, flow)[2]
        losses.append(flow_loss(velocity, batch.u_t, batch.t)[0])
        voltages = chip.u_V / sheet.unit_V
        states = np.hstack([voltages[:, layers.nodes(k)] for k in range(len(layers.sizes))])
        network = IdealNetwork.from_weights(layers, optimizer.weights, "gradient", "silu")
        exact = network.cost_gradient(batch.x_t, batch.u_t, flow.stiffness, flow.alpha, states)
        optimizer.step(exact, experiment.learning_rate)
    return losses


def train_mlp(experiment: Experiment, out: Path, n: int) -> dict[str, Any]:
    """A velocity network that sees t, by back-propagation on the same triples; its samples."""
    return common.kept(out / "mlp.json", lambda: _train_mlp(experiment, n))


def _train_mlp(experiment: Experiment, n: int) -> dict[str, Any]:
    images, _ = load_digits()
    pairs = PairSource(images, experiment.batch, Streams(experiment.seed), prefetch=False)
    mlp = MLPRegressor(
        hidden_layer_sizes=(HIDDEN, HIDDEN),
        alpha=0,
        batch_size=experiment.batch,
        beta_2=0.95,
        random_state=0,
    )
    losses = []
    for update in range(experiment.updates):
        batch = pairs.batch_at(update)
        shown = np.column_stack([batch.x_t, batch.t])
        mlp.partial_fit(shown, batch.u_t)
        losses.append(2 * float(mlp.loss_))  # scikit-learn's is half the mean square
    x, dt = Streams(0).generator("samples").standard_normal((n, images.shape[1])), 0.01
    for k in range(round(1 / dt)):
        x += dt * mlp.predict(np.column_stack([x, np.full(n, k * dt)]))
    parameters = sum(w.size for w in (*mlp.coefs_, *mlp.intercepts_))
    result = evaluate_samples(x, images, Classifier.load()) | {"parameters": parameters}
    result |= {"baselines": baselines(images, Classifier.load(), 0, n)}
    return result | {"losses": losses, "samples": np.round(x[: common.SHOWN], 3).tolist()}


def draw_mode(engine: str, mode: str, out: Path, n: int) -> dict[str, dict[str, Any]]:
    """Judged samples of one run, drawn in one mode, at t = 1 and t = 1.2."""
    path = out / f"drawn_{engine}_{mode}_{n}.json"
    run = Run.open(out / engine)
    both = common.kept(path, lambda: _draw(run, mode, n))
    label, loss = engine.replace("_", " "), final(run.metrics()["flow_loss"])
    return {f"{label}, {mode}, t = {t}": r | {"flow_loss": loss} for t, r in both.items()}


def _draw(run: Run, mode: str, n: int) -> dict[str, Any]:
    """A host-stepped mode starts each step anew, so that t = 1.2 goes on from t = 1."""
    images, _ = load_digits()
    x_0 = Streams(0).generator("samples").standard_normal((n, images.shape[1]))
    found, x, before = {}, x_0, 0.0
    for t in (1.0, 1.2):
        settings = SamplingSettings(mode=mode, t_end=t - before)
        x = draw_samples(run.chip(n_threads=1), x, run.experiment.flow, settings)
        result = evaluate_samples(x, images, Classifier.load())
        result |= {"baselines": baselines(images, Classifier.load(), 0, n)}
        found[str(t)] = result | {"samples": np.round(x[: common.SHOWN], 3).tolist()}
        x, before = (x_0, 0.0) if mode == "free-running" else (x, t)
    return found


def draw_loss(losses: dict[str, Any], path: Path) -> None:
    """Loss of the runs and the MLP: all of it, and the end of it smoothed; by fifths of t."""
    fig, (total, end, parts) = common.new_figure(1, 3, size=(12, 3.4))
    colours = {
        "transient": "#0072B2", AGAIN: "#56B4E9", "operating_point": "#D55E00", "mlp": "#5a5a5a",
    }  # fmt: skip
    for name, colour in colours.items():
        values = losses[name] if name == "mlp" else losses[name]["flow_loss"]
        label = {"operating_point": "operating point", "mlp": "MLP that sees t"}.get(name, name)
        updates = np.arange(1, len(values) + 1)
        total.plot(updates, values, lw=0.8, color=colour, label=label)
        window = min(SMOOTHED, len(values))
        smooth = np.convolve(values, np.ones(window) / window, "valid")
        end.plot(updates[window - 1 :], smooth, lw=1, color=colour, label=label)
    for ax in (total, end):
        ax.axhline(0.32, ls=":", color="k", lw=1)
    total.text(1.2, 0.3, "0.32, the paper's", va="top", fontsize=8)
    for k in range(5):
        values = np.array(losses["transient"][f"flow_loss_{k}"])
        parts.plot(values, lw=0.8, color=f"C{k}", label=f"t in {k / 5:.1f} to {(k + 1) / 5:.1f}")
    end.set(ylim=(0.3, 0.42), ylabel=f"mean of {SMOOTHED} updates")
    parts.set(ylim=(0, 1.5), ylabel="transient, seed 0")
    for ax in (total, end, parts):
        ax.set_xlabel("update")
    for ax in (total, parts):
        ax.legend(frameon=False, fontsize=8)
    total.set(xscale="log", yscale="log", ylabel="flow-matching loss")
    total.set_yticks([0.25, 0.5, 1, 2], ["0.25", "0.5", "1", "2"])
    total.minorticks_off()
    common.save(fig, path)


def draw_exact(compared: dict[str, list[list[float]]], path: Path) -> None:
    """Losses of each seed, and their differences beside the spread of the seeds."""
    fig, (curves, apart) = common.new_figure(1, 2, size=(9, 3.2))
    exact = np.array(compared["exact"])
    colours = {
        "gradep": ("#0072B2", "GradEP, the paper's beta"),
        "small": ("#009E73", f"GradEP, beta {SMALL_BETA:g}"),
    }
    for kind, (colour, label) in colours.items():
        ours = np.array(compared[kind])
        curves.plot(ours.T, color=colour, lw=0.8, label=[label] + [None] * (len(ours) - 1))
        apart.semilogy(np.abs(ours - exact).T, color=colour, lw=0.7)
    label = ["exact adjoint gradient"] + [None] * (len(exact) - 1)
    curves.plot(exact.T, color="#D55E00", lw=0.8, ls="--", label=label)
    apart.semilogy(np.std(exact, axis=0), color="#5a5a5a", label="spread of the seeds")
    curves.set(yscale="log", xlabel="update", ylabel="flow-matching loss")
    curves.set_yticks([0.5, 1, 2, 4, 8], ["0.5", "1", "2", "4", "8"])
    curves.minorticks_off()
    apart.set(xlabel="update", ylabel="difference to the exact gradient's", ylim=(1e-7, None))
    for ax in (curves, apart):
        ax.legend(frameon=False, fontsize=8)
    common.save(fig, path)


def draw_samples_of(results: dict[str, dict[str, Any]], path: Path) -> None:
    """Forty-eight samples of each mode, engine and generation time, and of the MLP."""
    fig, axes = common.new_figure(-(-len(results) // 2), 2, size=(10, 8.4))
    for ax, (name, result) in zip(axes.ravel(), results.items(), strict=False):
        common.show_digits(ax, result["samples"][:48], 16, name)
    for ax in axes.ravel()[len(results) :]:
        ax.set_axis_off()
    common.save(fig, path)


def main() -> None:
    """Train, draw, judge; write results.json, table.md and the figures."""
    found = common.options(__doc__, HERE)
    published, short, n = PUBLISHED, {"updates": 200, "batch": 512}, common.SAMPLES
    if found.quick:
        published, n = PUBLISHED.model_copy(update={"updates": 2, "batch": 32}), 50
        short = {"updates": 2, "batch": 32}
    compared, out = published.model_copy(update=short), found.out
    work = [(train_engine, *place, published, out) for place in PUBLISHED_RUNS.values()]
    work += [(train_exact, seed, compared, out) for seed in SEEDS]
    work += [(train_gradep, kind, seed, compared, out) for kind in KINDS for seed in SEEDS]
    work += [(train_mlp, published, out, n)]
    done = common.in_parallel(work, found.workers)
    losses = dict(zip(PUBLISHED_RUNS, done, strict=False)) | {"mlp": done[-1]["losses"]}
    begin = len(PUBLISHED_RUNS)
    of_seeds = [done[k : k + len(SEEDS)] for k in range(begin, len(done) - 1, len(SEEDS))]
    compared_losses = dict(zip(("exact", *KINDS), of_seeds, strict=True))
    work = [(draw_mode, engine, mode, out, n) for engine in ENGINES for mode in MODES]
    results: dict[str, dict[str, Any]] = {}
    for drawn in common.in_parallel(work, found.workers):
        results |= drawn
    results["MLP that sees t, t = 1.0"] = done[-1] | {"flow_loss": final(losses["mlp"])}
    figures = common.without_samples(results)
    everything = {"losses": losses, "compared": compared_losses, "results": figures}
    write_text(found.results / "results.json", json.dumps(everything) + "\n")
    write_text(found.results / "table.md", common.metric_table(results, "drawn by"))
    draw_loss(losses, found.results / "loss.png")
    draw_exact(compared_losses, found.results / "exact.png")
    draw_samples_of(results, found.results / "samples.png")
    print(common.metric_table(results, "drawn by"))
    common.finish(found)


if __name__ == "__main__":
    ending.ran(main)
