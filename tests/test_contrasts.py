"""The kinds of contrast against the energies that they are the derivatives of."""

import numpy as np
import pytest

from law_properties import check_reading
from neurosim.circuit import ByLayer, Gradient, Hopfield
from neurosim.contrasts import (
    CosineOfDifference,
    DifferentialCosine,
    HalfSquaredDifference,
    Harmonic,
    Product,
)
from neurosim.network import Layers, Weights

LAYERS = Layers((3, 4, 2, 3))
# Energy of one row: couplings between ends i and j, then biases.
ENERGIES = [
    (Product(), lambda i, j: -i * j, lambda i: -i),
    (HalfSquaredDifference(), lambda i, j: (i - j) ** 2 / 2, lambda i: (i - 1) ** 2 / 2),
    (CosineOfDifference(), lambda i, j: -np.cos(i - j), lambda i: -np.cos(i)),
    (
        DifferentialCosine(),
        lambda i, j: np.cos(i) + np.cos(j) - np.cos(i - j) - 1,
        lambda i: -np.sin(i),
    ),
]


@pytest.mark.parametrize(("kind", "coupling", "bias"), ENERGIES, ids=lambda x: type(x).__name__)
def test_a_contrast_is_the_derivative_of_its_energy_by_every_weight(kind, coupling, bias):
    rng = np.random.default_rng(0)
    outputs = rng.normal(0, 2, (7, LAYERS.n_nodes))
    weights = Weights(rng.standard_normal((LAYERS.n_odd, LAYERS.n_even)), rng.normal(size=12))

    def energy(vector):
        w = Weights.of_vector(vector, weights.coupling.shape)
        i, j = outputs[:, LAYERS.odd, None], outputs[:, None, LAYERS.even]
        of_couplings = np.sum(w.coupling * coupling(i, j) * LAYERS.present, axis=(1, 2))
        return np.mean(of_couplings + bias(outputs) @ w.bias)

    found = kind.derivative(outputs, LAYERS).vector
    # It is linear in the weights: one step is exact.
    steps = [energy(weights.vector + s) - energy(weights.vector) for s in np.eye(len(found))]
    np.testing.assert_allclose(found, steps, atol=1e-12)


HARMONICS = {
    "kuramoto": (Harmonic(1, 1.0, 0.0),),
    "sakaguchi": (Harmonic(1, np.cos(0.3), -np.sin(0.3)),),
    "odd": (Harmonic(1, 1.0, 0.0), Harmonic(2, -0.4, 0.0), Harmonic(3, 0.2, 0.0)),
    "any": (Harmonic(1, 0.9, 0.2), Harmonic(2, -0.4, 0.3), Harmonic(3, 0.1, -0.2)),
}


def turning(harmonics, phases, weights):
    """What turns each phase of one row, written out pair by pair."""
    layers, n = LAYERS, LAYERS.n_nodes
    j = np.zeros((n, n))
    j[layers.odd, layers.even] = weights.coupling * layers.present
    j += j.T
    ahead = phases[:, None] - phases
    parts = [e * np.cos(k * ahead) - o * np.sin(k * ahead) for k, o, e in harmonics]
    (first, odd, even), *_ = harmonics
    assert first == 1
    field = weights.bias * (even * np.cos(phases) - odd * np.sin(phases))
    return np.sum(j * sum(parts), axis=1) + field


def some_weights(seed=3):
    rng = np.random.default_rng(seed)
    box = rng.standard_normal((LAYERS.n_odd, LAYERS.n_even))
    return Weights(box * LAYERS.present, rng.normal(size=12))


@pytest.mark.parametrize("kind", HARMONICS)
def test_what_a_coupling_does_to_both_ends_is_known_of_phases(kind):
    """The Jacobian less its transpose by differences, and dF/dW by unit steps of each weight."""
    harmonics, weights = HARMONICS[kind], some_weights()
    contrast = CosineOfDifference(harmonics)
    rng = np.random.default_rng(4)
    rest = rng.normal(0, 2, (2, LAYERS.n_nodes))
    away, h = 1e-2 * rng.standard_normal(rest.shape), 1e-6
    # Turns more or less are the same phases.
    got = contrast.apart(rest, rest + away + 2 * np.pi, weights, LAYERS)
    for row, phases in enumerate(rest):
        columns = [
            (turning(harmonics, phases + s, weights) - turning(harmonics, phases - s, weights))
            for s in h * np.eye(LAYERS.n_nodes)
        ]
        jacobian = np.stack(columns, axis=1) / (2 * h)
        np.testing.assert_allclose(got[row], (jacobian - jacobian.T) @ away[row], atol=1e-9)
    assert contrast.alike == (np.abs(got).max() < 1e-12)
    high, low = rest + away / 2, rest - away / 2 - 2 * np.pi
    found = contrast.gained(high, low, LAYERS).vector
    shape, size = weights.coupling.shape, weights.vector.size
    slopes = np.zeros(size)
    for k in range(size):
        unit = Weights.of_vector(np.eye(size)[k], shape)
        turns = [turning(harmonics, phases, unit) for phases in rest]
        slopes[k] = -np.mean(np.sum(away * turns, axis=1))
    np.testing.assert_allclose(found, slopes, atol=1e-12)


@pytest.mark.parametrize("kind", ["kuramoto", "odd"])
def test_of_an_odd_interaction_it_is_the_change_of_its_energy(kind):
    contrast = CosineOfDifference(HARMONICS[kind])
    rest, way = np.random.default_rng(5).normal(0, 1, (2, 3, LAYERS.n_nodes))
    errors = []
    for step in (1e-1, 5e-2):
        high, low = rest + step * way, rest - step * way
        change = contrast.derivative(high, LAYERS) - contrast.derivative(low, LAYERS)
        errors.append(np.abs((contrast.gained(high, low, LAYERS) - change).vector).max())
    # The third power of the distance.
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.1)


def test_a_spring_delivers_what_an_oscillator_of_weight_1_takes():
    away, some = np.linspace(-3, 3, 7), np.arange(7) < 3
    for harmonics in HARMONICS.values():
        pair = sum(e * np.cos(k * away) - o * np.sin(k * away) for k, o, e in harmonics)
        np.testing.assert_allclose(
            CosineOfDifference(harmonics).pull(away, some), -pair, atol=1e-15
        )
    np.testing.assert_array_equal(CosineOfDifference().pull(away, some), np.sin(away))


def test_an_angle_leaves_its_cosine_of_what_graded_phases_tell():
    """The odd part of what turns either end, whose other part has no energy."""
    outputs = np.random.default_rng(0).normal(0, 2, (7, LAYERS.n_nodes))
    plain, turned = (DifferentialCosine(0.4, angle) for angle in (0.0, 0.3))
    told = plain.derivative(outputs, LAYERS).vector
    np.testing.assert_allclose(
        turned.derivative(outputs, LAYERS).vector, np.cos(0.3) * told, rtol=1e-12
    )


@pytest.mark.parametrize(
    "law", [Hopfield(), Gradient(), ByLayer(visible=Hopfield(), hidden=Gradient())]
)
def test_a_shipped_law_says_the_contrast_that_its_co_content_has(make_circuit, law):
    circuit = make_circuit(law)
    u_V = 0.3 * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    check_reading(circuit, u_V, circuit.output_V(u_V))
