"""Graded oscillators: the law's properties, what it is written out, its limits and its rests."""

from __future__ import annotations

import numpy as np
import pytest
from oscillators import TAU_S, driven, matrix_of, random_oscillators, rows_of
from scipy.integrate import solve_ivp

import neurosim as ns
from conftest import LEAK_S, UNIT_V
from law_properties import ROWS, check_law, check_reading
from neurosim.analysis.causes import causes_of, switched_off
from neurosim.circuit import Circuit, Graded, Interaction, Locking, Springs
from neurosim.errors import ProfileError
from neurosim.solvers import Transient, settle

TIGHT = Transient(rtol=1e-9, atol=1e-12)
A, FIELD = 0.4, 1.2
SINE = Interaction(waveform=((1.0, 0.0),), response=((1.0, np.pi / 2),))


def graded(a=A, field=FIELD, sync=0.0, detuning=0.0, **options):
    """Random couplings and biases; S over g, and natural frequencies over K."""
    plain = random_oscillators(graded=Graded(visible_rad=a, field=field), **options)
    n = plain.n_nodes
    radian_V = plain.radian_V * np.ones(n)
    own = Locking(radian_V, np.full(n, sync * LEAK_S), np.full(n, detuning * LEAK_S) * radian_V)
    return Circuit(**{**vars_of(plain), "locking": own})


def vars_of(circuit):
    return {name: getattr(circuit, name) for name in circuit.__dataclass_fields__}


def springs_of(circuit, rows=ROWS, k=1.5):
    n = circuit.layers.n_visible
    target_V = UNIT_V * np.random.default_rng(1).standard_normal((rows, n))
    return Springs(np.full(n, k * LEAK_S), target_V)


def written_out(circuit, x, pull=0.0, source=0.0):
    """Rates over K of one row, node by node, pair by pair: sines of differences and of phases."""
    a = np.where(np.arange(circuit.n_nodes) < circuit.layers.n_visible, A, 1.0)
    j, angle, t = matrix_of(circuit), circuit.law.angle_rad, a * x
    b, own = circuit.biases.delta_S / LEAK_S, circuit.locking
    rate = b * np.cos(t + angle) - FIELD / a * np.sin(t + angle)
    for i in range(len(x)):
        for k in range(len(x)):
            differs = np.sin(t[i] + angle) - np.sin(t[i] + angle - t[k])
            rate[i] += j[i, k] / a[k] * differs
    rate += pull / a * np.sin(a * source - t - angle)
    return rate - own.sync_S / LEAK_S / a * np.sin(2 * t) + own.detuning_A / (LEAK_S * UNIT_V)


@pytest.mark.parametrize("a", [A, 1.0])
def test_the_law_has_every_property(a):
    circuit = graded(a, sync=0.2, detuning=0.05)
    check_law(circuit, springs_of(circuit))
    nodes = np.array([1, 4, 9, 11])
    target_V = UNIT_V * np.random.default_rng(2).standard_normal((ROWS, 4))
    check_law(circuit, Springs(LEAK_S * np.linspace(0.5, 2, 4), target_V, nodes))


def test_what_a_host_makes_of_readings_is_the_slope_of_the_co_content():
    circuit = graded()
    u_V = 0.3 * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    check_reading(circuit, u_V, circuit.reading_V(u_V))


@pytest.mark.parametrize("angle", [0.0, 0.2])
def test_currents_are_those_of_the_equation_written_out(angle):
    circuit = graded(angle=angle, sync=0.3, detuning=0.1)
    x, springs = np.random.default_rng(3).standard_normal(circuit.n_nodes), springs_of(circuit, 1)
    pull, source = np.zeros(circuit.n_nodes), np.zeros(circuit.n_nodes)
    pull[:3], source[:3] = 1.5, springs.target_V[0] / UNIT_V
    got = circuit.current_A(UNIT_V * x[None], springs)[0] / (LEAK_S * UNIT_V)
    np.testing.assert_allclose(got, written_out(circuit, x, pull, source), rtol=1e-12)
    given = circuit.source_current_A(UNIT_V * x[None], springs)[0] / (LEAK_S * UNIT_V)
    away = A * (x - source)[:3]
    np.testing.assert_allclose(given, -1.5 / A * np.sin(away + angle), rtol=1e-12)
    told = circuit.law.contrast().pull((x - source)[:3], np.ones(3, bool))
    np.testing.assert_allclose(given, -1.5 * told, rtol=1e-12)


