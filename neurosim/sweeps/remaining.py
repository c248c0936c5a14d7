"""How long what is left of a sweep will take, by what its points have taken so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurosim.sweeps.costs import costs_of, law_of
from neurosim.sweeps.folder import SweepFolder
from neurosim.sweeps.points import Listed, Point, Training

__all__ = ["remaining_s"]

# A point that took this share of the longest training, or more, was trained and not only opened.
_TRAINED = 0.1


def remaining_s(folder: SweepFolder, at_once: int, shard: tuple[int, int] = (1, 1)) -> float | None:
    """Wall time of the trainings and points that are left; None before the first figures.

    A training is taken to last in proportion to the rows that it presents, a point to last a time
    of its own and one in proportion to what its samples settle.

    Parameters
    ----------
    folder : SweepFolder
        As created, not as opened to be looked at.
    at_once : int
        How many points are computed at the same time.
    shard : tuple of int
    """
    trainings, drawn, left = dict[str, tuple[Training, float]](), [], list[Point]()
    for point in _planned(folder.share(shard)):
        result = folder.result(point)
        if result is None or result["error"]:
            left.append(point)
            continue
        host = result["host"]
        if "training_s" not in host:  # Of a version that did not tell them apart.
            continue
        made_s = float(host["training_s"])
        drawn.append((point, float(host["wall_s"]) - made_s, made_s))
        if point.training is not None:
            known = trainings.get(point.training.key, (point.training, 0.0))
            # Points that found it trained have only opened it.
            trainings[point.training.key] = point.training, max(known[1], made_s)
    if not drawn:
        return None
    # The first point of a worker loads the package too; it trains, and the others say enough.
    longest_s = max(made_s for *_, made_s in drawn)
    later = [entry for entry in drawn if entry[2] < _TRAINED * longest_s] or drawn
    todo = {p.training.key: p.training for p in left if p.training is not None}
    rows = sum(_rows(training) for key, training in todo.items() if key not in trainings)
    seen_rows = sum(_rows(training) for training, _ in trainings.values())
    training_s = sum(took_s for _, took_s in trainings.values()) * rows / max(seen_rows, 1)
    seen, took_s = costs_of([point for point, *_ in later]), [s for _, s, _ in later]
    drawing_s = costs_of(left) @ law_of(seen, np.array(took_s))
    return float(training_s + drawing_s.sum()) / max(1, min(at_once, len(left)))


def _planned(points: Sequence[Listed]) -> list[Point]:
    return [point for point in points if isinstance(point, Point)]


def _rows(training: Training) -> int:
    return training.experiment.updates * training.experiment.batch
