"""Amplifiers between the layers of a network of resistors: closed forms, rest, noise, errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from resistors import SHOCKLEY, TAU_S, kirchhoff_A, lifted, random_network, rest_of
from scipy.constants import Boltzmann
from scipy.linalg import solve_continuous_lyapunov
from scipy.special import wrightomega

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V, strayed
from law_properties import ROWS, check_law, check_reading
from neurosim.circuit import (
    Circuit,
    DrivenCircuit,
    Fluctuation,
    IdealDiode,
    Linear,
    Pairs,
    Resistive,
    Springs,
)
from neurosim.circuit.power import dissipation_W
from neurosim.errors import DataError
from neurosim.network import Layers
from neurosim.solvers import Transient

GAIN, KELVIN = 3.0, 300.0


def with_errors(circuit, gain=0.0, offset=0.0):
    """Amplifiers that stray, those between layers among them."""
    rng, n = np.random.default_rng(8), circuit.n_nodes
    return strayed(
        circuit,
        gain=np.exp(gain * rng.standard_normal(n)),
        offset_V=offset * UNIT_V * rng.standard_normal(n),
    )


@pytest.mark.parametrize("diode", [None, SHOCKLEY], ids=["none", "shockley"])
@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_the_law_has_every_property(make_circuit, make_springs, diode, offset):
    law = Resistive(diode=diode, gain=1.7)
    circuit = make_circuit(law, Linear(UNIT_V), sizes=(3, 5, 4, 2), loading=1)
    circuit = replace(
        with_errors(circuit, offset=offset), shunts=law.shunts(circuit.layers, np.arange(3))
    )
    check_law(circuit, make_springs(circuit, ROWS))


@pytest.mark.parametrize("sizes", [(6, 8, 8, 3), (4, 7, 5, 6, 2)])
def test_with_ideal_diodes_it_is_the_plain_network_in_other_voltages(sizes):
    """Rests agree to rounding, by the same descent; and satisfy Kirchhoff's laws as they are."""
    plain, springs = random_network(np.random.default_rng(1), IdealDiode(), sizes)
    circuit, n_in = lifted(plain, GAIN), sizes[0]
    lift = circuit.lift
    below_V = springs.target_V.copy()
    below_V[:, :n_in] *= lift[0]
    rest = rest_of(circuit, replace(springs, target_V=below_V))
    # In voltages u / lift every rail stands at another voltage: a leak and a constant current.
    rails_S = plain.biases.plus_S
    other = replace(
        plain,
        biases=Pairs(0 * rails_S, 0 * rails_S),
        leak_S=plain.leak_S + rails_S,
    )
    injected_A = np.tile(rails_S * UNIT_V / lift, (len(springs.target_V), 1))
    expected = rest_of(other, springs, injected_A=injected_A)
    scale_V = np.abs(expected.u_V).max()
    np.testing.assert_allclose(rest.u_V / lift, expected.u_V, rtol=0, atol=1e-12 * scale_V)
    assert rest.n_steps == expected.n_steps

    side, u_V = circuit.shunts.side, rest.u_V
    current_A = kirchhoff_A(circuit, replace(springs, target_V=below_V), u_V)
    current_A[:, springs.held_nodes] = 0.0
    scale_A = LEAK_S * scale_V
    assert (side * u_V <= 0).all()
    assert (side * current_A >= -1e-9 * scale_A).all(where=side != 0)
    np.testing.assert_allclose(current_A[:, side == 0], 0, atol=1e-9 * scale_A)
    np.testing.assert_allclose(u_V * current_A, 0, atol=1e-9 * scale_A * scale_V)


def divider(gain, diode=None):
    """Held input, resistor of 3 g, node with the amplifier, resistor of 2 g, node; leaks of g."""
    layers, law = Layers((1, 1, 1)), Resistive(diode=diode, gain=gain)
    # Nodes are stored as layers 0, 2, 1.
    return Circuit(
        layers=layers, law=law, visible=Linear(UNIT_V), hidden=Linear(UNIT_V),
        capacitance_F=np.full(3, CAPACITANCE_F), leak_S=np.full(3, LEAK_S),
        couplings=Pairs(np.array([[3 * LEAK_S, 2 * LEAK_S]]), np.zeros((1, 2))),
        biases=Pairs(np.zeros(3), np.zeros(3)), reference_V=UNIT_V, loading=1.0,
        shunts=law.shunts(layers, np.array([0, 1])),
    )  # fmt: skip


