"""What a sweep will take, from a few updates and a few samples of some of its points."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from neurosim.blocks.block import Block
from neurosim.data import optimal_pairs
from neurosim.errors import DataError, NeurosimError
from neurosim.host import Experiment
from neurosim.runs import Trained, train
from neurosim.safe_text import one_line
from neurosim.sweeps.costs import costs_of, law_of
from neurosim.sweeps.floors import find_floors
from neurosim.sweeps.points import Point, Training
from neurosim.sweeps.work import outcome, start_of

__all__ = ["Estimate", "estimate"]

# Updates that are timed, after one that is not.
_UPDATES = 3
# Samples of a point in each of two draws, between which their cost is a straight line.
_FEW, _MORE = 40, 160
_POINTS_OF_A_TRAINING = 3


@dataclass(frozen=True)
class Estimate:
    """Of points that share trainings.

    Attributes
    ----------
    points, trainings : int
    measured : tuple of int
        Trainings and points of which something was computed. Others are taken to be as these are
        on average; the processor time of a point follows what its samples settle.
    work_s : float
        Processor time of all.
    longest_s : float
        Of the longest training and one of its points, which no number of workers shortens.
    page_s : float
        Processor time of what real images and a Gaussian have, for the page.
    memory_B, page_memory_B : float or None
        Of a process at its peak while points are computed, and of one that computes them and then
        makes the page; None where the system does not say.
    failing : dict from int to str
        Errors of points that were tried and would fail, by their index.
    training_time_s, training_energy_J, sampling_time_s, sampling_energy_J : float
        Of the chips.
    """

    points: int
    trainings: int
    measured: tuple[int, int]
    work_s: float
    longest_s: float
    page_s: float
    memory_B: float | None
    page_memory_B: float | None
    training_time_s: float
    training_energy_J: float
    sampling_time_s: float
    sampling_energy_J: float
    failing: dict[int, str]

    def wall_s(self, workers: int, load_s: float = 0.0) -> float:
        """With several processes, each of which loads the package for so long, at best."""
        loads_s = load_s if workers == 1 else 2 * load_s
        return max(self.work_s / workers, self.longest_s) + self.page_s + loads_s


class _Training(NamedTuple):
    """What all of a training that was begun will take."""

    takes_s: float
    time_s: float
    energy_J: float


class _Sampling(NamedTuple):
    """What all samples of one point take."""

    takes_s: float
    memory_B: float
    time_s: float
    energy_J: float


def estimate(
    points: Sequence[Point], laws: Sequence[type[Block]] = (), within_s: float = 30.0
) -> Estimate:
    """Compute a little of some points, spread over all, and extrapolate.

    A point is drawn from and judged whole but for the number of its samples, so that one of a slow
    chip may take longer than `within_s` alone.

    Parameters
    ----------
    points : sequence of Point
    laws : sequence of type
        Blocks of one's own that runs name.
    within_s : float
        No further training is begun once this much processor time is spent.

    Raises
    ------
    DataError
        There is no point, or all that are tried would fail.
    """
    if not points:
        raise DataError("An estimate must have points, but has none; give a smaller shard number.")
    sharing: dict[Any, list[Point]] = {}
    for point in points:
        key = point.training.key if point.training else point.run
        sharing.setdefault(key, []).append(point)
    begun_s, base_B = time.process_time(), _peak_memory_B()
    trainings, samplings, failing = list[_Training](), list[_Sampling](), dict[int, str]()
    drawn_of = list[Point]()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Whoever asks has told of all points.
        for members in _spread(list(sharing.values())):
            if samplings and time.process_time() - begun_s > within_s:
                break
            try:
                trained, costs = _begin(members[0], laws)
            except NeurosimError as error:
                failing[members[0].index] = one_line(error.in_file)
                continue
            trainings.append(costs)
            for point in _spread(members)[:_POINTS_OF_A_TRAINING]:
                drawn = _sample(point, trained)
                if isinstance(drawn, str):
                    failing[point.index] = drawn
                else:
                    samplings.append(drawn)
                    drawn_of.append(point)
    if not samplings:
        index, said = next(iter(failing.items()))
        raise DataError(f"Point {index} would fail: {said}")
    drawn_s = time.process_time()
    find_floors(points, points[0].sampling.n, laws)
    n = len({point.training.key for point in points if point.training})
    each, n_points = len(sharing), len(points)
    train_s = fmean(one.takes_s for one in trainings)
    # Each point has a time of its own, and one in proportion to what it settles.
    law = law_of(costs_of(drawn_of), np.array([one.takes_s for one in samplings]))
    sample_s = costs_of(points) @ law
    return Estimate(
        points=n_points,
        trainings=n,
        measured=(len(trainings), len(samplings)),
        work_s=each * train_s + float(sample_s.sum()),
        longest_s=max(one.takes_s for one in trainings) + float(sample_s.max()),
        page_s=time.process_time() - drawn_s,
        memory_B=None if base_B is None else max(one.memory_B for one in samplings),
        page_memory_B=_peak_memory_B(),
        training_time_s=each * fmean(one.time_s for one in trainings),
        training_energy_J=each * fmean(one.energy_J for one in trainings),
        sampling_time_s=n_points * fmean(one.time_s for one in samplings),
        sampling_energy_J=n_points * fmean(one.energy_J for one in samplings),
        failing=failing,
    )


def _spread(items: list[Any]) -> list[Any]:
    """All of them, the first and those far from each other first."""
    order, step, seen = list[int](), len(items), set[int]()
    while step:
        order += [k for k in range(0, len(items), step) if k not in seen]
        seen.update(order)
        step //= 2
    return [items[k] for k in order]


def _begin(point: Point, laws: Sequence[type[Block]]) -> tuple[Trained, _Training]:
    """A few updates of what a point samples."""
    training = point.training
    if training is None:
        assert point.run is not None
        return Trained.of(point.run, laws, 1), _Training(0.0, 0.0, 0.0)
    how, contrast = training.experiment, training.experiment.contrast
    if contrast is None:
        trained, costs = _few(training, how, laws)
    else:
        # As many as there are before the contrastive stage, and the others with it.
        trained, plain = _few(training, how.model_copy(update={"contrast": None}), laws)
        stage = contrast.model_copy(update={"begin": 0.0})
        _, both = _few(training, how.model_copy(update={"contrast": stage}), laws)
        share = contrast.begin
        costs = _Training(*(share * a + (1 - share) * b for a, b in zip(plain, both, strict=True)))
    return trained, costs._replace(takes_s=costs.takes_s + _pairing_s(how, trained))


def _few(
    training: Training, recipe: Experiment, laws: Sequence[type[Block]]
) -> tuple[Trained, _Training]:
    """A few updates by a recipe, and what all would take."""
    updates = recipe.updates
    few = recipe.model_copy(update={"updates": min(updates, _UPDATES + 1)})
    ends_s = [time.process_time()]
    trained = train(
        training.profile, few, start=start_of(training, laws), laws=laws, n_threads=1,
        progress=lambda _done, _total: ends_s.append(time.process_time()),
    )  # fmt: skip
    takes_s = [b - a for a, b in pairwise(ends_s)]
    first_s, each_s = takes_s[0], median(takes_s[1:] or takes_s)
    spent, share = trained.spent(), updates / few.updates
    return trained, _Training(
        first_s + (updates - 1) * each_s,
        share * spent.get("time_s", 0.0),
        share * spent.get("energy_J", 0.0),
    )


def _pairing_s(recipe: Experiment, trained: Trained) -> float:
    """Of pairing noise and images once an epoch, but for the first, which was timed."""
    if not recipe.task.has_paths or recipe.pairing != "epoch":
        return 0.0
    images = trained.dataset.images
    epochs = -(-recipe.updates * recipe.batch // len(images))
    if epochs < 2:
        return 0.0
    noise, begun_s = np.random.default_rng(0).standard_normal(images.shape), time.process_time()
    optimal_pairs(noise, images)
    return (epochs - 1) * (time.process_time() - begun_s)


def _sample(point: Point, trained: Trained) -> _Sampling | str:
    """What all samples of a point will take, by a few, twice; or the error that they end in."""
    n = point.sampling.n
    sizes = sorted({min(n, _FEW), min(n, _MORE)})
    takes_s, peaks_B, figures = list[float](), list[float](), dict[str, float]()
    for size in sizes:
        few = replace(point, sampling=point.sampling.model_copy(update={"n": size}))
        begun_s = time.process_time()
        found = outcome(few, lambda: trained)
        if found["error"]:
            return str(found["error"])
        takes_s.append(time.process_time() - begun_s)
        peaks_B.append(_peak_memory_B() or 0.0)
        figures = found["figures"]
    return _Sampling(
        _at(n, sizes, takes_s),
        _at(n, sizes, peaks_B),
        n * figures["sample_time_s"],
        n * figures["sample_energy_J"],
    )


def _peak_memory_B() -> float | None:
    """Of this process so far, where the system says."""
    if sys.platform != "win32":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else 1024 * peak)
    return None


def _at(n: int, sizes: Sequence[int], values: Sequence[float]) -> float:
    """On a straight line through two values, that never falls."""
    if len(sizes) == 1:
        return values[0]
    slope = (values[1] - values[0]) / (sizes[1] - sizes[0])
    return values[1] + max(slope, 0.0) * (n - sizes[1])
