"""Waveform times phase response: the interaction against averages over a cycle, energy, heat."""

from __future__ import annotations

import numpy as np
import pytest
from oscillators import TAU_S, driven, oscillators, random_oscillators
from scipy.integrate import solve_ivp

import neurosim as ns
from conftest import LEAK_S, UNIT_V
from law_properties import ROWS, check_law, check_rate, check_reading
from neurosim.blocks.files import dump_block
from neurosim.circuit import DrivenCircuit, Interaction, Oscillator, Springs
from neurosim.circuit.power import dissipation_W
from neurosim.errors import DataError, ProfileError
from neurosim.solvers import OperatingPoint, Transient, settle

TIGHT = Transient(rtol=1e-9, atol=1e-12)
QUARTER = np.pi / 2
# Every harmonic in quadrature, of either sign; and none.
ODD = Interaction(
    waveform=((1.2, 0.3), (0.5, 1.0), (0.0, 0.0), (0.4, -0.7)),
    response=((0.7, 0.3 + QUARTER), (0.6, 1.0 - QUARTER), (0.5, 0.2), (0.3, -0.7 + QUARTER)),
)
ANY = Interaction(
    waveform=((1.2, 0.3), (0.5, 1.0), (0.2, -0.4)),
    response=((0.7, 1.6), (0.6, 0.1), (0.3, 2.0)),
)
TABLES = {"odd": ODD, "any": ANY}


def series(pairs, phase):
    """Sum of a cosine for each harmonic."""
    return sum(size * np.cos(k * phase + turn) for k, (size, turn) in enumerate(pairs, 1))


def average(table, ahead):
    """<response(theta + psi) waveform(theta)> by the mean of a cycle, over its first harmonic."""
    theta = np.linspace(0, 2 * np.pi, 64, endpoint=False)[:, None]
    product = series(table.response, theta + ahead) * series(table.waveform, theta)
    return product.mean(axis=0) / (table.waveform[0][0] * table.response[0][0] / 2)


def some_springs(circuit, rows=ROWS, k=1.5):
    n = circuit.layers.n_visible
    target_V = UNIT_V * np.random.default_rng(1).standard_normal((rows, n))
    return Springs(np.full(n, k * LEAK_S), target_V)


@pytest.mark.parametrize("name", TABLES)
def test_a_coupling_turns_a_phase_by_the_mean_of_waveform_times_response(name):
    table, ahead = TABLES[name], np.linspace(-3, 3, 9)
    circuit = oscillators((1, 1), [[0.7]], 0.0, interaction=table)
    phases = np.stack([0.4 + ahead, np.full(9, 0.4)], axis=1)
    got = circuit.current_A(UNIT_V * phases) / (LEAK_S * UNIT_V)
    np.testing.assert_allclose(got[:, 0], 0.7 * average(table, ahead), atol=1e-14)
    np.testing.assert_allclose(got[:, 1], 0.7 * average(table, -ahead), atol=1e-14)
    springs = Springs(np.array([1.3 * LEAK_S]), UNIT_V * np.full((9, 1), 0.4))
    alone = oscillators((1, 1), [[0.0]], 0.0, interaction=table)
    held = alone.current_A(UNIT_V * phases, springs)[:, 0] / (LEAK_S * UNIT_V)
    np.testing.assert_allclose(held, 1.3 * average(table, ahead), atol=1e-14)


def test_a_bias_is_from_a_sine_wave():
    circuit, phases = oscillators((1, 1), [[0.0]], 0.9, interaction=ANY), np.array([[0.3, -2.0]])
    first = Interaction(waveform=ANY.waveform[:1], response=ANY.response[:1])
    got = circuit.current_A(UNIT_V * phases) / (LEAK_S * UNIT_V)
    np.testing.assert_allclose(got[0], 0.9 * average(first, phases[0]), atol=1e-14)


