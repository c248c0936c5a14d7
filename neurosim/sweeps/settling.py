"""A chip's settling against the quality of its samples, within a given time of computing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from neurosim.analysis.imperfections import Source, present, without
from neurosim.analysis.modes import slowest_modes_tau
from neurosim.blocks.block import Block
from neurosim.blocks.differences import differences
from neurosim.chip import Chip
from neurosim.data import Dataset
from neurosim.host import Experiment, Trainer, free_phase
from neurosim.metrics import classifier_of, evaluate_samples
from neurosim.profile import Profile
from neurosim.runs import Trained, evaluate, lessons_of
from neurosim.sweeps.plan import Sweep, figures_of, ruler_of
from neurosim.sweeps.workers import at_once

__all__ = [
    "Budget",
    "budget_of",
    "figure_of",
    "modes_of",
    "plan_of",
    "plan_of_answers",
    "quiet",
    "recipe_of",
]

# Ratios of capacitances of a chip that runs free, and settling [C/g] of a step by its host.
_ALONE, _STEPPED = (1, 3, 6, 10, 18, 30, 55, 100, 300), (1, 3, 6, 10, 15, 20, 30)
_QUIET = (3, 6, 10, 18, 30, 100)
# Settling [C/g] of a decision.
_READS = (0.3, 0.6, 1, 2, 3, 5, 10, 20, 40)
_DT = 0.05
# A settle before a free run starts is as long as the run is slow, up to here [C/g].
_LONGEST_START_TAU = 30
_BATCH, _PROBE = 256, 3
# Of the time, what trainings and samples get; judging, pictures and start-up take the rest.
_COMPUTING = 0.8
_FEWEST, _MOST = 50, 2000
# Seeds where nobody asked for a number; more than the fewest must leave all updates asked for,
# even if each takes so many times as long, as on a machine that others use too.
_FEW_SEEDS, _MANY_SEEDS, _SPARE = 4, 12, 1.25
_SAMPLES = (200, 500)
_PHASES = 3
# What a chip can be without, with the same weights: what is drawn anew, and its converters' errors.
_ANEW = {"drive", "settle", "read"}
_CONVERTERS = ("dac.", "adc.", "current_sense.")


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


def recipe_of(updates: int, asked: Experiment | None = None) -> Experiment:
    """A short training of what is asked for, in batches of 256 by Adam at 2e-3 with cosine decay.

    Of a task with answers it is what suits the task.
    """
    asked = asked or Experiment()
    short = {"updates": updates, "dataset": asked.dataset, "scale": asked.scale}
    if not asked.task.has_paths:
        return Experiment.suited(asked.task).with_values(short)
    recipe = {"batch": _BATCH, "learning_rate": 2e-3, "schedule": "cosine", "pairing": "batch"}
    return Experiment().with_values(recipe | short)


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
        None: 4, or up to 12 if that leaves each all of `most`, in full rounds of the workers.
    workers : int
    most : int, optional
        Updates that are asked for; no training is longer.
    laws : sequence of type
        Blocks of one's own that the profile or the recipe has.
    """
    data, draws = recipe.images(), recipe.task.has_paths
    chip = Chip(profile, 0, n_threads=1)
    at_most = min(workers, seeds or _MANY_SEEDS)
    update_s = at_once(_update_s, profile, recipe, workers=at_most, laws=laws)
    with threadpool_limits(1):
        judge_s = _judging_s(data) if draws else _answering_s(chip, recipe)
    per_sample = _updates_per_sample(profile, recipe) if draws else 0.0
    fewest = min(_FEWEST, most or _FEWEST)

    def shared(seeds: int, update_s: float = update_s) -> Budget:
        used = min(workers, seeds)
        # Trainings come in rounds of one a worker; points are shared out evenly.
        rounds, shares = ceil(seeds / used), seeds / used
        payable = (_COMPUTING * seconds - shares * judge_s) / update_s
        for samples in reversed(_SAMPLES):
            left = (payable - shares * per_sample * samples) / rounds
            # Samples are worth less than the training that they judge.
            if left >= max(payable / 2 / rounds, most or _FEWEST) or samples == _SAMPLES[0]:
                break
        least_s = (rounds * fewest + shares * per_sample * _SAMPLES[0]) * update_s
        least_s = (least_s + shares * judge_s) / _COMPUTING
        n_updates = int(min(max(left, fewest), most or _MOST))
        return Budget(n_updates, seeds, samples, update_s, left >= fewest, least_s)

    if seeds is None:
        more = (n for n in range(_MANY_SEEDS, _FEW_SEEDS, -1) if n < workers or n % workers == 0)
        tried = ((n, shared(n, _SPARE * update_s)) for n in more)
        whole = (n for n, found in tried if found.enough and found.updates == most)
        found = shared(next(whole, _FEW_SEEDS))
    else:
        found = shared(seeds)
    paid = (n for n in range(found.seeds, 0, -1) if shared(n).enough)
    return found._replace(affordable=next(paid, 0))


