"""Settling a batch: against closed forms and SciPy, whatever the chunks and threads."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import Boltzmann
from scipy.integrate import solve_ivp
from scipy.linalg import expm, solve_continuous_lyapunov
from solvers.rkc import Chebyshev

from neurosim.circuit import DrivenCircuit, Springs
from neurosim.errors import ConvergenceError
from neurosim.solvers import METHODS, OperatingPoint, Transient, settle, transient
from neurosim.solvers.settle import CHUNK_ROWS
from systems import Rows, linear_chain, with_noise

TAU_S = 1e-7


@pytest.mark.parametrize(
    "engine", [*(Transient(method=m, rtol=1e-6, atol=1e-8) for m in METHODS), Chebyshev(1e-6, 1e-8)]
)
def test_every_method_reaches_the_matrix_exponential(engine):
    system, matrix = linear_chain()
    u = np.random.default_rng(0).standard_normal((3, 5))
    got = settle(system, u, 2 * TAU_S, engine)
    # Implicit methods control the mean over the flattened batch; 1e-4 covers all of them.
    np.testing.assert_allclose(got.u_V, u @ expm(2 * matrix).T, atol=1e-4)
    assert not got.diverged.any()


def test_a_driven_rc_node_follows_its_exponential():
    system = Rows(lambda u, rows: np.full_like(u, 0.5), np.array([2.0]))
    got = settle(system, np.zeros((1, 1)), 0.7 * TAU_S, Transient(rtol=1e-8, atol=1e-10))
    assert got.u_V[0, 0] == pytest.approx(0.25 * (1 - np.exp(-1.4)), rel=1e-12)


@pytest.mark.every(2)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("amplifier", ["tanh", "silu"])
def test_a_circuit_settles_to_where_scipys_solver_takes_it(
    make_circuit, make_springs, law, amplifier
):
    circuit = make_circuit(law, amplifier, sizes=(6, 10, 8), w=0.4, mismatch=0.05)
    springs = make_springs(circuit, rows=5)
    u = np.zeros((5, circuit.n_nodes))
    system = DrivenCircuit(circuit, springs, TAU_S)
    got = settle(system, u, 20 * TAU_S, Transient(rtol=1e-6, atol=1e-9))

    def fun(t, y):
        rows = y.reshape(u.shape)
        return (circuit.current_A(rows, springs) * TAU_S / circuit.capacitance_F).ravel()

    exact = solve_ivp(fun, (0, 20), u.ravel(), "DOP853", rtol=1e-9, atol=1e-12).y[:, -1]
    # Rows move by up to 0.5 V; each step may err by 1e-6 of that, and errors add up.
    np.testing.assert_allclose(got.u_V, exact.reshape(u.shape), atol=20 * 1e-6 * 0.5)


def test_the_co_content_never_rises_along_a_transient(make_circuit, make_springs):
    circuit = make_circuit(sizes=(6, 10, 8), w=0.6)
    springs = make_springs(circuit)
    system, u = DrivenCircuit(circuit, springs, TAU_S), np.zeros((4, circuit.n_nodes))
    powers = [circuit.co_content_W(u, springs)]
    for _ in range(40):
        u = settle(system, u, 0.5 * TAU_S, Transient(rtol=1e-6, atol=1e-9)).u_V
        powers.append(circuit.co_content_W(u, springs))
    # Rounding of a sum of terms of order 1e-7 W.
    assert np.diff(powers, axis=0).max() < 1e-20
    assert (powers[0] - powers[-1]).min() > 0


def test_results_do_not_depend_on_threads():
    system, _ = linear_chain()
    u = np.random.default_rng(0).standard_normal((3 * CHUNK_ROWS + 7, 5))
    one, many = (settle(system, u, TAU_S, Transient(), n_threads=n) for n in (1, 4))
    np.testing.assert_array_equal(one.u_V, many.u_V)
    assert one.n_evaluations == many.n_evaluations


def test_a_batch_settles_like_its_rows_alone():
    system, _ = linear_chain()
    u = np.random.default_rng(0).standard_normal((6, 5))
    settings = Transient(rtol=1e-7, atol=1e-9)
    together = settle(system, u, 3 * TAU_S, settings).u_V
    alone = np.concatenate([settle(system, row[None], 3 * TAU_S, settings).u_V for row in u])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_row_that_diverges_is_found_and_named_and_leaves_the_others_alone():
    """Row k follows du/ds = c_k u^2: from 1 it is at infinity after 1 / c_k."""
    c = np.zeros(300)
    c[[7, 200]] = 2.0
    system = Rows(lambda u, rows: c[rows][:, None] * u**2, np.zeros(1))
    got = settle(system, np.ones((300, 1)), 3 * TAU_S, Transient(rtol=1e-6, atol=1e-8))
    assert list(np.flatnonzero(got.diverged)) == [7, 200]
    assert np.isnan(got.u_V[[7, 200]]).all()
    assert np.isinf(got.residual[[7, 200]]).all()
    np.testing.assert_allclose(np.delete(got.u_V, [7, 200], axis=0), 1.0)


def test_a_row_whose_rate_jumps_without_end_is_named_after_bounded_work(monkeypatch):
    """Row 1 slides along a jump of its rate, where no step is small enough."""
    monkeypatch.setattr(transient, "_MOST_STEPS", 300)

    def rate(u, rows):
        return np.where((rows == 1)[:, None], -np.sign(u - 0.3) + 0.1, 0.5)

    settings = Transient(rtol=1e-9, atol=1e-13)
    got = settle(Rows(rate, np.ones(1)), np.zeros((2, 1)), 5 * TAU_S, settings)
    assert list(np.flatnonzero(got.diverged)) == [1]
    assert got.u_V[0, 0] == pytest.approx(0.5 * (1 - np.exp(-5)))


@pytest.mark.parametrize("method", ["RK45", "DOP853", "RK23"])
def test_scipys_explicit_methods_control_the_worst_row(method):
    """One row moves and 59 rest: a norm over the whole batch would forgive it sqrt(60) times
    more error and take up to 60^(1/6) = 2 times fewer steps."""
    system = Rows(lambda u, rows: (rows == 0)[:, None] * (np.sin(5 * u) - u), np.zeros(1))
    u, settings = np.full((60, 1), 0.5), Transient(method=method, rtol=1e-6, atol=1e-8)
    batch, single = (settle(system, start, 5 * TAU_S, settings) for start in (u, u[:1]))
    # SciPy guesses the first step from the whole batch: a step or two of difference.
    assert abs(batch.n_steps - single.n_steps) <= 3


def test_the_residual_is_the_rate_that_is_left(make_circuit, make_springs):
    circuit = make_circuit()
    springs = make_springs(circuit)
    got = settle(
        DrivenCircuit(circuit, springs, TAU_S),
        np.zeros((4, circuit.n_nodes)),
        TAU_S,
        Transient(precision="float64"),
    )
    rate = circuit.current_A(got.u_V, springs) * TAU_S / circuit.capacitance_F
    np.testing.assert_allclose(got.residual, np.abs(rate).max(axis=1) / 0.1, rtol=1e-12)


def noisy_covariance(circuit, springs):
    """Covariance of the settled nodes in units of kT/C, and the number of draws."""
    rows = len(springs.target_V)
    got = settle(
        DrivenCircuit(circuit, springs, TAU_S, temperature_K=300.0),
        np.zeros((rows, circuit.n_nodes)),
        20 * TAU_S,
        Transient(),
        noise_of=lambda k: np.random.default_rng([1, k]),
    )
    return np.cov(got.u_V.T) * 1e-12 / (Boltzmann * 300.0)


def test_a_passive_linear_net_has_covariance_kt_over_c_whatever_its_weights(make_circuit):
    """Equipartition: hidden capacitors behind resistors to held nodes, rail and ground."""
    rows, sigmas = 4000, 4
    for w, seed in ((0.1, 1), (2.0, 2)):
        circuit = make_circuit(amplifier="linear", sizes=(2, 3), w=w, loading=1.0, seed=seed)
        springs = Springs(np.full(2, np.inf), np.zeros((rows, 2)))
        covariance = noisy_covariance(circuit, springs)[2:, 2:]
        # Deviation of a sample variance sqrt(2 / n), of a covariance sqrt(1 / n).
        tolerance = sigmas * np.sqrt(np.where(np.eye(3), 2, 1) / rows)
        assert (np.abs(covariance - np.eye(3)) < tolerance).all()


def test_noise_of_coupled_amplifiers_has_the_covariance_of_the_lyapunov_equation(make_circuit):
    """Linear nodes: A P + P A^T = -diag(4kTG/2) / C^2, A the Jacobian over C."""
    rows = 4000
    circuit = make_circuit(amplifier="linear", sizes=(2, 3), w=0.3)
    springs = Springs(np.full(2, 3e-5), np.zeros((rows, 2)))
    jacobian = circuit.jacobian_vector_A(np.zeros((5, 5)), np.eye(5), springs).T / 1e-12
    total_S = circuit.leak_S + circuit.load_S
    total_S[:2] += 3e-5
    density = np.diag(2 * Boltzmann * 300.0 * total_S) / 1e-12**2
    exact = solve_continuous_lyapunov(jacobian, -density) * 1e-12 / (Boltzmann * 300.0)
    variance = np.diag(exact)
    tolerance = 4 * np.sqrt((np.outer(variance, variance) + exact**2) / rows)
    # The scheme's own bias is below 0.5 % here (test_noisy has it exactly, without sampling).
    error = np.abs(noisy_covariance(circuit, springs) - exact)
    assert (error < tolerance + 0.005 * variance.max()).all()


def test_a_noisy_settle_repeats_with_its_stream_and_differs_with_another():
    system, _ = linear_chain()
    noisy, u = with_noise(system, 0.1), np.zeros((10, 5))
    settings = Transient()

    def run(seed):
        return settle(
            noisy, u, TAU_S, settings, noise_of=lambda k: np.random.default_rng([seed, k])
        ).u_V

    np.testing.assert_array_equal(run(1), run(1))
    assert np.abs(run(1) - run(2)).min() > 0


def test_noise_needs_a_stream():
    system = with_noise(linear_chain()[0], 0.1)
    with pytest.raises(ConvergenceError, match="needs a random stream"):
        settle(system, np.zeros((2, 5)), TAU_S, Transient())


@pytest.mark.slow
def test_the_settling_time_does_not_cost_memory(make_circuit, make_springs):
    import tracemalloc

    circuit = make_circuit()
    springs = make_springs(circuit, rows=64)
    system, u = DrivenCircuit(circuit, springs, TAU_S), np.zeros((64, circuit.n_nodes))

    def peak(span):
        tracemalloc.start()
        got = settle(system, u, span * TAU_S, Transient(method="RK45", rtol=1e-6), n_threads=1)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, got.n_steps * u.nbytes

    peak(1)
    (short, _), (long, path) = peak(20), peak(400)
    # The path alone would be many times what is allowed here; the interpreter's own noise is not.
    assert long - short < 0.2 * path
    assert path > 5e6


@pytest.mark.slow
def test_float32_moves_a_settled_state_by_its_rounding_alone(make_circuit, make_springs):
    circuit = make_circuit(sizes=(16, 24, 20), w=0.3, mismatch=0.05)
    springs = make_springs(circuit, rows=40)
    system, u = DrivenCircuit(circuit, springs, TAU_S), np.zeros((40, circuit.n_nodes))
    exact = settle(system, u, 10 * TAU_S, Transient(rtol=1e-9, atol=1e-12))
    unit_V = system.unit_V
    for engine in (Transient, OperatingPoint):
        ends = [
            settle(system, u, 10 * TAU_S, engine(precision=p, rtol=1e-5))
            for p in ("float32", "float64")
        ]
        assert ends[0].u_V.dtype == np.float64
        assert not ends[0].refused.any()
        # Some 50 steps, each rounded to 6e-8 of voltages of up to 4 units, which errors outlive.
        assert np.abs(ends[0].u_V - ends[1].u_V).max() < 50 * 6e-8 * 4 * unit_V
        if engine is Transient:
            assert np.abs(ends[0].u_V - exact.u_V).max() < 1e-3 * unit_V


def test_float32_is_refused_where_no_solver_has_it():
    with pytest.raises(ValueError, match="must be float64 with RK45; only ETD4"):
        Transient(precision="float32", method="RK45")


def test_rows_at_rest_leave_the_batch_and_stay_where_they_are():
    # One row is 60 times slower than the others: these must not be carried to its end.
    slow = np.where(np.arange(64) == 5, 1 / 60, 1.0)[:, None]
    target = np.linspace(-1, 1, 64)[:, None]

    def field(u, rows):
        return slow[rows] * (target[rows] - u) + u

    system = Rows(field, np.array([1.0]))
    time_s, settings = 300 * TAU_S, Transient(rtol=1e-6, atol=1e-8)
    got = settle(system, np.zeros((64, 1)), time_s, settings)
    exact = target * (1 - np.exp(-300 * slow))
    # A row that leaves may still move by a tenth of atol; a step may err by rtol of the movement.
    np.testing.assert_allclose(got.u_V, exact, atol=1e-5)
    # Four evaluations a step for every row would be the cost of carrying all of them to the end.
    assert got.n_evaluations < 0.8 * 4 * got.n_steps


def test_a_row_that_creeps_away_from_a_saddle_is_not_taken_for_one_at_rest():
    # du/ds = 0.1 u - u^3 from 1e-4: it starts at a speed of 1e-5, and ends at sqrt(0.1).
    system = Rows(lambda u, rows: 1.1 * u - u**3, np.array([1.0]))
    u = np.where(np.arange(40) == 7, 1e-4, np.sqrt(0.1))[:, None]
    got = settle(system, u, 600 * TAU_S, Transient())
    np.testing.assert_allclose(got.u_V, np.sqrt(0.1), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_the_memory_estimate_is_what_an_update_takes():
    script = """
import pathlib, re, numpy as np
from neurosim.chip import Chip
from neurosim.host import FlowSettings, present
from neurosim import processes
from neurosim.profile import load_profile
from neurosim.solvers import available_threads, memory_estimate_bytes
assert processes.begun(available_threads())
chip = Chip(load_profile("ideal_hopfield"))
layers, rng = chip.data_sheet.layers, np.random.default_rng(0)
x, u = rng.standard_normal((2, 4000, 64))
flow = FlowSettings(settle_tau=2).on(chip.data_sheet)
present(chip, x, u, flow)
pids = ["self", *(helper._process.pid for helper in processes._CREW._helpers)]
said = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in pids]
peak = sum(1024 * int(re.search(r"VmHWM:\\s*([0-9]+)", text)[1]) for text in said)
print(memory_estimate_bytes(4000, layers.n_nodes, layers.n_odd * layers.n_even) / peak)
"""
    got = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 0.7 < float(got.stdout) < 1.6
