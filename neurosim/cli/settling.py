"""The command `neurosim settling`. Heavy packages are imported inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from neurosim.cli.again import going_on
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
    say,
    warn,
    warnings_told,
)
from neurosim.errors import DataError
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.host import Experiment
    from neurosim.sweeps import SweepFolder, Workers
    from neurosim.sweeps.budget import Within

__all__ = ["settling"]


@click.command()
@click.argument("what", metavar="PROFILE_OR_RUN")
@click.option(
    "--budget",
    "budget_s",
    type=TIME,
    default="10m",
    show_default=True,
    help="Time of computing on these cores, from the first update to the last sample; where it "
    "runs out, lengths between others are left out, and the chip without noise.",
)
@click.option(
    "--seeds",
    type=COUNT,
    help="Trainings, and dies; of a run draws.  [default: 4; up to 8 where each has time for 400 "
    "updates; up to 12 where each has time for all those of the file]",
)
@click.option(
    "--experiment",
    type=FOLDER,
    metavar="FILE",
    help="YAML file with the algorithm's settings; as many updates as the budget pays for, at most "
    "those it states.",
)
@click.option("--task", type=TASK, help="flow draws; the others answer.  [default: flow]")
@click.option("--layers", type=SIZES, help="Sizes instead of the profile's, as 64,128,10.")
@click.option("--dataset", help="What is learned.  [default: digits]")
@SCALE
@click.option("--workers", type=COUNT, help="Processes.  [default: one a core]")
@click.option("--dask", default="", help="Address of a Dask scheduler instead of processes here.")
@click.option("--out", type=FOLDER, help="Folder.  [default: runs/settling-PROFILE]")
@click.option("--resume", "go_on", is_flag=True, help="Go on with the study in the folder.")
@LAWS
@JSON
def settling(
    what: str, budget_s: float, seeds: int | None, experiment: Path | None, task: str | None,
    layers: tuple[int, ...] | None, dataset: str | None, scale: str | None, workers: int | None,
    dask: str, out: Path | None, go_on: bool, laws: tuple[type[Block], ...], as_json: bool,
) -> None:  # fmt: skip
    """Find how long a chip must settle for good samples or answers, and what that costs.

    A chip is trained from random weights, or that of a run is taken; samples are drawn by the chip
    alone at several ratios of its capacitances C_x/C_h, and stepped by the host with several
    settling times of a step. A chip that answers is read after several settling times. Enough is
    where the distance to the data, or the loss of answers, comes within a fifth of the best at any
    length; the interval is over seeds. All points are kept as a sweep.
    """
    from neurosim.analysis.suited import unsuited
    from neurosim.cli.knees import tell_study
    from neurosim.cli.profile_for import profile_for
    from neurosim.cli.study import begun, of_run, paid_for, planned, stated_updates
    from neurosim.folders import exists, is_free
    from neurosim.runs.refusals import taken
    from neurosim.solvers import available_threads
    from neurosim.sweeps import SweepFolder, Workers
    from neurosim.sweeps.budget import Within
    from neurosim.sweeps.settling import recipe_of

    if dask and workers is not None:
        raise DataError("--workers must be left out where --dask is given, but both are.")
    used = Workers(workers or available_threads(), dask)
    used.check()
    trained = opened(Path(what), laws) if exists(Path(what) / "experiment.yaml") else None
    given: dict[str, Any] = {"task": task, "layers": layers, "experiment": experiment}
    given |= {"dataset": dataset, "scale": scale}
    if go_on:
        _refuse("A study must be a new one", "is gone on with", given | _stated())
    if trained is not None:
        _refuse(f"{what} must be a profile", "is a run", given)
        recipe, profile = trained.experiment, trained.profile
    else:
        recipe = _asked(experiment, given, laws)
        asked = {"engine": None, "layers": layers, "task": task}
        profile = profile_for(what, asked, laws, recipe.task)
    if not go_on and (wrong := unsuited(profile, recipe.task)):
        warn([wrong])
    folder = out or Path("runs") / f"settling-{profile.name}"
    if go_on:
        plan = begun(folder, what)
    elif is_free(folder):
        if trained is not None:
            plan = of_run(what, trained, budget_s, seeds, used, laws)
        else:
            short = recipe if experiment is not None else recipe_of(1, recipe)
            most = None if experiment is None else stated_updates(experiment, laws)
            paid = paid_for(profile, short, budget_s, seeds, used, most, laws)
            plan = planned(what, profile, short, paid, layers is not None)
    else:
        raise taken(folder)
    with warnings_told():
        study = SweepFolder.create(
            folder, plan, Path(), command=command_line(), laws=laws, resume=go_on
        )
    way = going_on(
        "settling", Path(what), "--resume", out=folder, workers=workers, dask=dask, laws=laws
    )
    within = None if go_on else Within(study, budget_s)
    _compute(study, used, within, way, lambda: tell_study(study, trained, laws, as_json))


def _compute(
    study: SweepFolder, used: Workers, within: Within | None, way: str, tell: Callable[[], None]
) -> None:
    """Points that are left, those that the time pays for, and what is to be told; `way` goes on."""
    from neurosim.cli.study import in_words
    from neurosim.cli.sweep import stopped_sweep
    from neurosim.signals import on_signals, stopping
    from neurosim.sweeps import run_sweep
    from neurosim.sweeps.remaining import remaining_s
    from neurosim.sweeps.workers import release_processes

    def left_s() -> float | None:
        found = None if used.dask else remaining_s(study, used.workers)
        return found if found is None or within is None else min(found, within.left_s)

    done = len(study.points) - len(study.left())
    bar = Bar("points", done)
    try:
        with on_signals(stopping):
            bar(done, len(study.points))
            run_sweep(
                study,
                used,
                progress=lambda done, total, rows: bar(done, total, left_s()),
                rank=None if within is None else within.rank,
                is_over=None if within is None else within.is_over,
            )
            bar.close()
            release_processes(used)
            if left := sum(study.result(point) is None for point in study.points):
                said = f"{len(study.points) - left} of {counted(len(study.points), 'point')}"
                more_s = None if used.dask else remaining_s(study, used.workers)
                more = "" if more_s is None else f" in about {in_words(more_s)}"
                say(
                    f"the budget is used up, {said} are done; the others are done{more} by: {way}",
                    err=True,
                )
            tell()
    except KeyboardInterrupt as cause:
        raise stopped_sweep(cause, study, way) from None
    finally:
        bar.close()


def _refuse(must: str, is_: str, given: Mapping[str, Any]) -> None:
    """What a run or a study has settled cannot be asked for."""
    wrong = [f"--{name}" for name, value in given.items() if value is not None]
    if wrong:
        raise DataError(f"{must} where {wrong[0]} is given, but {is_}; leave that out.")


def _stated() -> dict[str, Any]:
    """Options with a default that were given all the same."""
    context, names = click.get_current_context(), {"budget": "budget_s", "seeds": "seeds"}
    return {
        name: True
        for name, key in names.items()
        if context.get_parameter_source(key) is not ParameterSource.DEFAULT
    }


def _asked(file: Path | None, given: dict[str, Any], laws: tuple[type[Block], ...]) -> Experiment:
    """The recipe of a file, or one that suits the task, with what options say instead."""
    from neurosim.cli.lesson import experiment_of

    others = ("settle_tau", "beta", "updates", "batch", "seed", "calibrate", "labels")
    return experiment_of(file, dict.fromkeys(others) | given, laws)
