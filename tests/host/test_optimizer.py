"""Shadow weights: Adam as published, the clip, and the start."""

import numpy as np
import pytest

from neurosim.host import Experiment, Optimizer, initial_weights
from neurosim.host.optimizer import learning_rate
from neurosim.network import Layers, Weights

LAYERS = Layers((64, 128, 128))


def vector(weights):
    return np.concatenate([weights.coupling.ravel(), weights.bias])


def test_adam_moves_by_the_rate_against_the_sign_of_a_first_gradient():
    start = initial_weights(LAYERS, 0.5, np.random.default_rng(0))
    optimizer = Optimizer(start, Experiment(clip=None), full_scale=10.0)
    rng = np.random.default_rng(1)
    g = Weights(rng.standard_normal(start.coupling.shape), rng.standard_normal(start.bias.shape))
    optimizer.step(g, 1e-3)
    moved = vector(optimizer.weights) - vector(start)
    # m/(1-b1) = g and v/(1-b2) = g^2 after one step: -rate sign(g), up to epsilon / |g|.
    np.testing.assert_allclose(moved, -1e-3 * np.sign(vector(g)), rtol=1e-3)


def test_adam_minimises_a_quadratic():
    start = initial_weights(Layers((3, 4)), 1.0, np.random.default_rng(0))
    optimizer = Optimizer(start, Experiment(), full_scale=10.0)
    for _ in range(3000):
        w = optimizer.weights
        optimizer.step(Weights(w.coupling - 0.7, w.bias + 0.2), 1e-2)
    np.testing.assert_allclose(optimizer.weights.coupling, 0.7, atol=0.02)
    np.testing.assert_allclose(optimizer.weights.bias, -0.2, atol=0.02)


def test_plain_descent_subtracts_the_clipped_gradient():
    start = Weights(np.zeros((2, 2)), np.zeros(4))
    optimizer = Optimizer(start, Experiment(optimizer="sgd", clip=1.0), full_scale=10.0)
    norm = optimizer.step(Weights(np.full((2, 2), 3.0), np.zeros(4)), 0.5)
    assert norm == pytest.approx(6.0)
    np.testing.assert_allclose(optimizer.weights.coupling, -0.5 * 0.5)


def test_shadow_weights_stay_within_full_scale():
    start = Weights(np.zeros((2, 2)), np.zeros(4))
    optimizer = Optimizer(start, Experiment(optimizer="sgd", clip=None), full_scale=0.6)
    optimizer.step(Weights(np.full((2, 2), -9.0), np.zeros(4)), 1.0)
    np.testing.assert_array_equal(optimizer.weights.coupling, 0.6)


def test_the_average_is_the_weighted_mean_of_all_weights():
    start = Weights(np.zeros((2, 2)), np.zeros(4))
    experiment = Experiment(optimizer="sgd", clip=None, average=0.9)
    optimizer = Optimizer(start, experiment, full_scale=10.0)
    rng, path = np.random.default_rng(0), []
    for _ in range(200):
        g = Weights(rng.standard_normal((2, 2)), rng.standard_normal(4))
        optimizer.step(g, 0.1)
        path.append(vector(optimizer.weights))
    decays = np.minimum(0.9, np.arange(200) / np.arange(10, 210))
    shares = (1 - decays) * np.append(np.cumprod(decays[:0:-1])[::-1], 1.0)
    assert shares.sum() == pytest.approx(1)  # nothing of the start is left
    np.testing.assert_allclose(vector(optimizer.average), shares @ np.array(path))


def test_without_averaging_the_average_is_the_last_weights():
    start = initial_weights(LAYERS, 0.5, np.random.default_rng(0))
    optimizer = Optimizer(start, Experiment(), full_scale=10.0)
    optimizer.step(start, 0.1)
    np.testing.assert_array_equal(vector(optimizer.average), vector(optimizer.weights))


def test_initial_weights_have_the_published_spread():
    weights = initial_weights(LAYERS, 0.5, np.random.default_rng(0))
    w0, w1 = weights.matrix(LAYERS, 0), weights.matrix(LAYERS, 1)
    for w, n_in, n_out in ((w0, 64, 128), (w1, 128, 128)):
        sigma = 0.5 * np.sqrt(2 / (n_in + n_out))
        assert w.std() == pytest.approx(sigma, rel=5 / np.sqrt(2 * w.size))
    assert not weights.bias[LAYERS.nodes(0)].any()
    assert np.abs(weights.bias[LAYERS.nodes(1)]).max() <= 1 / 8
    assert np.abs(weights.bias[LAYERS.nodes(2)]).max() <= 1 / np.sqrt(128)


def test_the_cosine_schedule_ends_at_zero_and_halves_in_the_middle():
    experiment = Experiment(updates=100, learning_rate=2e-3, schedule="cosine")
    assert learning_rate(experiment, 0) == pytest.approx(2e-3)
    assert learning_rate(experiment, 50) == pytest.approx(1e-3)
    assert learning_rate(experiment, 99) < 1e-6


def test_a_contrastive_stage_with_its_own_rate_starts_the_schedule_anew():
    whole = Experiment(updates=60, learning_rate=2e-3, schedule="cosine")
    last = Experiment(updates=40, learning_rate=5e-4, schedule="cosine")
    contrast = {"begin": 0.6, "learning_rate": 5e-4}
    both = Experiment(updates=100, learning_rate=2e-3, schedule="cosine", contrast=contrast)
    assert both.contrast_begins == 60
    rates = [learning_rate(both, n) for n in range(100)]
    alone = [learning_rate(whole, n) for n in range(60)] + [
        learning_rate(last, n) for n in range(40)
    ]
    assert rates == alone
