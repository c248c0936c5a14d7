"""What the command `neurosim settling` is to compute: the sweep of a chip, or of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neurosim.cli.common import say
from neurosim.errors import DataError
from neurosim.safe_text import counted

if TYPE_CHECKING:
    from neurosim.blocks.block import Block
    from neurosim.host import Experiment
    from neurosim.profile import Profile
    from neurosim.runs import Trained
    from neurosim.sweeps import Sweep, Workers
    from neurosim.sweeps.paying import Budget

__all__ = ["begun", "in_words", "of_run", "paid_for", "planned", "stated_updates"]

# What is measured before a study differs from run to run by so much.
_SPARE = 1.5


def begun(folder: Path, what: str) -> Sweep:
    """The plan of the study in a folder, which must be of this profile or run."""
    from neurosim.blocks.files import load_block
    from neurosim.folders import exists
    from neurosim.sweeps import Sweep

    if not exists(folder / "sweep.yaml"):
        raise DataError(f"{folder} must hold a study to go on with, but holds none.")
    plan = load_block(folder / "sweep.yaml", Sweep)
    of = plan.base.run or plan.base.profile
    if of != what:
        raise DataError(
            f"{folder} must be gone on with as it was begun, of {of}, but {what} is asked for; "
            "give that, or another --out."
        )
    return plan


def stated_updates(file: Path, laws: tuple[type[Block], ...]) -> int | None:
    """How many updates an experiment's file asks for; None where it does not say."""
    from neurosim.blocks.files import load_block
    from neurosim.host import Experiment

    stated = load_block(file, Experiment, laws=laws)
    return stated.updates if "updates" in stated.model_fields_set else None


def of_run(
    what: str, trained: Trained, budget_s: float, draws: int | None, used: Workers,
    laws: tuple[type[Block], ...],
) -> Sweep:  # fmt: skip
    """The sweep of a run: as many draws of samples as the budget pays for, or its answers once."""
    from neurosim.sweeps.paying import draws_of
    from neurosim.sweeps.settling import figure_of, plan_of, plan_of_answers

    profile, recipe = trained.profile, trained.experiment
    if not recipe.task.has_paths:
        if draws is not None:
            raise DataError(
                f"--seeds must be left out where {what} is a run that answers: the same chip gives "
                "the same examples the same answers."
            )
        say("answers after each length", err=True)
        return plan_of_answers(profile, what, recipe, 1, what)
    say("measuring a draw and a judgement ...", err=True)
    with _released(used):
        n_draws, samples = draws_of(Path(what), budget_s, draws, used.workers, laws)
    say(f"{counted(n_draws, 'draw')} of {counted(samples, 'sample')} at each length", err=True)
    figure = figure_of(recipe.images())
    return plan_of(profile, what, None, samples, n_draws, figure, what)


@contextmanager
def _released(used: Workers) -> Iterator[None]:
    """Processes that measured here are let go where the points are computed elsewhere."""
    from neurosim.sweeps import Workers
    from neurosim.sweeps.workers import release_processes

    try:
        yield
    finally:
        if used.dask:
            release_processes(Workers(used.workers))


def paid_for(
    profile: Profile, short: Experiment, budget_s: float, seeds: int | None, used: Workers,
    most: int | None, laws: tuple[type[Block], ...],
) -> Budget:  # fmt: skip
    """What the budget pays for."""
    from neurosim.sweeps.paying import budget_of

    say("measuring an update and a judgement ...", err=True)
    with _released(used):
        paid = budget_of(profile, short, budget_s, seeds, used.workers, most, laws)
    if not paid.enough:
        fewer = f" or --seeds {paid.affordable}" if paid.affordable else ""
        raise DataError(
            "A budget must pay for some updates, samples and judgements of each seed, but is "
            f"{in_words(budget_s)}, and {counted(paid.seeds, 'seed')} "
            f"{'take' if paid.seeds > 1 else 'takes'} {in_words(paid.least_s)} at the least "
            f"here; give --budget {math.ceil(_SPARE * paid.least_s / 60)}m{fewer}."
        )
    return paid


def in_words(seconds: float) -> str:
    """A time of computing, roughly."""
    if seconds < 59.5:
        return f"{seconds:.2g} s"
    minutes = seconds / 60
    return f"{minutes:.2g} min" if minutes < 9.5 else f"{minutes:.0f} min"


def planned(what: str, profile: Profile, short: Experiment, paid: Budget, changed: bool) -> Sweep:
    """The sweep that the budget pays for."""
    from neurosim.sweeps.settling import figure_of, plan_of, plan_of_answers

    seeds, recipe = paid.seeds, short.with_values({"updates": paid.updates})
    trainings = f"{counted(seeds, 'training')} of {counted(paid.updates, 'update')}, "
    if not short.task.has_paths:
        say(f"{trainings}answers after each length", err=True)
        return plan_of_answers(profile, what, recipe, seeds)
    say(f"{trainings}{counted(paid.samples, 'sample')} at each length", err=True)
    figure = figure_of(short.images())
    return plan_of(profile, what, recipe, paid.samples, seeds, figure, changed=changed)