@pytest.mark.parametrize("diode", [None, SHOCKLEY], ids=["none", "shockley"])
def test_a_divider_shows_its_loaded_voltage_times_the_gain(diode):
    """What is above loads the node as without: 2 g and g in series, 2/3 g."""
    source_V = np.array([[-2.0], [-0.3], [0.3], [2.0]])
    got_V = rest_of(divider(4.0, diode), Springs(np.array([np.inf]), source_V)).u_V
    behind_S = (3 + 1 + 2 / 3) * LEAK_S
    expected_V = source_V[:, 0] * 3 * LEAK_S / behind_S
    if diode is not None:  # As in test_resistive: I (R + 1 / G) = n V_T omega(...) - I_s (R + 1/G).
        ohm, v_t = 1e4 + 1 / behind_S, 0.049
        drop_V = 4e-9 * ohm
        omega = wrightomega(np.log(drop_V / v_t) + (drop_V - expected_V) / v_t).real
        expected_V = expected_V + (v_t / ohm * omega - 4e-9) / behind_S
    # Halves in turn stop at a rate of 1e-8 of a unit.
    np.testing.assert_allclose(got_V[:, 2], expected_V, rtol=1e-9)
    np.testing.assert_allclose(got_V[:, 1], 4 * expected_V * 2 / 3, rtol=1e-9)


def covariance_of(system):
    """Of the free nodes: A S + S A^T = -b b^T with the correlation that the engines draw by."""
    circuit, springs = system.circuit, system.springs
    n, free = circuit.n_nodes, np.setdiff1d(np.arange(circuit.n_nodes), springs.held_nodes)
    many = replace(springs, target_V=np.zeros((n, springs.target_V.shape[1])))
    jacobian = circuit.jacobian_vector_A(np.zeros((n, n)), np.eye(n), many).T
    a = jacobian / circuit.capacitance_F[:, None] * system.tau_s
    b = np.outer(system.noise_V, system.noise_V) * system.noise_correlation
    box = np.ix_(free, free)
    return solve_continuous_lyapunov(a[box], -b[box]), free


def test_a_node_below_its_amplifier_is_colder_than_its_surroundings():
    """kT/C (G_below + g + G_above / A^2) / (G_below + g + G_above); with no gain, kT/C."""
    for gain, expected in ((4.0, (3 + 1 + 2 / 16) / 6), (1.0, 1.0)):
        held = Springs(np.full(2, np.inf), np.zeros((1, 2)), np.array([0, 1]))
        found, _ = covariance_of(DrivenCircuit(divider(gain), held, TAU_S, KELVIN))
        kt_c = Boltzmann * KELVIN / CAPACITANCE_F
        np.testing.assert_allclose(found / kt_c, [[expected]], rtol=1e-12)


def test_the_noise_of_each_resistor_enters_both_ends_as_the_amplifiers_pass_it():
    """Device by device: i_n out of the upper end, i_n / A into the lower one."""
    plain, springs = random_network(np.random.default_rng(3), None, (3, 4, 3, 2), rows=1)
    circuit = lifted(plain, GAIN)
    springs = replace(springs, target_V=0 * springs.target_V)
    system = DrivenCircuit(circuit, springs, TAU_S, KELVIN)
    found, free = covariance_of(system)
    layers, density = circuit.layers, np.zeros((circuit.n_nodes, circuit.n_nodes))
    for i, j in np.argwhere(circuit.couplings.plus_S):
        ends = sorted((layers.layer_of[k], k) for k in (i + layers.n_even, j))
        (low, below), (_, above) = ends
        enters = np.zeros(circuit.n_nodes)
        enters[above], enters[below] = 1, -1 / (GAIN if low else 1)
        density += circuit.couplings.plus_S[i, j] * np.outer(enters, enters)
    own_S = circuit.leak_S + circuit.biases.plus_S
    own_S[springs.numbers[~springs.held]] += springs.conductance_S[~springs.held]
    density = 2 * Boltzmann * KELVIN * (density + np.diag(own_S))
    n = circuit.n_nodes
    many = replace(springs, target_V=np.zeros((n, springs.target_V.shape[1])))
    jacobian = circuit.jacobian_vector_A(np.zeros((n, n)), np.eye(n), many).T
    per_F, box = 1 / circuit.capacitance_F, np.ix_(free, free)
    a, q = jacobian * per_F[:, None], density * np.outer(per_F, per_F)
    expected = solve_continuous_lyapunov(a[box], -q[box])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    # Not that of Nyquist: nodes share noise, and lower layers are colder.
    kt_c = Boltzmann * KELVIN * per_F[free]
    warmth = np.diag(expected) / kt_c
    assert (warmth[layers.layer_of[free] == 1] < 0.95).all()
    assert np.abs(expected - np.diag(np.diag(expected))).max() > 0.01 * kt_c.min()


