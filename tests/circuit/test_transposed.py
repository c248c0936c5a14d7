"""Exact gradients of oscillators whose interaction is not odd, by phases alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oscillators import TAU_S, driven, random_oscillators
from scipy.optimize import root

from conftest import LEAK_S, UNIT_V
from neurosim.circuit import Hopfield, Springs
from neurosim.circuit.transposed import Transposed, along
from neurosim.errors import DataError
from neurosim.solvers import Transient, settle

FINE, COARSE = Transient(rtol=1e-5, atol=1e-7, precision="float64"), Transient()
BETA, PULL = 1e-2, 1.0
ANCHOR, WANTED = np.array([0.9, -1.2, 0.5]), np.array([0.7, -0.4, 0.2])


def at(stiffness, target):
    """Springs of the three visible nodes, in weights and radians."""
    return Springs(np.full(3, stiffness * LEAK_S), UNIT_V * np.asarray(target)[None])


def circuit_of(angle):
    circuit = random_oscillators((3, 5, 4), w=0.2, seed=4, angle=angle)
    # Fields that hold every oscillator, so that each row comes to rest.
    bias = replace(circuit.biases, plus_S=np.full(12, 1.6 * LEAK_S), minus_S=np.zeros(12))
    return replace(circuit, biases=bias)


def rest_of(circuit, springs, start):
    """SciPy's root near where a transient ends."""
    near = settle(driven(circuit, springs), start, 15 * TAU_S, COARSE).u_V[0]
    n, scale = circuit.n_nodes, LEAK_S * UNIT_V

    def jacobian(z):
        many = replace(springs, target_V=np.repeat(springs.target_V, n, axis=0))
        return circuit.jacobian_vector_A(UNIT_V * z[None], np.eye(n), many).T / LEAK_S

    found = root(
        lambda z: circuit.current_A(UNIT_V * z[None], springs)[0] / scale,
        near / UNIT_V, jac=jacobian, tol=1e-14,
    )  # fmt: skip
    assert np.abs(found.fun).max() < 1e-12
    return UNIT_V * found.x[None]


def cost_of(circuit, rest_V):
    """1 - cos(d + a) - y sin(d + a): of which an injected nudge is the slope."""
    away = rest_V[0, :3] / UNIT_V - ANCHOR + circuit.law.angle_rad
    return np.sum(1 - np.cos(away) - WANTED * np.sin(away))


def nudged(sign):
    k = sign * BETA
    return at(PULL + k, ANCHOR + k / (PULL + k) * WANTED)


def estimate(angle, remedy):
    """Couplings' and fields' gradient from the free phase and two nudged ones."""
    circuit, ends = circuit_of(angle), []
    rest_V = rest_of(circuit, at(PULL, ANCHOR), np.zeros((1, 12)))
    for sign in (1, -1):
        system = driven(circuit, nudged(sign))
        system = Transposed(system, rest_V) if remedy else system
        ends.append(settle(system, rest_V, 15 * TAU_S, FINE).u_V)
    return circuit, rest_V, (ends[0] - ends[1]) / (2 * BETA), ends


def by_differences(circuit):
    """The cost's slope by each coupling that is there and each field, settled anew."""
    layers, found, step = circuit.layers, [], 1e-4 * LEAK_S
    start = np.zeros((1, 12))
    places = [tuple(place) for place in np.argwhere(layers.present)[::8]]
    for where in [*places, 0, 11]:
        ends = []
        for sign in (1, -1):
            name = "biases" if isinstance(where, int) else "couplings"
            pairs = getattr(circuit, name)
            plus = pairs.plus_S + 0.5 * LEAK_S  # both devices on, so that either may be lowered
            minus = pairs.minus_S + 0.5 * LEAK_S
            plus[where] += sign * step
            moved = replace(circuit, **{name: replace(pairs, plus_S=plus, minus_S=minus)})
            ends.append(cost_of(moved, rest_of(moved, at(PULL, ANCHOR), start)))
        found.append((ends[0] - ends[1]) / (2 * step / LEAK_S))
    return places, np.array(found)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.every(2)
@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_with_the_remedy_the_gradient_is_that_of_the_cost_at_any_angle(angle):
    circuit, rest_V, moved_V, _ = estimate(angle, remedy=True)
    gradient = along(circuit, rest_V, -moved_V)
    places, exact = by_differences(circuit)
    got = [*(gradient.coupling[place] for place in places), *gradient.bias[[0, 11]]]
    # Squares of a nudge of 1e-2, and what the engine errs by over it.
    np.testing.assert_allclose(got, exact, atol=1e-3 * np.abs(exact).max())


def test_without_it_the_gradient_turns_with_the_angle():
    cosines = []
    for angle in (0.0, 0.1, 0.3):
        circuit, rest_V, moved_V, ends = estimate(angle, remedy=True)
        exact = along(circuit, rest_V, -moved_V)
        _, _, _, plain = estimate(angle, remedy=False)
        high, low = (circuit.law.contrast().derivative(e / UNIT_V, circuit.layers) for e in plain)
        cosines.append(cosine(((high - low) / (2 * BETA)).coupling.ravel(), exact.coupling.ravel()))
        assert len(ends) == 2
    assert cosines[0] > 1 - 1e-5
    assert 1 > cosines[1] > cosines[2]
    assert cosines[2] < 0.999


def check_small_signals(circuit, springs, rest_V):
    """By differences of the rate about a rest; what the Jacobian differs from its transpose by."""
    rate = Transposed(driven(circuit, springs), rest_V).rate(slice(0, 1))
    n, h, columns = circuit.n_nodes, 1e-6 * UNIT_V, []
    for k in range(n):
        ends = []
        for sign in (1, -1):
            u = rest_V.T.copy()
            u[k] += sign * h
            ends.append(rate(u, np.empty_like(u))[:, 0])
        columns.append((ends[0] - ends[1]) / (2 * h))
    many = replace(springs, target_V=np.repeat(springs.target_V, n, axis=0))
    transposed = circuit.jacobian_vector_A(rest_V, np.eye(n), many) / LEAK_S
    np.testing.assert_allclose(np.stack(columns, axis=1), transposed, atol=1e-7)
    return np.abs(transposed - transposed.T).max()


def test_the_small_signals_about_the_rest_are_those_of_the_transpose():
    circuit, springs = circuit_of(0.25), at(PULL, ANCHOR)
    rest_V = rest_of(circuit, springs, np.zeros((1, 12)))
    assert check_small_signals(circuit, springs, rest_V) > 0.01


def test_they_are_where_each_direction_has_a_device_of_its_own(make_circuit):
    circuit = make_circuit("gradient", separate=True)
    some_V = UNIT_V * np.random.default_rng(0).standard_normal((1, circuit.n_nodes))
    assert check_small_signals(circuit, at(PULL, ANCHOR), some_V) > 0.1


def test_a_law_of_another_metric_is_refused(make_circuit, make_springs):
    circuit = make_circuit(Hopfield())
    with pytest.raises(DataError, match=r"Transposed.driven must have a law of metric 1"):
        Transposed(driven(circuit, make_springs(circuit, 1)), np.zeros((1, circuit.n_nodes)))
