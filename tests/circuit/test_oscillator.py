"""Coupled oscillators: the law's properties, closed forms, order, diffusion, heat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oscillators import (
    FREE,
    TAU_S,
    driven,
    matrix_of,
    oscillators,
    random_oscillators,
    rate_of,
    rows_of,
)
from scipy.integrate import quad, solve_ivp
from scipy.special import i0, i1

import neurosim as ns
from conftest import LEAK_S, UNIT_V
from law_properties import ROWS, check_law, check_reading
from neurosim.circuit import ByLayer, Gradient, Oscillator, Springs
from neurosim.circuit.power import dissipation_W
from neurosim.errors import DataError, ProfileError
from neurosim.network import Weights
from neurosim.solvers import OperatingPoint, Transient, settle

TIGHT = Transient(rtol=1e-9, atol=1e-12)


def some_springs(circuit, rows=ROWS, k=1.5):
    n = circuit.layers.n_visible
    target_V = UNIT_V * np.random.default_rng(1).standard_normal((rows, n))
    return Springs(np.full(n, k * LEAK_S), target_V)


@pytest.mark.parametrize("sync", [0.0, 0.3])
@pytest.mark.parametrize("detuning", [0.0, 0.05])
def test_the_law_has_every_property(sync, detuning):
    circuit = random_oscillators(sync=sync, detuning=detuning)
    check_law(circuit, some_springs(circuit))


def test_springs_of_any_nodes_leave_every_property():
    circuit = random_oscillators(sync=0.2)
    nodes = np.array([1, 4, 9, 11])
    target_V = UNIT_V * np.random.default_rng(2).standard_normal((ROWS, 4))
    check_law(circuit, Springs(LEAK_S * np.linspace(0.5, 2, 4), target_V, nodes))


def test_what_a_host_makes_of_phases_is_the_slope_of_the_co_content():
    circuit = random_oscillators()
    u_V = 0.3 * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    check_reading(circuit, u_V, circuit.reading_V(u_V))


@pytest.mark.parametrize("angle", [0.0, 0.2])
def test_currents_are_those_of_the_equation_written_out(angle):
    circuit = random_oscillators(sync=0.3, detuning=0.1, angle=angle)
    phase = 2 * np.random.default_rng(3).standard_normal(circuit.n_nodes)
    springs = some_springs(circuit, 1)
    pull, source = np.zeros(circuit.n_nodes), np.zeros(circuit.n_nodes)
    pull[:3], source[:3] = 1.5, springs.target_V[0] / UNIT_V
    got = circuit.current_A(UNIT_V * phase[None], springs)[0] / (LEAK_S * UNIT_V)
    np.testing.assert_allclose(got, rate_of(circuit, phase, pull, source), rtol=1e-12)
    sums = circuit.source_current_A(UNIT_V * phase[None], springs)[0] / (LEAK_S * UNIT_V)
    expected = -(pull * np.sin(phase - source + angle))[:3]
    np.testing.assert_allclose(sums, expected, rtol=1e-12)
    for precision, tolerance in (("float64", 1e-12), ("float32", 1e-5)):
        rate = driven(circuit, springs).rate(slice(0, 1), np.dtype(precision))
        u = UNIT_V * phase[:, None].astype(precision)
        np.testing.assert_allclose(rate(u, np.empty_like(u))[:, 0] / UNIT_V, got, atol=tolerance)


def test_the_jacobian_is_that_of_the_current_at_any_angle_and_symmetric_at_none():
    for angle in (0.0, 0.3):
        circuit = random_oscillators(sync=0.3, angle=angle)
        n, h = circuit.n_nodes, 1e-6 * UNIT_V
        u_V = UNIT_V * np.random.default_rng(4).standard_normal((1, n))
        springs = rows_of(some_springs(circuit, 1), n)
        got = circuit.jacobian_vector_A(u_V, np.eye(n), springs)
        high, low = (circuit.current_A(u_V + s * h * np.eye(n), springs) for s in (1, -1))
        np.testing.assert_allclose(got, (high - low) / (2 * h), atol=1e-8 * LEAK_S)
        j, phase = matrix_of(circuit), u_V[0] / UNIT_V
        apart = -2 * np.sin(angle) * j * np.sin(phase[:, None] - phase)
        np.testing.assert_allclose((got.T - got) / LEAK_S, apart, atol=1e-12)


def test_two_locked_oscillators_differ_by_the_arc_sine_of_their_detuning():
    """Adler: psi' = w - 2 J sin psi, so that sin psi* = w / 2J, and e^(-2 J cos psi* t) near it."""
    j, w = 0.7, 0.9
    circuit = oscillators((1, 1), [[j]], 0.0, detuning=[w, 0.0])
    rest = settle(driven(circuit), np.zeros((1, 2)), 60 * TAU_S, TIGHT).u_V[0] / UNIT_V
    psi = np.arcsin(w / (2 * j))
    assert rest[0] - rest[1] == pytest.approx(psi, abs=1e-8)
    # Both turn on at the mean frequency.
    assert rest.sum() == pytest.approx(60 * w, rel=1e-8)
    near = UNIT_V * np.array([[psi + 1e-4, 0.0]])
    left = settle(driven(circuit), near, 2 * TAU_S, TIGHT).u_V[0] / UNIT_V
    slowed = (left[0] - left[1] - psi) / 1e-4
    assert slowed == pytest.approx(np.exp(-2 * j * np.cos(psi) * 2), rel=1e-3)


