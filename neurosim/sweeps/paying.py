"""What a study of settling can do within a given time of computing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from neurosim.blocks.block import Block
from neurosim.chip import Chip
from neurosim.data import Dataset
from neurosim.host import Experiment, Trainer, sample_settle_time_s
from neurosim.metrics import classifier_of, evaluate_samples
from neurosim.profile import Profile
from neurosim.runs import Trained, evaluate
from neurosim.sweeps.settling import (
    ALONE,
    DT,
    LONGEST_START_TAU,
    QUIET,
    READS,
    STEPPED,
    noiseless_seeds,
)
from neurosim.sweeps.workers import at_once

__all__ = ["Budget", "budget_of", "draws_of"]

# Updates that are timed.
_PROBE = 3
# Of the time, what trainings, samples and judgements get; start-up and pictures take the rest.
# Where they take longer than they did when measured, the last points are not drawn: see `Within`.
_COMPUTING = 0.92
_FEWEST, _MOST = 50, 2000
# Seeds where nobody asked for a number; more than the fewest must leave all updates asked for, or
# the usual ones.
_FEW_SEEDS, _MANY_SEEDS = 4, 12
# Where no updates are asked for either: beyond so many seeds, time is for longer trainings.
_SOME_SEEDS, _USUAL = 8, 400
_SAMPLES = (200, 500)
_PHASES = 3
# Of a run, whose samples may be so good that few of them tell nothing: draws at the least and at
# most, samples of each, and how many rows are timed.
_FEW_DRAWS, _MANY_DRAWS, _DRAWN = 4, 8, (200, 500, 1000, 2000)
_TIMED_ROWS = 100


class Budget(NamedTuple):
    """What a time of computing pays for.

    Attributes
    ----------
    updates : int
        Of each training.
    seeds : int
        Trainings.
    samples : int
        At each length.
    update_s : float
        Of one update of this chip on one core, as measured.
    enough : bool
        Whether it pays for the fewest updates that say anything.
    least_s : float
        What these take, with their samples and judgements.
    affordable : int
        Seeds for which it does, at most so many as these.
    """

    updates: int
    seeds: int
    samples: int
    update_s: float
    enough: bool
    least_s: float
    affordable: int = 0


def budget_of(
    profile: Profile, recipe: Experiment, seconds: float, seeds: int | None, workers: int,
    most: int | None = None, laws: Sequence[type[Block]] = (),
) -> Budget:  # fmt: skip
    """Measure a few updates of a chip, by all workers at once, and a judgement; share out the time.

    Networks that learned for less have faster modes and so a shorter knee, which no number of seeds
    mends: updates come first, and more seeds of what they leave.

    Parameters
    ----------
    profile : Profile
    recipe : Experiment
    seconds : float
    seeds : int or None
        None: 4, or in full rounds of the workers up to 12 if that leaves each all of `most`, up to
        8 if there is no `most` and it leaves each 400. From 8 on 500 samples come before more.
    workers : int
    most : int, optional
        Updates that are asked for; no training is longer.
    laws : sequence of type
        Blocks of one's own that the profile or the recipe has.
    """
    data, draws = recipe.images(), recipe.task.has_paths
    chip = Chip(profile, 0, n_threads=1)
    at_most = min(workers, seeds or (_SOME_SEEDS if most is None else _MANY_SEEDS))
    update_s = at_once(_update_s, profile, recipe, workers=at_most, laws=laws)
    with threadpool_limits(1):
        judge_s = _judging_s(data) if draws else _answering_s(chip, recipe)
    fewest = min(_FEWEST, most or _FEWEST)

    def shared(seeds: int) -> Budget:
        used = min(workers, seeds)
        # Trainings come in rounds of one a worker; points are shared out evenly.
        rounds, shares = ceil(seeds / used), seeds / used
        per_sample = _updates_per_sample(profile, recipe, seeds) if draws else 0.0
        payable = (_COMPUTING * seconds - shares * judge_s) / update_s
        for samples in reversed(_SAMPLES):
            left = (payable - shares * per_sample * samples) / rounds
            # Samples are worth less than the training that they judge.
            if left >= max(payable / 2 / rounds, most or _USUAL) or samples == _SAMPLES[0]:
                break
        least_s = (rounds * fewest + shares * per_sample * _SAMPLES[0]) * update_s
        least_s = (least_s + shares * judge_s) / _COMPUTING
        n_updates = int(min(max(left, fewest), most or _MOST))
        return Budget(n_updates, seeds, samples, update_s, left >= fewest, least_s)

    if seeds is None:
        upto, wanted = (_SOME_SEEDS, _USUAL) if most is None else (_MANY_SEEDS, most)
        more = (n for n in range(upto, _FEW_SEEDS, -1) if n < workers or n % workers == 0)
        tried = ((n, shared(n)) for n in more)
        whole = [n for n, found in tried if found.enough and found.updates >= wanted]
        # Few samples blur where a flat curve crosses more than a ninth seed sharpens it.
        sharp = [n for n in whole if n >= _SOME_SEEDS and shared(n).samples == _SAMPLES[-1]]
        found = shared(next(iter([*sharp, *whole]), _FEW_SEEDS))
    else:
        found = shared(seeds)
    paid = (n for n in range(found.seeds, 0, -1) if shared(n).enough)
    return found._replace(affordable=next(paid, 0))


def draws_of(
    run: Path, seconds: float, draws: int | None, workers: int, laws: Sequence[type[Block]] = ()
) -> tuple[int, int]:
    """How often a trained run is drawn from at every length, and how many samples each time.

    As many samples as the time pays for come first, up to 2,000; then more draws, up to 8.

    Parameters
    ----------
    run : Path
    seconds : float
    draws : int or None
        None: 4 to 8.
    workers : int
    laws : sequence of type
        Blocks of one's own that the run has.
    """
    recipe = Trained.of(run, laws, 1).experiment
    tau_s = at_once(_tau_s, run, laws, workers=workers, laws=laws)
    with threadpool_limits(1):
        judge_s = _judging_s(recipe.images()) / _SAMPLES[0]
    sample_s = _sample_tau(recipe, draws or _FEW_DRAWS) * tau_s + judge_s
    payable = _COMPUTING * seconds * workers / sample_s
    fewest = draws or _FEW_DRAWS
    samples = max((n for n in _DRAWN if fewest * n <= payable), default=_DRAWN[0])
    return draws or min(max(int(payable / samples), fewest), _MANY_DRAWS), samples


def _tau_s(run: Path, laws: Sequence[type[Block]]) -> float:
    """Time of computing one unit of C / g of one sample, as the run draws."""
    trained = Trained.of(run, laws, 1)
    sheet, how = trained.chip.data_sheet, trained.experiment
    began_s = time.perf_counter()
    trained.draw(_TIMED_ROWS)
    took_s = time.perf_counter() - began_s
    return took_s * sheet.tau_s / sample_settle_time_s(sheet, how.flow, how.sampling) / _TIMED_ROWS


def _updates_per_sample(profile: Profile, recipe: Experiment, seeds: int) -> float:
    """What a sample of every length settles, over what the rows of an update do."""
    settle_tau = recipe.flow.settle_tau or profile.host.settle_tau
    return _sample_tau(recipe, seeds) / (recipe.batch * _PHASES * settle_tau)


def _sample_tau(recipe: Experiment, seeds: int) -> float:
    """What samples of every length settle, one of each, in units of C / g, in the mean of seeds.

    Without noise of as many seeds as are drawn so first.
    """
    flow, how = recipe.flow, recipe.sampling

    def alone_tau(ratios: Sequence[float]) -> float:
        return sum(min(r, LONGEST_START_TAU) + how.t_end * flow.alpha * r for r in ratios)

    noiseless_tau = noiseless_seeds(seeds) / seeds * alone_tau(QUIET)
    return alone_tau(ALONE) + noiseless_tau + sum(STEPPED) * how.t_end / DT


def _update_s(profile: Profile, recipe: Experiment) -> float:
    """Of a mean update, those with a contrastive stage among them."""
    data = recipe.images()
    flow = recipe.model_copy(update={"updates": _PROBE + 1, "contrast": None})
    if recipe.contrast is None:
        return _timed_s(profile, flow, data)
    stage = recipe.contrast.model_copy(update={"begin": 0.0})
    both = flow.model_copy(update={"contrast": stage})
    share = recipe.contrast.begin
    return share * _timed_s(profile, flow, data) + (1 - share) * _timed_s(profile, both, data)


def _timed_s(profile: Profile, recipe: Experiment, data: Dataset) -> float:
    # A worker has one thread.
    updates = iter(Trainer(Chip(profile, 0, n_threads=1), recipe, data))
    next(updates)
    began_s = time.perf_counter()
    for _ in range(_PROBE):
        next(updates)
    return (time.perf_counter() - began_s) / _PROBE


def _judging_s(data: Dataset) -> float:
    """Of samples of every length."""
    began_s = time.perf_counter()
    few = data.at_most(_SAMPLES[0]).images
    evaluate_samples(few, data.images, classifier_of(data.name))
    return len((*ALONE, *QUIET, *STEPPED)) * (time.perf_counter() - began_s)


def _answering_s(chip: Chip, recipe: Experiment) -> float:
    """Of answers after every length, with and without noise and converters."""
    began_s = time.perf_counter()
    evaluate(Trained(chip, recipe), floors=False)
    return 2 * len(READS) * (time.perf_counter() - began_s)
