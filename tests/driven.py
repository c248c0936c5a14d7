"""A small chip with sources and injectors at both ends, and how it is driven in units."""

from types import SimpleNamespace

import numpy as np

from neurosim.chip import Chip
from neurosim.profile import load_profile

SIZES = (4, 6, 3)
SOURCE = "assumed: a test"
INJECTORS = {"layers": [1, -1], "bits": "ideal", "range_A": "ideal", "noise_A": "ideal"}
BASE = {"layers": SIZES, "sources": [0, -1], "injectors": INJECTORS | {"source": SOURCE}}
N, K = sum(SIZES), SIZES[0] + SIZES[-1]


def chip_of(name="ideal_hopfield", seed=3, engine=None, **changes):
    changes = {path.replace("__", "."): value for path, value in changes.items()}
    return Chip(load_profile(name).with_values(BASE | changes), seed, engine)


def units(chip):
    """Scales of a chip, and where its sources are."""
    sheet = chip.data_sheet
    return SimpleNamespace(
        V=sheet.unit_V, S=sheet.unit_S, A=sheet.unit_S * sheet.unit_V, tau_s=sheet.tau_s,
        inputs=sheet.columns(0), answers=sheet.columns(-1), last=sheet.layers.nodes(-1),
    )  # fmt: skip


def standing(chip, target, stiffness, held=None, injected=None, tau=60.0):
    """Drive from discharged nodes, wait, and give the node voltages in units."""
    one = units(chip)
    chip.precharge(np.zeros((len(target), chip.data_sheet.layers.n_visible)))
    if injected is not None:
        chip.inject(np.asarray(injected) * one.A)
    chip.drive(target * one.V, np.asarray(stiffness) * one.S, held)
    chip.settle(tau * one.tau_s)
    return chip.u_V / one.V
