"""A chip with some visible nodes held while the others run free."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.errors import DataError
from neurosim.network import Weights
from neurosim.profile import load_profile

N_VISIBLE = 6
HELD = np.array([True, False, False, True, True, False])


def make_chip(name="cmos_rc_6bit", **changes):
    profile = load_profile(name).with_value("layers", (N_VISIBLE, 7, 5))
    for path, value in changes.items():
        profile = profile.with_value(path.replace("__", "."), value)
    chip = Chip(profile, seed=3)
    rng, layers = np.random.default_rng(0), chip.data_sheet.layers
    coupling = 0.3 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    chip.program(Weights(coupling, 0.3 * rng.standard_normal(layers.n_nodes)))
    return chip


def targets(chip, rows=4):
    unit_V = chip.data_sheet.unit_V
    return unit_V * np.random.default_rng(1).standard_normal((rows, N_VISIBLE))


def run_with(drive):
    chip = make_chip()
    target_V = targets(chip)
    chip.precharge(target_V)
    chip.clamp(target_V)
    chip.settle(10 * chip.data_sheet.tau_s)
    drive(chip, target_V)
    chip.settle(0.4 * chip.data_sheet.release_tau_s)
    return chip.u_V, chip.read_visible(), chip.ledger.totals()


def assert_same(a, b):
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])
    assert a[2] == b[2]


def test_a_mask_of_all_is_a_clamp_and_a_mask_of_none_a_release_bit_for_bit():
    everyone, no_one = np.ones(N_VISIBLE, dtype=bool), np.zeros(N_VISIBLE, dtype=bool)
    assert_same(
        run_with(lambda chip, x: chip.clamp(x, everyone)), run_with(lambda chip, x: chip.clamp(x))
    )
    assert_same(
        run_with(lambda chip, x: chip.clamp(x, no_one)), run_with(lambda chip, _: chip.release())
    )


@pytest.mark.parametrize("rows", [0, 3])
def test_targets_of_other_rows_than_were_precharged_are_refused(rows):
    chip = make_chip("ideal_hopfield")
    if rows:
        chip.precharge(targets(chip, rows))
    with pytest.raises(DataError, match=f"one row for each precharged row, but have 4 for {rows};"):
        chip.clamp(targets(chip))


@pytest.mark.parametrize("name", ["ideal_hopfield", "ideal_gradient", "cmos_rc_6bit"])
def test_held_nodes_stand_exactly_at_their_sources_and_the_others_move(name):
    chip = make_chip(name)
    target_V = targets(chip)
    chip.precharge(target_V)
    nominal_V = chip.clamp(target_V, HELD)
    before_V = chip.u_V.copy()
    chip.settle(0.5 * chip.data_sheet.release_tau_s)
    visible = chip.u_V[:, :N_VISIBLE]
    np.testing.assert_array_equal(visible[:, HELD], before_V[:, :N_VISIBLE][:, HELD])
    assert (np.abs(visible - before_V[:, :N_VISIBLE])[:, ~HELD] > 1e-4).all()
    # The DAC's codes, as the host knows them, are within its noise and static errors.
    assert np.abs(nominal_V - visible)[:, HELD].max() < 0.1 * chip.data_sheet.unit_V


def test_free_nodes_are_on_their_large_capacitors_also_beside_held_ones():
    """Without couplings a free node decays with the release time constant, whatever is held."""
    chip = make_chip("ideal_hopfield", settling__precision="float64")
    layers = chip.data_sheet.layers
    chip.program(Weights(np.zeros((layers.n_odd, layers.n_even)), np.zeros(layers.n_nodes)))
    target_V = targets(chip)
    chip.precharge(target_V)
    chip.clamp(target_V, HELD)
    chip.settle(0.5 * chip.data_sheet.release_tau_s)
    free_V = chip.u_V[:, :N_VISIBLE][:, ~HELD]
    np.testing.assert_allclose(free_V, target_V[:, ~HELD] * np.exp(-0.5), rtol=1e-10)


def test_what_free_nodes_are_told_means_nothing_and_costs_nothing():
    chip, other = make_chip(), make_chip()
    for one, junk in ((chip, 0.0), (other, np.nan)):
        target_V = targets(one)
        one.precharge(target_V)
        before = one.ledger.dac_conversions
        one.clamp(np.where(HELD, target_V, junk), HELD)
        one.settle(0.1 * one.data_sheet.release_tau_s)
        assert one.ledger.dac_conversions - before == 4 * HELD.sum()
    np.testing.assert_array_equal(chip.u_V, other.u_V)


def test_a_released_chip_runs_on_its_way_also_where_phases_settle_for_ever():
    chip = make_chip("ideal_hopfield")
    point = make_chip("ideal_hopfield", settling__engine="operating_point")
    for one in (chip, point):
        one.precharge(targets(one))
        one.clamp(targets(one), HELD)
        one.settle(0.3 * one.data_sheet.release_tau_s)
    np.testing.assert_array_equal(chip.u_V, point.u_V)


def test_a_mask_of_another_length_or_type_is_refused():
    chip = make_chip("ideal_hopfield")
    chip.precharge(targets(chip))
    for mask in (HELD[:3], HELD.astype(int)):
        with pytest.raises(DataError, match="one value for each of 6 visible nodes"):
            chip.clamp(targets(chip), mask)


def test_a_drive_beside_held_nodes_is_a_spring_on_the_others_alone():
    chip = make_chip("ideal_hopfield")
    sheet = chip.data_sheet
    target_V = targets(chip)
    chip.precharge(0 * target_V)
    chip.drive(target_V, 15 * sheet.unit_S, HELD)
    chip.settle(200 * sheet.tau_s)
    np.testing.assert_array_equal(chip.u_V[:, :N_VISIBLE][:, HELD], target_V[:, HELD])
    # At rest each spring carries what its node's other elements take: Kirchhoff's current law.
    alone_A = chip.circuit.current_A(chip.u_V)[:, :N_VISIBLE]
    pull_A = 15 * sheet.unit_S * (target_V - chip.u_V[:, :N_VISIBLE])
    np.testing.assert_allclose(pull_A[:, ~HELD], -alone_A[:, ~HELD], atol=1e-3 * sheet.unit_S * 0.1)
    np.testing.assert_allclose(chip.sense()[:, HELD], -alone_A[:, HELD], rtol=1e-12)


def test_a_drive_that_holds_no_one_is_a_drive_bit_for_bit():
    def run(*mask):
        chip = make_chip()
        target_V = targets(chip)
        chip.precharge(target_V)
        chip.drive(target_V, 15 * chip.data_sheet.unit_S, *mask)
        chip.settle(5 * chip.data_sheet.tau_s)
        return chip.u_V, chip.read(), chip.ledger.totals()

    assert_same(run(), run(np.zeros(N_VISIBLE, dtype=bool)))
