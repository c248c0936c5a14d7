"""Noise in the dynamics: exact laws of a step, covariances, one path in steps of two lengths."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm, solve_continuous_lyapunov, solve_discrete_lyapunov
from scipy.stats import kstest

from neurosim.arrays import NUMPY
from neurosim.bench.noise import scheme_covariance
from neurosim.circuit import DrivenCircuit, Springs
from neurosim.errors import ConvergenceError, DataError
from neurosim.host import Experiment
from neurosim.profile import load_profile
from neurosim.runs import train
from neurosim.solvers import OperatingPoint, settle
from neurosim.solvers.brownian import BrownianPath, ComposedPath, kick_deviations
from neurosim.solvers.field import PlainField, field_of
from neurosim.solvers.krogstad import Kick, Stepper
from neurosim.solvers.noisy import ramp, stepped
from systems import Rows, linear_chain

TAU_S = 1e-7


def plain(system, rows):
    return PlainField(system.rate(np.arange(rows)), np.float64)


def ends(field, start, steps, path):
    return stepped(field, start, steps, path, 1.0).u_V


# The ramp


@pytest.mark.parametrize("span", [0.1, 0.5, 0.7, 1.0, 1.2, 5.0, 9.99, 10.0, 30.0])
@pytest.mark.parametrize("longest", [1.0, 0.4])
def test_a_ramp_reaches_the_end_in_steps_no_longer_than_allowed(span, longest):
    steps = ramp(span, longest)
    assert sum(steps) == pytest.approx(span, rel=1e-12)
    assert max(steps) <= longest * (1 + 1e-9)
    assert max(steps[:2]) <= longest / 2 * (1 + 1e-9)
    assert len(steps) <= span / longest + 2


@pytest.mark.parametrize("span", [2.0, 10.0, 20.0, 9.98])
def test_two_halves_take_the_steps_of_the_whole(span):
    halves = ramp(span / 2) + ramp(span / 2, goes_on=True)
    np.testing.assert_allclose(halves, ramp(span), rtol=1e-12)


def test_a_settle_of_ten_tau_takes_45_evaluations_and_22_draws_of_every_node():
    drawn = []

    class Counted:
        def fill(self, out):
            drawn.append(out.size)
            out[...] = 0.0

    system = linear_chain()[0]
    field = plain(system, 3)
    path = BrownianPath(Counted(), np.ones(5), field, 3)
    got = stepped(field, np.zeros((3, 5)), ramp(10.0), path, 1.0)
    assert (got.n_evaluations, got.n_steps) == (45, 11)
    assert drawn == [15] * 22


# One step


def drawn_kicks(gamma, b, h, rows=200_000, seed=0):
    field = plain(Rows(lambda u, rows: 0 * u, gamma), rows)
    path = BrownianPath(NUMPY.normals(np.random.default_rng(seed)), b, field, rows)
    kick = path.kick(h)
    return kick.middle, kick.end


def test_a_kick_ends_as_the_filtered_noise_does_and_its_quadrature_has_the_variance_of_the_area():
    """Simpson's rule of x at 0, the middle and the end, against the integral of x."""
    b, h, rows = np.array([1.0, 0.5, 2.0]), 0.8, 200_000
    gamma = np.array([1e-3, 1.0, 0.3])
    middle, end = drawn_kicks(gamma, b, h, rows)
    x, area, both = (v[:, 0] for v in ComposedPath(None, b, gamma, 1, h)._covariance(h))
    statistics = 5 * np.sqrt(2 / rows)
    np.testing.assert_allclose(end.var(axis=1), x, rtol=statistics)
    simpson = h * (4 * middle + end) / 6
    # Exact for a Brownian path; the filter bends it by (gamma h)^2 / 100 or so.
    np.testing.assert_allclose(simpson.var(axis=1), area, rtol=statistics + 0.01)
    np.testing.assert_allclose((simpson * end).mean(axis=1), both, rtol=2 * statistics + 0.01)


def test_the_middle_is_what_a_bridge_between_its_ends_has_for_mean():
    gamma, b, h = np.array([2.0]), np.array([1.0]), 0.7
    _, share, _ = kick_deviations(b, gamma, h)
    # Covariance of x(h/2) and x(h) over the variance of x(h).
    half = -np.expm1(-gamma * h) / (2 * gamma)
    assert share == pytest.approx(np.exp(-gamma * h / 2) * half / (-np.expm1(-2 * gamma * h) / 4))


def test_composed_kicks_have_the_law_of_drawn_ones():
    gamma, b, h, rows = np.array([1.3, 16.0]), np.array([1.0, 0.5]), 0.5, 100_000
    composed = ComposedPath(np.random.default_rng(1), b, gamma, rows, h / 8).kick(h)
    middle, end = drawn_kicks(gamma, b, h, rows)
    for ours, theirs in ((composed.middle, middle), (composed.end, end)):
        np.testing.assert_allclose(ours.var(axis=1), theirs.var(axis=1), rtol=0.03)
    both = [np.mean(m * e, axis=1) for m, e in ((composed.middle, composed.end), (middle, end))]
    scale = middle.std(axis=1) * end.std(axis=1)
    assert (np.abs(both[0] - both[1]) < 5 * scale * np.sqrt(2 / rows)).all()
    assert kstest(composed.middle[0] / composed.middle[0].std(), "norm").pvalue > 1e-3


