"""The command `neurosim settling`. Heavy packages are imported inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.bar import Bar
from neurosim.cli.common import COUNT, FOLDER, JSON, LAWS, TIME, command_line, print_json, say
from neurosim.errors import DataError

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.profile import Profile
    from neurosim.runs import Run
    from neurosim.sweeps import Sweep, SweepFolder
    from neurosim.sweeps.knees import Knee

__all__ = ["settling"]

_WAYS = {"alone": "Released once and left alone", "stepped": "Stepped by its host"}


@click.command()
@click.argument("what", metavar="PROFILE_OR_RUN")
@click.option(
    "--budget",
    "budget_s",
    type=TIME,
    default="10m",
    show_default=True,
    help="Time of computing on these cores, from the first update to the last sample.",
)
@click.option("--seeds", type=COUNT, default=3, show_default=True, help="Trainings, and dies.")
@click.option("--dataset", default="digits", show_default=True, help="What is learned.")
@click.option("--workers", type=COUNT, help="Processes.  [default: one a core]")
@click.option("--dask", default="", help="Address of a Dask scheduler instead of processes here.")
@click.option("--out", type=FOLDER, help="Folder.  [default: runs/settling-PROFILE]")
@click.option("--resume", "go_on", is_flag=True, help="Go on with the study in the folder.")
@LAWS
@JSON
def settling(
    what: str, budget_s: float, seeds: int, dataset: str, workers: int | None, dask: str,
    out: Path | None, go_on: bool, laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Find how long a chip must settle for good samples, what that costs and what sets it.

    A chip is trained from random weights, or that of a run is taken; samples are drawn by the chip
    alone at several ratios of its capacitances C_x/C_h, and stepped by the host with several
    settling times of a step. Enough is where the distance to the data comes within a tenth of the
    best that its way of drawing reaches; the interval is over seeds. All points are kept as a
    sweep.
    """
    from neurosim.blocks.files import load_block
    from neurosim.folders import exists
    from neurosim.profile import load_profile
    from neurosim.runs import Run
    from neurosim.signals import Stopped, on_signals, stopping
    from neurosim.solvers import available_threads
    from neurosim.sweeps import Sweep, SweepFolder, Workers, run_sweep

    used = Workers(workers or available_threads(), dask)
    used.check()
    run = Run.open(Path(what), laws) if exists(Path(what) / "experiment.yaml") else None
    profile = load_profile(what, laws=laws) if run is None else run.profile
    folder = out or Path("runs") / f"settling-{profile.name}"
    if go_on:
        plan = load_block(folder / "sweep.yaml", Sweep)
    else:
        plan = _planned(what, profile, run, dataset, budget_s, seeds, used.workers)
    study = SweepFolder.create(
        folder, plan, Path(), command=command_line(), laws=laws, resume=go_on
    )
    bar = Bar("points", len(study.points) - len(study.left()))
    try:
        with on_signals(stopping):
            run_sweep(study, used, progress=lambda done, total, rows: bar(done, total))
    except KeyboardInterrupt as cause:
        raise Stopped.by(cause, "go on with the same command and --resume") from None
    finally:
        bar.close()
    _answer(study, run, laws, as_json)


def _planned(
    what: str, profile: Profile, run: Run | None, dataset: str, budget_s: float, seeds: int,
    workers: int,
) -> Sweep:  # fmt: skip
    """The sweep that the budget pays for."""
    from neurosim.data import load_dataset
    from neurosim.sweeps.settling import budget_of, figure_of, plan_of, recipe_of

    data = dataset if run is None else run.experiment.dataset
    say("measuring an update ...", err=True)
    paid = budget_of(profile, data, budget_s, seeds, workers)
    recipe = recipe_of(paid.updates, data) if run is None else None
    trainings = "" if recipe is None else f"{seeds} trainings of {paid.updates} updates, "
    say(f"{trainings}{paid.samples} samples at each length", err=True)
    if recipe is not None and not paid.enough:
        say("neurosim: warning: this budget pays for too few updates; give more", err=True)
    figure = figure_of(load_dataset(data))
    where = None if run is None else str(run.path)
    return plan_of(profile, what, recipe, paid.samples, seeds, figure, where)


def _answer(
    study: SweepFolder, run: Run | None, laws: tuple[type[Block], ...], as_json: bool
) -> None:
    """Say how long is long enough, and draw it."""
    from neurosim.blocks.units import format_quantity
    from neurosim.metrics import baselines
    from neurosim.outputs import write_bytes
    from neurosim.report import write_sweep_report
    from neurosim.report.figures import figure_png
    from neurosim.report.knee_figure import knee_figure
    from neurosim.runs import Trained
    from neurosim.sweeps.knees import knees
    from neurosim.sweeps.settling import modes_of

    rows, figure = study.rows(), study.sweep.measure[0]
    found = knees(rows, "drawn", figure)
    if not found:
        raise DataError(f"{study.path} has too few points that did not fail; see its results.csv.")
    place = sorted((study.path / "trained").glob("*/"))[0] if run is None else run.path
    trained = Trained.of(place, laws)
    modes = _quantiles(modes_of(trained))
    data = trained.compared
    floor = baselines(data.images, 0, study.sweep.sampling.n, data.steps)["real"][figure]
    picture = study.path / "settling.png"
    write_bytes(picture, figure_png(knee_figure(rows, found, figure, floor)))
    page = write_sweep_report(study)
    if as_json:
        print_json(
            {"knees": {way: knee._asdict() for way, knee in found.items()}, "figure": figure,
             "floor": floor, "slowest_mode_tau": modes, "picture": str(picture),
             "report": str(page)}
        )  # fmt: skip
        return
    for way, knee in found.items():
        say(f"{_WAYS[way]}, {trained.profile.name} needs {_span(knee)} C/g a sample,")
        cost = [format_quantity(knee.time_s, "s", 3), format_quantity(knee.energy_J, "J", 3)]
        say(
            f"  {' and '.join(cost)}, to come within a tenth of its best {figure}, "
            f"{knee.best:.3g} (real data: {floor:.3g})."
        )
    say(
        f"Its slowest hidden mode, which a sample waits for, takes {modes['half']:.1f} C/g or more "
        f"on half of the data, {modes['twentieth']:.1f} on a twentieth."
    )
    say(f"{picture}; every point: {study.path / 'results.csv'}; open {page}")


def _span(knee: Knee) -> str:
    if knee.low != knee.low:
        return f"{knee.tau:.3g}"
    return f"{knee.tau:.3g} ({knee.low:.3g} to {knee.high:.3g} over {knee.seeds} seeds)"


def _quantiles(modes: Any) -> dict[str, float]:
    """What half and a twentieth of the slowest modes exceed."""
    import numpy as np

    half, twentieth = np.quantile(modes, (0.5, 0.95))
    return {"half": float(half), "twentieth": float(twentieth)}
