"""Modes of a trained chip are those where it rests, however short its own phases are."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.runs.resting import modes_at_rest_tau

CHIP = ns.load_profile("ideal_hopfield").with_value("layers", (64, 10, 8))


def test_modes_do_not_depend_on_how_long_the_chips_own_phases_are():
    found = []
    for settle_tau in (0.5, 40.0):
        recipe = ns.Experiment(updates=1, batch=16, flow={"settle_tau": settle_tau})
        weights = ns.Trained(ns.Chip(CHIP), recipe).asked_weights()
        weights.vector[:] = 0.3 * np.random.default_rng(0).standard_normal(weights.vector.size)
        chip = ns.Chip(CHIP)
        chip.program(weights)
        found.append(modes_at_rest_tau(ns.Trained(chip, recipe, weights=weights), 12))
    assert found[0].shape == (12,)
    assert np.isfinite(found[0]).all()
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_a_hidden_node_that_nothing_drives_decays_with_its_own_time_constant():
    """Without couplings the slowest mode is that of the leak: 1 C/g."""
    profile = CHIP.with_value("layers", (64, 3))
    chip = ns.Chip(profile)
    weights = ns.Trained(chip, ns.Experiment(updates=1)).asked_weights()
    weights.vector[:] = 0.0
    chip.program(weights)
    trained = ns.Trained(chip, ns.Experiment(updates=1), weights=weights)
    assert modes_at_rest_tau(trained, 4) == pytest.approx(np.ones(4), rel=1e-6)