def test_beyond_the_locking_range_the_difference_beats_at_adlers_frequency():
    """The mean rate of psi' = w - 2 J sin psi is (w^2 - 4 J^2)^(1/2): no rest, and none is said."""
    j, w = 0.4, 1.0
    circuit = oscillators((1, 1), [[j]], 0.0, detuning=[w, 0.0])
    beat = np.sqrt(w**2 - 4 * j**2)
    span = 2 * 2 * np.pi / beat
    ended = settle(driven(circuit), np.zeros((1, 2)), span * TAU_S, TIGHT).u_V[0] / UNIT_V
    assert ended[0] - ended[1] == pytest.approx(4 * np.pi, abs=1e-6)
    loose = OperatingPoint(rtol=1e-2, atol=1e-2)
    assert settle(driven(circuit), np.zeros((1, 2)), 1.0, loose).refused.all()


def test_what_is_injected_turns_a_phase_whatever_its_state():
    """By I / (U C) where nothing acts; with a field h it rests at sin theta = (I / U g) / h."""
    turning_A = LEAK_S * UNIT_V * np.array([[0.3, -0.2], [0.0, 0.7]])
    for field in (0.0, 1.0):
        circuit = oscillators((1, 1), [[0.0]], field)
        system = driven(circuit, rows_of(FREE, 2), injected_A=turning_A)
        start = np.zeros((2, 2))
        ended = settle(system, start, 40 * TAU_S, TIGHT).u_V / UNIT_V
        turned = turning_A / (LEAK_S * UNIT_V)
        expected = np.arcsin(turned) if field else 40 * turned
        np.testing.assert_allclose(ended, expected, atol=1e-7)


@pytest.mark.parametrize("engine", [TIGHT, OperatingPoint()])
def test_beside_a_held_oscillator_too(engine):
    """Adler: J sin(theta - source) = I / (U g); the other source must give all else."""
    j, source, turned = 0.8, 0.4, 0.5
    circuit = oscillators((1, 1), [[j]], 0.0)
    held = Springs(np.array([np.inf]), np.array([[UNIT_V * source]]))
    injected_A = LEAK_S * UNIT_V * np.array([[0.1, turned]])
    system = driven(circuit, held, injected_A=injected_A)
    start = UNIT_V * np.array([[source, 0.0]])
    ended = settle(system, start, 60 * TAU_S, engine).u_V
    away = np.arcsin(turned / j)
    np.testing.assert_allclose(ended / UNIT_V, [[source, source + away]], atol=1e-7)
    given = circuit.source_current_A(ended, held, injected_A) / (LEAK_S * UNIT_V)
    # It takes what the other pulls it with, and what tunes it.
    np.testing.assert_allclose(given, [[-j * np.sin(away) - 0.1]], atol=1e-7)


