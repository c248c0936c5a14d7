"""Drift on the chip's own clock: what ages, when, and what a write does to it."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.network import Weights
from neurosim.profile import load_profile

SIZES = (4, 6, 5)
SOURCE = "assumed: a test"
LEAK = {"law": "leak", "tau_s": "1 ms", "tau_spread": "ideal", "rest_S": "ideal", "source": SOURCE}
POWER = {
    "law": "power", "start_s": "1 s", "reference_S": "40 uS", "exponent": 0.05,
    "exponent_spread": 0.01, "source": SOURCE,
}  # fmt: skip
LOG = {
    "law": "log", "start_s": "1 s", "shift_S": "-10 nS", "spread_S": "5 nS",
    "spread_growth_S": "1 nS", "source": SOURCE,
}  # fmt: skip


def chip_with(drift, name="ideal_hopfield", seed=3, **changes):
    changes = {path.replace("__", "."): value for path, value in changes.items()}
    profile = load_profile(name).with_values({"layers": SIZES, "drift": drift} | changes)
    return Chip(profile, seed)


def weights_of(chip, seed=0, scale=0.2):
    rng, layers = np.random.default_rng(seed), chip.data_sheet.layers
    coupling = scale * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    return Weights(coupling, scale * rng.standard_normal(layers.n_nodes))


def present(chip, rows=3, time_tau=20.0, phases=1):
    sheet = chip.data_sheet
    target = 0.1 * np.random.default_rng(1).standard_normal((rows, sheet.layers.n_visible))
    chip.precharge(target)
    for _ in range(phases):
        chip.drive(target, 15 * sheet.unit_S)
        chip.settle(time_tau * sheet.tau_s)
    return chip


def delta(chip):
    return chip.circuit.couplings.delta_S


def test_weights_leak_away_on_the_chips_own_clock():
    chip = chip_with(LEAK)
    chip.program(weights_of(chip))
    fresh = delta(chip).copy()
    chip.wait(0.7e-3)
    present(chip)
    np.testing.assert_allclose(delta(chip), fresh * np.exp(-0.7), rtol=1e-12)
    assert chip.ledger.settle_time_s == pytest.approx(0.7e-3 + 3 * 20 * chip.data_sheet.tau_s)


def test_a_batch_ages_the_devices_by_all_its_rows_and_shows_them_as_its_middle_row_sees_them():
    chip = chip_with(LEAK)
    chip.program(weights_of(chip))
    fresh = delta(chip).copy()
    present(chip, rows=500)
    present(chip, rows=201)
    spent_s = (500 + 100) * 20 * chip.data_sheet.tau_s
    np.testing.assert_allclose(delta(chip), fresh * np.exp(-spent_s / 1e-3), rtol=1e-12)


def test_the_phases_of_a_row_follow_one_another_without_the_other_rows_between_them():
    """Row by row the second phase comes one settle after the first, whatever the batch."""
    chip = chip_with(LEAK)
    chip.program(weights_of(chip))
    fresh = delta(chip).copy()
    # 20 us of a leak of 1 ms: more than the share below which nothing is computed anew.
    present(chip, rows=500, time_tau=200, phases=2)
    np.testing.assert_allclose(delta(chip), fresh * np.exp(-200e-7 / 1e-3), rtol=1e-12)


def test_the_circuit_is_at_most_a_thousandth_older_than_it_shows():
    chip = chip_with(LEAK)
    chip.program(weights_of(chip))
    fresh = delta(chip).copy()
    for _ in range(40):
        now_s = chip.ledger.settle_time_s
        present(chip, rows=1, time_tau=2.6)
        off = np.abs(delta(chip) / (fresh * np.exp(-now_s / 1e-3)) - 1).max()
        # One share of 1e-3 of the time constant and of the age.
        assert off <= 1.1e-3


def test_devices_that_are_not_written_go_on_ageing_from_their_own_last_write():
    chip = chip_with(POWER)
    weights = weights_of(chip)
    chip.program(weights)
    fresh = delta(chip).copy()
    chip.wait(1000.0)
    coupling = weights.coupling.copy()
    coupling[0, 0] *= 1.5
    chip.program(Weights(coupling, weights.bias))
    aged = delta(chip)
    assert aged[0, 0] == pytest.approx(1.5 * fresh[0, 0], rel=1e-12)
    others = np.ones(aged.shape, dtype=bool)
    others[0, 0] = False
    nu = -np.log(aged[others] / fresh[others]) / np.log(1000.0)
    # Exponents of 0.05 +- 0.01: none is further than six deviations off.
    assert np.abs(nu - 0.05).max() < 0.06
    assert np.ptp(nu) > 0.01


def test_a_refresh_brings_every_device_back_and_is_counted():
    chip = chip_with(LEAK)
    chip.program(weights_of(chip))
    fresh, written = delta(chip).copy(), chip.ledger.device_writes
    chip.wait(2e-3)
    chip.refresh()
    np.testing.assert_array_equal(delta(chip), fresh)
    n_pairs = chip.die.layers.present.sum() + chip.die.layers.n_nodes
    assert chip.ledger.device_writes - written == 2 * n_pairs
    assert chip.ledger.programs == 2


def test_places_without_a_coupling_hold_no_device_to_refresh():
    chip = chip_with(LEAK, layers=(3, 4, 5, 2))
    chip.refresh()
    assert chip.ledger.device_writes == 2 * (3 * 4 + 4 * 5 + 5 * 2 + 14)


def test_a_write_draws_the_deviate_anew_and_a_leak_keeps_that_of_fabrication():
    for drift, anew in ((LOG, True), (LEAK | {"tau_spread": 0.3}, False)):
        chip = chip_with(drift)
        chip.program(weights_of(chip))
        ends = []
        for _ in range(2):
            chip.refresh()
            chip.wait(1e-3)
            present(chip)
            ends.append(delta(chip).copy())
        assert np.allclose(*ends, rtol=1e-3) != anew


def test_drift_that_is_absent_changes_no_bit():
    """A leak with an endless time constant against none: the same path, the same numbers."""
    slow = LEAK | {"tau_s": 1e30}
    chips = [chip_with(d, "cmos_rc_6bit") for d in ("ideal", slow)]
    for chip in chips:
        chip.program(weights_of(chip))
        chip.wait(1.0)
        present(chip, phases=2)
    np.testing.assert_array_equal(chips[0].read(), chips[1].read())


def test_turning_drift_on_leaves_every_other_draw_alone():
    without, with_it = (chip_with(d, "cmos_rc_6bit") for d in ("ideal", LOG))
    for chip in (without, with_it):
        chip.program(weights_of(chip))
    np.testing.assert_array_equal(without.programmed_S()[1], with_it.programmed_S()[1])
    np.testing.assert_array_equal(without.circuit.leak_S, with_it.circuit.leak_S)
    assert np.abs(delta(without) - delta(with_it)).max() > 1e-9


@pytest.mark.parametrize("drift", [LEAK | {"tau_spread": 0.3}, POWER, LOG])
def test_a_restored_chip_ages_on_bit_by_bit(drift):
    chip = chip_with(drift, "cmos_rc_6bit")
    chip.program(weights_of(chip))
    chip.wait(3.0 if drift["law"] != "leak" else 3e-4)
    present(chip)
    # Less than what makes the conductances anew: the twin must not compute them either.
    present(chip, rows=1, time_tau=0.1)
    twin = chip_with(drift, "cmos_rc_6bit")
    twin.restore(chip.state())
    for one in (chip, twin):
        present(one)
        one.program(weights_of(one, seed=9))
        one.wait(1e-4)
        present(one)
        one.refresh()
        present(one)
    np.testing.assert_array_equal(chip.read(), twin.read())
    np.testing.assert_array_equal(delta(chip), delta(twin))
    assert chip.ledger == twin.ledger


def test_a_wait_loses_what_the_nodes_hold():
    chip = present(chip_with("ideal"))
    chip.wait(1e-3)
    with pytest.raises(DataError, match="precharge first"):
        chip.settle(1e-6)
    with pytest.raises(DataError, match="needs a stored state"):
        chip.recall()


@pytest.mark.parametrize("time_s", [-1.0, np.inf, np.nan])
def test_a_wait_must_be_a_time(time_s):
    with pytest.raises(DataError, match="needs a finite time of at least 0 s"):
        chip_with("ideal").wait(time_s)


def test_a_drift_can_be_swept():
    profile = load_profile("ideal_hopfield").with_value("drift", LEAK)
    assert profile.with_value("drift.tau_s", "5 ms").drift.tau_s == 5e-3