def test_a_step_that_does_not_divide_the_base_step_is_refused():
    path = ComposedPath(np.random.default_rng(0), np.ones(1), np.ones(1), 1, 0.1)
    with pytest.raises(DataError, match="multiple of the base step"):
        path.kick(0.15)


def test_an_ornstein_uhlenbeck_node_has_its_exact_variance_at_any_step():
    """With N = 0 the scheme is exact in law: var = b^2 (1 - exp(-2 gamma T)) / (2 gamma)."""
    gamma, b, rows, t_end = np.array([16.0, 1.0, 0.02]), np.array([1.0, 0.5, 0.2]), 20_000, 2.0
    exact = b**2 * (1 - np.exp(-2 * gamma * t_end)) / (2 * gamma)
    field = plain(Rows(lambda u, rows: 0 * u, gamma), rows)
    for step in (2.0, 0.5):
        path = BrownianPath(NUMPY.normals(np.random.default_rng(3)), b, field, rows)
        got = ends(field, np.zeros((rows, 3)), [step] * round(t_end / step), path)
        # A sample variance of n normal draws has relative deviation sqrt(2 / n) = 1 %: 4 sigma.
        np.testing.assert_allclose(got.var(axis=0), exact, rtol=4 * np.sqrt(2 / rows))


def test_a_constant_force_is_exact_in_one_step():
    gamma, force = np.array([16.0, 1.0]), np.array([[2.0], [-1.0]])
    field = plain(Rows(lambda u, rows: 0 * u, gamma), 1)
    stepper = Stepper(field, np.ones((2, 1)))
    stepper.attempt(3.0, Kick(0.0, 0.0, force))
    stepper.accept()
    rest = force[:, 0] / gamma
    np.testing.assert_allclose(stepper.z[:, 0], rest + (1 - rest) * np.exp(-3 * gamma), rtol=1e-13)


def test_the_strong_error_on_one_path_falls_with_order_two_and_later_with_order_one():
    gamma, b, rows, finest = np.array([8.0, 1.0]), np.array([0.3, 0.3]), 400, 1 / 256

    def rate(u, _rows):
        return np.stack([np.tanh(3 * u[:, 1]), np.tanh(2 * u[:, 0]) + 1], axis=1)

    field = plain(Rows(rate, gamma), rows)

    def end(step):
        path = ComposedPath(np.random.default_rng(0), b, gamma, rows, finest)
        return ends(field, np.zeros((rows, 2)), [step] * round(2 / step), path)

    exact = end(finest)
    errors = [np.sqrt(np.mean((end(h) - exact) ** 2)) for h in (1 / 2, 1 / 4, 1 / 8, 1 / 16)]
    orders = np.diff(-np.log2(errors))
    assert orders[0] > 1.8
    assert orders.min() > 1.1


# Covariances, without sampling


@pytest.mark.parametrize("h", [1.0, 0.5])
def test_the_covariance_of_coupled_linear_nodes_is_that_of_the_lyapunov_equation(h):
    system, matrix = linear_chain(coupling=0.45)
    noise = np.full(5, 0.1)
    exact = solve_continuous_lyapunov(matrix, -np.diag(noise**2))
    ours = scheme_covariance(lambda rows: plain(system, rows), np.zeros(5), noise, h)
    np.testing.assert_allclose(np.diag(ours), np.diag(exact), rtol=0.01 * h**2)


def resting(circuit, springs):
    """One row at rest, and the field of many rows of it."""
    one = DrivenCircuit(circuit, springs.rows(slice(0, 1)), TAU_S, 300.0)
    start = np.zeros((1, circuit.n_nodes))
    rest_V = settle(replace(one, temperature_K=None), start, TAU_S, OperatingPoint()).u_V[0]
    target_V = springs.target_V[:1]

    def field_of_rows(rows):
        many = Springs(springs.conductance_S, np.repeat(target_V, rows, axis=0))
        rate = DrivenCircuit(circuit, many, TAU_S).rate(np.arange(rows))
        return field_of(rate, np.float64)

    return one, rest_V, field_of_rows


@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("mismatch", [0.0, 0.1])
def test_about_a_state_at_rest_both_laws_have_the_covariance_of_their_jacobian(
    make_circuit, make_springs, law, mismatch
):
    circuit = make_circuit(law, sizes=(6, 10, 8), w=0.15, mismatch=mismatch)
    system, rest_V, field_of_rows = resting(circuit, make_springs(circuit))
    n = circuit.n_nodes
    jacobian = circuit.jacobian_vector_A(
        np.tile(rest_V, (n, 1)), np.eye(n), system.springs.rows(np.zeros(n, int))
    ).T
    jacobian = jacobian * (TAU_S / circuit.capacitance_F)[:, None]
    exact = np.diag(solve_continuous_lyapunov(jacobian, -np.diag(system.noise_V**2)))
    ours = np.diag(scheme_covariance(field_of_rows, rest_V, system.noise_V, 1.0))
    np.testing.assert_allclose(ours, exact, rtol=0.01)


