"""Where nodes without a source begin: at 0, anywhere, or where they were."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DataError, ProfileError
from neurosim.host import FlowSettings, initial_weights, present
from neurosim.host.sampler import draw_samples
from neurosim.host.settings import SamplingSettings
from neurosim.host.timed import Timed
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import Transient

SIZES = (4, 6, 5)
VISIBLE = slice(0, 4)


def chip_of(name="ideal_hopfield", seed=0, **changes):
    profile = load_profile(name).with_values({"layers": SIZES, **changes})
    made = ns.Chip(profile, seed=seed, engine=Transient(rtol=1e-8, atol=1e-10))
    made.program(initial_weights(Layers(SIZES), 0.3, np.random.default_rng(0)))
    return made


def some(rows=3, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, 4))


def test_nodes_begin_where_they_are_told_to():
    chip, target_V = chip_of(), some() * 0.1
    chip.precharge(target_V)
    np.testing.assert_array_equal(chip.u_V[:, 4:], 0)
    charged_J = chip.ledger.precharge_J
    chip.drive(target_V, 1e-5)
    chip.settle(1e-7)
    before = chip.u_V.copy()
    chip.precharge(2 * target_V, "kept")
    np.testing.assert_array_equal(chip.u_V[:, 4:], before[:, 4:])
    np.testing.assert_allclose(chip.u_V[:, VISIBLE], 2 * target_V)
    # Nodes that stay are not charged.
    assert chip.ledger.precharge_J == pytest.approx(5 * charged_J)
    chip.precharge(target_V, "random")
    unit_V = chip.data_sheet.unit_V
    np.testing.assert_allclose(chip.u_V[:, VISIBLE], target_V)
    assert np.abs(chip.u_V[:, 4:]).max() <= unit_V
    assert len(np.unique(chip.u_V[:, 4:])) == 3 * 11


def test_phases_are_anywhere_within_half_a_turn():
    chip = chip_of("ideal_oscillator_flow")
    chip.precharge(np.zeros((400, 4)), "random")
    half_turn_V = np.pi * chip.circuit.radian_V
    shares = (chip.u_V / half_turn_V)[:, 4:]
    assert np.abs(shares).max() <= 1
    # Of 4,400 uniform numbers: mean 0 and mean square 1/3 within five standard errors.
    assert abs(shares.mean()) < 5 * np.sqrt(1 / 3 / shares.size)
    assert np.mean(shares**2) == pytest.approx(1 / 3, abs=5 * np.sqrt(4 / 45 / shares.size))


def test_draws_are_of_the_die_and_of_the_presentation():
    one, same, other = chip_of(), chip_of(), chip_of(seed=1)
    for made in (one, same, other):
        made.precharge(some(), "random")
    np.testing.assert_array_equal(one.u_V, same.u_V)
    assert not np.any(one.u_V[:, 4:] == other.u_V[:, 4:])
    first = one.u_V.copy()
    one.drive(some() * 0.1, 1e-5)
    one.settle(1e-7)
    state = one.state()
    one.precharge(some(), "random")
    assert not np.any(one.u_V[:, 4:] == first[:, 4:])
    same.restore(state)
    same.precharge(some(), "random")
    np.testing.assert_array_equal(one.u_V, same.u_V)


def test_where_a_network_has_one_rest_its_gradient_does_not_tell_where_it_began():
    """Slow and stiff enough that every row is there: the rest of so weak a network is unique."""
    x, u = some(seed=2), some(seed=3)

    def measured(settle_tau, start):
        flow = FlowSettings(beta=5e-3, settle_tau=settle_tau, hidden_start=start)
        return present(chip_of(), x, u, flow).gradient.vector

    # Tolerances of 1e-10 of a voltage, over 2 beta = 0.01, leave 1e-8; e^-60 of the start less.
    np.testing.assert_allclose(measured(60, "zero"), measured(60, "random"), rtol=1e-5, atol=1e-7)
    assert not np.allclose(measured(1, "zero"), measured(1, "random"), rtol=0.05)


@pytest.mark.parametrize("start", ["kept", "random"])
def test_a_sampler_that_settles_long_draws_the_same_from_any_start(start):
    x_0, flow = some(seed=4), FlowSettings(settle_tau=60)
    drawn = [
        draw_samples(
            chip_of(), x_0, flow, SamplingSettings(mode="spring", dt=0.2, hidden_start=how)
        )
        for how in ("zero", start)
    ]
    np.testing.assert_allclose(drawn[0], drawn[1], rtol=1e-5, atol=1e-6)


def test_a_kept_start_goes_on_from_the_step_before():
    """Two steps by hand, too short to come to rest."""
    chip, x_0, flow = chip_of(), some(seed=5), FlowSettings(settle_tau=0.5)
    how = SamplingSettings(mode="spring", t_end=0.4, dt=0.2, hidden_start="kept")
    drawn = draw_samples(chip, x_0, flow, how)
    by_hand, x = chip_of(), x_0.copy()
    sheet = by_hand.data_sheet
    for step in range(2):
        by_hand.precharge(x * sheet.unit_V, *(["kept"] if step else []))
        by_hand.drive(x * sheet.unit_V, flow.stiffness * sheet.unit_S)
        by_hand.settle(0.5 * sheet.tau_s)
        away = by_hand.read_visible() / sheet.unit_V - x
        x = x + 0.2 * flow.alpha * flow.stiffness * away
    np.testing.assert_allclose(drawn, x, rtol=1e-12)
    reset = draw_samples(chip_of(), x_0, flow, how.with_value("hidden_start", "zero"))
    assert not np.allclose(drawn, reset, rtol=1e-3)


class Simple:
    """A controller of one's own that always discharges."""

    def __init__(self, chip):
        self._chip = chip

    def __getattr__(self, name):
        return getattr(self._chip, name)

    def precharge(self, target_V):
        self._chip.precharge(target_V)


