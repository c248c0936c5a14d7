"""The command `neurosim settling`. Heavy packages are imported inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurosim.cli.bar import Bar
from neurosim.cli.common import (
    COUNT,
    FOLDER,
    JSON,
    LAWS,
    SCALE,
    SIZES,
    TASK,
    TIME,
    command_line,
    opened,
    print_json,
    say,
    warn,
)
from neurosim.errors import DataError
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.host import Experiment
    from neurosim.profile import Profile
    from neurosim.runs import Trained
    from neurosim.sweeps import Sweep, SweepFolder
    from neurosim.sweeps.knees import Knee

__all__ = ["settling"]

_WAYS = {
    "alone": "Released once and left alone",
    "stepped": "Stepped by its host",
    "read": "Asked once",
}


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
@click.option("--task", type=TASK, help="flow draws; the others answer.  [default: flow]")
@click.option("--layers", type=SIZES, help="Sizes instead of the profile's, as 64,128,10.")
@click.option("--dataset", default="digits", show_default=True, help="What is learned.")
@SCALE
@click.option("--workers", type=COUNT, help="Processes.  [default: one a core]")
@click.option("--dask", default="", help="Address of a Dask scheduler instead of processes here.")
@click.option("--out", type=FOLDER, help="Folder.  [default: runs/settling-PROFILE]")
@click.option("--resume", "go_on", is_flag=True, help="Go on with the study in the folder.")
@LAWS
@JSON
def settling(
    what: str, budget_s: float, seeds: int, task: str | None, layers: tuple[int, ...] | None,
    dataset: str, scale: str | None, workers: int | None, dask: str, out: Path | None, go_on: bool,
    laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Find how long a chip must settle for good samples or answers, and what that costs.

    A chip is trained from random weights, or that of a run is taken; samples are drawn by the chip
    alone at several ratios of its capacitances C_x/C_h, and stepped by the host with several
    settling times of a step. A chip that answers is read after several settling times. Enough is
    where the distance to the data, or the loss of answers, comes within a tenth of the best that
    its way reaches; the interval is over seeds. All points are kept as a sweep.
    """
    from neurosim.analysis.suited import unsuited
    from neurosim.cli.profile_for import profile_for
    from neurosim.cli.sweep import stopped_sweep
    from neurosim.folders import exists, is_free
    from neurosim.host import Experiment
    from neurosim.runs.refusals import taken
    from neurosim.signals import on_signals, stopping
    from neurosim.solvers import available_threads
    from neurosim.sweeps import SweepFolder, Workers, run_sweep
    from neurosim.sweeps.remaining import remaining_s

    used = Workers(workers or available_threads(), dask)
    used.check()
    trained = opened(Path(what), laws) if exists(Path(what) / "experiment.yaml") else None
    if trained is not None and (task is not None or layers is not None):
        raise DataError(
            f"{what} must be a profile where --task or --layers is given, but is a run."
        )
    recipe = Experiment.suited(task or "flow") if trained is None else trained.experiment
    if trained is None:
        recipe = recipe.with_values({"dataset": dataset, "scale": scale or "auto"})
        asked = {"engine": None, "layers": layers, "task": task}
        profile = profile_for(what, asked, laws, recipe.task)
    else:
        profile = trained.profile
    if wrong := unsuited(profile, recipe.task):
        warn([wrong])
    folder = out or Path("runs") / f"settling-{profile.name}"
    if go_on:
        plan = _begun(folder, what)
    elif is_free(folder):
        plan = _planned(what, profile, recipe, trained is not None, budget_s, seeds, used.workers)
    else:
        raise taken(folder)
    study = SweepFolder.create(
        folder, plan, Path(), command=command_line(), laws=laws, resume=go_on
    )
    bar = Bar("points", len(study.points) - len(study.left()))
    try:
        with on_signals(stopping):
            run_sweep(
                study,
                used,
                progress=lambda done, total, rows: bar(
                    done, total, None if dask else remaining_s(study, used.workers)
                ),
            )
    except KeyboardInterrupt as cause:
        raise stopped_sweep(cause, study) from None
    finally:
        bar.close()
    _answer(study, trained, laws, as_json)


def _begun(folder: Path, what: str) -> Sweep:
    """The plan of the study in a folder, which must be of this profile or run."""
    from neurosim.blocks.files import load_block
    from neurosim.folders import exists
    from neurosim.sweeps import Sweep

    if not exists(folder / "sweep.yaml"):
        raise DataError(f"{folder} must hold a study to go on with, but holds none.")
    plan = load_block(folder / "sweep.yaml", Sweep)
    begun = plan.base.run or plan.base.profile
    if begun != what:
        raise DataError(
            f"{folder} must be gone on with as it was begun, of {begun}, but {what} is asked for; "
            "give that, or another --out."
        )
    return plan


def _planned(
    what: str, profile: Profile, asked: Experiment, is_run: bool, budget_s: float, seeds: int,
    workers: int,
) -> Sweep:  # fmt: skip
    """The sweep that the budget pays for."""
    from neurosim.sweeps.settling import (
        budget_of,
        figure_of,
        plan_of,
        plan_of_answers,
        recipe_of,
    )

    short = recipe_of(1, asked)
    say("measuring an update and a judgement ...", err=True)
    paid = budget_of(profile, short, budget_s, seeds, workers)
    if not paid.enough and not is_run:
        raise DataError(
            f"A budget must pay for some updates, samples and judgements of each seed, but {seeds} "
            f"seeds take {paid.least_s / 60:.2g} min at the least here; give a larger --budget, or "
            "fewer --seeds."
        )
    recipe = recipe_of(paid.updates, asked)
    trainings = (
        "" if is_run else f"{counted(seeds, 'training')} of {counted(paid.updates, 'update')}, "
    )
    run = what if is_run else None
    if not asked.task.has_paths:
        say(f"{trainings}answers after each length", err=True)
        return plan_of_answers(profile, what, recipe, seeds, run)
    say(f"{trainings}{counted(paid.samples, 'sample')} at each length", err=True)
    figure = figure_of(asked.images())
    return plan_of(profile, what, recipe, paid.samples, seeds, figure, run)


