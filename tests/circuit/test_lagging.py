"""Amplifiers with a pole of their own: closed forms, ngspice, limits, and what the engines do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V
from neurosim.chip import Chip
from neurosim.circuit import Circuit, DrivenCircuit, Hopfield, Linear, Pairs, Springs
from neurosim.netlists import has_ngspice, netlist, run_ngspice
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile
from neurosim.solvers import Transient, settle

TAU_S = CAPACITANCE_F / LEAK_S
TIGHT = Transient(rtol=1e-9, atol=1e-12)


def pair(weight, lag_tau, back=None):
    """Two linear nodes that drive each other, and the matrix of their state (u, v) per tau."""
    nothing = Pairs(np.zeros(2), np.zeros(2))

    def couplings(w):
        signed = np.array([[w * LEAK_S]])
        return Pairs(np.maximum(signed, 0), np.maximum(-signed, 0))

    circuit = Circuit(
        layers=Layers((1, 1)), law=Hopfield(), visible=Linear(UNIT_V), hidden=Linear(UNIT_V),
        capacitance_F=np.full(2, CAPACITANCE_F), leak_S=np.full(2, LEAK_S),
        couplings=couplings(weight), biases=nothing, reference_V=UNIT_V,
        back_couplings=None if back is None else couplings(back),
        amplifier_tau_s=lag_tau * TAU_S,
    )  # fmt: skip
    # Order of the nodes: visible (even), hidden (odd).
    w = np.array([[0, weight if back is None else back], [weight, 0]])
    k = 1 / lag_tau
    matrix = np.block([[-np.eye(2), w], [k * np.eye(2), -k * np.eye(2)]])
    return circuit, matrix


FREE = Springs(np.zeros(1), np.zeros((1, 1)))


@pytest.mark.every(4)
@pytest.mark.parametrize("weight", [0.5, -0.5, -3.0])
@pytest.mark.parametrize("lag_tau", [0.5, 0.02])
@pytest.mark.parametrize("method", ["ETD4", "DOP853"])
def test_two_linear_nodes_follow_the_matrix_exponential(weight, lag_tau, method):
    circuit, matrix = pair(weight, lag_tau)
    start = UNIT_V * np.array([[1.0, -0.3, 0.4, 0.1]])
    settings = TIGHT.model_copy(update={"method": method})
    got = settle(DrivenCircuit(circuit, FREE, TAU_S), start, 2 * TAU_S, settings)
    np.testing.assert_allclose(got.u_V, start @ expm(2 * matrix).T, atol=1e-7 * UNIT_V)


def test_a_loop_of_two_poles_rings_as_its_complex_eigenvalues_say():
    circuit, matrix = pair(1.5, 0.5, back=-1.5)
    values = np.linalg.eigvals(matrix)
    assert np.abs(values.imag).max() > 1
    system = DrivenCircuit(circuit, FREE, TAU_S)
    u_V, ends = UNIT_V * np.array([[1.0, 0.0, 1.0, 0.0]]), []
    for _ in range(16):
        u_V = settle(system, u_V, 0.5 * TAU_S, TIGHT).u_V
        ends.append(u_V[0, 0])
    assert np.count_nonzero(np.diff(np.sign(ends))) >= 3


def test_a_loop_that_oscillates_shows_in_its_residual():
    circuit, matrix = pair(4.0, 0.5, back=-4.0)
    assert np.linalg.eigvals(matrix).real.max() > 0
    start = 1e-3 * UNIT_V * np.ones((1, 4))
    system = DrivenCircuit(circuit, FREE, TAU_S)
    early, late = (settle(system, start, t * TAU_S, Transient()).residual[0] for t in (1, 6))
    assert late > 10 * early


@pytest.mark.every(6)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_what_stands_still_stands_as_without_the_pole_and_the_way_tends_to_it(
    make_circuit, make_springs, law
):
    circuit = make_circuit(law, w=0.2, mismatch=0.05)
    springs = make_springs(circuit, rows=3)
    start = np.zeros((3, circuit.n_nodes))
    both = np.concatenate([start, circuit.output_V(start)], axis=1)

    def at(time_tau, lag_tau):
        lagging = replace(circuit, amplifier_tau_s=lag_tau * TAU_S)
        system = DrivenCircuit(lagging, springs, TAU_S)
        return settle(system, both, time_tau * TAU_S, TIGHT).u_V

    def ideal(time_tau):
        system = DrivenCircuit(circuit, springs, TAU_S)
        return settle(system, start, time_tau * TAU_S, TIGHT).u_V

    n, rest, late, early = circuit.n_nodes, ideal(80), at(80, 0.2), ideal(1)
    np.testing.assert_allclose(late[:, :n], rest, atol=1e-7 * UNIT_V)
    np.testing.assert_allclose(late[:, n:], circuit.output_V(rest), atol=1e-7 * UNIT_V)
    errors = [np.abs(at(1, lag)[:, :n] - early).max() for lag in (0.02, 0.01, 0.005)]
    # First order in the pole's time constant.
    np.testing.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), 1, atol=0.15)


def test_thermal_noise_has_the_covariance_of_the_lyapunov_equation():
    circuit, matrix = pair(0.5, 0.5)
    system = DrivenCircuit(circuit, Springs(np.zeros(1), np.zeros((4000, 1))), TAU_S, 300.0)
    got = settle(
        system, np.zeros((4000, 4)), 8 * TAU_S, Transient(),
        noise_of=np.random.default_rng,
    )  # fmt: skip
    exact = solve_continuous_lyapunov(matrix, -np.diag(system.noise_V**2))
    found = np.cov(got.u_V.T)
    # A sample covariance of 4,000 rows has a relative deviation of sqrt(2 / 4000) = 2.2 %.
    np.testing.assert_allclose(found, exact, atol=5 * 0.022 * np.abs(exact).max())


@pytest.mark.skipif(not has_ngspice(), reason="ngspice is not installed")
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_ngspice_agrees_on_the_transient(make_circuit, make_springs, law):
    circuit = make_circuit(law, w=0.2, mismatch=0.05)
    circuit = replace(circuit, amplifier_tau_s=0.3 * TAU_S)
    springs = make_springs(circuit, rows=1)
    start = 0.5 * UNIT_V * np.random.default_rng(3).standard_normal((1, circuit.n_nodes))
    time_s = 4 * TAU_S
    _, wave_V = run_ngspice(netlist(circuit, springs, 0, start[0], time_s, TAU_S / 100))
    both = np.concatenate([start, circuit.output_V(start)], axis=1)
    ours = settle(DrivenCircuit(circuit, springs, TAU_S), both, time_s, TIGHT)
    np.testing.assert_allclose(wave_V[-1], ours.u_V[0, : circuit.n_nodes], atol=1e-4 * UNIT_V)


def chip_with(**changes):
    changes = {"layers": (4, 6, 5)} | {k.replace("__", "."): v for k, v in changes.items()}
    chip = Chip(load_profile("ideal_hopfield").with_values(changes))
    layers, rng = chip.data_sheet.layers, np.random.default_rng(0)
    coupling = 0.3 * rng.standard_normal((layers.n_odd, layers.n_even)) * layers.present
    chip.program(Weights(coupling, 0.1 * rng.standard_normal(layers.n_nodes)))
    return chip


@pytest.mark.parametrize("engine", ["transient", "operating_point"])
def test_a_chip_reads_outputs_that_lag_and_arrive(engine):
    target = 0.05 * np.random.default_rng(1).standard_normal((3, 4))
    reads = {}
    for bandwidth in ("ideal", "1 MHz"):
        chip = chip_with(node__bandwidth_Hz=bandwidth, settling__engine=engine)
        chip.precharge(target)
        chip.drive(target, 15e-5)
        chip.settle(0.3 * chip.data_sheet.tau_s)
        early = chip.read()
        chip.store()
        chip.recall()
        chip.settle(200 * chip.data_sheet.tau_s)
        reads[bandwidth] = early, chip.read()
    early, late = (np.abs(a - b).max() for a, b in zip(*reads.values(), strict=True))
    # The transient's tolerance is 1e-5 of a unit a step.
    assert late < 1e-4 * UNIT_V
    if engine == "transient":
        assert early > 1e-3 * UNIT_V
