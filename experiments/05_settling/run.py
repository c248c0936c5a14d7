"""How long a chip must settle for good samples, and what that costs in seconds and joules.

python experiments/05_settling/run.py [--out DIR] [--workers N] [--quick]

Runs the sweep settling.yaml, or goes on with it, and draws what it found.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))
import common
import ending

from neurosim.analysis.oracle import ideal_network
from neurosim.blocks.files import load_block
from neurosim.blocks.units import format_quantity
from neurosim.data import PairSource, load_digits
from neurosim.host import free_phase
from neurosim.metrics import Classifier, baselines
from neurosim.outputs import write_text
from neurosim.report.ticks import label_decades
from neurosim.runs import Run
from neurosim.streams import Streams
from neurosim.sweeps import Sweep, SweepFolder, front

HERE = Path(__file__).parent
PLAN = load_block(HERE / "settling.yaml", Sweep)
CARRIED = "contrast, C_x/C_h 30"
# Up to some 4,000 time constants, of one training of each chip.
LONGEST = {
    "alone, C_x/C_h 1000": {"profile.release_ratio": 1000, "sampling.settle_tau": 30},
    "alone, C_x/C_h 1500": {"profile.release_ratio": 1500, "sampling.settle_tau": 30},
    "stepped, 100 tau": {
        "sampling.mode": "spring",
        "sampling.dt": 0.05,
        "sampling.settle_tau": 100,
    },
}
QUALITY = "frechet_feature"
WITHIN = 1.1  # quality has stopped improving where its distance is below this times the best
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73")
LINES = {"alone": "-", "stepped": ":"}
ROWS = 256  # triples on which the slowest modes are taken
Row = dict[str, Any]
Array = NDArray[np.float64]


def shortened() -> Sweep:
    """The sweep at its smallest: two chips, one tiny training each, drawn in two ways."""
    chip, trained, drawn, t_end = PLAN.axes
    recipe = PLAN.base.experiment.with_values({"updates": 2, "batch": 16, "flow.settle_tau": 2.0})
    axes = [
        axis.model_copy(update={"cases": dict(list(axis.cases.items())[part])})
        for axis, part in ((chip, slice(2)), (trained, slice(2, 3)), (drawn, slice(0, 7, 6)))
    ]
    short = t_end.model_copy(update={"values": (0.1,)})
    return PLAN.model_copy(
        update={
            "base": PLAN.base.model_copy(update={"experiment": recipe}),
            "axes": (*axes, short),
            "sampling": PLAN.sampling.model_copy(update={"n": 24}),
        }
    )


def longest(plan: Sweep, rows: Sequence[Row], out: Path, workers: int) -> list[Row]:
    """The same for still longer samples, of what the sweep has trained."""
    found = []
    for chip in values_of(rows, "chip"):
        points = SweepFolder.create(out / "sweep", plan, HERE, resume=True).points
        wanted = {"chip": chip, "trained": CARRIED}
        point = next(p for p in points if wanted.items() <= p.settings.items())
        t_end = point.sampling.model_copy(update={"mode": None, "dt": None, "settle_tau": None})
        ways = dict(list(LONGEST.items())[: 1 if plan is not PLAN else None])
        long = Sweep.model_validate(
            {
                "name": "longest",
                "base": {"run": str((out / "sweep" / "trained" / point.training.key).resolve())},
                "sampling": t_end.model_dump() | {"t_end": plan.axes[-1].steps()[-1]},
                "axes": [{"name": "drawn", "cases": ways}],
                "measure": plan.measure,
            }
        )
        own = wanted | {"sampling.t_end": long.sampling.t_end}
        found += [row | own for row in swept(long, out / f"longest_{chip}", workers)]
    return found


def swept(plan: Sweep, out: Path, workers: int) -> list[Row]:
    """Rows of the table, those that failed left out and named."""
    folder = SweepFolder.create(out, plan, HERE, command="run.py", resume=True)
    rows = common.swept(folder, workers)
    for row in rows:
        if row["error"]:
            print(f"point {row['point']}: {row['error']}", file=sys.stderr)
    return [row | {"way": row["drawn"].partition(",")[0]} for row in rows if not row["error"]]


def of(rows: Sequence[Row], **wanted: str) -> list[Row]:
    """Rows whose columns hold what is wanted."""
    return [row for row in rows if all(row[key] == text for key, text in wanted.items())]


def pareto(rows: Sequence[Row], cost: str) -> list[Row]:
    """Rows than which none is both cheaper and nearer to the digits."""
    kept = front([row[cost] for row in rows], [row[QUALITY] for row in rows])
    return [rows[k] for k in kept]


def enough(rows: Sequence[Row]) -> Row:
    """The quickest row whose quality is within reach of the best."""
    best = min(row[QUALITY] for row in rows)
    return next(row for row in pareto(rows, "sample_time_s") if row[QUALITY] <= WITHIN * best)


def values_of(rows: Sequence[Row], column: str) -> list[str]:
    """Different values of a column, in order."""
    return list(dict.fromkeys(row[column] for row in rows))


def enough_table(rows: Sequence[Row], n: int) -> str:
    """Of each chip, alone and stepped: the quickest row that is nearly as good as the best."""
    head = ["chip", "drawn", "trained", "t", "tau", "time", "energy", "feature Frechet"]
    head += ["1-NN", "precision", "recall", "coverage", "best, at any length"]
    lines = []
    for chip in values_of(rows, "chip"):
        for way in LINES:
            own = of(rows, chip=chip, way=way)
            row, best = enough(own), min(own, key=lambda row: row[QUALITY])
            cells = [chip, row["drawn"], row["trained"], str(row["sampling.t_end"])]
            cells += [f"{row['sample_tau']:,.0f}", format_quantity(row["sample_time_s"], "s", 3)]
            cells += [format_quantity(row["sample_energy_J"], "J", 3)]
            cells += [row[figure] for figure in PLAN.measure]
            lines.append([*cells, f"{best[QUALITY]:.2f} at {best['sample_tau']:,.0f} tau"])
    for name, floor in baselines(load_digits()[0], Classifier.load(), 0, n).items():
        lines.append([f"*{name}*", *[""] * 6, *(floor[figure] for figure in PLAN.measure), ""])
    return common.table(head, lines)


def training_table(rows: Sequence[Row]) -> str:
    """Distance by training and settling time, the chip alone, the better generation time."""
    ways = values_of(of(rows, way="alone"), "drawn")
    lines = []
    for chip in values_of(rows, "chip"):
        for trained in values_of(rows, "trained"):
            found = [of(rows, chip=chip, trained=trained, drawn=way) for way in ways]
            best = [f"{min(row[QUALITY] for row in own):.2f}" if own else "" for own in found]
            lines.append([chip, trained, *best])
    return common.table(["chip", "trained", *(way.removeprefix("alone, ") for way in ways)], lines)


def slowest_tau(run: Run, n_rows: int) -> Array:
    """Time constant of the slowest hidden mode, pixels held, at rest on each of n_rows triples.

    -1 / max Re eig of the hidden block of the circuit's Jacobian, in C / g; the oracle's, so of a
    circuit whose effects are ideal.
    """
    chip = run.chip(n_threads=1)
    sheet, layers = chip.data_sheet, chip.data_sheet.layers
    batch = PairSource(load_digits()[0], n_rows, Streams(0), prefetch=False).batch_at(0)
    free_phase(chip, batch.x_t, run.experiment.flow.on(sheet))
    voltages = chip.u_V / sheet.unit_V
    states = np.hstack([voltages[:, layers.nodes(k)] for k in range(len(layers.sizes))])
    node = run.profile.node
    network = ideal_network(layers, run.weights(), node.law, node.amplifier)
    hidden = slice(layers.n_visible, None)
    rates = np.linalg.eigvals(network.jacobian(states)[:, hidden, hidden]).real.max(axis=1)
    slowest: Array = -1 / rates
    return slowest


def slowest_table(plan: Sweep, out: Path) -> str:
    """Slowest modes of the first chip of the sweep, the ideal circuit, by training."""
    n_rows = ROWS if plan is PLAN else 4
    points = SweepFolder.create(out / "sweep", plan, HERE, resume=True).points
    of_chip = {
        p.settings["trained"]: p.training.key
        for p in points
        if p.settings["chip"] == points[0].settings["chip"]
    }
    lines = []
    for trained, key in of_chip.items():
        slowest = slowest_tau(Run.open(out / "sweep" / "trained" / key), n_rows)
        shares = np.quantile(slowest, (0.5, 0.95, 1))
        lines.append([trained, *(f"{tau:.1f}" for tau in shares)])
    return common.table([points[0].settings["chip"], "median", "95 %", "slowest"], lines)


def draw_trainings(rows: Sequence[Row], path: Path) -> None:
    """A panel a chip: distance against settling time, a colour a training."""
    chips = values_of(rows, "chip")
    fig, axes = common.new_figure(1, len(chips), size=(3 * len(chips), 3.6))
    for ax, chip in zip(axes, chips, strict=True):
        for colour, trained in zip(COLOURS, values_of(rows, "trained"), strict=False):
            for way, line in LINES.items():
                own = of(rows, chip=chip, trained=trained, way=way)
                ways = [of(own, drawn=drawn) for drawn in values_of(own, "drawn")]
                best = [min(several, key=lambda row: row[QUALITY]) for several in ways]
                best.sort(key=lambda row: row["sample_tau"])
                ax.plot(
                    [row["sample_tau"] for row in best],
                    [row[QUALITY] for row in best],
                    line,
                    color=colour,
                    marker=".",
                    lw=1,
                    ms=4,
                    label=trained if way == "alone" else None,
                )
        ax.set(xscale="log", xlabel="settling of a sample, C/g", title=chip)
        ax.sharey(axes[0])
        logarithmic(ax)
    axes[0].set_ylabel("feature Frechet distance\n(solid: alone, dotted: stepped by the host)")
    fig.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    common.save(fig, path)


def draw_fronts(rows: Sequence[Row], floor: float, path: Path) -> None:
    """Best distance that each settling time, time and energy can buy, by chip."""
    costs = {
        "sample_tau": ("settling of a sample [C/g]", ""),
        "sample_time_s": ("time of a sample", "s"),
        "sample_energy_J": ("energy of a sample", "J"),
    }
    fig, axes = common.new_figure(1, len(costs), size=(10, 3.6))
    for ax, (cost, (label, unit)) in zip(axes, costs.items(), strict=True):
        for colour, chip in zip(COLOURS, values_of(rows, "chip"), strict=False):
            for way, line in LINES.items():
                own = of(rows, chip=chip, way=way)
                kept, knee = pareto(own, cost), enough(own)
                x, y = [row[cost] for row in kept], [row[QUALITY] for row in kept]
                name = chip if way == "alone" else None
                ax.plot(x, y, line, marker=".", ms=4, lw=1.2, color=colour, label=name)
                ax.plot(knee[cost], knee[QUALITY], "o", ms=8, mfc="none", color=colour)
        ax.axhline(floor, color="0.5", ls="--", lw=0.8)
        ax.set(xscale="log", xlabel=label)
        ax.sharey(axes[0])
        logarithmic(ax)
        label_decades(ax.xaxis, unit)
    axes[0].set_ylabel("feature Frechet distance\n(solid: alone, dotted: stepped)")
    axes[0].text(0.02, floor, "real digits", transform=axes[0].get_yaxis_transform(), va="bottom")
    fig.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    common.save(fig, path)


def logarithmic(ax: Axes) -> None:
    """Distances on a logarithmic scale with plain numbers."""
    ax.set_yscale("log")
    ax.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
    ax.minorticks_off()


def main() -> None:
    """Sweep; write results.csv, table.md, fronts.png and trainings.png."""
    options = common.options(__doc__, HERE)
    plan = shortened() if options.quick else PLAN
    rows = swept(plan, options.out / "sweep", options.workers)
    rows += longest(plan, rows, options.out, options.workers)
    n = plan.sampling.n
    floor = baselines(load_digits()[0], Classifier.load(), 0, n)["real"][QUALITY]
    with (options.results / "results.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    tables = [enough_table(rows, n), training_table(rows), slowest_table(plan, options.out)]
    write_text(options.results / "table.md", "\n".join(tables))
    draw_fronts(rows, floor, options.results / "fronts.png")
    draw_trainings(rows, options.results / "trainings.png")
    print(*tables, sep="\n")
    common.finish(options)


if __name__ == "__main__":
    ending.ran(main)
