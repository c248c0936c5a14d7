"""One update of a chip on made-up data of its own task: what training would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.suited import doubled_inputs, recipe_for
from neurosim.chip import Chip
from neurosim.data import Dataset
from neurosim.data.sets import DIGITS
from neurosim.errors import NeurosimError
from neurosim.host import Classify, Experiment, Trainer
from neurosim.profile import Profile

__all__ = ["refused", "unfitting"]

_ROWS = 2
_PIXELS = tuple(side**2 for side in DIGITS.values())
# Beyond it a trial takes too long for a check.
_MOST_COUPLINGS = 2_000_000


def unfitting(profile: Profile) -> Iterator[str]:
    """What data a chip that flows needs, where those that are shipped do not fit."""
    visible = profile.layers[0]
    if recipe_for(profile).task.has_paths and visible not in _PIXELS:
        yield (
            f"layers: the digits that are shipped have {', '.join(map(str, _PIXELS))} "
            f"pixels, and the chip {visible} visible nodes: give train a --dataset"
        )


def refused(profile: Profile, settles: bool = True) -> Iterator[str]:
    """Why training with this profile would stop before its second update.

    Parameters
    ----------
    profile : Profile
    settles : bool
        Whether the update is made; else the chip and its trainer are, and no engine runs.
    """
    sizes = profile.layers
    if sum(a * b for a, b in pairwise(sizes)) > _MOST_COUPLINGS:
        return
    recipe, data = recipe_for(profile), _data(profile)
    settings: dict[str, Any] = {"updates": 1, "batch": _ROWS}
    if isinstance(data, Dataset):
        settings["task"] = task = Classify(classes=sizes[-1], test_share=0)
        profile = profile.with_value("sources", task.sources)
    else:
        recipe = Experiment()
    try:
        chip = Chip(profile, n_threads=1)
        trainer = Trainer(chip, recipe.with_values(settings), data)
        if settles:
            next(iter(trainer))
    except NeurosimError as error:
        yield f"train would stop: {error}"


def _data(profile: Profile) -> Dataset | NDArray[np.float64]:
    """Images, or classes of inputs where the chip is for these and its layers have room."""
    rng, (visible, *_, last) = np.random.default_rng(0), profile.layers
    n_in = visible // 2 if doubled_inputs(profile) else visible
    fits = last > 1 and n_in and n_in * (1 + doubled_inputs(profile)) == visible
    if recipe_for(profile).task.has_paths or not fits:
        return rng.uniform(-1, 1, (_ROWS, visible))
    images = rng.uniform(-1, 1, (max(last, _ROWS), n_in))
    return Dataset("made up", images, np.arange(len(images)) % last)
