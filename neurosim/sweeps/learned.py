"""What the chips of a sweep learn, and from what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from neurosim.blocks.block import Block
from neurosim.host import Experiment
from neurosim.profile import Profile
from neurosim.runs import Run, Trained
from neurosim.sweeps.points import Point

__all__ = ["Learner", "learners_of"]


class Learner(NamedTuple):
    """A chip that is trained, and by which recipe."""

    profile: Profile
    recipe: Experiment


def learners_of(
    points: Sequence[Point], laws: Sequence[type[Block]] = (), given: Trained | None = None
) -> list[Learner]:
    """Of each training and each run of some points; of a point with neither `given`."""
    found: dict[object, Learner] = {}
    for point in points:
        if point.training is not None:
            training = point.training
            found.setdefault(training.key, Learner(training.profile, training.experiment))
        elif point.run is not None and point.run not in found:
            run = Run.open(point.run, laws)
            found[point.run] = Learner(run.profile, run.experiment)
        elif given is not None:
            found[None] = Learner(given.profile, given.experiment)
    return list(found.values())