@pytest.mark.slow
def test_phases_move_as_those_whose_cycles_are_not_averaged():
    """dtheta_i/dt = 1 + eps sum of J response(theta_i) waveform(theta_j): averaging errs by eps."""
    j, start, span = 0.8, np.array([0.9, -0.4]), 3.0
    circuit = oscillators((1, 1), [[j]], 0.0, interaction=ANY)
    system = driven(circuit)
    slow = settle(system, UNIT_V * start[None], span * TAU_S, TIGHT).u_V[0] / UNIT_V
    errors = []
    for turns in (120, 240):
        eps = span / (2 * np.pi * turns)
        scale = eps / (ANY.waveform[0][0] * ANY.response[0][0] / 2)

        def rate(_, theta, scale=scale):
            return 1 + scale * j * series(ANY.response, theta) * series(ANY.waveform, theta[::-1])

        ended = solve_ivp(rate, (0, span / eps), start, rtol=1e-9, atol=1e-9).y[:, -1]
        errors.append(np.abs(ended - span / eps - slow).max())
    assert errors[1] < 2e-2
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("sync", [0.0, 0.3])
def test_an_odd_interaction_has_every_property_of_a_law(sync):
    circuit = random_oscillators(sync=sync, interaction=ODD)
    assert circuit.law.n_outputs == 6
    assert {np.sign(share) for share in circuit.shares} == {-1, 1}
    check_law(circuit, some_springs(circuit))


def test_its_energy_is_the_cosine_of_every_harmonic():
    """-(o_k / k) cos k psi, whose slope is minus the mean over a cycle."""
    circuit, ahead = oscillators((1, 1), [[1.0]], 0.0, interaction=ODD), np.linspace(-3, 3, 41)
    at_V = UNIT_V * np.stack([ahead, np.zeros(41)], axis=1)
    energy = circuit.co_content_W(at_V) / (LEAK_S * UNIT_V**2)
    expected = [(1, 1.0), (2, -0.3 / 0.84), (4, 0.12 / 0.84)]  # sizes A_k P_k over the first
    written = -sum(o / k * np.cos(k * ahead) for k, o in expected)
    np.testing.assert_allclose(energy - energy[0], written - written[0], atol=1e-12)


def test_a_host_knows_the_same_interaction():
    circuit = random_oscillators(interaction=ODD)
    u_V = 0.3 * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    check_reading(circuit, u_V, circuit.reading_V(u_V))
    away = np.linspace(-3, 3, 9)
    for table in TABLES.values():
        pull = Oscillator(interaction=table).contrast().pull(away, away > 0)
        np.testing.assert_allclose(pull, -average(table, away), atol=1e-14)


def test_with_even_parts_engines_and_jacobian_agree_and_there_is_no_energy():
    circuit = random_oscillators(sync=0.2, interaction=ANY)
    springs, n, h = some_springs(circuit), circuit.n_nodes, 1e-6 * UNIT_V
    u_V = UNIT_V * np.random.default_rng(2).standard_normal((ROWS, n))
    check_rate(circuit, springs, u_V)
    many = Springs(springs.conductance_S, np.repeat(springs.target_V[:1], n, axis=0))
    at_V = np.repeat(u_V[:1], n, axis=0)
    got = circuit.jacobian_vector_A(at_V, np.eye(n), many)
    high, low = (circuit.current_A(at_V + s * h * np.eye(n), many) for s in (1, -1))
    np.testing.assert_allclose(got, (high - low) / (2 * h), atol=2e-8 * LEAK_S)
    assert np.abs(got - got.T).max() > 0.1 * LEAK_S
    with pytest.raises(DataError, match="needs an interaction that is odd"):
        circuit.co_content_W(u_V)
    assert DrivenCircuit(circuit, springs, TAU_S).rate(slice(0, 1)).linearised(u_V[:1].T) is None


@pytest.mark.slow
def test_an_odd_interaction_comes_to_rest_at_its_operating_point():
    circuit = random_oscillators(w=0.1, sync=0.1, interaction=ODD)
    springs, start = some_springs(circuit, 4), np.zeros((4, circuit.n_nodes))
    long = settle(driven(circuit, springs), start, 400 * TAU_S, TIGHT)
    point = settle(driven(circuit, springs), start, 1.0, OperatingPoint())
    assert not point.refused.any()
    np.testing.assert_allclose(point.u_V, long.u_V, atol=1e-6 * UNIT_V)


