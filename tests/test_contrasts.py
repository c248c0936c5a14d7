"""The three kinds of contrast against the energies that they are the derivatives of."""

import numpy as np
import pytest

from law_properties import check_reading
from neurosim.circuit import ByLayer, Gradient, Hopfield
from neurosim.contrasts import CosineOfDifference, HalfSquaredDifference, Product
from neurosim.network import Layers, Weights

LAYERS = Layers((3, 4, 2, 3))
# Energy of one row: couplings between ends i and j, then biases.
ENERGIES = [
    (Product(), lambda i, j: -i * j, lambda i: -i),
    (HalfSquaredDifference(), lambda i, j: (i - j) ** 2 / 2, lambda i: (i - 1) ** 2 / 2),
    (CosineOfDifference(), lambda i, j: -np.cos(i - j), lambda i: -np.cos(i)),
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


@pytest.mark.parametrize(
    "law", [Hopfield(), Gradient(), ByLayer(visible=Hopfield(), hidden=Gradient())]
)
def test_a_shipped_law_says_the_contrast_that_its_co_content_has(make_circuit, law):
    circuit = make_circuit(law)
    u_V = 0.3 * np.random.default_rng(1).standard_normal((5, circuit.n_nodes))
    check_reading(circuit, u_V, circuit.output_V(u_V))
