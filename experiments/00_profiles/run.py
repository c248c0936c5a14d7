"""Train every shipped profile that is made for flows alike, and judge what it has learned.

python experiments/00_profiles/run.py [--out DIR] [--workers N] [--quick]
python experiments/00_profiles/run.py --seeds 3 --names ecram_redox pcm_hermes_14nm

A profile that is done is not done again; a run that was stopped goes on. With more than one seed
nothing is written but seeds.json and seeds.md, in which other profiles and seeds stay. Where a
training fails nothing is written at all. Oscillators that draw are in 09_machines.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.analysis.suited import unsuited
from neurosim.blocks.units import format_quantity
from neurosim.chip import Ledger
from neurosim.host import Experiment, Flow
from neurosim.outputs import write_text
from neurosim.profile import load_profile, shipped_profiles
from neurosim.runs import Run, evaluate

HERE = Path(__file__).parent
EXPERIMENT = Experiment(updates=300, batch=256, learning_rate=2e-3, schedule="cosine")
SAMPLES = 2000
SHOWN = 16


def flowing() -> list[str]:
    """Shipped profiles of amplifiers, which are made for flows: ideal ones first."""
    shipped = {name: load_profile(name) for name in shipped_profiles()}
    names = [
        name for name, profile in shipped.items()
        if unsuited(profile, Flow()) is None and not profile.node.oscillating
    ]  # fmt: skip
    return sorted(names, key=lambda name: (not name.startswith("ideal"), name))


def one(name: str, out: Path, experiment: Experiment, n: int, seed: int = 0) -> dict[str, Any]:
    """Train and judge one profile; its row of the table, from the folder where it is done."""
    folder = out / (f"{name}_seed{seed}" if seed else name)
    experiment = experiment.model_copy(update={"seed": seed})
    result_path = folder / "result.json"
    if result_path.exists():
        row = json.loads(result_path.read_text())
        return row | {"ledger": Ledger.renamed(row["ledger"])}
    with threadpool_limits(1, "blas"):
        try:
            run = common.trained(load_profile(name), experiment, folder)
            result, x = evaluate(run, n)
        except Exception as error:  # The others go on.
            return {"profile": name, "error": f"{type(error).__name__}: {error}"}
    row = {"profile": name} | judged(run, result, x)
    write_text(result_path, json.dumps(row, indent=2) + "\n")
    return row


def judged(run: Run, result: dict[str, Any], x: np.ndarray) -> dict[str, Any]:
    """What the table and the picture need."""
    keys = ("flow_loss", "frechet_feature", "nn_two_sample", "precision", "coverage")
    row = {key: result[key] for key in keys}
    ledger = run.facts["ledger"]
    row |= {"classes": sum(share >= 0.01 for share in result["class_shares"])}
    row |= {"ledger": ledger, "baselines": result["baselines"]}
    return row | {"samples": np.round(x[:SHOWN], 3).tolist()}


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table, with the rows that need no chip."""
    head = ["profile", "flow loss", "feature Frechet", "1-NN", "precision", "coverage", "classes",
            "time", "energy"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        values = [row[k] for k in ("flow_loss", "frechet_feature", "nn_two_sample")]
        values += [row["precision"], row["coverage"]]
        cells = [row["profile"], *(f"{v:.2f}" for v in values), str(row["classes"])]
        spent = row["ledger"]
        cells += [format_quantity(spent["time_s"], "s", 3)]
        cells += [format_quantity(spent["energy_J"], "J", 3)]
        lines.append("| " + " | ".join(cells) + " |")
    for name, base in rows[0]["baselines"].items():
        cells = [f"{base[k]:.2f}" for k in ("frechet_feature", "nn_two_sample")]
        cells += [f"{base[k]:.2f}" for k in ("precision", "coverage")]
        lines.append("| " + " | ".join([f"*{name}*", "", *cells, "", "", ""]) + " |")
    return "\n".join(lines) + "\n"


def by_seed(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """A row a profile: feature Frechet of each seed, its mean and standard deviation."""
    lines = ["| profile | flow losses | feature Frechet distances | mean | standard deviation |"]
    lines.append("|" + "---|" * 5)
    for name, of in results.items():
        of_one = [of[seed] for seed in sorted(of, key=int)]
        found = [row["frechet_feature"] for row in of_one]
        cells = [name, ", ".join(f"{row['flow_loss']:.3f}" for row in of_one)]
        cells += [", ".join(f"{value:.2f}" for value in found)]
        cells += [f"{np.mean(found):.2f}", f"{np.std(found, ddof=1):.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """A strip of samples for each profile."""
    side = round(len(rows[0]["samples"][0]) ** 0.5)
    fig = Figure(figsize=(9, 0.5 * len(rows) + 0.3), layout="constrained")
    FigureCanvasAgg(fig)
    for ax, row in zip(np.atleast_1d(fig.subplots(len(rows), 1)), rows, strict=True):
        images = np.array(row["samples"]).reshape(-1, side, side)
        framed = np.pad(images, ((0, 0), (0, 0), (0, 1)), constant_values=1)
        ax.imshow(np.concatenate(framed, axis=1), cmap="gray", vmin=-1, vmax=1)
        ax.set_axis_off()
        label = f"{row['profile']}  {row['frechet_feature']:.1f}"
        ax.text(-2, 4, label, ha="right", va="center", fontsize=9)
    fig.savefig(path, dpi=150)


def write(rows: list[dict[str, Any]], folder: Path) -> None:
    """Print the table, and write results.json, table.md and samples.png."""
    print(markdown(rows))
    common.write_results(folder / "results.json", rows)
    write_text(folder / "table.md", markdown(rows))
    draw(rows, folder / "samples.png")


def write_seeds(rows: list[dict[str, Any]], seeds: range, folder: Path) -> None:
    """Print the table by profile and seed, earlier ones among them; write seeds.json, seeds.md."""
    new: dict[str, dict[str, Any]] = {}
    for row, seed in zip(rows, itertools.cycle(seeds), strict=False):
        kept = {k: v for k, v in row.items() if k not in ("samples", "baselines")}
        new.setdefault(row["profile"], {})[str(seed)] = kept
    results = common.merged(folder / "seeds.json", new)
    print(by_seed(results))
    common.write_results(folder / "seeds.json", results)
    write_text(folder / "seeds.md", by_seed(results))


def more(parser: argparse.ArgumentParser) -> None:
    """What this experiment is asked beyond what all are."""
    parser.add_argument("--names", nargs="+", choices=flowing(), help="profiles")
    parser.add_argument("--seeds", type=common.count, default=1, help="seeds from 0 (1)")


def main() -> None:
    """Train and judge; write the table of all profiles, or that of some over seeds."""
    options = common.options(__doc__ or "", HERE, more=more)
    if (options.names is None) != (options.seeds == 1):
        raise SystemExit("--names and --seeds (2 or more) go together")
    names, experiment, n = options.names or flowing(), EXPERIMENT, SAMPLES
    if options.quick:
        names, n = names[-1:], 50
        experiment = experiment.model_copy(update={"updates": 2, "batch": 32})
    seeds = range(options.seeds)
    work = [(one, name, options.out, experiment, n, seed) for name in names for seed in seeds]
    rows = common.in_parallel(work, options.workers)
    if failed := [row for row in rows if "error" in row]:
        said = "\n".join(f"{row['profile']}: {row['error']}" for row in failed)
        raise SystemExit(f"{said}\n{len(failed)} of {len(rows)} failed; nothing is written.")
    if options.seeds == 1:
        write(rows, options.results)
    else:
        write_seeds(rows, seeds, options.results)
    common.finish(options)


if __name__ == "__main__":
    ending.ran(main)
