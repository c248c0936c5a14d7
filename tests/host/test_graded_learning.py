"""Flows of graded oscillators: injections nudge by the exact slope of the cost, to beta squared."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis import Conditions
from neurosim.host import free_phase, initial_weights
from neurosim.streams import Streams

SCALE = 2.0 * 15.0  # alpha lambda


def few(**changes):
    base = {"layers": (6, 5, 4), "settling": ns.OperatingPoint()}
    return ns.load_profile("ideal_oscillator_flow").with_values(base | changes)


def conditions(profile, rows=4, beta=4e-3):
    weights = initial_weights(profile.network, 1.5, np.random.default_rng(1))
    images = np.random.default_rng(2).uniform(-1, 1, (40, profile.layers[0]))
    return Conditions(profile, weights, ns.FlowSettings(beta=beta), rows, 2, images=images)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("a", [0.4, 1.0])
def test_the_exact_gradient_is_that_of_the_cost_at_rest(a):
    """Differences of (1 - cos a d) s^2 / a^2 - s y sin(a d) / a, settled anew for each weight."""
    asked = conditions(few(**{"node.law.graded.visible_rad": a}), 2)
    shown = asked.batches[0]

    def cost(weights):
        chip = asked._ideal_chip(weights)
        sine = a * free_phase(chip, shown.x_t, asked.flow)[2] / SCALE
        pulled = SCALE**2 / a**2 * (1 - np.sqrt(1 - sine**2))
        return np.mean(np.sum(pulled - SCALE * shown.u_t * sine / a, axis=1))

    exact, found = asked.exact[0], []
    places = np.flatnonzero(exact)[::16]
    for place in places:
        ends = []
        for sign in (1, -1):
            moved = asked.weights.copy()
            moved.vector[place] += sign * 1e-4
            ends.append(cost(moved))
        found.append((ends[0] - ends[1]) / 2e-4)
    assert len(found) > 3
    # A residual of 1e-8 times the square of 30, over the step.
    np.testing.assert_allclose(found, exact[places], atol=1e-3 * np.abs(exact).max())


def test_equilibrium_propagation_measures_it_to_the_square_of_beta():
    asked, errors = conditions(few()), []
    for beta in (4e-3, 2e-3, 1e-3):
        got = asked.observe(asked.profile, 0, beta=beta).gradient
        errors.append(np.linalg.norm(got - asked.exact[0]) / np.linalg.norm(asked.exact[0]))
    assert cosine(got, asked.exact[0]) > 0.9999
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.3)


@pytest.mark.slow
def test_at_full_size_a_settled_gradient_is_exact_at_the_recipes_nudge():
    profile = ns.load_profile("ideal_oscillator_flow").with_value("settling", ns.OperatingPoint())
    weights = initial_weights(profile.network, 0.5, Streams(0).generator("weights"))
    asked = Conditions(profile, weights, ns.FlowSettings(beta=4e-3), 16, 2)
    assert cosine(asked.observe(profile, 0).gradient, asked.exact[0]) > 0.999


def test_velocities_are_those_of_the_co_content_at_rest():
    """The spring delivers what the network does not: v = -alpha dE/dx at the visible nodes."""
    profile = few()
    chip, rng = ns.Chip(profile), np.random.default_rng(3)
    chip.program(initial_weights(profile.network, 1.5, rng))
    x, flow = rng.standard_normal((3, 6)), ns.FlowSettings()
    velocity = free_phase(chip, x, flow)[2]
    unit_A = profile.node.leak_S * profile.node.unit_V
    delivered = chip.circuit.current_A(chip.u_V)[:, :6] / unit_A
    np.testing.assert_allclose(velocity, flow.alpha * delivered, atol=1e-5)


def test_a_host_reads_velocities_and_contrasts_in_units_of_visible_nodes():
    profile = few(**{"adc.bits": 12, "adc.visible_range_V": np.pi / 0.4,
                     "adc.hidden_range_V": np.pi})  # fmt: skip
    exact, read = ns.Chip(few()), ns.Chip(profile)
    weights = initial_weights(profile.network, 1.5, np.random.default_rng(3))
    x = np.random.default_rng(4).standard_normal((3, 6))
    velocities = []
    for chip in (exact, read):
        chip.program(weights)
        velocities.append(free_phase(chip, x, ns.FlowSettings())[2])
    step = 2 * np.pi / 0.4 / 2**12
    np.testing.assert_allclose(*velocities, atol=SCALE * step)
    assert np.abs(velocities[0] - velocities[1]).max() > 0


def test_answers_are_phases_in_units_of_hidden_nodes():
    """Springs deliver sin d at answers and sin(a d) / a at visible nodes; what the chip has."""
    profile = few(sources=(0, -1))
    chip, rng = ns.Chip(profile), np.random.default_rng(3)
    chip.program(initial_weights(profile.network, 1.5, rng))
    x, flow = rng.standard_normal((3, 10)), ns.FlowSettings(stiffness=3.0, alpha=1.0)
    velocity = free_phase(chip, x, flow)[2]
    unit_A = profile.node.leak_S * profile.node.unit_V
    at = chip.data_sheet.layers.nodes_of((0, 2))
    delivered = chip.circuit.current_A(chip.u_V)[:, at] / unit_A
    np.testing.assert_allclose(velocity, delivered, atol=1e-5)
