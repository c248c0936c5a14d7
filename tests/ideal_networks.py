"""Small networks of the oracle, their states, and derivatives by finite differences."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from neurosim.ideal import IdealNetwork
from neurosim.network import Weights

LAWS, ACTIVATIONS = ("gradient", "hopfield"), ("tanh", "silu")
SPRING, ALPHA = 15.0, 2.0
assert_near = partial(np.testing.assert_allclose, rtol=0)  # every bound is absolute
PHI = {"tanh": np.tanh, "silu": lambda u: 10 * np.tanh(u / (1 + np.exp(-u)) / 10)}

every_kind = pytest.mark.parametrize(
    ("law", "activation"), [(law, kind) for law in LAWS for kind in ACTIVATIONS]
)
every_depth = pytest.mark.parametrize("sizes", [(3, 4), (3, 4, 3), (2, 3, 2, 3)])


def network(law, activation, sizes=(3, 4, 3), w=0.5, seed=0):
    rng = np.random.default_rng(seed)
    matrices = tuple(w * rng.standard_normal((b, a)) for a, b in pairwise(sizes))
    biases = tuple(0.3 * rng.standard_normal(n) for n in sizes)
    return IdealNetwork(matrices, biases, law, activation)


def packed(net):
    return Weights.from_layers(net.layers, list(net.matrices), list(net.biases))


def flat(net, weights):
    return np.concatenate([weights.coupling[net.layers.present], weights.bias])


def shifted(net, change):
    """The network with a vector, in the order of `flat`, added to its parameters."""
    weights, layers = packed(net), net.layers
    coupling = weights.coupling.copy()
    count = np.count_nonzero(layers.present)
    coupling[layers.present] += change[:count]
    moved = Weights(coupling, weights.bias + change[count:])
    return IdealNetwork.from_weights(layers, moved, net.law, net.activation)


def random_states(net, rows=3, seed=1, scale=1.5):
    shape = (rows, net.layers.n_nodes)
    return scale * np.random.default_rng(seed).standard_normal(shape)


def random_targets(net, rows=3, seed=2):
    x_t, u_t = np.random.default_rng(seed).standard_normal((2, rows, net.layers.n_visible))
    return x_t, u_t


def slopes(net, states):
    """Slope of every node by centred differences of order 4, 1 for the visible ones."""
    phi, h, k = PHI[net.activation], 1e-3, net.layers.n_visible
    u = states[..., k:]
    near, far = phi(u + h) - phi(u - h), phi(u + 2 * h) - phi(u - 2 * h)
    return np.concatenate([np.ones_like(states[..., :k]), (8 * near - far) / (12 * h)], axis=-1)


def differences(function, states, h=1e-3):
    """Derivative of a function of one state, by centred differences of order 4; last axis: state.

    Errors: h^4/30 of a fifth derivative of order 10 is 3e-13, rounding 1e-15/h is 1e-12.
    """
    columns = []
    for step in h * np.eye(states.shape[-1]):
        near = function(states + step) - function(states - step)
        far = function(states + 2 * step) - function(states - 2 * step)
        columns.append((8 * near - far) / (12 * h))
    return np.stack(columns, axis=-1)


def spring_energy(net, x_t):
    def energy(s):
        stretch = s[..., : net.layers.n_visible] - x_t
        return net.energy(s) + SPRING / 2 * np.sum(stretch**2, axis=-1)

    return energy