def test_the_transient_is_that_of_scipy():
    circuit = graded(detuning=0.1)
    start = np.random.default_rng(5).standard_normal(circuit.n_nodes)
    exact = solve_ivp(
        lambda _, x: written_out(circuit, x), (0, 3), start, method="DOP853", rtol=1e-11, atol=1e-11
    ).y[:, -1]
    got = settle(driven(circuit), UNIT_V * start[None], 3 * TAU_S, TIGHT).u_V[0] / UNIT_V
    np.testing.assert_allclose(got, exact, atol=1e-7)


def test_nodes_that_are_held_leave_the_others_their_equation():
    """Of visible phases at sources, with locking and frequencies of every node."""
    circuit = graded(sync=0.2, detuning=0.1)
    start = np.random.default_rng(7).standard_normal(circuit.n_nodes)
    springs = Springs(np.full(3, np.inf), UNIT_V * start[None, :3])

    def rate(_, x):
        found = written_out(circuit, x)
        found[:3] = 0.0
        return found

    exact = solve_ivp(rate, (0, 2), start, method="DOP853", rtol=1e-11, atol=1e-11).y[:, -1]
    got = settle(driven(circuit, springs), UNIT_V * start[None], 2 * TAU_S, TIGHT).u_V[0] / UNIT_V
    np.testing.assert_allclose(got, exact, atol=1e-7)


def test_an_oscillator_that_collects_s_rests_where_a_graded_neuron_does():
    """Sine of theta = s / (s^2 + g^2)^(1/2), in units of its own phase."""
    circuit = graded(w=0.0)
    start = np.zeros((1, circuit.n_nodes))
    rest = settle(driven(circuit), start, 60 * TAU_S, TIGHT).u_V[0] / UNIT_V
    a = np.where(np.arange(circuit.n_nodes) < 3, A, 1.0)
    s = circuit.biases.delta_S / LEAK_S
    expected = np.arctan2(s, FIELD / a) / a
    np.testing.assert_allclose(rest, expected, atol=1e-8)
    np.testing.assert_allclose(np.sin(a * rest), s / np.hypot(s, FIELD / a), atol=1e-8)


def test_small_phases_are_linear_nodes_with_a_leak():
    """Currents of W x - g x + b, but for the square of the phases, whatever a is."""
    for a in (A, 1.0):
        circuit = graded(a)
        x = 1e-4 * np.random.default_rng(6).standard_normal(circuit.n_nodes)
        got = circuit.current_A(UNIT_V * x[None])[0] / (LEAK_S * UNIT_V)
        linear = matrix_of(circuit) @ x - FIELD * x + circuit.biases.delta_S / LEAK_S
        np.testing.assert_allclose(got, linear, atol=1e-7)


def test_visible_nodes_of_small_phases_are_voltages_before_hidden_oscillators():
    """Dx/dt = b + W' sin p - g x + k (V - x), and W x for the first wave that turns hidden ones."""
    circuit, springs = graded(1e-5), springs_of(graded(1e-5), 1)
    x = np.random.default_rng(8).standard_normal(circuit.n_nodes)
    j, b = matrix_of(circuit), circuit.biases.delta_S / LEAK_S
    waves = np.array([np.sin(x), 1 - np.cos(x)])
    waves[0, :3], waves[1, :3] = x[:3], 0.0
    (first, second), away = waves @ j, springs.target_V[0] / UNIT_V - x[:3]
    expected = np.cos(x) * (first + b) + np.sin(x) * (second - FIELD)
    expected[:3] = (first + b)[:3] - FIELD * x[:3] + 1.5 * away
    for precision in ("float64", "float32"):
        rate = driven(circuit, springs).rate(slice(0, 1), np.dtype(precision))
        u = UNIT_V * x[:, None].astype(precision)
        got = rate(u, np.empty_like(u))[:, 0] / UNIT_V
        # What is left of the second wave is a x^2 / 2.
        np.testing.assert_allclose(got, expected, atol=1e-4)


def test_springs_are_followed_without_short_steps():
    """One of 100 couplings costs a transient no more than one of 1: the linear part has both."""
    circuit, spent = graded(), []
    start = np.zeros((ROWS, circuit.n_nodes))
    for k in (1.0, 100.0):
        springs = springs_of(circuit, k=k)
        start[:, :3] = springs.target_V
        spent.append(settle(driven(circuit, springs), start, 5 * TAU_S, Transient()).n_evaluations)
    assert spent[1] < 1.5 * spent[0]


