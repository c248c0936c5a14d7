"""Correlated double sampling: what it cancels, what it amplifies, what it leaves."""

import numpy as np
import pytest

from neurosim.analysis.problem import shipped_weights
from neurosim.chip import Chip
from neurosim.data import PairSource, load_digits
from neurosim.errors import DataError, ProfileError
from neurosim.host import FlowSettings, present
from neurosim.profile import load_profile
from neurosim.streams import Streams

IDEAL = load_profile("ideal_hopfield")
CDS = {
    "kind": "cds", "gain": 64, "capacitance_F": "100 fF", "gain_spread": "ideal",
    "noise_V": "ideal", "source": "assumed: a test",
}  # fmt: skip
RANGES = {"adc.visible_range_V": "400 mV", "adc.hidden_range_V": "100 mV"}


def profile(**changes):
    changes = {path.replace("__", "."): value for path, value in changes.items()}
    return IDEAL.with_values(changes)


def batch(rows):
    images, _ = load_digits()
    return PairSource(images, rows, Streams(0), prefetch=False).batch_at(0)


def estimate(changes, rows=64, beta=1.25e-3, phases="centred", seed=0):
    changes = {"settling.engine": "operating_point"} | changes
    chip, data = Chip(IDEAL.with_values(changes), seed), batch(rows)
    chip.program(shipped_weights("hopfield", "trained"))
    flow = FlowSettings(beta=beta, settle_tau=30, phases=phases)
    shown = present(chip, data.x_t, data.u_t, flow)
    return shown.gradient.vector, chip


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@pytest.mark.slow
@pytest.mark.parametrize("bits", [6, 8])
def test_at_the_papers_beta_few_bits_are_enough_where_differences_are_amplified(bits):
    # The ideal chip's is the exact one: test_gradep.
    truth, _ = estimate({})
    plain, _ = estimate(RANGES | {"adc.bits": bits})
    doubled, _ = estimate(RANGES | {"adc.bits": bits, "readout": CDS})
    # A step of 1/31 or 1/127 of the range, beside differences of 5e-4 of it and then of 3 %.
    assert cosine(plain, truth) < 0.75
    assert cosine(doubled, truth) > 0.97


@pytest.mark.parametrize("phases", ["centred", "one-sided"])
def test_with_an_ideal_converter_differences_say_what_the_voltages_say(phases):
    plain, _ = estimate({}, rows=8, phases=phases)
    doubled, _ = estimate({"readout": CDS}, rows=8, phases=phases)
    # Subtracted and added again: rounding of 1e-16 over a difference of 1e-4.
    np.testing.assert_allclose(doubled, plain, rtol=1e-6, atol=1e-9 * np.abs(plain).max())


def test_the_noise_of_the_sample_cancels_between_the_nudged_phases():
    """On a femtofarad it is 2 mV, 2 % of a unit; nodes of a millifarad have none of their own."""
    hot = {
        "thermal.temperature_K": 300, "settling.engine": "transient",
        "node.capacitance_F": 1e-3, "node.release_capacitance_F": 1.0,
    }  # fmt: skip
    base, _ = estimate(hot | {"readout": CDS | {"capacitance_F": 1e-3}}, rows=16)
    noisy, _ = estimate(hot | {"readout": CDS | {"capacitance_F": 1e-15}}, rows=16)
    assert not np.array_equal(base, noisy)
    assert cosine(base, noisy) > 0.99


def test_each_node_has_its_own_gain_with_the_stated_spread():
    chip = Chip(profile(readout=CDS | {"gain_spread": 0.05}))
    factor = chip.die.readout_factor
    # Log-normal with mean 1: z-scores of the sample's mean and deviation.
    assert abs(factor.mean() - 1) < 5 * 0.05 / np.sqrt(len(factor))
    assert abs(factor.std() / 0.05 - 1) < 5 / np.sqrt(2 * len(factor))


def test_the_amplifiers_noise_is_that_stated_at_its_input():
    chip = Chip(profile(readout=CDS | {"noise_V": "50 uV"}))
    chip.precharge(np.zeros((200, 64)))
    chip.store()
    read = chip.read_difference()
    assert abs(read.std() / 50e-6 - 1) < 5 / np.sqrt(2 * read.size)


def test_differences_beyond_the_range_over_the_gain_clip_and_are_counted():
    chip = Chip(profile(readout=CDS, **{"adc__visible_range_V": "64 mV"}))
    chip.precharge(np.zeros((3, 64)))
    chip.store()
    chip.clamp(np.full((3, 64), 5e-3))
    read = chip.read_difference()
    np.testing.assert_allclose(read[:, :64], 1e-3)
    assert (chip.ledger.difference_clipped, chip.ledger.adc_clipped) == (3 * 64, 0)


def test_a_difference_needs_a_sample_and_a_chip_that_takes_them():
    for name, chip in (("readout", Chip(profile(readout=CDS))), ("plain", Chip(IDEAL))):
        chip.precharge(np.zeros((1, 64)))
        with pytest.raises(DataError, match="read_difference needs a sample"):
            chip.read_difference()
        assert chip.data_sheet.has_difference == (name == "readout")


def test_a_chip_that_cannot_hold_its_state_cannot_read_differences():
    with pytest.raises(ProfileError, match=r"readout: must be .* where node\.hold is none"):
        profile(readout=CDS, node__hold="none")