def _updates_per_sample(profile: Profile, recipe: Experiment) -> float:
    """What a sample of every length settles, over what the rows of an update do."""
    flow, how = recipe.flow, recipe.sampling
    settle_tau = flow.settle_tau or profile.host.settle_tau
    alone = sum(min(r, _LONGEST_START_TAU) + how.t_end * flow.alpha * r for r in (*_ALONE, *_QUIET))
    stepped = sum(_STEPPED) * how.t_end / _DT
    return (alone + stepped) / (recipe.batch * _PHASES * settle_tau)


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
    return len((*_ALONE, *_QUIET, *_STEPPED)) * (time.perf_counter() - began_s)


def _answering_s(chip: Chip, recipe: Experiment) -> float:
    """Of answers after every length, with and without noise and converters."""
    began_s = time.perf_counter()
    evaluate(Trained(chip, recipe), floors=False)
    return 2 * len(_READS) * (time.perf_counter() - began_s)


def figure_of(data: Dataset) -> str:
    """What samples are compared by: the classifier of digits where the images are its own."""
    return ruler_of(data.name)


def modes_of(trained: Trained, rows: int = 32) -> NDArray[np.float64]:
    """Slowest hidden modes of a trained chip at rest on some of its data: see `analysis.modes`."""
    chip, experiment = trained.fresh(), trained.experiment
    sheet = chip.data_sheet
    lessons = lessons_of(trained.dataset, experiment, sheet, rows, experiment.seed)
    free_phase(chip, lessons.batch_at(0).targets, experiment.flow.on(sheet), None, lessons.held)
    return slowest_modes_tau(chip)


def quiet(profile: Profile) -> dict[str, Any]:
    """What a sweep changes for a chip of the same weights without noise and converters' errors."""
    off = without(profile, *(source.name for source in present(profile) if _is_quiet(source)))
    return {f"deploy.{found.path}": found.second for found in differences(profile, off)}


def _is_quiet(source: Source) -> bool:
    return bool(source.fields) and (
        source.drawn in _ANEW or source.fields[0].startswith(_CONVERTERS)
    )


def plan_of(
    profile: Profile, name: str, recipe: Experiment | None, samples: int, seeds: int,
    figure: str, run: str | None = None, *, changed: bool = False,
) -> Sweep:  # fmt: skip
    """The sweep: one training a seed, or a run; alone at every ratio, stepped at every length.

    Where the chip has noise or converters, it is alone at some ratios without them too.

    Parameters
    ----------
    profile : Profile
    name : str
        Of the profile, as a sweep names it: shipped, or a path.
    recipe : Experiment or None
        None where `run`, a trained run's folder, stands in place of training.
    samples, seeds : int
    figure : str
        What ranks.
    run : str, optional
    changed : bool
        Whether the profile has other layers than the one of that name.
    """
    alone = {f"alone, C_x/C_h {ratio}": _released(ratio) for ratio in _ALONE}
    if off := quiet(profile):
        alone |= {f"quiet, C_x/C_h {ratio}": _released(ratio) | off for ratio in _QUIET}
    stepped = {
        f"stepped, {tau} tau": {
            "sampling.mode": "spring", "sampling.dt": _DT, "sampling.settle_tau": tau,
        }
        for tau in _STEPPED
    }  # fmt: skip
    own = _own_layers(profile) if changed else {}
    base = {"run": run} if run is not None else {"profile": name, "experiment": recipe}
    return Sweep(
        name="settling",
        summary=f"Quality against settling of {profile.name}.",
        base=base,
        sampling={"n": samples},
        axes=[{"name": "drawn", "cases": {k: own | case for k, case in (alone | stepped).items()}}],
        replicas=seeds,
        measure=list(dict.fromkeys([figure, "nn_two_sample", "precision", "coverage"])),
    )


def _own_layers(profile: Profile) -> dict[str, Any]:
    """What a sweep changes of a profile that is named by another's layers and sources."""
    return {"profile.layers": list(profile.layers), "profile.sources": list(profile.sources)}


def _released(ratio: float) -> dict[str, Any]:
    """What a sweep changes for a chip that runs free at a ratio of its capacitances."""
    return {
        "deploy.release_ratio": ratio,
        "sampling.mode": "free-running",
        "sampling.settle_tau": min(ratio, _LONGEST_START_TAU),
    }


def plan_of_answers(
    profile: Profile, name: str, recipe: Experiment, seeds: int, run: str | None = None
) -> Sweep:
    """The sweep of a chip that answers: one training a seed, or a run; read at every length.

    Where the chip has noise or converters, it is read without them too.

    Parameters
    ----------
    profile : Profile
        With sources where the answers are.
    name : str
        Of the profile that is shipped or in a file, whose layers and sources are changed to these.
    recipe : Experiment
        Of the training; of `run` its own.
    seeds : int
    run : str, optional
    """
    changes, off = {} if run is not None else _own_layers(profile), quiet(profile)
    own = {f"read, {tau:g} tau": changes | {"sampling.settle_tau": tau} for tau in _READS}
    cases = own | {
        f"quiet, {tau:g} tau": changes | {"sampling.settle_tau": tau} | off for tau in _READS if off
    }
    base = {"run": run} if run is not None else {"profile": name, "experiment": recipe}
    offered = figures_of(recipe)
    shares = [name for name in ("test_accuracy", "test_explained") if name in offered]
    return Sweep(
        name="settling",
        summary=f"Answers against settling of {profile.name}.",
        base=base,
        axes=[{"name": "drawn", "cases": cases}],
        replicas=seeds,
        measure=["test_loss", *shares],
    )
