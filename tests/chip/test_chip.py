"""The chip facade: what a call does to nodes, devices, counters and random streams."""

import numpy as np
import pytest
from scipy.constants import Boltzmann
from scipy.integrate import solve_ivp

from conftest import errors_of
from neurosim.chip import Chip
from neurosim.errors import CheckpointError, DataError, ProfileError
from neurosim.network import Weights
from neurosim.profile import load_profile

SIZES = (4, 6, 5)


def small(name="ideal_hopfield", **changes):
    profile = load_profile(name).with_value("layers", SIZES)
    for path, value in changes.items():
        profile = profile.with_value(path.replace("__", "."), value)
    return profile


def random_weights(chip, scale=0.2, seed=0):
    rng, layers = np.random.default_rng(seed), chip.data_sheet.layers
    coupling = scale * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    return Weights(coupling, scale * rng.standard_normal(layers.n_nodes))


def targets(chip, rows=3, seed=1):
    return 0.1 * np.random.default_rng(seed).standard_normal(
        (rows, chip.data_sheet.layers.n_visible)
    )


def settled(chip, time_tau=20.0, rows=3):
    sheet = chip.data_sheet
    chip.precharge(targets(chip, rows))
    chip.drive(targets(chip, rows), 15 * sheet.unit_S)
    chip.settle(time_tau * sheet.tau_s)
    return chip


def test_an_ideal_chip_holds_the_weights_it_was_given():
    chip = Chip(small())
    weights = random_weights(chip)
    chip.program(weights)
    np.testing.assert_allclose(chip.circuit.couplings.delta_S, 1e-5 * weights.coupling, rtol=1e-12)
    np.testing.assert_allclose(chip.circuit.bias_A, 1e-6 * weights.bias, rtol=1e-12)


def test_a_write_changes_only_devices_whose_target_changed():
    chip = Chip(small("cmos_rc_6bit"))
    weights = random_weights(chip, 0.1)
    chip.program(weights)
    before, written = chip.programmed_S()[1], chip.ledger.device_writes
    coupling = weights.coupling.copy()
    coupling[0, 0] += 0.1
    chip.program(Weights(coupling, weights.bias))
    changed = np.flatnonzero(chip.programmed_S()[1] != before)
    assert 1 <= len(changed) <= 2
    assert chip.ledger.device_writes - written == len(changed)


def test_programming_noise_has_the_profiles_deviation():
    profile = small("cmos_rc_6bit").with_value("layers", (64, 128))
    profile = profile.with_value("write.noise", 0.02)
    chip = Chip(profile)
    chip.program(random_weights(chip, 0.2))
    target, achieved = chip.programmed_S()
    on = target > 0.1 * target.max()
    error = (achieved - target)[on] / (profile.coupling.full_scale * profile.node.leak_S)
    # Sample deviation of n draws has relative deviation 1 / sqrt(2 n): 5 sigma.
    assert error.std() == pytest.approx(0.02, rel=5 / np.sqrt(2 * on.sum()))


def test_one_settle_is_scipys_solution_of_the_same_circuit():
    chip = Chip(small())
    chip.program(random_weights(chip))
    chip.precharge(targets(chip))
    sheet = chip.data_sheet
    chip.drive(targets(chip, seed=2), 15 * sheet.unit_S)
    u = chip.u_V.copy()
    system = chip.system()
    chip.settle(3 * sheet.tau_s)

    def fun(t, y):
        return system.rate(np.array([1]))(y[:, None], np.empty((y.size, 1)))[:, 0]

    exact = solve_ivp(fun, (0, 3), u[1], "DOP853", rtol=1e-10, atol=1e-14).y[:, -1]
    np.testing.assert_allclose(chip.u_V[1], exact, atol=1e-2 * 0.1 * 1e-1)


def test_release_lets_a_visible_node_decay_with_the_large_capacitor():
    chip = Chip(small(settling__precision="float64"))
    sheet = chip.data_sheet
    chip.precharge(targets(chip))
    start = chip.u_V.copy()
    chip.release()
    chip.settle(0.5 * sheet.release_tau_s)
    k = sheet.layers.n_visible
    np.testing.assert_allclose(chip.u_V[:, :k], start[:, :k] * np.exp(-0.5), rtol=1e-10)


def test_clamped_nodes_stand_still_and_the_ammeter_reads_what_holds_them():
    chip = Chip(small())
    chip.program(random_weights(chip))
    chip.precharge(targets(chip))
    chip.clamp(targets(chip))
    chip.settle(30 * chip.data_sheet.tau_s)
    np.testing.assert_array_equal(chip.u_V[:, :4], targets(chip))
    np.testing.assert_allclose(chip.sense(), -chip.circuit.current_A(chip.u_V)[:, :4], rtol=1e-12)