def test_noise_at_the_end_alone_would_leave_the_coupled_nodes_too_quiet():
    """What the middle stages are for: without them the same equation misses by a tenth."""
    system, matrix = linear_chain(coupling=0.45)
    noise = np.full(5, 0.1)
    exact = np.diag(solve_continuous_lyapunov(matrix, -np.diag(noise**2)))
    field = plain(system, 5)
    unit = np.eye(5)

    def column(start, kick=None):
        stepper = Stepper(field, start.copy())
        stepper.attempt(1.0, kick)
        return stepper._states[1]

    end = column(0 * unit, Kick(0 * unit, unit)) * kick_deviations(noise, field.decay, 1.0)[0]
    blind = np.diag(solve_discrete_lyapunov(column(unit), end @ end.T))
    assert (blind / exact)[1:].max() < 0.97


# One path, a fine solution


@pytest.mark.every(2)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
@pytest.mark.parametrize("mismatch", [0.0, 0.05])
def test_on_one_path_a_circuit_ends_nearer_to_a_fine_solution_than_its_noise_is_large(
    make_circuit, make_springs, law, mismatch
):
    circuit = make_circuit(law, sizes=(6, 10, 8), w=0.15, mismatch=mismatch)
    system = DrivenCircuit(circuit, make_springs(circuit, rows=40), TAU_S, 300.0)
    field = field_of(system.rate(np.arange(40)), np.float64)
    start = np.zeros((40, circuit.n_nodes))

    def end(steps, noise=1.0):
        b = noise * system.noise_V * field.per_V
        path = ComposedPath(np.random.default_rng(5), b, field.decay, 40, 1 / 32)
        return ends(field, start, steps, path)

    fine = [1 / 32] * 320
    exact = end(fine)
    thermal = np.sqrt(np.mean((exact - end(fine, 0.0)) ** 2))
    assert np.sqrt(np.mean((end(ramp(10.0)) - exact) ** 2)) < 0.25 * thermal


def test_a_nodes_input_at_rest_or_not_is_followed_as_scipy_follows_it(make_circuit, make_springs):
    """Without noise, short steps of the ramp's kind: every coordinate change undone."""
    for law in ("hopfield", "gradient"):
        for separate in (False, True):
            circuit = make_circuit(law, sizes=(6, 10, 8), mismatch=0.1, separate=separate)
            circuit = replace(circuit, cubic_per_V2=3.0)
            springs = make_springs(circuit, rows=1)
            rng = np.random.default_rng(2)
            injected_A = 1e-7 * rng.standard_normal((1, circuit.n_nodes))
            system = DrivenCircuit(circuit, springs, TAU_S, injected_A=injected_A)
            rate = system.rate(np.arange(1))
            start = 0.05 * rng.standard_normal((1, circuit.n_nodes))
            exact = solve_ivp(
                lambda _t, u, rate=rate: rate(u[:, None], np.empty((len(u), 1)))[:, 0],
                (0, 3), start[0], "DOP853", rtol=1e-11, atol=1e-13,
            ).y[:, -1]  # fmt: skip
            got = ends(field_of(rate, np.float64), start, [1 / 64] * 192, None)
            np.testing.assert_allclose(got[0], exact, atol=3e-8)


def test_an_amplifiers_fast_pole_costs_no_accuracy():
    """Two nodes in a loop whose outputs follow within 1/50 tau, in the ramp's steps."""
    k, w = 50.0, 0.6
    matrix = np.block([[-np.eye(2), w * np.eye(2)[::-1]], [k * np.eye(2), -k * np.eye(2)]])

    def rate(z, _rows):
        return np.concatenate([w * z[:, [3, 2]], k * z[:, :2]], axis=1)

    field = plain(Rows(rate, np.array([1.0, 1.0, k, k])), 1)
    start = np.array([[1.0, -0.3, 0.9, 0.1]])
    exact = start @ expm(10 * matrix).T
    assert np.abs(ends(field, start, ramp(10.0), None) - exact).max() < 1e-3
    noise = np.array([0.1, 0.1, 0.0, 0.0])
    system = Rows(rate, np.array([1.0, 1.0, k, k]))
    ours = scheme_covariance(lambda rows: plain(system, rows), np.zeros(4), noise, 1.0)
    lyapunov = solve_continuous_lyapunov(matrix, -np.diag(noise**2))
    np.testing.assert_allclose(np.diag(ours)[:2], np.diag(lyapunov)[:2], rtol=0.02)


def test_couplings_in_another_unit_end_in_one_line_and_not_in_endless_steps():
    """A programming noise of siemens that were meant as microsiemens."""
    profile = load_profile("cmos_rc_6bit").with_value("write.reference_S", 6.0)
    with pytest.raises(ConvergenceError, match=r"1000 times as hard as leaks .* in another unit"):
        train(profile, Experiment(updates=1, batch=2))
