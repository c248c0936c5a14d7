"""Nodes that the host holds on a path while the others flow, in all three modes of sampling."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.host import (
    FlowSettings,
    Held,
    SamplingSettings,
    decide,
    draw_samples,
    free_phase,
    initial_weights,
    present,
)
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint

NODES = np.array([True, False, False, True, False, False])
FLOW = FlowSettings(settle_tau=20.0)


def make_chip(engine=None, **changes):
    changes = {"layers": (6, 8, 5)} | {k.replace("__", "."): v for k, v in changes.items()}
    chip = Chip(load_profile("ideal_hopfield").with_values(changes), engine=engine)
    rng, layers = np.random.default_rng(0), chip.data_sheet.layers
    coupling = 0.3 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    chip.program(Weights(coupling, 0.3 * rng.standard_normal(layers.n_nodes)))
    return chip


def ends(rows=5):
    rng = np.random.default_rng(1)
    return rng.standard_normal((rows, 6)), rng.standard_normal((rows, 6))


def test_a_path_is_straight_to_its_end_and_stays_there():
    x_0, x_1 = ends()
    held, x = Held(NODES, x_1), np.zeros_like(x_0)
    for t, share in ((0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (1.2, 1.0)):
        put = held.put(x, x_0, t)
        wanted = (1 - share) * x_0 + share * x_1
        np.testing.assert_allclose(put[:, NODES], wanted[:, NODES], rtol=1e-14)
        assert not put[:, ~NODES].any()


@pytest.mark.every(3)
@pytest.mark.parametrize("mode", ["spring", "gradient", "free-running"])
def test_held_nodes_end_exactly_where_their_paths_do(mode):
    x_0, x_1 = ends()
    sampling = SamplingSettings(mode=mode, t_end=1.2, dt=0.1)
    held = Held(NODES, x_1, segments=3)
    x = draw_samples(make_chip(), x_0, FLOW, sampling, held=held)
    np.testing.assert_array_equal(x[:, NODES], x_1[:, NODES])
    free = draw_samples(make_chip(), x_0, FLOW, sampling)
    assert (np.abs(x - free)[:, ~NODES] > 1e-4).all()


@pytest.mark.parametrize("mode", ["spring", "gradient", "free-running"])
def test_no_node_held_draws_the_same_bits_as_without(mode):
    x_0, x_1 = ends()
    sampling = SamplingSettings(mode=mode, t_end=0.5, dt=0.1)
    no_one = Held(np.zeros(6, dtype=bool), x_1)
    x = draw_samples(make_chip(), x_0, FLOW, sampling, held=no_one)
    np.testing.assert_array_equal(x, draw_samples(make_chip(), x_0, FLOW, sampling))


@pytest.mark.slow
@pytest.mark.parametrize("still", [True, False])
def test_a_slow_release_beside_held_nodes_is_the_hosts_flow_beside_them(still):
    """As C_x grows hidden nodes follow at once; finer segments and steps tend to one path."""
    x_0, x_1 = ends()
    if still:
        x_0 = np.where(NODES, x_1, x_0)
    slow = make_chip(node__release_capacitance_F="2 nF")
    free = SamplingSettings(mode="free-running", t_end=1.0)
    drawn = draw_samples(slow, x_0, FLOW, free, held=Held(NODES, x_1, 1 if still else 100))
    stepped = SamplingSettings(mode="gradient", t_end=1.0, dt=0.01)
    by_host = draw_samples(make_chip(), x_0, FLOW, stepped, held=Held(NODES, x_1))
    # Euler steps of 0.01 err by about 1 % of a path of length 1; the hidden nodes lag by 1 / 2000.
    assert np.abs(drawn - by_host).max() < 0.02


@pytest.mark.slow
def test_with_held_nodes_the_measured_gradient_is_that_of_the_loss_on_the_others():
    """Centred differences of the loss that free phases measure, weight by weight, are the anchor.

    The loss is 1/2 |v - u|^2 over the nodes that are not held, summed over these.
    """
    x_t, u_t = ends(rows=3)
    flow = FlowSettings(settle_tau=400.0, beta=1e-4)
    chip = make_chip(engine=OperatingPoint(rtol=1e-9, atol=1e-12))
    layers, free = chip.data_sheet.layers, ~NODES

    def loss(weights):
        chip.program(weights)
        velocity = free_phase(chip, x_t, flow, held=NODES)[2]
        return 0.5 * np.mean(np.sum((velocity - u_t)[:, free] ** 2, axis=1))

    rng = np.random.default_rng(0)
    start = Weights(
        0.3 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present,
        0.3 * rng.standard_normal(layers.n_nodes),
    )
    chip.program(start)
    shown = present(chip, x_t, u_t, flow, held=NODES)
    np.testing.assert_array_equal(shown.outputs[1][:, :6][:, NODES], x_t[:, NODES])
    measured = shown.gradient
    step = 1e-3
    for i, j in ((0, 0), (1, 1), (5, 3), (2, 7), (7, 9)):
        ends_of = []
        for sign in (1, -1):
            coupling = start.coupling.copy()
            coupling[i, j] += sign * step
            ends_of.append(loss(Weights(coupling, start.bias)))
        slope = (ends_of[0] - ends_of[1]) / (2 * step)
        # Both differences are centred: errors of the order of beta^2 and step^2.
        assert measured.coupling[i, j] == pytest.approx(slope, rel=2e-3, abs=1e-4)
    assert not measured.bias[:6][NODES].any()


def test_what_holds_inputs_is_not_measured_and_clips_nothing():
    """Currents of held inputs are many times the range of the answers' ammeters."""
    profile = load_profile("cmos_rc_6bit").with_values(
        {"layers": (16, 6, 4), "sources": (0, -1), "current_sense.range_A": 0.5e-6}
    )
    chip = Chip(profile)
    chip.program(initial_weights(chip.data_sheet.layers, 0.5, np.random.default_rng(0)))
    flow, held = FlowSettings(stiffness=1.0, alpha=1.0, beta=0.2), np.arange(20) < 16
    targets = np.random.default_rng(1).uniform(-1, 1, (5, 20)) * held
    velocity = decide(chip, targets, flow, None, held)
    spent = chip.ledger.totals()
    assert spent["ammeter_conversions"] == 5 * 4
    assert spent["ammeter_clipped"] == 0
    assert not velocity[:, held].any()
    every = -chip.sense() / (chip.data_sheet.unit_S * chip.data_sheet.unit_V)
    np.testing.assert_array_equal(velocity[:, ~held], every[:, ~held])
    assert chip.ledger.totals()["ammeter_clipped"] > 0