def test_a_chip_of_ones_own_need_not_offer_more_than_zero():
    x, u = some(seed=2), some(seed=3)
    plain, random = (FlowSettings(beta=5e-3, hidden_start=start) for start in ("zero", "random"))
    for own in (Simple(chip_of()), Timed(Simple(chip_of()))):
        assert present(own, x, u, plain).rows_lost == 0
        with pytest.raises(DataError, match="whose precharge takes no `others`; leave it out"):
            present(own, x, u, random)


def test_lagging_amplifiers_stay_where_they_are_too():
    chip, target_V = chip_of(**{"node.bandwidth_Hz": 2e6}), some() * 0.1
    chip.precharge(target_V)
    chip.drive(target_V, 1e-5)
    chip.settle(2e-8)
    before = chip.output_V.copy()
    chip.precharge(2 * target_V, "kept")
    np.testing.assert_array_equal(chip.output_V[:, 4:], before[:, 4:])
    np.testing.assert_allclose(chip.output_V[:, VISIBLE], 2 * target_V)


def test_a_training_from_anywhere_goes_on_as_if_it_had_not_stopped(tmp_path):
    profile = load_profile("ideal_oscillator_flow").with_value("layers", (64, 6, 5))
    recipe = ns.Experiment(updates=4, batch=8, flow={"hidden_start": "random"})
    whole = ns.train(profile, recipe)
    told = []

    def stop_at_two(*now):
        told.append(now)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ns.train(profile, recipe, keep=tmp_path / "run", progress=stop_at_two)
    resumed = ns.resume(tmp_path / "run")
    np.testing.assert_array_equal(resumed.weights.vector, whole.weights.vector)


def test_what_cannot_begin_so_is_refused():
    chip = chip_of()
    chip.precharge(some())
    with pytest.raises(DataError, match="as many rows as stand, 3, where others are kept, but got"):
        chip.precharge(some(2), "kept")
    with pytest.raises(DataError, match="must be one of 'zero', 'random', 'kept', but is 'warm'"):
        chip.precharge(some(), "warm")
    bare = chip_of(**{"node.hold": "none"})
    with pytest.raises(DataError, match="must be zero on ideal_hopfield, which has no hold"):
        present(bare, some(), some(), FlowSettings(hidden_start="random"))
    with pytest.raises(ProfileError, match="hidden_start"):
        FlowSettings(hidden_start="kept")
