"""Train every shipped profile alike, and judge what it has learned.

python experiments/00_profiles/run.py [--out DIR] [--workers N] [--quick]

A profile that is done is not done again; a run that was stopped goes on.
"""

from __future__ import annotations

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

from neurosim.blocks.units import format_quantity
from neurosim.chip import Ledger
from neurosim.host import Experiment
from neurosim.outputs import write_text
from neurosim.profile import load_profile, shipped_profiles
from neurosim.runs import Run, evaluate

HERE = Path(__file__).parent
EXPERIMENT = Experiment(updates=300, batch=256, learning_rate=2e-3, schedule="cosine")
SAMPLES = 2000
SHOWN = 16


def one(name: str, out: Path, experiment: Experiment, n: int) -> dict[str, Any]:
    """Train and judge one profile; its row of the table, from the folder where it is done."""
    folder = out / name
    result_path = folder / "result.json"
    if result_path.exists():
        row = json.loads(result_path.read_text())
        return row | {"ledger": Ledger.renamed(row["ledger"])}
    with threadpool_limits(1, "blas"):
        try:
            run = common.trained(load_profile(name), experiment, folder)
            result, x = evaluate(run, n)
        except Exception as error:  # A profile that cannot learn is a row; the others go on.
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
        if "error" in row:
            lines.append(f"| {row['profile']} | {row['error']} |" + " |" * (len(head) - 2))
            continue
        values = [row[k] for k in ("flow_loss", "frechet_feature", "nn_two_sample")]
        values += [row["precision"], row["coverage"]]
        cells = [row["profile"], *(f"{v:.2f}" for v in values), str(row["classes"])]
        spent = row["ledger"]
        cells += [format_quantity(spent["time_s"], "s", 3)]
        cells += [format_quantity(spent["energy_J"], "J", 3)]
        lines.append("| " + " | ".join(cells) + " |")
    good = next(row for row in rows if "error" not in row)
    for name, base in good["baselines"].items():
        cells = [f"{base[k]:.2f}" for k in ("frechet_feature", "nn_two_sample")]
        cells += [f"{base[k]:.2f}" for k in ("precision", "coverage")]
        lines.append("| " + " | ".join([f"*{name}*", "", *cells, "", "", ""]) + " |")
    return "\n".join(lines) + "\n"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """A strip of samples for each profile."""
    good = [row for row in rows if "error" not in row]
    side = round(len(good[0]["samples"][0]) ** 0.5)
    fig = Figure(figsize=(9, 0.5 * len(good) + 0.3), layout="constrained")
    FigureCanvasAgg(fig)
    for ax, row in zip(np.atleast_1d(fig.subplots(len(good), 1)), good, strict=True):
        images = np.array(row["samples"]).reshape(-1, side, side)
        framed = np.pad(images, ((0, 0), (0, 0), (0, 1)), constant_values=1)
        ax.imshow(np.concatenate(framed, axis=1), cmap="gray", vmin=-1, vmax=1)
        ax.set_axis_off()
        label = f"{row['profile']}  {row['frechet_feature']:.1f}"
        ax.text(-2, 4, label, ha="right", va="center", fontsize=9)
    fig.savefig(path, dpi=150)


def main() -> None:
    """Train, judge, write results.json, table.md and samples.png."""
    options = common.options(__doc__ or "", HERE)
    names, experiment, n = list(shipped_profiles()), EXPERIMENT, SAMPLES
    if options.quick:
        names, n = names[-1:], 50
        experiment = experiment.model_copy(update={"updates": 2, "batch": 32})
    names.sort(key=lambda name: (not name.startswith("ideal"), name))
    work = [(one, name, options.out, experiment, n) for name in names]
    rows = common.in_parallel(work, options.workers)
    write_text(options.results / "results.json", json.dumps(rows, indent=1) + "\n")
    write_text(options.results / "table.md", markdown(rows))
    draw(rows, options.results / "samples.png")
    print(markdown(rows))
    common.finish(options)


if __name__ == "__main__":
    main()