def test_an_oscillator_in_a_field_falls_by_the_exact_step():
    """tan(theta / 2) shrinks by e^(-h t); under S alone tan(theta) by e^(-2 S t)."""
    start = np.array([[0.3], [1.4], [-2.9]])
    for h, s, half in ((1.3, 0.0, 2), (0.0, 0.6, 1)):
        circuit = oscillators((1, 1), [[0.0]], h, sync=s)
        rows = UNIT_V * np.repeat(start, 2, axis=1)
        springs = rows_of(FREE, 3)
        ended = settle(driven(circuit, springs), rows, 1.7 * TAU_S, TIGHT).u_V / UNIT_V
        rate = h if h else 2 * s
        expected = np.tan(start / half) * np.exp(-1.7 * rate)
        np.testing.assert_allclose(np.tan(ended / half), np.repeat(expected, 2, 1), rtol=1e-7)


def test_the_transient_is_that_of_scipy_and_of_fourth_order():
    circuit = random_oscillators(sync=0.2, detuning=0.3, angle=0.1)
    start = np.random.default_rng(5).standard_normal(circuit.n_nodes)

    def rate(_, phase):
        return rate_of(circuit, phase)

    exact = solve_ivp(rate, (0, 3), start, method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    spent, errors = [], []
    for rtol in (1e-4, 1e-8):
        engine = Transient(rtol=rtol, atol=rtol, precision="float64")
        got = settle(driven(circuit), UNIT_V * start[None], 3 * TAU_S, engine)
        spent.append(got.n_evaluations)
        errors.append(np.abs(got.u_V[0] / UNIT_V - exact).max())
    assert errors[1] < 1e-7
    # Fourth order: the error falls at least as the third power of the steps, less what is rejected.
    assert np.log(errors[0] / errors[1]) > 3 * np.log(spent[1] / spent[0])


@pytest.mark.slow
def test_the_operating_point_is_where_a_long_transient_ends():
    circuit = random_oscillators(w=0.2, sync=0.1)
    springs, start = some_springs(circuit, 6), np.zeros((6, circuit.n_nodes))
    long = settle(driven(circuit, springs), start, 200 * TAU_S, TIGHT)
    point = settle(driven(circuit, springs), start, 1.0, OperatingPoint())
    assert not point.refused.any()
    np.testing.assert_allclose(point.u_V, long.u_V, atol=1e-6 * UNIT_V)
    nodes = np.flatnonzero(np.arange(circuit.n_nodes) % 3 == 0)
    held = Springs(np.full(len(nodes), np.inf), UNIT_V * np.ones((6, len(nodes))), nodes)
    start[:, nodes] = UNIT_V
    ends = [
        settle(driven(circuit, held), start, time_s, engine).u_V
        for time_s, engine in ((200 * TAU_S, TIGHT), (1.0, OperatingPoint()))
    ]
    np.testing.assert_allclose(*ends, atol=1e-6 * UNIT_V)
    np.testing.assert_allclose(ends[0][:, nodes], UNIT_V)


def test_a_phase_by_itself_diffuses_by_twice_d_t():
    linewidth_Hz, time_s, rows = 0.02 / TAU_S, 2 * TAU_S, 4000
    circuit = oscillators((1, 1), [[0.0]], 0.0, linewidth_Hz=linewidth_Hz)
    system = driven(circuit, rows_of(FREE, rows), temperature_K=300.0)
    u_V = settle(system, np.zeros((rows, 2)), time_s, Transient(), noise_of=noise).u_V
    variance = 2 * np.pi * linewidth_Hz * time_s
    # Of 8,000 draws a variance strays by sqrt(2 / 8000) of itself; four times that.
    assert np.mean((u_V / UNIT_V) ** 2) == pytest.approx(variance, rel=0.064)
    quiet = driven(circuit, temperature_K=None)
    assert not quiet.noise_V.any()


def noise(chunk):
    return np.random.default_rng(100 + chunk)


def test_in_a_field_phases_are_distributed_by_von_mises():
    """Density e^(kappa cos theta) / 2 pi I_0(kappa), kappa = h K / D: moments I_n / I_0."""
    h, kappa, rows = 1.0, 2.0, 3000
    circuit = oscillators((1, 1), [[0.0]], h, linewidth_Hz=h / kappa / np.pi / TAU_S)
    system = driven(circuit, rows_of(FREE, rows), temperature_K=300.0)
    u_V = settle(system, np.zeros((rows, 2)), 8 * TAU_S, Transient(), noise_of=noise).u_V
    phase = (u_V / UNIT_V).ravel()
    first = i1(kappa) / i0(kappa)
    norm = 2 * np.pi * i0(kappa)
    second = quad(lambda x: np.cos(2 * x) * np.exp(kappa * np.cos(x)) / norm, -np.pi, np.pi)[0]
    sigma = 1 / np.sqrt(len(phase))  # of a mean of cosines, from above
    assert np.mean(np.cos(phase)) == pytest.approx(first, abs=4 * sigma)
    assert np.mean(np.cos(2 * phase)) == pytest.approx(second, abs=4 * sigma)
    assert np.mean(np.sin(phase)) == pytest.approx(0, abs=4 * sigma)


def test_a_resistor_between_two_oscillators_takes_what_its_sine_waves_say():
    """The mean of G (A cos(x) - A cos(x + psi))^2 over a turn, and of the inverted output of G-."""
    peak_V, phase = 0.8, np.array([0.3, 1.7])
    x = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    waves = peak_V * np.cos(x + phase[:, None])
    for weight in (0.5, -0.5):
        circuit = oscillators((1, 1), [[weight]], 0.0, amplitude_V=peak_V)
        across = waves[0] - np.sign(weight) * waves[1]
        found = dissipation_W(circuit, None, UNIT_V * phase[None])
        assert found.total[0] == pytest.approx(LEAK_S * 0.5 * np.mean(across**2))
        # A second device, which drives the other way alone, takes as much again.
        both = replace(circuit, back_couplings=circuit.couplings)
        twice = dissipation_W(both, None, UNIT_V * phase[None])
        assert twice.total[0] == pytest.approx(2 * found.total[0])
    circuit = oscillators((1, 1), [[0.0]], [0.4, 0.0], amplitude_V=peak_V)
    springs = Springs(np.array([2 * LEAK_S]), np.array([[UNIT_V]]))
    found = dissipation_W(circuit, springs, UNIT_V * phase[None])
    in_bias = 0.4 * LEAK_S * np.mean((waves[0] - peak_V * np.cos(x)) ** 2)
    in_spring = 2 * LEAK_S * np.mean((waves[0] - peak_V * np.cos(x + 1)) ** 2)
    np.testing.assert_allclose([found.couplings[0], found.springs[0]], [in_bias, in_spring])
    assert found.leaks[0] == 0


def test_locking_is_learned_from_each_node_alone():
    """Derivatives of the co-content by S and by the natural frequency, by differences."""
    circuit = random_oscillators(sync=0.3, detuning=0.2)
    u_V = UNIT_V * np.random.default_rng(6).standard_normal((3, circuit.n_nodes))
    by_sync, by_detuning = circuit.locking.local_contrast(u_V)
    for field, got, step in (
        ("sync_S", by_sync, LEAK_S),
        ("detuning_A", by_detuning, LEAK_S * UNIT_V),
    ):
        for node in (0, 7):
            moved = getattr(circuit.locking, field).copy()
            moved[node] += step
            other = replace(circuit, locking=replace(circuit.locking, **{field: moved}))
            change = (other.co_content_W(u_V) - circuit.co_content_W(u_V)).mean() / step
            assert got[node] == pytest.approx(change, rel=1e-9)


def test_a_phase_is_read_within_half_a_turn():
    circuit = oscillators((1, 1), [[0.0]], 0.0)
    turns = np.array([[0.5, 0.5 + 2 * np.pi], [np.pi, -np.pi], [-4.0, 7.0]])
    expected = [[0.5, 0.5], [np.pi, np.pi], [-4 + 2 * np.pi, 7 - 2 * np.pi]]
    np.testing.assert_allclose(circuit.reading_V(UNIT_V * turns) / UNIT_V, expected, atol=1e-12)


def test_what_oscillators_do_not_have_is_refused():
    circuit = oscillators((1, 1), [[0.5]], 0.0, angle=0.1)
    with pytest.raises(DataError, match="co_content_W needs an interaction that is odd"):
        circuit.co_content_W(np.zeros((1, 2)))
    for change in ({"amplifier_tau_s": 1e-9}, {"cubic_per_V2": 1.0}, {"loading": 0.5}):
        with pytest.raises(DataError, match="must be 0 where the nodes oscillate"):
            replace(circuit, **change)
    with pytest.raises(DataError, match=r"locking must be None unless the nodes oscillate"):
        replace(circuit, law=Gradient())
    with pytest.raises(DataError, match="needs a law of one output, but Oscillator has 2"):
        circuit.output_V(np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (
            "angle_rad",
            1e6,
            r"angle_rad: must be from -3.1416 to 3.1416 rad, .* but is 1e",
        ),
        ("angle_rad", -3.2, r"but is -3.2 rad; leave out whole turns, which change nothing"),
        ("sync", 1e6, r"sync: must be at most 1000 couplings of weight 1, but is 1e\+06; write"),
    ],
)
def test_an_angle_is_within_half_a_turn_and_locking_within_what_settles(field, value, said):
    with pytest.raises(ProfileError, match=said):
        Oscillator(**{field: value})
    assert Oscillator(angle_rad=-np.pi, sync=1000).sync == 1000