def test_the_springs_current_is_its_conductance_times_the_displacement():
    chip = settled(Chip(small()))
    chip.program(random_weights(chip))
    nominal = chip.drive(targets(chip), 1e-4)
    chip.settle(1e-6)
    np.testing.assert_allclose(chip.sense(), 1e-4 * (nominal - chip.read_visible()), rtol=1e-9)


def test_a_recalled_state_is_the_stored_one_up_to_its_kt_over_c_noise():
    quiet = settled(Chip(small()))
    quiet.store()
    stored = quiet.u_V.copy()
    quiet.settle(1e-7)
    quiet.recall()
    np.testing.assert_array_equal(quiet.u_V, stored)
    noisy = settled(Chip(small("cmos_rc_6bit")), rows=500)
    before = noisy.u_V.copy()
    noisy.store()
    noisy.recall()
    first = noisy.u_V.copy()
    noisy.recall()
    np.testing.assert_array_equal(noisy.u_V, first)
    sigma = np.sqrt(Boltzmann * 300 / noisy.profile.node.capacitance_F)
    n = before.size
    assert (first - before).std() == pytest.approx(sigma, rel=5 / np.sqrt(2 * n))


def test_recall_without_store_is_refused():
    chip = settled(Chip(small()))
    with pytest.raises(DataError, match="needs a stored state"):
        chip.recall()


def test_reads_beyond_the_range_clip_and_are_counted():
    chip = Chip(small("cmos_rc_6bit"))
    over = np.full((2, 4), 2.0)
    chip.precharge(over)
    assert chip.ledger.dac_clipped == 8
    assert np.abs(chip.u_V).max() <= chip.profile.dac.range_V + 6 * chip.profile.dac.noise_V


def test_weights_beyond_full_scale_clip_and_are_counted():
    chip = Chip(small("cmos_rc_6bit"))
    weights = random_weights(chip, 0.01)
    weights.coupling[0, 0] = 100.0
    chip.program(weights)
    assert chip.ledger.weights_clipped == 1


