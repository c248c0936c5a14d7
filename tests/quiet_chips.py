"""A small chip without thermal noise, programmed."""

from __future__ import annotations

import numpy as np

from neurosim.chip import Chip
from neurosim.network import Weights
from neurosim.profile import load_profile


def chip_of(seed=0, sizes=(3, 5, 4), **changes):
    profile = load_profile("cmos_rc_6bit")
    changes = {
        "layers": sizes, "thermal.temperature_K": "ideal",
        "thermal.amplifier_excess": "ideal", "thermal.flicker_corner_Hz": "ideal",
    } | {k.replace("__", "."): v for k, v in changes.items()}  # fmt: skip
    chip = Chip(profile.with_values(changes), seed)
    layers, rng = chip.die.layers, np.random.default_rng(seed)
    coupling = rng.uniform(-0.8, 0.8, (layers.n_odd, layers.n_even)) * layers.present
    chip.program(Weights(coupling, rng.uniform(-0.8, 0.8, layers.n_nodes)))
    return chip
