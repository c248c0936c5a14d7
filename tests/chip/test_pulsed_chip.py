"""A chip whose devices take pulses: which device, how many, and what they hold afterwards."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.errors import DataError, ProfileError
from neurosim.network import Weights
from neurosim.profile import load_profile

SIZES = (4, 6, 5)
PULSE = {
    "law": "soft_bounds",
    "pair": "both",
    "refresh_at": "ideal",
    "states": 200,
    "asymmetry": "ideal",
    "cycle_noise": "ideal",
    "cycle_noise_additive": "ideal",
    "step_spread": "ideal",
    "bound_spread": "ideal",
    "asymmetry_spread": "ideal",
    "source": "assumed: a test",
}
NOISY = {"cycle_noise": 0.3, "step_spread": 0.1, "bound_spread": 0.05, "asymmetry_spread": 0.02}


def pulsed(name="ideal_hopfield", sizes=SIZES, profile=None, **changes):
    base = load_profile(name).with_value("layers", sizes)
    return base.with_values({"pulse": PULSE | changes} | (profile or {}))


def counts_of(chip, seed=0, most=5):
    rng, layers = np.random.default_rng(seed), chip.data_sheet.layers
    coupling = rng.integers(-most, most + 1, (layers.n_odd, layers.n_even)) * layers.present
    bias = rng.integers(-most, most + 1, layers.n_nodes)
    return Weights(coupling.astype(float), bias.astype(float))


def start_of(chip, scale=1.0, seed=3):
    rng, layers = np.random.default_rng(seed), chip.data_sheet.layers
    coupling = scale * rng.uniform(-1, 1, (layers.n_odd, layers.n_even)) * layers.present
    return Weights(coupling, scale * rng.uniform(-1, 1, layers.n_nodes))


def pairs(chip):
    couplings, biases, _ = chip.die.devices.split(chip.programmed_S()[1])
    return couplings, biases


def test_a_pulse_raises_one_device_of_the_pair_and_lowers_the_other():
    chip = Chip(pulsed())
    chip.program(start_of(chip))
    before, counts = pairs(chip), counts_of(chip)
    chip.pulse(counts)
    full_S = chip.profile.coupling.full_scale * chip.profile.node.leak_S
    for old, new, n in zip(before, pairs(chip), (counts.coupling, counts.bias), strict=True):
        left = (1 - 1 / 200) ** np.abs(n)
        up = np.where(n > 0, old.plus_S, old.minus_S)
        down = np.where(n > 0, old.minus_S, old.plus_S)
        raised, lowered = full_S - (full_S - up) * left, down * left
        np.testing.assert_allclose(np.where(n > 0, new.plus_S, new.minus_S), raised, rtol=1e-12)
        np.testing.assert_allclose(np.where(n > 0, new.minus_S, new.plus_S), lowered, rtol=1e-12)
    expected = 2 * (np.abs(counts.coupling).sum() + np.abs(counts.bias).sum())
    assert chip.ledger.pulses == expected


def test_the_circuit_sees_what_the_pulses_left_and_the_table_calls_it_the_target():
    chip = Chip(pulsed())
    chip.pulse(counts_of(chip))
    assert chip.ledger.programs == 0
    target, achieved = chip.programmed_S()
    np.testing.assert_array_equal(target, achieved)
    couplings, _ = pairs(chip)
    np.testing.assert_array_equal(chip.circuit.couplings.delta_S, couplings.delta_S)


def test_no_pulses_change_nothing():
    chip = Chip(pulsed(**NOISY))
    chip.program(start_of(chip))
    before = chip.programmed_S()[1].copy()
    zeros = Weights(np.zeros((6, 9)), np.zeros(15))
    chip.pulse(zeros)
    np.testing.assert_array_equal(chip.programmed_S()[1], before)
    assert chip.ledger.pulses == 0


def test_the_data_sheet_states_the_step_of_a_weight():
    """In mid-range of both devices a pair of 100 states moves by 2 x full scale / 100."""
    law = {"law": "linear_step", "gamma_up": 0.3, "gamma_down": 0.2, "states": 100}
    chip = Chip(pulsed(profile={"coupling.encoding": "complementary"}, **law))
    before = pairs(chip)[0].delta_S
    chip.pulse(Weights(np.ones((6, 9)), np.zeros(15)))
    step = (pairs(chip)[0].delta_S - before) / chip.profile.node.leak_S
    np.testing.assert_allclose(step, chip.data_sheet.pulse_weight, rtol=1e-9)
    assert chip.data_sheet.pulse_weight == pytest.approx(2 * 4.0 / 100)


def test_a_chip_whose_devices_take_no_pulses_says_so():
    chip = Chip(load_profile("ideal_hopfield").with_value("layers", SIZES))
    assert chip.data_sheet.pulse_weight is None
    with pytest.raises(DataError, match="needs devices that take pulses"):
        chip.pulse(counts_of(chip))


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (Weights(np.full((6, 9), 0.5), np.zeros(15)), "whole numbers of pulses"),
        (Weights(np.zeros((2, 2)), np.zeros(15)), "Chip.pulse needs weights of shapes"),
        (Weights(np.full((6, 9), np.nan), np.zeros(15)), "Chip.pulse needs finite"),
    ],
)
def test_mistakes_in_counts_are_refused(counts, message):
    with pytest.raises(DataError, match=message):
        Chip(pulsed()).pulse(counts)


def test_places_without_a_coupling_take_no_pulses():
    chip = Chip(pulsed(sizes=(3, 4, 3, 2)))
    layers = chip.data_sheet.layers
    chip.pulse(Weights(np.ones((layers.n_odd, layers.n_even)), np.zeros(layers.n_nodes)))
    assert chip.ledger.pulses == 2 * np.count_nonzero(layers.present)


def test_both_directions_take_the_pulses_each_with_its_own_noise():
    chip = Chip(pulsed(profile={"coupling.directions": "separate"}, cycle_noise=0.3))
    chip.pulse(Weights(np.ones((6, 9)), np.zeros(15)))
    there, _, back = chip.die.devices.split(chip.programmed_S()[1])
    assert back is not None
    assert (there.plus_S[chip.die.layers.present] != back.plus_S[chip.die.layers.present]).all()


def test_devices_that_only_rise_move_a_weight_down_by_raising_the_other():
    chip = Chip(pulsed(pair="rising"))
    counts = counts_of(chip)
    chip.pulse(counts)
    couplings, _ = pairs(chip)
    n = counts.coupling
    full_S = chip.profile.coupling.full_scale * chip.profile.node.leak_S
    raised = full_S * (1 - (1 - 1 / 200) ** np.abs(n))
    np.testing.assert_allclose(couplings.plus_S, np.where(n > 0, raised, 0.0), rtol=1e-12)
    np.testing.assert_allclose(couplings.minus_S, np.where(n < 0, raised, 0.0), rtol=1e-12)
    assert chip.ledger.pulses == np.abs(n).sum() + np.abs(counts.bias).sum()


def test_a_worn_pair_is_written_anew_with_its_difference():
    chip = Chip(pulsed(pair="rising", refresh_at=0.9))
    up, down = (Weights(np.full((6, 9), n), np.zeros(15)) for n in (300.0, -600.0))
    chip.pulse(up)
    assert chip.ledger.pairs_refreshed == 0
    chip.pulse(down)
    couplings, _ = pairs(chip)
    full_S = chip.profile.coupling.full_scale * chip.profile.node.leak_S
    left = (1 - 1 / 200) ** 300
    np.testing.assert_array_equal(couplings.plus_S, 0.0)
    np.testing.assert_allclose(couplings.minus_S, full_S * (left - left**2), rtol=1e-9)
    n_pairs = np.count_nonzero(chip.die.layers.present)
    assert chip.ledger.pairs_refreshed == n_pairs
    assert chip.ledger.device_writes == 2 * n_pairs


def test_a_faulty_device_takes_no_pulses_and_is_known_to_hold_what_it_holds():
    faults = {"stuck_low": 0.1, "stuck_high": 0.1, "dead": 0.1, "open": 0.1}
    chip = Chip(pulsed(profile={"faults": faults | {"source": "assumed: a test"}}, **NOISY))
    faulty = chip.bank.faulty
    assert faulty is not None
    chip.program(start_of(chip))
    before = chip.programmed_S()[1].copy()
    chip.pulse(Weights(np.full((6, 9), 3.0), np.full(15, -3.0)))
    target, achieved = chip.programmed_S()
    stuck = faulty.kind > 0
    assert 0 < stuck.sum() < stuck.size
    np.testing.assert_array_equal(achieved[stuck], before[stuck])
    np.testing.assert_array_equal(achieved, target)
    moved = achieved != before
    assert moved[~stuck].any()


def test_partners_are_the_two_devices_of_one_pair():
    for directions in ("shared", "separate"):
        devices = Chip(pulsed(profile={"coupling.directions": directions})).die.devices
        places = np.arange(devices.size, dtype=float)
        for pair, other in zip(
            devices.split(places + 1), devices.split(places[devices.partner] + 1), strict=True
        ):
            if pair is not None:
                np.testing.assert_array_equal(pair.plus_S, other.minus_S)
                np.testing.assert_array_equal(pair.minus_S, other.plus_S)


def test_rising_pairs_of_another_encoding_are_refused():
    with pytest.raises(ProfileError, match="rising pairs need one_sided"):
        pulsed(pair="rising", profile={"coupling.encoding": "complementary"})
    with pytest.raises(ProfileError, match="must be ideal where pair is both"):
        pulsed(refresh_at=0.9)


def test_a_restored_chip_goes_on_bit_by_bit():
    profile = pulsed("cmos_rc_6bit", **NOISY)
    chip = Chip(profile, 5)
    chip.program(start_of(chip, 0.3))
    chip.pulse(counts_of(chip))
    twin = Chip(profile, 5)
    twin.restore(chip.state())
    for one in (chip, twin):
        one.pulse(counts_of(one, seed=4))
        one.program(start_of(one, 0.2, seed=6))
        one.pulse(counts_of(one, seed=7))
    np.testing.assert_array_equal(chip.programmed_S(), twin.programmed_S())
    assert chip.ledger == twin.ledger


def test_devices_that_take_pulses_leave_every_other_draw_alone():
    with_pulses = pulsed("cmos_rc_6bit", **NOISY)
    without = load_profile("cmos_rc_6bit").with_value("layers", SIZES)
    one, other = (Chip(profile, 3) for profile in (with_pulses, without))
    for chip in (one, other):
        chip.program(start_of(chip, 0.3))
    np.testing.assert_array_equal(one.programmed_S(), other.programmed_S())
    np.testing.assert_array_equal(one.circuit.leak_S, other.circuit.leak_S)


def test_a_pulse_starts_from_what_has_drifted_and_drift_starts_anew():
    drift = {"law": "leak", "tau_s": "1 s", "tau_spread": "ideal", "rest_S": "ideal"}
    chip = Chip(pulsed(profile={"drift": drift | {"source": "assumed: a test"}}))
    chip.program(start_of(chip))
    before, full_S = pairs(chip)[0].plus_S, 4.0 * chip.profile.node.leak_S
    chip.wait(0.5)
    chip.pulse(Weights(np.ones((6, 9)), np.zeros(15)))
    aged = before * np.exp(-0.5)
    expected = full_S - (full_S - aged) * (1 - 1 / 200)
    np.testing.assert_allclose(pairs(chip)[0].plus_S, expected, rtol=1e-9)
    chip.wait(0.5)
    chip.precharge(np.zeros((1, 4)))
    chip.drive(np.zeros((1, 4)), 1e-4)
    chip.settle(1e-9)
    np.testing.assert_allclose(chip.circuit.couplings.plus_S, expected * np.exp(-0.5), rtol=1e-6)