def test_one_circuit_has_phases_or_voltages():
    with pytest.raises(ProfileError, match=r"ByLayer\.hidden: must not oscillate"):
        ByLayer(visible=Gradient(), hidden=Oscillator())


@pytest.mark.every(4)
@pytest.mark.parametrize(
    ("pulls", "spread"), [("spring", 15.0), ("field", 3.0), ("sync", 2.0), ("held", 4.0)]
)
def test_a_phase_that_is_held_hard_diffuses_by_no_more_than_its_temperature(pulls, spread):
    """Variance D / (K k) of a phase near its rest, whatever holds it: k, h or 2 S."""
    ideal = ns.load_profile("ideal_oscillator")
    law = {"node.law.linewidth_Hz": 1e4, "node.law.sync": spread / 2 if pulls == "sync" else 0.0}
    kelvin = {"node.hold": "none", "thermal.temperature_K": 300}
    chip = ns.Chip(ideal.with_values({"layers": (2, 2)} | kelvin | law))
    bias = np.full(4, spread if pulls == "field" else 0.0)
    # Two inputs that are held pull each hidden node.
    each = spread / 2 if pulls == "held" else 0.0
    chip.program(Weights(each * chip.profile.network.present, bias))
    at_V, stiffness = np.zeros((2000, 2)), spread if pulls == "spring" else 1e-9
    chip.precharge(at_V)
    if pulls == "held":
        chip.clamp(at_V)
    else:
        chip.drive(at_V, stiffness * chip.profile.node.leak_S)
    chip.settle(10 * chip.data_sheet.tau_s)
    node = chip.profile.node
    rate = node.leak_S / node.capacitance_F
    moved = chip.u_V[:, :2] if pulls == "spring" else chip.u_V[:, 2:]
    # 4,000 draws give a variance to 2 %, and cosines flatten a bowl by its own variance.
    assert moved.var() == pytest.approx(np.pi * 1e4 / (rate * spread), rel=0.1)
