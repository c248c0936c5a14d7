"""Where the oracle comes to rest is checked against sums, another integrator and built-in rests."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ideal_networks import (
    ALPHA,
    LAWS,
    PHI,
    SPRING,
    assert_near,
    differences,
    every_kind,
    network,
    random_states,
    random_targets,
    slopes,
)
from neurosim.errors import ConvergenceError, DataError
from neurosim.ideal import IdealNetwork


@pytest.mark.every(2)
@every_kind
def test_the_displacement_of_the_equilibrium_is_the_velocity(law, activation):
    net = network(law, activation)
    k, (x_t, _) = net.layers.n_visible, random_targets(net)
    states = net.equilibrium(x_t, SPRING)
    assert np.abs(net.velocity_field(states, x_t, SPRING)).max() < 1e-13 * (1 + SPRING)
    descent = -ALPHA * differences(net.energy, states)[:, :k]
    assert_near(ALPHA * SPRING * (states[:, :k] - x_t), descent, atol=1e-10)


@every_kind
def test_the_equilibrium_is_the_one_that_was_built_into_the_biases(law, activation):
    seedling = network(law, activation, w=0.2)
    made = random_states(seedling, rows=1, scale=0.5)
    x_t, _ = random_targets(seedling, rows=1)
    x, h1, h2 = seedling.split(made[0])
    (W0, W1), phi = seedling.matrices, PHI[activation]
    p1, p2 = seedling.split(slopes(seedling, made[0]))[1:] if law == "gradient" else (1.0, 1.0)
    biases = (
        x - SPRING * (x_t[0] - x) - W0.T @ phi(h1),
        h1 / p1 - W0 @ x - W1.T @ phi(h2),
        h2 / p2 - W1 @ phi(h1),
    )
    net = IdealNetwork(seedling.matrices, biases, law, activation)
    # The slopes, by differences, are good to 1e-12.
    assert_near(net.equilibrium(x_t, SPRING), made, atol=1e-11)


@pytest.mark.every(6)
@every_kind
def test_a_multistable_network_rests_where_another_integrator_ends(law, activation):
    net = network(law, activation, (3, 6, 5), w=1.5, seed=5)
    x_t, _ = random_targets(net, rows=2)
    spring = 2.0
    ends = []
    for sign in (1.0, -1.0):
        start = sign * np.abs(random_states(net, rows=2))
        states = net.equilibrium(x_t, spring, start)
        for row in range(2):
            field = lambda _, s, row=row: net.velocity_field(s, x_t[row], spring)  # noqa: E731
            path = solve_ivp(field, (0, 1000), start[row], "LSODA", rtol=1e-9, atol=1e-11)
            assert_near(path.y[:, -1], states[row], atol=1e-6)
        ends.append(states)
    assert np.abs(ends[0] - ends[1]).max() > 0.1


@pytest.mark.parametrize("law", LAWS)
def test_a_settle_starts_from_the_target_with_hidden_nodes_at_zero(law):
    net = IdealNetwork((np.array([[1.5]]),), (np.array([0.2]), np.array([0.4])), law, "tanh")
    x_t, spring = np.array([[-1.0]]), 0.5
    by_default = net.equilibrium(x_t, spring)
    from_target = net.equilibrium(x_t, spring, np.array([[-1.0, 0.0]]))
    from_zero = net.equilibrium(x_t, spring, np.zeros((1, 2)))
    np.testing.assert_array_equal(by_default, from_target)
    assert (by_default < -0.3).all()
    assert (from_zero > 0.3).all()


def test_a_batch_rests_where_its_rows_rest_alone():
    net = network("gradient", "silu")
    x_t, _ = random_targets(net)
    alone = np.concatenate([net.equilibrium(x[None], SPRING) for x in x_t])
    # Both are zeros of the field to 1e-13, times its inverse slope of order 1.
    assert_near(net.equilibrium(x_t, SPRING), alone, atol=1e-12)


def test_rows_that_still_move_are_named():
    net = network("hopfield", "tanh")
    x_t, _ = random_targets(net)
    start = net.equilibrium(x_t, SPRING)
    start[1:] += 1e-3  # near enough that Newton's method would mend it
    with pytest.raises(ConvergenceError, match=r"rows \[1, 2\] did not within 0 tau"):
        net.equilibrium(x_t, SPRING, start, limit_tau=0.0)


def test_newton_may_not_leave_the_neighbourhood_of_the_transient(monkeypatch):
    monkeypatch.setattr("neurosim.ideal.resting._HAND_OVER", 10.0)
    net = network("hopfield", "tanh", w=2.0)
    x_t, _ = random_targets(net)
    with pytest.raises(ConvergenceError, match=r"rows \[0, 1, 2\]"):
        net.equilibrium(x_t, SPRING)


def test_a_singular_jacobian_is_a_settle_that_did_not_converge(monkeypatch):
    net = network("hopfield", "tanh")
    monkeypatch.setattr(IdealNetwork, "jacobian", lambda self, s, spring: np.zeros((10, 10)))
    with pytest.raises(ConvergenceError, match=r"rows \[0, 1, 2\]"):
        net.equilibrium(random_targets(net)[0], SPRING)


@pytest.mark.parametrize(
    ("x_t", "spring", "start"),
    [
        (np.zeros((2, 1)), SPRING, None),
        (np.zeros(3), SPRING, None),
        (np.zeros((2, 3)), -1.0, None),
        (np.full((2, 3), np.nan), SPRING, None),
        (np.zeros((2, 3)), SPRING, np.zeros((1, 10))),
    ],
)
def test_arguments_that_do_not_fit_are_refused(x_t, spring, start):
    with pytest.raises(DataError, match="mend shape, sign or NaN"):
        network("hopfield", "tanh").equilibrium(x_t, spring, start)
