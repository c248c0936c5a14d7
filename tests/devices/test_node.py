"""Nodes, springs and the spread of fabrication."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.circuit import Node
from neurosim.devices import Mismatch, Spring, spread

NODE = {
    "law": "hopfield",
    "amplifier": "tanh",
    "unit_V": "100 mV",
    "leak_S": "10 uS",
    "capacitance_F": "1 pF",
    "release_capacitance_F": "30 pF",
    "hold": "capacitor",
}


def test_a_nodes_time_constant_is_c_over_g():
    assert Node(**NODE).tau_s == pytest.approx(100e-9, rel=1e-14)


def test_ideal_parts_have_no_limit_and_no_error():
    node = Node(**NODE)
    assert (node.loading, node.visible_rail_V) == (0, None)
    assert Spring().max_S is None
    fields = set(Mismatch.model_fields) - {"source"}
    assert all(getattr(Mismatch(), field) == 0 for field in fields)


@pytest.mark.parametrize("changes", [{"law": "hopfeld"}, {"loading": 1.5}, {"leak_S": 0}])
def test_a_node_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        Node(**(NODE | changes))


@given(st.integers(0, 1000))
def test_no_spread_is_exactly_one(seed):
    np.testing.assert_array_equal(spread(0.0, 10, np.random.default_rng(seed)), 1.0)


@pytest.mark.parametrize("sigma", [0.001, 0.03, 0.3, 0.9])
def test_a_spread_has_mean_one_and_the_stated_deviation(sigma):
    n = 100_000
    x = spread(sigma, n, np.random.default_rng(1))
    assert abs((x.mean() - 1) / sigma * np.sqrt(n)) < 5
    # Kurtosis of a log-normal variable, for the standard error of the sample variance.
    w = 1 + sigma**2
    kurtosis = w**4 + 2 * w**3 + 3 * w**2 - 3
    assert abs((x.var() / sigma**2 - 1) / np.sqrt((kurtosis - 1) / n)) < 5


@given(st.floats(0, 0.99), st.integers(0, 1000))
def test_no_device_is_ever_negative(sigma, seed):
    assert spread(sigma, 100, np.random.default_rng(seed)).min() > 0


@given(st.floats(1e-6, 0.9), st.floats(1e-6, 0.9))
def test_more_spread_moves_every_device_further_from_the_median(a, b):
    small, large = (spread(s, 50, np.random.default_rng(3)) for s in sorted((a, b)))
    medians = [(1 + s**2) ** -0.5 for s in sorted((a, b))]
    assert (np.abs(np.log(large / medians[1])) >= np.abs(np.log(small / medians[0])) - 1e-12).all()


def test_a_spread_has_any_shape():
    assert spread(0.1, (3, 4), np.random.default_rng(0)).shape == (3, 4)
