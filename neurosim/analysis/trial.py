"""One update of a chip on made-up images: what training would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from neurosim.chip import Chip
from neurosim.data.sets import DIGITS
from neurosim.errors import NeurosimError
from neurosim.host import Experiment, Trainer
from neurosim.profile import Profile

__all__ = ["refused"]

_ROWS = 2
_PIXELS = tuple(side**2 for side in DIGITS.values())
# Beyond it a trial takes too long for a check.
_MOST_COUPLINGS = 2_000_000


def refused(profile: Profile) -> Iterator[str]:
    """Why training with this profile would stop before its second update."""
    sizes = profile.layers
    if sizes[0] not in _PIXELS:
        yield (
            f"layers: the digits that are shipped have {', '.join(map(str, _PIXELS))} "
            f"pixels, and the chip {sizes[0]} visible nodes: give train a --dataset"
        )
    if sum(a * b for a, b in pairwise(sizes)) > _MOST_COUPLINGS:
        return
    images = np.random.default_rng(0).uniform(-1, 1, (_ROWS, sizes[0]))
    try:
        chip = Chip(profile, n_threads=1)
        next(iter(Trainer(chip, Experiment(updates=1, batch=_ROWS), images)))
    except NeurosimError as error:
        yield f"train would stop: {error}"
