"""A small task for networks that answer: two sums of a row of four numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from neurosim.data import Dataset
from neurosim.host import Supervised

FLOW = {"stiffness": 1.0, "alpha": 1.0, "beta": 1e-3, "settle_tau": 1.0}


class Sums(Supervised):
    """Two sums of a row of four numbers."""

    task: Literal["sums"] = "sums"

    def examples(self, data):
        return data.images[:, :4], data.images[:, 4:]


def rows():
    return Dataset("rows", np.random.default_rng(0).uniform(-1, 1, (40, 6)))