def test_phases_are_read_within_half_a_turn_of_their_own():
    circuit = graded()
    u_V = UNIT_V * np.full((1, circuit.n_nodes), 6.0)
    read = circuit.reading_V(u_V)[0] / UNIT_V
    np.testing.assert_allclose(read[:3], 6.0)
    np.testing.assert_allclose(read[3:], 6.0 - 2 * np.pi)
    assert rows_of(springs_of(circuit), 2).target_V.shape == (2, 3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"node.law.amplitude_V": 0.5}, "_V: must be ideal where graded is stated, .* is 500"),
        ({"node.law.graded.visible_rad": 4.0}, "graded.visible_rad: must be at most 3.14159, but"),
        ({"node.law.graded.field": 0.0}, "node.law.graded.field: must be above 0, but is 0.0"),
        ({"node.law.interaction": SINE}, "node.law.graded: must be none where interaction is stat"),
        ({"tuning": ns.Tuning()}, r"tuning: must be null where node.law.graded is stated, .* is T"),
        ({"node.law.graded": "so"}, "node.law.graded: must be a block of fields or null, but is"),
        ({"adc.visible_range_V": 9.0}, r"visible_range_V: must be at most pi x node.unit_V / vis"),
        ({"adc.hidden_range_V": 5.0}, r"hidden_range_V: must be at most pi x node.unit_V, half "),
    ],
)  # fmt: skip
def test_what_no_graded_oscillator_has_is_refused(changes, said):
    with pytest.raises(ProfileError, match=said):
        ns.load_profile("ideal_oscillator_flow").with_values(changes)


def test_ranges_of_half_a_turn_are_taken():
    profile = ns.load_profile("ideal_oscillator_flow")
    ranges = {"adc.visible_range_V": np.pi / A, "adc.hidden_range_V": np.pi}
    assert profile.with_values(ranges).adc.visible_range_V == np.pi / A
    assert profile.node.visible_radian_V == 1.0 / A
    assert ns.load_profile("ideal_oscillator").node.visible_radian_V == 1.0
    assert ns.load_profile("ideal_hopfield").node.visible_radian_V is None


def test_a_converter_of_a_part_of_a_turn_reads_phases_beyond_it_as_its_end():
    """In steps that are as much finer; what is beyond is counted as clipped."""
    ranges = {"adc.bits": 4, "adc.visible_range_V": 1.5, "adc.hidden_range_V": 0.5}
    profile = ns.load_profile("ideal_oscillator_flow").with_values({"layers": (2, 3)} | ranges)
    chip = ns.Chip(profile, seed=0)
    chip.precharge(np.array([[0.7, 2.0]]))
    assert chip.read_visible()[0].tolist() == [pytest.approx(0.7, abs=1.5 / 15), 1.5]
    assert chip.ledger.adc_clipped == 1
    causes = {cause.name: cause for cause in causes_of(profile)}
    wide = switched_off(profile, causes["ADC range"]).adc
    assert (wide.visible_range_V, wide.hidden_range_V) == pytest.approx((np.pi / A, np.pi))
    assert wide.bits == 7
    whole = profile.with_values({"adc.visible_range_V": np.pi / A, "adc.hidden_range_V": np.pi})
    assert "ADC range" not in {cause.name for cause in causes_of(whole)}


def test_trimmed_visible_oscillators_stray_by_what_is_left_of_their_frequencies():
    """A released one by itself turns by 2 pi f t, as fast on a hundred times the capacitance."""
    hertz = 1e5
    drifts = []
    for trim in (0.0, 0.75):
        law = {"node.law.detuning_Hz": hertz, "node.law.graded.visible_trim": trim}
        profile = ns.load_profile("ideal_oscillator_flow").with_values({"layers": (5, 3)} | law)
        profile = profile.with_values({"node.law.graded.field": 1e-9})
        chip = ns.Chip(profile, seed=0)
        chip.precharge(np.zeros((1, 5)))
        chip.release()
        chip.settle(0.1 / hertz)
        drifts.append(A * chip.read_visible()[0])
    draws = drifts[0] / (2 * np.pi * 0.1)
    assert np.abs(draws).max() > 0.3
    expected = ns.Chip(profile, seed=0).die._detuned[:5]
    np.testing.assert_allclose(draws, expected, rtol=1e-3)
    np.testing.assert_allclose(drifts[1], 0.25 * drifts[0], rtol=1e-3)
