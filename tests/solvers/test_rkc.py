"""Runge-Kutta-Chebyshev: of its order, stable as far as its polynomial says, at home in SciPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from solvers.rkc import RKC, stability_bound

from systems import linear_chain


def pendulum(t, y):
    return np.array([-8 * y[0] + np.tanh(3 * y[1]), -y[1] + np.sin(t) * np.tanh(2 * y[0]) + 1])


Y0 = [1.0, -0.5]


def run(fun, y0, t_end, **options):
    solver = RKC(fun, 0.0, np.asarray(y0, dtype=float), t_end, **options)
    while solver.status == "running":
        solver.step()
    return solver


def laplacian(n):
    """Second difference on (0, 1) with fixed ends, and its known spectral radius."""
    matrix = (n + 1) ** 2 * (np.eye(n, k=1) - 2 * np.eye(n) + np.eye(n, k=-1))
    return matrix, 4 * (n + 1) ** 2 * np.cos(np.pi / (2 * (n + 1))) ** 2


def one_step(s):
    """Points on [-beta(s), 0] and R there: each component of y is its own test equation."""
    z = -stability_bound(s) * np.linspace(0, 1, 401)
    solver = RKC(
        lambda t, y: z * y, 0.0, np.ones(401), 1.0,
        first_step=1.0, rtol=1e6, atol=1e6, spectral_radius=stability_bound(s) * (1 - 1e-12),
    )  # fmt: skip
    solver.step()
    assert solver.status == "finished"
    assert solver.nfev == s + 1
    return z, solver.y


@pytest.mark.parametrize("s", range(2, 31))
def test_the_stability_polynomial_is_bounded_by_one_and_damped(s):
    z, r = one_step(s)
    assert np.abs(r).max() <= 1 + 1e-12
    # In the inner part |R| <= a_s + b_s, nearly 1 - eps / 3 = 0.949: more stages, nearer to it.
    inner = (z < -4.0) & (z > z[-1] * (1 - 1e-3))
    assert np.all(np.abs(r[inner]) < 0.97)
    # T_s = -1 or 1 at the end of the interval, where the damping has its full size.
    assert abs(r[-1]) < 0.97


@pytest.mark.parametrize("s", [2, 3, 7, 20])
def test_one_step_is_the_exponential_up_to_second_order(s):
    h = np.array([1e-2, 2e-2])
    solver = RKC(
        lambda t, y: -h * y, 0.0, np.ones(2), 1.0,
        first_step=1.0, rtol=1e6, atol=1e6, spectral_radius=stability_bound(s) * (1 - 1e-12),
    )  # fmt: skip
    solver.step()
    error = np.abs(solver.y - np.exp(-h))
    assert np.log2(error[1] / error[0]) == pytest.approx(3, abs=0.05)


def test_the_bound_grows_quadratically_as_published():
    for s in (5, 20, 100, 1000):
        # The paper's 2/3 (s^2 - 1) (1 - 2 eps / 15) is an asymptotic form.
        assert stability_bound(s) == pytest.approx(0.653 * (s**2 - 1), rel=2e-3)


@pytest.mark.parametrize("radius", [9.0, 2000.0])
def test_it_converges_with_order_two_in_fixed_steps_of_few_and_many_stages(radius):
    exact = solve_ivp(pendulum, (0, 2), Y0, "DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
    errors = []
    for n in (64, 128, 256):
        options = {"first_step": 2 / n, "max_step": 2 / n, "rtol": 1e3, "atol": 1e3}
        y = run(pendulum, Y0, 2.0, spectral_radius=radius, **options).y
        errors.append(np.abs(y - exact).max())
    assert np.log2(np.array(errors[:-1]) / errors[1:]).min() > 1.85


def test_the_error_follows_the_tolerance():
    exact = solve_ivp(pendulum, (0, 10), Y0, "DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
    errors, tolerances = [], np.array([1e-4, 1e-5, 1e-6, 1e-7])
    for rtol in tolerances:
        errors.append(np.abs(run(pendulum, Y0, 10.0, rtol=rtol, atol=rtol).y - exact).max())
    # The tolerance bounds h^3, the global error goes as h^2: rtol^(2/3), a factor of 4.6 each.
    assert np.all(np.array(errors) < 0.5 * tolerances ** (2 / 3))
    assert np.all(np.array(errors[:-1]) / errors[1:] > 2.5)


def test_evaluations_grow_with_the_root_of_the_stiffness():
    counts = []
    for n in (25, 100, 400):
        a, _ = laplacian(n)
        x = np.arange(1, n + 1) / (n + 1)
        solver = run(lambda t, y, a=a: a @ y, np.sin(np.pi * x), 0.5, rtol=1e-3, atol=1e-5)
        # Slowest eigenvector: a closed form of the discrete equation.
        slow = -4 * (n + 1) ** 2 * np.sin(np.pi / (2 * (n + 1))) ** 2
        np.testing.assert_allclose(solver.y, np.exp(0.5 * slow) * np.sin(np.pi * x), atol=2e-3)
        counts.append(solver.nfev)
    # Stiffness 16 times larger: 4 times the evaluations. Euler would need 4e5 for n = 400.
    assert counts[1] < 5 * counts[0]
    assert counts[2] < 5 * counts[1]
    assert counts[2] < 5000


def test_a_rough_start_is_damped_not_amplified():
    a, _ = laplacian(100)
    y0 = np.random.default_rng(1).standard_normal(100)
    solver = RKC(lambda t, y: a @ y, 0.0, y0, 1.0, rtol=1e-2, atol=1e-4)
    size = [np.linalg.norm(y0)]
    while solver.status == "running":
        solver.step()
        size.append(np.linalg.norm(solver.y))
    assert np.all(np.diff(size) < 1e-4)
    # e^(-pi^2) times the slowest part of y0, and the tolerance of 100 nodes.
    assert size[-1] < 1e-3


def test_the_power_iteration_finds_the_radius_of_the_stiffest_row():
    a, radius = laplacian(100)
    scale = np.array([0.3, 1.0, 1e-3])

    def rate(u, out):
        np.matmul(a, u, out=out)
        out *= scale
        return out

    for y0 in (np.zeros((100, 3)), np.random.default_rng(2).standard_normal((100, 3))):
        solver = RKC(
            lambda t, y: rate(y.reshape(100, 3), np.empty((100, 3))).ravel(),
            0.0, y0.ravel(), 1.0, rows=3, rate=rate,
        )  # fmt: skip
        # The margin of 1.2 above an iteration that stops a little below.
        assert radius <= solver._radius <= 1.2 * radius
        assert radius * 0.9 <= solver._radius / 1.2
        assert 2 < solver.nfev < 40


def test_the_radius_is_found_again_when_the_stiffness_rises():
    def fun(t, y):
        return -(1 + 500 * y[1]) * (y[0] - 1), 0.5 * (1 - y[1])

    got = solve_ivp(fun, (0, 10), [0.0, 0.0], RKC, rtol=1e-4, atol=1e-6)
    exact = solve_ivp(fun, (0, 10), [0.0, 0.0], "Radau", rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(got.y[:, -1], exact.y[:, -1], atol=1e-3)


def test_a_rejected_step_makes_the_radius_new_at_once():
    solver = RKC(lambda t, y: -2 * np.exp(t) * (y - np.cos(t)), 0.0, np.zeros(1), 9.0)
    for _ in range(8):
        solver.step()
    needed = 2.4 * np.exp(solver.t)
    assert solver._radius < 0.9 * needed
    solver.h_abs = 9.0
    solver.step()
    # The margin of 1.2 times the derivative, by a difference of relative size 1e-8.
    assert solver._radius == pytest.approx(needed, rel=1e-3)


def test_dense_output_and_t_eval_agree_with_scipys_own_solver():
    t = np.linspace(0, 5, 57)
    fine = solve_ivp(pendulum, (0, 5), Y0, "DOP853", rtol=1e-12, atol=1e-12, t_eval=t)
    got = solve_ivp(pendulum, (0, 5), Y0, RKC, rtol=1e-6, atol=1e-6, t_eval=t, dense_output=True)
    np.testing.assert_allclose(got.y, fine.y, atol=1e-4)
    np.testing.assert_allclose(got.sol(t), got.y, atol=1e-14)


def test_events_are_found():
    def crossing(t, y):
        return y[0] - 0.2

    kwargs = {"events": crossing, "rtol": 1e-7, "atol": 1e-7}
    ours = solve_ivp(pendulum, (0, 5), Y0, RKC, **kwargs)
    scipys = solve_ivp(pendulum, (0, 5), Y0, "DOP853", **kwargs)
    assert len(ours.t_events[0]) == len(scipys.t_events[0]) > 0
    np.testing.assert_allclose(ours.t_events[0], scipys.t_events[0], atol=1e-4)


def chain_rows(rows):
    """A nonlinear chain whose states are (n, rows), and a start for each row."""
    _, a = linear_chain(6, coupling=0.9, fast=200.0)
    start = np.random.default_rng(3).standard_normal((6, rows))

    def rate(u, out):
        np.matmul(a, np.tanh(u), out=out)
        return out

    def fun(_t, y):
        u = y.reshape(6, -1)
        return rate(u, np.empty_like(u)).ravel()

    return fun, rate, start


def test_a_batch_equals_its_rows_within_the_tolerance():
    fun, rate, start = chain_rows(5)
    options = {"rtol": 1e-5, "atol": 1e-7, "relative_to_start": True}
    batch = run(fun, start.ravel(), 3.0, rows=5, rate=rate, **options).y.reshape(6, 5)
    through_fun = run(fun, start.ravel(), 3.0, rows=5, **options).y.reshape(6, 5)
    np.testing.assert_array_equal(batch, through_fun)
    for j in range(5):
        single = run(fun, start[:, j], 3.0, **options).y
        np.testing.assert_allclose(batch[:, j], single, atol=2e-4)


@pytest.mark.parametrize("relative_to_start", [False, True])
def test_quiet_rows_do_not_hide_the_error_of_a_single_one(relative_to_start):
    fun, rate, start = chain_rows(1)
    options = {"rtol": 1e-3, "atol": 1e-5, "relative_to_start": relative_to_start}
    alone = run(fun, start[:, 0], 3.0, **options)
    many = np.zeros((6, 200))
    many[:, 7] = start[:, 0]
    batch = run(fun, many.ravel(), 3.0, rows=200, rate=rate, **options)
    assert batch.nfev == pytest.approx(alone.nfev, rel=0.1)
    np.testing.assert_allclose(batch.y.reshape(6, 200)[:, 7], alone.y, atol=2e-3)


def test_relative_to_start_follows_a_small_movement_of_a_large_state():
    def fun(t, y):
        return 1e-3 * np.tanh((5.0 - y) * 1e3) + 0 * y

    exact = solve_ivp(fun, (0, 3), [4.999], "DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
    options = {"rtol": 1e-3, "atol": 1e-8}
    loose = run(fun, [4.999], 3.0, **options)
    close = run(fun, [4.999], 3.0, relative_to_start=True, **options)
    assert np.abs(close.y - exact) < 5e-6 < np.abs(loose.y - exact)


def test_a_step_into_infinity_is_rejected_and_shrunk():
    def fun(t, y):
        return np.where(y > 3, np.nan, 1 - y)

    solver = run(fun, [0.0], 20.0, first_step=15.0, spectral_radius=1e-3)
    assert solver.status == "finished"
    assert solver.y[0] == pytest.approx(1, abs=1e-2)


def test_a_blow_up_fails_with_scipys_message():
    got = solve_ivp(lambda t, y: y**2, (0, 3), [1.0], RKC)
    assert not got.success
    assert got.message == RKC.TOO_SMALL_STEP
    assert got.t[-1] == pytest.approx(1, abs=1e-2)


def test_a_circuit_at_rest_takes_few_evaluations():
    solver = run(lambda t, y: np.zeros_like(y), np.ones(4), 100.0)
    assert solver.nfev < 10
    np.testing.assert_array_equal(solver.y, np.ones(4))


def test_going_backward_in_time_is_refused():
    with pytest.raises(ValueError, match="forward only"):
        RKC(pendulum, 1.0, np.zeros(2), 0.0)
