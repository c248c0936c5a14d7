"""Amplifiers between layers of resistors that lag: SciPy's solver, ngspice, noise, rest, chips."""

from dataclasses import replace

import numpy as np
import pytest
from resistors import SHOCKLEY, TAU_S, kirchhoff_A, lifted, random_network, rest_of
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_lyapunov

from conftest import UNIT_V, strayed
from neurosim.chip import Chip
from neurosim.circuit import DrivenCircuit, IdealDiode
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint, Transient, settle

GAIN, LAG_TAU, SIZES, ROWS = 3.0, 0.4, (3, 5, 4, 2), 2
TIGHT = Transient(rtol=1e-9, atol=1e-12)


def network(diode=SHOCKLEY, rows=ROWS, lag_tau=LAG_TAU):
    """Amplifiers with errors of their own, which at the start do not yet show their nodes."""
    rng = np.random.default_rng(4)
    circuit, springs = random_network(rng, diode, SIZES, rows=rows)
    n = circuit.n_nodes
    circuit = strayed(
        lifted(circuit, GAIN),
        gain=np.exp(0.1 * rng.standard_normal(n)),
        offset_V=0.2 * UNIT_V * rng.standard_normal(n),
    )
    circuit = replace(circuit, amplifier_tau_s=lag_tau * TAU_S)
    start_V = UNIT_V * rng.standard_normal((rows, 2 * n))
    start_V[:, springs.held_nodes] = springs.target_V[:, springs.held]
    return circuit, springs, start_V


def rates(circuit, springs, state_V):
    """Of u and q, device by device, in volts per tau."""
    u_V, seen_V = np.split(state_V, 2, axis=1)
    current_A = kirchhoff_A(circuit, springs, u_V, seen_V)
    if circuit.shunts is not None:
        current_A -= circuit.shunts.current_A(u_V, current_A)
    current_A[:, springs.held_nodes] = 0.0
    late = (u_V - seen_V) * TAU_S / circuit.amplifier_tau_s
    return np.concatenate([current_A * TAU_S / circuit.capacitance_F, late], axis=1)


