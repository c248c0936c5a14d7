"""Readings of differences: a gain of each layer, and a converter of their own."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.converters import DoubleSampling
from neurosim.errors import ProfileError
from neurosim.profile import load_profile


def chip_of(**fields):
    readout = DoubleSampling(gain=10.0, capacitance_F=1e-12, **fields)
    ranges = {"adc.visible_range_V": 0.2, "adc.hidden_range_V": 0.1, "adc.bits": 8}
    chip = Chip(
        load_profile("ideal_hopfield").with_values({"layers": (3, 4), "readout": readout} | ranges)
    )
    chip.precharge(np.zeros((2, 3)))
    chip.drive(np.zeros((2, 3)), 1e-4)
    chip.settle(1e-6)
    chip.store()
    chip.drive(np.full((2, 3), 1e-3), 1e-4)
    chip.settle(1e-6)
    return chip


@pytest.mark.parametrize(("fields", "bits"), [({}, 8), ({"bits": 4}, 4)])
def test_a_step_of_a_difference_is_that_of_its_converter_over_its_layers_gain(fields, bits):
    for layer_gain, hidden in (((), 1.0), ((1.0, 5.0), 5.0)):
        chip = chip_of(layer_gain=layer_gain, **fields)
        codes = 2**bits - 2
        steps_V = np.repeat([2 * 0.2 / codes / 10, 2 * 0.1 / codes / 10 / hidden], [3, 4])
        got = chip.read_difference() / steps_V
        np.testing.assert_allclose(got, np.rint(got), atol=1e-6)
        assert chip.profile.adc.bits == 8


def test_a_layer_without_a_gain_is_refused():
    with pytest.raises(ProfileError, match=r"readout.layer_gain: must have one factor for each of"):
        chip_of(layer_gain=(1.0, 2.0, 3.0))
