"""What the chips of a sweep learn from."""

from __future__ import annotations

from collections.abc import Sequence

from neurosim.blocks.block import Block
from neurosim.host import Experiment
from neurosim.runs import Run, Trained
from neurosim.sweeps.points import Point

__all__ = ["recipes_of"]


def recipes_of(
    points: Sequence[Point], laws: Sequence[type[Block]] = (), given: Trained | None = None
) -> list[Experiment]:
    """The recipe of each training of some points, and of each run; those of `given` are its own."""
    runs = {point.run for point in points if point.run is not None}
    every = [Run.open(path, laws).experiment for path in sorted(runs)]
    trainings = {p.training.key: p.training for p in points if p.training is not None}
    every += [training.experiment for training in trainings.values()]
    alone = given is not None and any(p.run is None and p.training is None for p in points)
    return [*every, given.experiment] if given is not None and alone else every