@pytest.mark.parametrize("diode", [None, SHOCKLEY, IdealDiode()], ids=["none", "shockley", "ideal"])
def test_rates_are_those_of_every_device_by_itself(diode):
    circuit, springs, start_V = network(diode)
    rate = DrivenCircuit(circuit, springs, TAU_S).rate(slice(None))
    found = rate(start_V.T, np.empty_like(start_V.T)).T
    expected = rates(circuit, springs, start_V)
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())
    # N takes what is not linear: with the decay it is the rate, but for diodes that are followed.
    if diode is not None and circuit.shunts.ideal:
        return
    both = rate.nonlinear(start_V.T, np.empty_like(start_V.T)).T - rate.decay * start_V
    np.testing.assert_allclose(both, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("method", ["ETD4", "DOP853"])
def test_a_transient_is_that_of_an_independent_solver(method):
    circuit, springs, start_V = network()
    settings = TIGHT.model_copy(update={"method": method})
    found = settle(DrivenCircuit(circuit, springs, TAU_S), start_V, 2 * TAU_S, settings).u_V
    done = solve_ivp(
        lambda _, y: rates(circuit, springs, y.reshape(start_V.shape)).ravel(),
        (0, 2), start_V.ravel(), method="Radau", rtol=1e-9, atol=1e-12,
    )  # fmt: skip
    expected = done.y[:, -1].reshape(start_V.shape)
    at_once = replace(circuit, amplifier_tau_s=0.0)
    n = circuit.n_nodes
    without = settle(DrivenCircuit(at_once, springs, TAU_S), start_V[:, :n], 2 * TAU_S, TIGHT).u_V
    assert np.abs(without - expected[:, :n]).max() > 1e-2 * UNIT_V
    np.testing.assert_allclose(found, expected, atol=1e-6 * UNIT_V)


@pytest.mark.parametrize("diode", [None, SHOCKLEY, IdealDiode()], ids=["none", "shockley", "ideal"])
def test_what_stands_still_stands_as_without_the_pole(diode):
    circuit, springs, start_V = network(diode)
    n = circuit.n_nodes
    expected = rest_of(replace(circuit, amplifier_tau_s=0.0), springs)
    system = DrivenCircuit(circuit, springs, TAU_S)
    found = settle(system, start_V, TAU_S, OperatingPoint())
    assert not found.refused.any()
    for state_V in np.split(found.u_V, 2, axis=1):
        np.testing.assert_allclose(state_V, expected.u_V, atol=1e-7 * UNIT_V)
    if diode is None or not circuit.shunts.ideal:
        moved = settle(system, start_V, 80 * TAU_S, TIGHT).u_V
        np.testing.assert_allclose(moved[:, :n], expected.u_V, atol=1e-6 * UNIT_V)


def test_thermal_noise_has_the_covariance_of_the_lyapunov_equation():
    rows = 4000
    circuit, springs, start_V = network(None, rows)
    n, start_V[:] = circuit.n_nodes, 0.0
    springs = replace(springs, target_V=np.zeros_like(springs.target_V))
    system = DrivenCircuit(circuit, springs, TAU_S, 300.0)
    found = settle(system, start_V, 12 * TAU_S, Transient(), noise_of=np.random.default_rng).u_V
    many = replace(springs, target_V=np.zeros((2 * n, springs.target_V.shape[1])))
    # Of states one by one, less what biases and offsets do at 0 V.
    matrix = (rates(circuit, many, np.eye(2 * n)) - rates(circuit, many, np.zeros((2 * n,) * 2))).T
    free = np.setdiff1d(np.arange(2 * n), np.r_[springs.held_nodes, n + springs.held_nodes])
    box = np.ix_(free, free)
    intensity = np.outer(system.noise_V, system.noise_V) * system.noise_correlation
    exact = solve_continuous_lyapunov(matrix[box], -intensity[box])
    # A sample covariance of 4,000 rows has a relative deviation of sqrt(2 / 4000) = 2.2 %.
    np.testing.assert_allclose(np.cov(found.T)[box], exact, atol=5 * 0.022 * np.abs(exact).max())


@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed")
def test_ngspice_agrees_on_the_transient():
    circuit, springs, start_V = network(rows=1)
    n, time_s = circuit.n_nodes, 2 * TAU_S
    # Amplifiers begin at what their nodes have.
    start_V[:, n:] = start_V[:, :n]
    text = netlist(circuit, springs, 0, start_V[0, :n], time_s, TAU_S / 200)
    _, wave_V = run_ngspice(text)
    ours = settle(DrivenCircuit(circuit, springs, TAU_S), start_V, time_s, TIGHT)
    # ngspice is 4e-5 off at this step, and 3e-6 at a tenth of it.
    np.testing.assert_allclose(wave_V[-1], ours.u_V[0, :n], atol=1e-4 * UNIT_V)


@pytest.mark.parametrize("engine", ["transient", "operating_point"])
def test_a_chip_reads_its_nodes_while_its_amplifiers_lag(engine):
    reads = {}
    for bandwidth in ("ideal", "100 kHz"):
        changes = {"layers": (4, 6, 5, 3), "sources": (0, -1), "node.bandwidth_Hz": bandwidth}
        law = {"node.law.gain": 3.0, "settling.engine": engine, "node.source": "assumed: a test"}
        chip = Chip(load_profile("ideal_resistive").with_values(changes | law))
        layers, rng = chip.data_sheet.layers, np.random.default_rng(0)
        shape = layers.n_odd, layers.n_even
        chip.program(Weights(rng.uniform(0, 0.5, shape) * layers.present, np.zeros(layers.n_nodes)))
        target_V = chip.data_sheet.unit_V * rng.standard_normal((2, 7))
        chip.precharge(target_V)
        chip.drive(target_V, 1e-5)
        chip.settle(0.2 * chip.data_sheet.tau_s)
        early = chip.read()
        chip.settle(400 * chip.data_sheet.tau_s)
        reads[bandwidth] = early, chip.read()
    unit_V = chip.data_sheet.unit_V
    early, late = (np.abs(a - b).max() for a, b in zip(*reads.values(), strict=True))
    # An amplifier takes 16 tau; the profile's transient has an rtol of 1e-3.
    assert late < 1e-3 * unit_V
    if engine == "transient":
        assert early > 2e-2 * unit_V
