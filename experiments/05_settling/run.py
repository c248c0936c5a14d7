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

sys.path.append(str(Path(__file__).parents[1]))
import common

from neurosim.data import load_digits
from neurosim.files import write_text
from neurosim.metrics import baselines
from neurosim.sweeps import Engine, Sweep, SweepFolder, front, run_sweep
from neurosim.units import format_quantity
from neurosim.yaml_files import load_block, with_values

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
Row = dict[str, Any]


def shortened() -> Sweep:
    """The sweep at its smallest: two chips, one tiny training each, drawn in two ways."""
    chip, trained, drawn, t_end = PLAN.axes
    recipe = with_values(PLAN.base.experiment, {"updates": 2, "batch": 16, "flow.settle_tau": 2.0})
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

    def tell(done: int, total: int, _rows: Sequence[Row]) -> None:
        print(f"\r{done} of {total} points", end="", file=sys.stderr, flush=True)

    rows = run_sweep(folder, Engine(workers), progress=tell)
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


def front_table(rows: Sequence[Row]) -> str:
    """Of each chip: the best row, and the quickest that is nearly as good."""
    head = ["chip", "", "trained", "drawn", "t", "tau", "time", "energy", "feature Frechet"]
    head += ["1-NN", "precision", "recall", "coverage"]
    lines = []
    for chip in values_of(rows, "chip"):
        own = of(rows, chip=chip)
        best = min(own, key=lambda row: row[QUALITY])
        for what, row in (("best", best), ("enough", enough(own))):
            cells = [chip, what, row["trained"], row["drawn"], str(row["sampling.t_end"])]
            cells += [f"{row['sample_tau']:.3g}", format_quantity(row["sample_time_s"], "s", 3)]
            cells += [format_quantity(row["sample_energy_J"], "J", 3)]
            lines.append(cells + [row[figure] for figure in PLAN.measure])
    return common.table(head, lines)


def training_table(rows: Sequence[Row], n: int) -> str:
    """Distance by training and settling time, the chip alone, the better generation time."""
    ways = values_of(of(rows, way="alone"), "drawn")
    lines = []
    for chip in values_of(rows, "chip"):
        for trained in values_of(rows, "trained"):
            found = [of(rows, chip=chip, trained=trained, drawn=way) for way in ways]
            lines.append(
                [chip, trained, *(min((row[QUALITY] for row in own), default="") for own in found)]
            )
    floors = baselines(load_digits()[0], 0, n)
    empty = [""] * (len(ways) - 1)
    lines += [[f"*{name}*", "", floor[QUALITY], *empty] for name, floor in floors.items()]
    return common.table(["chip", "trained", *(way.removeprefix("alone, ") for way in ways)], lines)


def draw_trainings(rows: Sequence[Row], path: Path) -> None:
    """A panel a chip: distance against settling time, a colour a training."""
    chips = values_of(rows, "chip")
    fig, axes = common.new_figure(1, len(chips), size=(3 * len(chips), 3.6))
    for ax, chip in zip(axes, chips, strict=True):
        for colour, trained in zip(COLOURS, values_of(rows, "trained"), strict=False):
            for way, line in LINES.items():
                own = of(rows, chip=chip, trained=trained, way=way)
                by_tau: dict[float, float] = {}
                for row in own:
                    tau, bad = row["sample_tau"], row[QUALITY]
                    by_tau[tau] = min(bad, by_tau.get(tau, bad))
                nearest = sorted(by_tau.items())
                label = trained if way == "alone" else None
                ax.plot(
                    *zip(*nearest, strict=True),
                    line,
                    color=colour,
                    marker=".",
                    lw=1,
                    ms=4,
                    label=label,
                )
        ax.set(xscale="log", yscale="log", xlabel="settling of a sample, C/g", title=chip)
        ax.sharey(axes[0])
    axes[0].set_ylabel("feature Frechet distance\n(solid: alone, dotted: stepped by the host)")
    fig.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    common.save(fig, path)


def draw_fronts(rows: Sequence[Row], floor: float, path: Path) -> None:
    """Best distance that each settling time, time and energy can buy, by chip."""
    costs = {
        "sample_tau": "settling of a sample, C/g",
        "sample_time_s": "time of a sample, s",
        "sample_energy_J": "energy of a sample, J",
    }
    fig, axes = common.new_figure(1, len(costs), size=(10, 3.6))
    for ax, (cost, label) in zip(axes, costs.items(), strict=True):
        for colour, chip in zip(COLOURS, values_of(rows, "chip"), strict=False):
            own = of(rows, chip=chip)
            kept, knee = pareto(own, cost), enough(own)
            ax.plot(
                [r[cost] for r in kept], [r[QUALITY] for r in kept], ".-", color=colour, label=chip
            )
            ax.plot(knee[cost], knee[QUALITY], "o", ms=9, mfc="none", color=colour)
        ax.axhline(floor, color="0.5", ls=":", lw=1)
        ax.set(xscale="log", yscale="log", xlabel=label)
    axes[0].set_ylabel("feature Frechet distance")
    fig.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    common.save(fig, path)


def main() -> None:
    """Sweep; write results.csv, table.md, fronts.png and trainings.png."""
    options = common.options(__doc__, HERE)
    plan = shortened() if options.quick else PLAN
    rows = swept(plan, options.out / "sweep", options.workers)
    rows += longest(plan, rows, options.out, options.workers)
    n = plan.sampling.n
    floor = baselines(load_digits()[0], 0, n)["real"][QUALITY]
    with (options.results / "results.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    tables = front_table(rows) + "\n" + training_table(rows, n)
    write_text(options.results / "table.md", tables)
    draw_fronts(rows, floor, options.results / "fronts.png")
    draw_trainings(rows, options.results / "trainings.png")
    print(tables)
    common.finish(options)


if __name__ == "__main__":
    main()