def test_dies_of_other_seeds_differ_and_the_same_seed_repeats():
    a, b, c = (Chip(small("cmos_rc_6bit"), seed).circuit.leak_S for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()


def test_turning_one_effect_on_leaves_every_other_draw_alone():
    base = small("cmos_rc_6bit")
    without = base.with_value("mismatch.capacitance", "ideal")
    a, b = Chip(base, 3).circuit, Chip(without, 3).circuit
    np.testing.assert_array_equal(a.leak_S, b.leak_S)
    np.testing.assert_array_equal(errors_of(a).gain, errors_of(b).gain)
    assert (a.capacitance_F != b.capacitance_F).all()
    assert np.ptp(b.capacitance_F) == 0


def noisy(corner, excess=1.5):
    double = {"settling__precision": "float64"}
    profile = small("cmos_rc_6bit", thermal__flicker_corner_Hz="ideal", **double)
    profile = profile.with_value("thermal.amplifier_excess", excess)
    return profile.with_value("thermal.flicker_corner_Hz", corner)


def test_turning_flicker_on_leaves_the_white_noise_alone():
    """1/f noise too weak to see moves nothing: every other draw is where it was."""
    without, weak, strong = (
        settled(Chip(noisy(corner), 3), rows=70).u_V for corner in ("ideal", 1e-9, "1 MHz")
    )
    np.testing.assert_allclose(weak, without, atol=1e-10)
    assert np.abs(weak - without).max() > 0
    assert np.abs(strong - without).max() > 1e-5


def test_a_chip_without_a_temperature_draws_no_flicker():
    chip, twin = (
        Chip(noisy(corner).with_value("thermal.temperature_K", "ideal"), 3)
        for corner in ("1 MHz", "ideal")
    )
    np.testing.assert_array_equal(settled(chip).u_V, settled(twin).u_V)


def test_flicker_is_common_to_the_phases_of_a_presentation_and_new_in_the_next():
    """Free, stored, nudged: what the slow noise does to both is alike; without it, nothing is."""

    def correlation(corner, anew):
        chip = settled(Chip(noisy(corner), 3), rows=300)
        first = chip.u_V[:, 4:].copy()
        if anew:
            settled(chip, rows=300)
        chip.drive(targets(chip, 300), 15 * chip.data_sheet.unit_S)
        chip.settle(20 * chip.data_sheet.tau_s)
        ends = [u - u.mean(axis=0) for u in (first, chip.u_V[:, 4:])]
        return np.mean(ends[0] * ends[1]) / (ends[0].std() * ends[1].std())

    # Rows differ by their targets only through couplings, which are off: 4 / sqrt(300 x 11).
    assert abs(correlation("ideal", anew=False)) < 0.07
    assert correlation("10 MHz", anew=False) > 0.3
    assert abs(correlation("10 MHz", anew=True)) < 0.07


def test_a_chip_restored_from_its_state_goes_on_bit_by_bit():
    profile = small("cmos_rc_6bit")
    chip = Chip(profile, 5)
    chip.program(random_weights(chip))
    settled(chip)
    state = chip.state()
    twin = Chip(profile, 5)
    twin.restore(state)
    for one in (chip, twin):
        one.program(random_weights(one, seed=9))
        settled(one)
    np.testing.assert_array_equal(chip.read(), twin.read())
    np.testing.assert_array_equal(chip.programmed_S()[1], twin.programmed_S()[1])
    assert chip.ledger == twin.ledger


def test_a_state_of_another_network_is_refused():
    state = Chip(small()).state()
    other = Chip(small().with_value("layers", (3, 3)))
    with pytest.raises(CheckpointError, match="belongs to another profile"):
        other.restore(state)


def test_the_clock_counts_one_chip_that_presents_its_rows_after_one_another():
    chip = settled(Chip(small()), time_tau=20, rows=3)
    assert chip.ledger.settle_time_s == pytest.approx(3 * 20 * chip.data_sheet.tau_s)
    assert (chip.ledger.settles, chip.ledger.rows_settled) == (1, 3)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda c: c.precharge(np.zeros((2, 3))), r"shape \(rows, 4\), but have \(2, 3\)"),
        (lambda c: c.settle(1e-6), "needs a time above 0 s and at least one row"),
        (lambda c: c.program(Weights(np.zeros((2, 2)), np.zeros(15))), "needs weights of shapes"),
        (lambda c: c.program(Weights(np.full((6, 9), np.nan), np.zeros(15))), "finite weights"),
        (lambda c: c.drive(np.zeros((1, 4)), -1e-6), "between 0 S and"),
    ],
)
def test_mistakes_of_a_host_are_refused(act, message):
    with pytest.raises(DataError, match=message):
        act(Chip(small()))


def test_a_batch_with_other_rows_than_were_precharged_is_refused():
    chip = Chip(small())
    chip.precharge(targets(chip, 3))
    chip.drive(targets(chip, 2), 1e-4)
    with pytest.raises(DataError, match="2 for 3; precharge first"):
        chip.settle(1e-7)


def test_no_row_is_left_after_a_wait_whether_outputs_lag_or_not():
    for bandwidth_Hz in ("ideal", 2e7):
        chip = settled(Chip(small(node__bandwidth_Hz=bandwidth_Hz)))
        assert chip.read().shape == (3, 15)
        chip.wait(1.0)
        assert chip.output_V.shape == chip.read().shape == (0, 15)


def test_a_chip_is_made_of_a_profile_or_its_name_and_of_nothing_else():
    assert Chip("cmos_rc_6bit").profile == load_profile("cmos_rc_6bit")
    assert repr(Chip("ideal_hopfield", 4)) == "Chip('ideal_hopfield', seed 4, 64-128-128)"
    with pytest.raises(ProfileError, match="did you mean cmos_rc_6bit"):
        Chip("cmos_rc_6bits")
    with pytest.raises(DataError, match="must be a profile or the name of one, but is 6; load"):
        Chip(6)
    for seed in (-1, 0.5, True, "0"):
        with pytest.raises(DataError, match="seed must be a whole number of at least 0, but is"):
            Chip("ideal_hopfield", seed)


def test_an_ammeter_asked_of_some_nodes_measures_and_counts_these_alone():
    chip = settled(Chip(small()))
    chip.drive(targets(chip), 1e-4)
    chip.settle(1e-6)
    every, some = chip.sense(), np.array([True, False, True, False])
    before = chip.ledger.copy()
    got = chip.sense(some)
    np.testing.assert_array_equal(got, np.where(some, every, 0.0))
    assert chip.ledger.since(before)["ammeter_conversions"] == 2 * len(every)
    with pytest.raises(DataError, match=r"one value for each of 4 nodes, but got one of bool and"):
        chip.sense(some[:3])