@pytest.mark.parametrize(("gain", "offset"), [(0.1, 0.0), (0.0, 0.3), (0.1, 0.3)])
def test_errors_act_as_each_amplifier_by_itself_would(gain, offset):
    circuit, springs = random_network(np.random.default_rng(4), SHOCKLEY, (4, 6, 5, 2))
    circuit = with_errors(lifted(circuit, GAIN), gain, offset)
    u_V = np.random.default_rng(5).standard_normal((5, circuit.n_nodes))
    expected = kirchhoff_A(circuit, springs, u_V)
    expected -= circuit.shunts.current_A(u_V, expected)
    expected[:, springs.held_nodes] = 0.0
    got = circuit.current_A(u_V, springs)
    np.testing.assert_allclose(got, expected, atol=1e-12 * np.abs(expected).max())
    rest = rest_of(circuit, springs)
    assert not rest.refused.any()
    left_A = kirchhoff_A(circuit, springs, rest.u_V)
    left_A -= circuit.shunts.current_A(rest.u_V, left_A)
    left_A[:, springs.held_nodes] = 0.0
    np.testing.assert_allclose(left_A, 0, atol=1e-8 * LEAK_S)
    # With inputs and answers held, what is left moves as the whole does.
    every = replace(springs, conductance_S=np.full(len(springs.numbers), np.inf))
    moved = rest_of(circuit, every, Transient(rtol=1e-7, atol=1e-9), 30 * TAU_S)
    np.testing.assert_allclose(moved.u_V, rest_of(circuit, every).u_V, atol=1e-5)


def test_gains_that_stray_leave_no_content():
    circuit, springs = random_network(np.random.default_rng(4), None, (4, 6, 5, 2))
    circuit = with_errors(lifted(circuit, GAIN), gain=0.1)
    assert not circuit.reciprocal
    with pytest.raises(DataError, match="needs amplifiers of one gain in every layer"):
        circuit.co_content_W(np.zeros((5, circuit.n_nodes)), springs)
    n = circuit.n_nodes
    many = replace(springs, target_V=np.zeros((n, springs.target_V.shape[1])))
    jacobian = circuit.jacobian_vector_A(np.zeros((n, n)), np.eye(n), many)
    jacobian = jacobian * circuit.metric(np.zeros(n))
    assert np.abs(jacobian - jacobian.T).max() > 0.05 * LEAK_S


def test_a_device_that_fluctuates_moves_both_ends_by_the_voltage_across_it():
    """Device by device: sigma (A u_i - u_j) at the upper end, 1/A of it at the lower one."""
    plain, _ = random_network(np.random.default_rng(6), None, (3, 4, 5, 2))
    circuit, layers = lifted(plain, GAIN), plain.layers
    squares = Pairs(circuit.couplings.plus_S**2, circuit.couplings.minus_S)
    rails = Pairs(circuit.biases.plus_S**2, circuit.biases.minus_S)
    u_V = np.random.default_rng(5).standard_normal((3, circuit.n_nodes))
    expected = rails.plus_S * (UNIT_V - u_V) ** 2
    for row, j in np.argwhere(layers.present):
        (depth, low), (_, high) = sorted((layers.layer_of[k], k) for k in (row + layers.n_even, j))
        gain = GAIN if depth else 1.0
        square = squares.plus_S[row, j] * (gain * u_V[:, low] - u_V[:, high]) ** 2
        expected[:, high] += square
        expected[:, low] += square / gain**2
    found = Fluctuation(circuit, squares, rails).deviation_A(u_V) * circuit.lift
    np.testing.assert_allclose(found, np.sqrt(expected), rtol=1e-9)


def test_heat_is_what_sources_rail_and_amplifiers_deliver():
    """At rest: an amplifier shows A u, delivers i there, and takes i / A at u."""
    circuit, springs = random_network(np.random.default_rng(1), SHOCKLEY, (5, 6, 4, 3))
    circuit = lifted(circuit, GAIN)
    u_V = rest_of(circuit, springs).u_V
    rail_A = (circuit.biases.plus_S * (UNIT_V - u_V)).sum(axis=1)
    given_W = np.sum(springs.target_V * circuit.source_current_A(u_V, springs), axis=1)
    out_A = circuit.between.output_A(circuit.output_V(u_V), circuit.couplings.plus_S)
    given_W += UNIT_V * rail_A + np.sum((GAIN - 1 / GAIN) * u_V * out_A, axis=1)
    heat = dissipation_W(circuit, springs, u_V)
    np.testing.assert_allclose(heat.total, given_W, rtol=1e-8)
    assert (heat.delivered_A > np.abs(out_A).sum(axis=1)).all()


def test_the_host_makes_the_derivative_of_its_readings():
    plain, springs = random_network(np.random.default_rng(2), SHOCKLEY, (4, 5, 3, 2))
    circuit = replace(lifted(plain, GAIN), leak_S=np.full(plain.n_nodes, LEAK_S))
    u_V = UNIT_V * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    np.testing.assert_array_equal(circuit.reading_V(u_V), u_V)
    check_reading(circuit, u_V, circuit.reading_V(u_V))
    del springs
