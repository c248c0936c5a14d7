"""Exponential solvers: exact where they promise it, of their order elsewhere, at home in SciPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from neurosim.solvers.etd import ETD4
from neurosim.solvers.phi import phi_functions


def order(errors, factor=2.0):
    return np.log(np.array(errors[:-1]) / np.array(errors[1:])) / np.log(factor)


def pendulum(t, y):
    """Forced, damped, nonlinear: N + linear part with decay (8, 1)."""
    return np.array([-8 * y[0] + np.tanh(3 * y[1]), -y[1] + np.sin(t) * np.tanh(2 * y[0]) + 1])


DECAY = np.array([8.0, 1.0])


def reference(t_end):
    return solve_ivp(pendulum, (0, t_end), [1.0, -0.5], "DOP853", rtol=1e-13, atol=1e-14).y[:, -1]


def test_phi_functions_satisfy_their_recursion_and_meet_where_the_formula_changes():
    z = -np.concatenate([np.geomspace(1e-12, 60, 200), [0.5, 0.5 - 1e-12]])
    phis = phi_functions(z, 3)
    factorial = 1.0
    for k in range(3):
        # phi_{k+1} z = phi_k - 1/k!: both sides carry rounding of order 1e-16.
        np.testing.assert_allclose(phis[k + 1] * z, phis[k] - 1 / factorial, atol=5e-16)
        factorial *= k + 1
    for phi in phis:
        assert phi[-1] == pytest.approx(phi[-2], rel=1e-11)


def test_phi_functions_agree_with_the_matrix_exponential():
    """phi_k of a scalar stands in the last column of exp of an augmented matrix."""
    for z in (-1e-3, -0.3, -0.7, -16.0):
        m = np.zeros((4, 4))
        m[0, 0], m[0, 1], m[1, 2], m[2, 3] = z, 1, 1, 1
        expected = expm(m)[0]
        np.testing.assert_allclose([p.item() for p in phi_functions(np.array(z), 3)], expected)


def test_a_node_with_constant_drive_is_exact_in_one_step():
    gamma, drive = np.array([16.0, 1.0, 0.0]), np.array([2.0, -1.0, 0.5])
    got = solve_ivp(
        lambda t, y: drive - gamma * y, (0, 3), [1.0, 1.0, 1.0], ETD4, decay=gamma, first_step=3.0
    )
    rest = drive[:2] / gamma[:2]
    exact = [*(rest + (1 - rest) * np.exp(-3 * gamma[:2])), 1 + 1.5]
    np.testing.assert_allclose(got.y[:, -1], exact, rtol=1e-13)
    assert got.t.size == 2


def test_etd4_converges_with_order_four_in_fixed_steps():
    exact, errors = reference(2.0), []
    for n in (16, 32, 64):
        solver = ETD4(
            pendulum, 0.0, np.array([1.0, -0.5]), 2.0,
            decay=DECAY, first_step=2 / n, max_step=2 / n, rtol=1e3, atol=1e3,
        )  # fmt: skip
        while solver.status == "running":
            solver.step()
        errors.append(np.abs(solver.y - exact).max())
    assert order(errors).min() > 3.7


def test_the_error_is_proportional_to_the_tolerance():
    exact, errors = reference(10.0), []
    for rtol in (1e-5, 1e-7, 1e-9):
        got = solve_ivp(pendulum, (0, 10), [1, -0.5], ETD4, decay=DECAY, rtol=rtol, atol=rtol)
        assert got.success
        errors.append(np.abs(got.y[:, -1] - exact).max() / rtol)
    # Each step may err by rtol and some ten steps lie within the memory of the slow node.
    assert max(errors) < 50
    assert max(errors) / min(errors) < 5


def test_dense_output_and_t_eval_agree_with_scipys_own_solver():
    t = np.linspace(0, 5, 57)
    fine = solve_ivp(pendulum, (0, 5), [1.0, -0.5], "DOP853", rtol=1e-12, atol=1e-12, t_eval=t)
    got = solve_ivp(
        pendulum, (0, 5), [1.0, -0.5], ETD4, decay=DECAY, rtol=1e-8, atol=1e-8, t_eval=t,
        max_step=0.05,
    )  # fmt: skip
    # The Hermite cubic between points has an error of order h^4 = 6e-6 times y'''' / 384.
    np.testing.assert_allclose(got.y, fine.y, atol=1e-4)


def test_events_are_found():
    def crossing(t, y):
        return y[0] - 0.2

    kwargs = {"events": crossing, "rtol": 1e-8, "atol": 1e-8}
    ours = solve_ivp(pendulum, (0, 5), [1.0, -0.5], ETD4, decay=DECAY, max_step=0.05, **kwargs)
    scipys = solve_ivp(pendulum, (0, 5), [1.0, -0.5], "DOP853", **kwargs)
    assert len(ours.t_events[0]) == len(scipys.t_events[0]) > 0
    np.testing.assert_allclose(ours.t_events[0], scipys.t_events[0], atol=1e-4)


def test_evaluations_do_not_grow_with_the_stiffness_of_the_spring():
    def count(gamma):
        def fun(t, y):
            return np.array([gamma * (1 - y[0]) + np.tanh(y[1]), -y[1] + np.tanh(y[0])])

        decay = np.array([gamma, 1.0])
        return solve_ivp(fun, (0, 30), [0.0, 0.0], ETD4, decay=decay, rtol=1e-4, atol=1e-6).nfev

    soft, stiff = count(16.0), count(1600.0)
    assert stiff < 1.5 * soft
    assert stiff < 200


def test_going_backward_in_time_is_refused():
    with pytest.raises(ValueError, match="forward only"):
        ETD4(pendulum, 1.0, np.zeros(2), 0.0)
