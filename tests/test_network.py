"""Where nodes and couplings are stored."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.errors import DataError
from neurosim.network import Layers, Weights

sizes = st.lists(st.integers(1, 6), min_size=2, max_size=5).map(tuple)


@given(sizes)
def test_every_node_belongs_to_exactly_one_layer(sizes):
    layers = Layers(sizes)
    owners = np.concatenate([np.arange(layers.n_nodes)[layers.nodes(k)] for k in range(len(sizes))])
    assert sorted(owners) == list(range(layers.n_nodes))


@given(sizes)
def test_weights_survive_packing(sizes):
    layers, rng = Layers(sizes), np.random.default_rng(0)
    matrices = [rng.standard_normal((b, a)) for a, b in pairwise(sizes)]
    packed = Weights.from_layers(layers, matrices, [])
    for k, matrix in enumerate(matrices):
        np.testing.assert_array_equal(packed.matrix(layers, k), matrix)
    assert np.count_nonzero(packed.coupling) == sum(m.size for m in matrices)
    np.testing.assert_array_equal(packed.coupling != 0, layers.present)


def test_the_published_network_fills_its_crossbar():
    layers = Layers((64, 128, 128))
    assert layers.present.all()
    assert layers.present.size + layers.n_nodes == 24_896


def test_a_network_needs_two_layers():
    with pytest.raises(DataError, match="at least two positive sizes"):
        Layers((64,))


def test_weights_are_one_vector_with_two_views_and_its_arithmetic():
    rng = np.random.default_rng(0)
    a, b = (Weights(rng.standard_normal((2, 3)), rng.standard_normal(5)) for _ in range(2))
    for got, coupling, bias in (
        (a + b, a.coupling + b.coupling, a.bias + b.bias),
        (a - b, a.coupling - b.coupling, a.bias - b.bias),
        (2 * a, 2 * a.coupling, 2 * a.bias),
        (a / 3, a.coupling / 3, a.bias / 3),
    ):
        np.testing.assert_array_equal(got.coupling, coupling)
        np.testing.assert_array_equal(got.bias, bias)
    assert a.norm == pytest.approx(np.sqrt(np.sum(a.coupling**2) + np.sum(a.bias**2)))
    c = a.copy()
    c.coupling[0, 0], c.bias[-1] = 7.0, 8.0
    assert (c.vector[0], c.vector[-1]) == (7.0, 8.0)
    assert a.vector[0] != 7.0
    assert repr(c).startswith("Weights(2 x 3 couplings, 5 biases, norm ")
