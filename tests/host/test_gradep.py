"""GradEP on the ideal chip against the exact adjoint gradient of the oracle."""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.host import FlowSettings, initial_weights, present
from neurosim.host.readings import compared
from neurosim.ideal import IdealNetwork
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint

AT_REST = OperatingPoint(rtol=1e-9, atol=1e-12)
LAWS = {"gradient": ("ideal_gradient", "silu"), "hopfield": ("ideal_hopfield", "tanh")}


def estimate(law, sizes, beta, phases="centred", gain=0.5, rows=6, seed=0):
    """GradEP's estimate and the oracle's gradient, as vectors."""
    name, activation = LAWS[law]
    profile = load_profile(name).with_value("layers", sizes)
    layers, rng = Layers(sizes), np.random.default_rng(seed)
    chip = Chip(profile, engine=AT_REST)
    weights = initial_weights(layers, gain, rng)
    chip.program(weights)
    x_t, u_t = rng.standard_normal((2, rows, sizes[0]))
    flow = FlowSettings(beta=beta, settle_tau=150.0, phases=phases)
    shown = present(chip, x_t, u_t, flow)
    got = shown.gradient
    assert shown.rows_lost == 0
    network = IdealNetwork.from_weights(layers, weights, law, activation)
    exact = network.cost_gradient(x_t, u_t, flow.stiffness, flow.alpha)
    return got.vector, exact.vector


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@pytest.mark.every(2)
@pytest.mark.parametrize("law", LAWS)
def test_the_ideal_chips_gradient_is_the_exact_one_on_the_full_network(law):
    got, exact = estimate(law, (64, 128, 128), beta=1.25e-3, gain=0.3)
    assert cosine(got, exact) > 0.9999
    assert np.linalg.norm(got) == pytest.approx(np.linalg.norm(exact), rel=1e-2)


@pytest.mark.every(6)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("phases", "order"), [("centred", 2), ("one-sided", 1)])
def test_the_error_falls_with_the_promised_order_in_beta(law, phases, order):
    errors = []
    for beta in (2e-3, 1e-3):
        got, exact = estimate(law, (5, 7, 6), beta, phases)
        errors.append(np.linalg.norm(got - exact) / np.linalg.norm(exact))
    slopes = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(slopes, order, atol=0.2)


@pytest.mark.slow
def test_a_one_sided_estimate_does_not_blame_the_nudge_for_what_still_moves():
    """At a settling time too short to stand still, a smaller beta must not make it worse."""
    profile = load_profile("ideal_hopfield").with_value("layers", (5, 7, 6))
    layers, rng = Layers((5, 7, 6)), np.random.default_rng(0)
    weights = initial_weights(layers, 0.9, rng)
    x_t, u_t = rng.standard_normal((2, 8, 5))
    estimates = []
    for phases, beta in (("centred", 1e-3), ("one-sided", 1e-3), ("one-sided", 1e-5)):
        chip = Chip(profile, engine=AT_REST)
        chip.program(weights)
        shown = present(chip, x_t, u_t, FlowSettings(beta=beta, settle_tau=3.0, phases=phases))
        assert chip.ledger.settles == 3
        estimates.append(shown.gradient.vector)
    assert cosine(estimates[0], estimates[1]) > 0.99
    assert cosine(estimates[0], estimates[2]) > 0.999


@pytest.mark.every(2)
@pytest.mark.parametrize("law", LAWS)
def test_four_layers_learn_as_well_as_three(law):
    got, exact = estimate(law, (4, 6, 5, 3), beta=5e-4)
    assert cosine(got, exact) > 0.9999


def test_rows_that_failed_are_left_out_of_the_mean_and_counted():
    profile = load_profile("ideal_hopfield").with_value("layers", (3, 4))
    chip, rng = Chip(profile), np.random.default_rng(0)
    high, low = rng.standard_normal((2, 5, 7))
    whole, lost = compared(chip, high, low)
    assert lost == 0
    bad = np.concatenate([high, np.full((1, 7), np.nan)]), np.concatenate([low, low[:1]])
    mended, lost = compared(chip, *bad)
    assert lost == 1
    np.testing.assert_allclose(mended.coupling, whole.coupling)
    none, lost = compared(chip, bad[0][-1:], low[:1])
    assert (lost, none.norm) == (1, 0.0)
