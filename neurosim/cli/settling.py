"""The command `neurosim settling`. Heavy packages are imported inside."""

from __future__ import annotations

import math
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
    from neurosim.profile import Profile
    from neurosim.sweeps import Sweep, SweepFolder, Workers
    from neurosim.sweeps.budget import Within
    from neurosim.sweeps.paying import Budget

__all__ = ["settling"]

# What is measured before a study differs from run to run by so much.
_SPARE = 1.5


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
    help="Trainings, and dies.  [default: 4; up to 8 where each has time for 400 updates; up to 12 "
    "where each has time for all those of the file]",
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
    if wrong := unsuited(profile, recipe.task):
        warn([wrong])
    folder = out or Path("runs") / f"settling-{profile.name}"
    if go_on:
        plan = _begun(folder, what)
    elif is_free(folder):
        run = None if trained is None else what
        short = recipe if experiment is not None else recipe_of(1, recipe)
        most = None if experiment is None else _stated_updates(experiment, laws)
        how = seeds, used, most, laws
        paid = _paid(profile, short, budget_s, *how, trains=run is None)
        plan = _planned(what, profile, short, run, paid, layers is not None)
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
                say(
                    f"the budget is used up, {said} are done; the others are done by: {way}",
                    err=True,
                )
            tell()
    except KeyboardInterrupt as cause:
        raise stopped_sweep(cause, study, way) from None
    finally:
        bar.close()


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


def _stated_updates(file: Path, laws: tuple[type[Block], ...]) -> int | None:
    """How many updates an experiment's file asks for; None where it does not say."""
    from neurosim.blocks.files import load_block
    from neurosim.host import Experiment

    stated = load_block(file, Experiment, laws=laws)
    return stated.updates if "updates" in stated.model_fields_set else None


def _paid(
    profile: Profile, short: Experiment, budget_s: float, seeds: int | None, used: Workers,
    most: int | None, laws: tuple[type[Block], ...], *, trains: bool,
) -> Budget:  # fmt: skip
    """What the budget pays for, of which a run has its training already."""
    from neurosim.sweeps import Workers
    from neurosim.sweeps.paying import budget_of
    from neurosim.sweeps.workers import release_processes

    say("measuring an update and a judgement ...", err=True)
    try:
        paid = budget_of(profile, short, budget_s, seeds, used.workers, most, laws)
    finally:
        if used.dask:  # The points are computed elsewhere.
            release_processes(Workers(used.workers))
    if not paid.enough and trains:
        fewer = f" or --seeds {paid.affordable}" if paid.affordable else ""
        raise DataError(
            "A budget must pay for some updates, samples and judgements of each seed, but is "
            f"{_time(budget_s)}, and {counted(paid.seeds, 'seed')} "
            f"{'take' if paid.seeds > 1 else 'takes'} {_time(paid.least_s)} at the least "
            f"here; give --budget {math.ceil(_SPARE * paid.least_s / 60)}m{fewer}."
        )
    return paid


def _time(seconds: float) -> str:
    if seconds < 59.5:
        return f"{seconds:.2g} s"
    minutes = seconds / 60
    return f"{minutes:.2g} min" if minutes < 9.5 else f"{minutes:.0f} min"


def _planned(
    what: str, profile: Profile, short: Experiment, run: str | None, paid: Budget, changed: bool
) -> Sweep:
    """The sweep that the budget pays for."""
    from neurosim.sweeps.settling import figure_of, plan_of, plan_of_answers

    seeds, recipe = paid.seeds, short.with_values({"updates": paid.updates})
    trainings = f"{counted(seeds, 'training')} of {counted(paid.updates, 'update')}, "
    trainings = trainings if run is None else ""
    if not short.task.has_paths:
        say(f"{trainings}answers after each length", err=True)
        return plan_of_answers(profile, what, recipe, seeds, run)
    say(f"{trainings}{counted(paid.samples, 'sample')} at each length", err=True)
    figure = figure_of(short.images())
    return plan_of(profile, what, recipe, paid.samples, seeds, figure, run, changed=changed)