def _answer(
    study: SweepFolder, given: Trained | None, laws: tuple[type[Block], ...], as_json: bool
) -> None:
    """Say how long is long enough, and draw it."""
    from neurosim.outputs import write_bytes
    from neurosim.report import write_sweep_report
    from neurosim.report.figures import figure_png
    from neurosim.report.knee_figure import knee_figure
    from neurosim.runs import Trained
    from neurosim.sweeps.floors import floors
    from neurosim.sweeps.knees import knees
    from neurosim.sweeps.settling import modes_of

    rows, figure = study.rows(), study.sweep.measure[0]
    found = knees(rows, "drawn", figure)
    page = write_sweep_report(study)
    if not found:
        raise DataError(
            f"Settling must be enough at some length, but is at none in {study.path}: longer "
            "samples are worse, or points failed; look at its report.html, and give more --budget."
        )
    folders = sorted((study.path / "trained").glob("*/"))
    chips = [Trained.of(place, laws) for place in folders] if given is None else [given]
    modes = _modes([modes_of(chip) for chip in chips])
    floor = floors(study).get("real", {}).get(figure)
    picture = study.path / "settling.png"
    write_bytes(picture, figure_png(knee_figure(rows, found, figure, floor)))
    if as_json:
        print_json(
            {"knees": {way: knee._asdict() for way, knee in found.items()}, "figure": figure,
             "floor": floor, "slowest_mode_tau": modes, "picture": str(picture),
             "report": str(page)}
        )  # fmt: skip
        return
    quiet = found.get("quiet")
    for way, knee in found.items():
        if way == "quiet":
            continue
        best = f"{figure}, {knee.best:.3g}" + ("" if floor is None else f" (real: {floor:.3g})")
        _say_knee(way, knee, chips[0].profile.name, best)
        for share in study.sweep.measure[1:] if floor is None else ():
            _say_share(rows, share, knee)
    if quiet is not None and "alone" in found:
        _say_what_sets(found["alone"], quiet)
    said = f"{modes['half']:.1f} C/g or more on half of the data, {modes['twentieth']:.1f} on a "
    said += "twentieth"
    if modes["unstable"]:
        said += f"; on {modes['unstable']:.0%} the network does not rest, and none is counted"
    say(f"For comparison, its slowest hidden mode takes {said}.")
    say(f"{picture}; every point: {study.path / 'results.csv'}; open {page}")


def _say_knee(way: str, knee: Knee, name: str, best: str) -> None:
    from neurosim.blocks.units import format_quantity

    cost = [format_quantity(knee.time_s, "s", 3), format_quantity(knee.energy_J, "J", 3)]
    what = "an answer" if way == "read" else "a sample"
    say(f"{_WAYS[way]}, {name} needs {knee.span} C/g {what},")
    say(f"  {' and '.join(cost)}, to come within a tenth of its best {best}.")
    if knee.better_still:
        say("  Its longest samples are its best by far: still longer ones may be better.")
    if knee.left_out:
        say(f"  Of {knee.left_out} more seeds longer samples are worse: they have no such length.")


def _say_what_sets(alone: Knee, quiet: Knee) -> None:
    """Whether noise and converters set how long is enough, and how near that comes."""
    say(f"Alone without noise and errors of its converters it needs {quiet.span} C/g,")
    longer = alone.tau / quiet.tau
    time = "its circuit sets how long"
    if alone.differs(quiet):
        time = f"they make it {'longer' if longer > 1 else 'shorter'} by {abs(longer - 1):.0%}"
    share = 1 - quiet.best / alone.best
    near = f"{share:.0%} of its distance" if share > 0 else "none of its distance"
    say(f"  and its best is {quiet.best:.3g}: {time}, and {near} is theirs.")


def _say_share(rows: Sequence[Mapping[str, Any]], share: str, knee: Knee) -> None:
    """What answers are worth at the first length that is enough, and at their best."""
    import numpy as np

    lengths = sorted({row["sample_tau"] for row in rows if not row["error"]})
    mean = [
        float(np.mean([r[share] for r in rows if not r["error"] and r["sample_tau"] == length]))
        for length in lengths
    ]
    at = next((k for k, tau in enumerate(lengths) if tau >= knee.tau), len(lengths) - 1)
    say(f"  Its {share} is {mean[at]:.3f} after {lengths[at]:g} C/g, and {max(mean):.3f} at best.")


def _modes(modes: Any) -> dict[str, float]:
    """What half and a twentieth of the slowest modes exceed, and the share that has none."""
    import numpy as np

    every = np.concatenate(modes)
    good = every[np.isfinite(every)]
    half, twentieth = np.quantile(good, (0.5, 0.95)) if len(good) else (np.inf, np.inf)
    share = 1 - len(good) / len(every)
    return {"half": float(half), "twentieth": float(twentieth), "unstable": share}
