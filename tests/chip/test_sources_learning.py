"""A classifier with its inputs held learns the exact gradient through springs and currents."""

from itertools import repeat

import numpy as np
import pytest
from scipy.optimize import root

from driven import SIZES, K, N, chip_of, standing, units
from neurosim.host import initial_weights
from neurosim.network import Layers, Weights
from neurosim.solvers import OperatingPoint

AT_REST = OperatingPoint()


def rates(weights, law, x, free, anchor=0.0):
    """Rates and outputs of a network of phi = tanh, linear at the bottom and held there at x.

    In units, written from the equations alone; `anchor` is one more leak of each answer.
    """
    layers, u = Layers(SIZES), np.concatenate([x, free])
    v, slope = np.tanh(u), 1 - np.tanh(u) ** 2
    v[: len(x)] = x
    sums = weights.bias.copy()
    sums[layers.odd] += weights.coupling @ v[layers.even]
    sums[layers.even] += weights.coupling.T @ v[layers.odd]
    rate = -u + (slope * sums if law == "gradient" else sums)
    rate[layers.nodes(-1)] -= anchor * u[layers.nodes(-1)]
    return rate[len(x) :], u, v


def rest(weights, law, x, anchor=0.0, begin=None):
    """State and outputs at rest, from discharged nodes or from a state beside it."""
    free = np.zeros(N - len(x)) if begin is None else begin[len(x) :]
    for _ in range(300 if begin is None else 0):
        free = free + 0.1 * rates(weights, law, x, free, anchor)[0]
    found = root(lambda u: rates(weights, law, x, u, anchor)[0], free, tol=1e-13)
    assert np.abs(found.fun).max() < 1e-12
    return rates(weights, law, x, found.x, anchor)[1:]


def exact(weights, law, x, cost, anchor=0.0):
    """Gradient of the mean cost by differences of states at rest."""
    undisturbed = [rest(weights, law, row, anchor)[0] for row in x]

    def mean_cost(vector):
        moved = Weights.of_vector(vector, weights.coupling.shape)
        ends = [rest(moved, law, *at) for at in zip(x, repeat(anchor), undisturbed, strict=False)]
        return np.mean([cost(*end, k) for k, end in enumerate(ends)])

    h, vector = 1e-5, weights.vector
    steps = h * np.eye(len(vector))
    return np.array([(mean_cost(vector + s) - mean_cost(vector - s)) / (2 * h) for s in steps])


def estimate(chip, beta, phase):
    """Centred contrast of the data sheet's kind between two phases."""
    sheet, one = chip.data_sheet, units(chip)
    chip.store()
    found = []
    for sign in (1, -1):
        chip.recall()
        phase(sign * beta)
        chip.settle(60 * one.tau_s)
        found.append(sheet.contrast.derivative(chip.read() / one.V, sheet.layers))
    return ((found[0] - found[1]) / (2 * beta)).vector


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(5)
    weights = initial_weights(Layers(SIZES), 0.7, rng)
    weights.bias[:] = 0.2 * rng.standard_normal(N)
    return weights, rng.uniform(-1, 1, (3, SIZES[0])), rng.uniform(-0.6, 0.6, (3, SIZES[-1]))


def test_springs_of_the_answers_learn_the_exact_gradient_of_a_classifier(problem):
    """Inputs held, springs of +-beta at the answers: a cost of half the squared distance.

    The negative one is merged with a spring to the free answer, as a flow merges its own.
    """
    weights, x, y = problem
    chip, beta, anchor = (
        chip_of("ideal_gradient", engine=AT_REST, node__amplifier="tanh"),
        1e-3,
        0.5,
    )
    chip.program(weights)
    one, held = units(chip), np.arange(K) < SIZES[0]
    target = np.concatenate([x, np.zeros_like(y)], axis=1)
    standing(chip, target, np.where(held, 0.0, anchor), held)

    def phase(nudge):
        stiff = anchor + nudge
        moved = target.copy()
        moved[:, one.answers] = nudge * y / stiff
        chip.drive(moved * one.V, np.where(held, 0.0, stiff) * one.S, held)

    got = estimate(chip, beta, phase)
    last = Layers(SIZES).nodes(-1)
    wanted = exact(
        weights, "gradient", x, lambda u, v, k: np.sum((u[last] - y[k]) ** 2) / 2, anchor
    )
    assert cosine(got, wanted) > 0.9999
    assert np.linalg.norm(got) == pytest.approx(np.linalg.norm(wanted), rel=1e-3)


@pytest.mark.every(2)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_currents_at_the_answers_learn_the_exact_gradient_of_a_linear_cost(problem, law):
    """A current +beta I lowers the cost -I v: frozen at softmax it is that of cross-entropy."""
    weights, x, current = problem
    chip, beta = chip_of(f"ideal_{law}", engine=AT_REST, node__amplifier="tanh"), 1e-3
    chip.program(weights)
    one, held = units(chip), np.arange(K) < SIZES[0]
    target = np.concatenate([x, np.zeros_like(current)], axis=1)
    standing(chip, target, 0.0, held)

    def phase(nudge):
        injected = np.zeros((len(x), chip.data_sheet.n_injectors))
        injected[:, chip.data_sheet.injected_columns(-1)] = nudge * current
        chip.inject(injected * one.A)
        chip.drive(target * one.V, 0.0, held)

    got = estimate(chip, beta, phase)
    wanted = exact(weights, law, x, lambda u, v, k: -current[k] @ v[Layers(SIZES).nodes(-1)])
    assert cosine(got, wanted) > 0.9999
    assert np.linalg.norm(got) == pytest.approx(np.linalg.norm(wanted), rel=1e-3)