def test_one_sine_in_quadrature_is_the_law_without_a_table():
    sine = Interaction(waveform=((3.0, 0.2),), response=((2.0, 0.2 + 1.5708),))
    circuits = [random_oscillators(), random_oscillators(interaction=sine)]
    u_V = UNIT_V * np.random.default_rng(3).standard_normal((2, circuits[0].n_nodes))
    plain, table = (circuit.current_A(u_V) for circuit in circuits)
    np.testing.assert_array_equal(plain, table)
    turned = Interaction(waveform=((1.0, 0.0),), response=((1.0, QUARTER + 0.3),))
    pair = random_oscillators(angle=0.3), random_oscillators(interaction=turned)
    np.testing.assert_allclose(*(circuit.current_A(u_V) for circuit in pair), atol=1e-18)
    assert not pair[1].law.odd


def test_a_resistor_between_two_waves_takes_what_they_say():
    """The mean of G (wave(x) - wave(x + psi))^2 over a turn; A is that of the first harmonic."""
    peak_V, phase = 0.8, np.array([0.3, 1.7])
    x = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    scale = peak_V / ANY.waveform[0][0]
    waves = scale * series(ANY.waveform, x + phase[:, None])
    law = {"amplitude_V": peak_V, "interaction": ANY}
    for weight in (0.5, -0.5):
        circuit = oscillators((1, 1), [[weight]], 0.0, **law)
        across = waves[0] - np.sign(weight) * waves[1]
        found = dissipation_W(circuit, None, UNIT_V * phase[None])
        assert found.total[0] == pytest.approx(LEAK_S * 0.5 * np.mean(across**2))
    circuit = oscillators((1, 1), [[0.0]], [0.4, 0.0], **law)
    springs = Springs(np.array([2 * LEAK_S]), np.array([[UNIT_V]]))
    found = dissipation_W(circuit, springs, UNIT_V * phase[None])
    # The reference is a sine wave in phase with the first harmonic at 0.
    sine = peak_V * np.cos(x + ANY.waveform[0][1])
    in_bias = 0.4 * LEAK_S * np.mean((waves[0] - sine) ** 2)
    source = scale * series(ANY.waveform, x + 1)
    in_spring = 2 * LEAK_S * np.mean((waves[0] - source) ** 2)
    np.testing.assert_allclose([found.couplings[0], found.springs[0]], [in_bias, in_spring])


def test_a_profile_may_state_it_and_its_file_gives_it_back(tmp_path):
    profile = ns.load_profile("ideal_oscillator").with_value(
        "node.law.interaction",
        {
            "waveform": [[1, 0], [0.3, 0.1]],
            "response": [[1, 1.7], [0.2, 0]],
            "source": "assumed: a test",
        },
    )
    path = tmp_path / "mine.yaml"
    path.write_text(dump_block(profile), encoding="utf-8")
    again = ns.load_profile(path)
    assert again == profile
    assert again.node.law.n_outputs == 4
    assert profile.with_value("node.law.interaction", "ideal").node.law.interaction is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"waveform": ((1, 0), (1, 0)), "response": ((1, 0),)}, "response: must have a size and a"),
        ({"waveform": ((0, 0),), "response": ((1, 0),)}, "waveform: must have sizes of at least 0"),
        ({"waveform": ((1, 0),), "response": ((1, 0), (-1, 0))}, "turn a phase by pi instead"),
        ({"waveform": (), "response": ()}, "waveform: "),
    ],
)
def test_a_table_that_says_nothing_is_refused(fields, said):
    with pytest.raises(ProfileError, match=said):
        Interaction(**fields)


def test_there_is_an_angle_or_a_table():
    with pytest.raises(ProfileError, match=r"angle_rad: must be ideal where interaction is stated"):
        Oscillator(angle_rad=0.1, interaction=ANY)
