"""The circuit that can be built beside the paper's law: several seeds, and why it runs free better.

python experiments/02_hopfield/run.py [--out DIR] [--workers N] [--quick]

What is done is not done again; a training that was stopped goes on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.blocks.files import load_block
from neurosim.host import Experiment
from neurosim.host.sampler import run_free, settle_clamped
from neurosim.outputs import write_text
from neurosim.profile import load_profile
from neurosim.runs import Run
from neurosim.streams import Streams

HERE = Path(__file__).parent
PUBLISHED = load_block(HERE.parent / "paper.yaml", Experiment)
BASE = PUBLISHED.with_values({"batch": 512, "sampling.mode": "free-running"})
# As published; with what experiment 03 found to be better for flow matching alone, or sharper.
BETTER = {"learning_rate": 2e-3, "schedule": "cosine", "pairing": "epoch"}
RECIPES: dict[str, dict[str, Any]] = {
    "": {},
    "better": BETTER,
    "sharper": BETTER | {"times": "logit_normal"},
}
LAWS = {"hopfield": "#0072B2", "gradient": "#D55E00"}
SEEDS = {
    ("hopfield", ""): (0, 1, 2),
    ("hopfield", "better"): (0, 1, 2),
    ("hopfield", "sharper"): (0, 1, 2),
    ("gradient", ""): (0, 1),
}
TIMES = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
LONG_TAU = 1000.0


def one(
    law: str, recipe: str, seed: int, experiment: Experiment, out: Path, n: int
) -> dict[str, Any]:
    """Train, and judge what the chip draws alone."""
    profile = load_profile(f"ideal_{law}").with_values({"settling.precision": "float32"})
    own = experiment.with_values({"seed": seed} | RECIPES[recipe])
    run = common.trained(profile, own, out / "-".join(filter(None, (law, recipe, str(seed)))))
    return {str(t): common.judged(run, n, t_end=t) for t in (1.0, 1.2)}


def reset(law: str, out: Path, n: int) -> dict[str, Any]:
    """The same network with hidden nodes that start from zero at each of 120 host steps."""
    return common.judged(Run.open(out / f"{law}-0"), n, t_end=1.2, mode="spring")


def carried(law: str, out: Path, rows: int) -> dict[str, Any]:
    """On the free-running path: hidden nodes as carried along, beside those that start from zero.

    At each time the visible nodes are held where they are. `apart` is the share of rows in which
    outputs (root mean square over hidden nodes) differ by over 0.1 from those after a long settle
    from zero; `late` the same for a settle of the training's own 30 tau; `velocity` the
    difference of the clamp's velocities, carried and after 30 tau, relative to the latter.
    """
    return common.kept(out / f"carried_{law}_{rows}.json", lambda: _carried(law, out, rows))


def _carried(law: str, out: Path, rows: int) -> dict[str, Any]:
    run = Run.open(out / f"{law}-0")
    chip, flow = run.chip(n_threads=1), run.experiment.flow
    sheet = chip.data_sheet
    flow = flow.on(sheet)
    hidden = slice(sheet.layers.n_visible, None)
    order = np.concatenate(
        [np.arange(sheet.layers.n_nodes)[sheet.layers.nodes(k)] for k in range(3)]
    )
    x_0 = Streams(0).generator("samples").standard_normal((rows, sheet.layers.n_visible))
    found: dict[str, Any] = {"t": list(TIMES), "apart": [], "late": [], "velocity": []}
    for t in TIMES:
        run_free(chip, x_0, flow, t)
        outputs = chip.read()[:, order] / sheet.unit_V
        x = outputs[:, : hidden.start]
        chip.clamp(x * sheet.unit_V)
        chip.settle(1e-3 * sheet.tau_s)
        along = -flow.alpha * chip.sense()
        settle_clamped(chip, x, flow)
        short, velocity = chip.read()[:, order] / sheet.unit_V, -flow.alpha * chip.sense()
        settle_clamped(chip, x, flow.model_copy(update={"settle_tau": LONG_TAU}))
        long = chip.read()[:, order] / sheet.unit_V

        def share(a: Any, b: Any) -> float:
            return float(np.mean(np.sqrt(np.mean((a - b)[:, hidden] ** 2, axis=1)) > 0.1))

        found["apart"].append(share(outputs, long))
        found["late"].append(share(short, long))
        found["velocity"].append(float(np.linalg.norm(along - velocity) / np.linalg.norm(velocity)))
    return found


def draw(found: dict[tuple[str, str, int], Any], why: dict[str, Any], path: Path) -> None:
    """Samples of both laws, and what their hidden nodes do on the way."""
    fig, axes = common.new_figure(2, 2, size=(9, 7))
    for ax, law in zip(axes[0], LAWS, strict=True):
        result = found[law, "", 0]["1.2"]
        title = f"{law} law, running free, t = 1.2\nfeature Frechet {result['frechet_feature']:.2f}"
        common.show_digits(ax, result["samples"], 10, title)
    states, velocities = axes[1]
    for law, colour in LAWS.items():
        t = why[law]["t"]
        states.plot(t, why[law]["apart"], "o-", color=colour, label=f"{law}: carried along")
        states.plot(
            t, why[law]["late"], "s--", color=colour, mfc="w", label=f"{law}: 30 tau from zero"
        )
        velocities.plot(t, why[law]["velocity"], "o-", color=colour, label=law)
    states.set(
        ylabel=f"share of rows not where\n{LONG_TAU:.0f} tau from zero lead", ylim=(-0.02, 1.02)
    )
    velocities.set(ylabel="velocity: carried against reset,\nrelative difference", ylim=(0, None))
    for ax in (states, velocities):
        ax.set_xlabel("generation time t")
        ax.legend(frameon=False, fontsize=8)
    common.save(fig, path)


def main() -> None:
    """Train, judge, explain; write results.json, table.md and hopfield.png."""
    options = common.options(__doc__, HERE)
    experiment, n, seeds, out = BASE, common.SAMPLES, SEEDS, options.out
    if options.quick:
        experiment = BASE.with_values({"updates": 2, "batch": 32, "flow.settle_tau": 3.0})
        n, seeds = 50, dict.fromkeys(SEEDS, (0,))
    places = [(*kind, seed) for kind in seeds for seed in seeds[kind]]
    work = [(one, *place, experiment, out, n) for place in places]
    found = dict(zip(places, common.in_parallel(work, options.workers), strict=True))
    work = [(reset, law, out, n) for law in LAWS]
    work += [(carried, law, out, 20 if options.quick else 512) for law in LAWS]
    explained = common.in_parallel(work, options.workers)
    why = dict(zip(LAWS, explained[-len(LAWS) :], strict=True))
    results = {
        f"{', '.join(filter(None, (law, recipe)))}, seed {seed}, t = {t}": judged[t]
        for (law, recipe, seed), judged in found.items()
        for t in ("1.0", "1.2")
    }
    results |= {
        f"{law}, seed 0, hidden nodes reset, t = 1.2": explained[k] for k, law in enumerate(LAWS)
    }
    everything = {"results": common.without_samples(results), "carried": why}
    write_text(options.results / "results.json", json.dumps(everything, indent=1) + "\n")
    write_text(options.results / "table.md", common.metric_table(results, "law"))
    draw(found, why, options.results / "hopfield.png")
    print(common.metric_table(results, "law"))
    common.finish(options)


if __name__ == "__main__":
    ending.ran(main)
