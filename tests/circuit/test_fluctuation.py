"""Noise currents of nodes against explicit fluctuations of every single conductance."""

from dataclasses import replace

import numpy as np
import pytest

from neurosim.circuit import Fluctuation, Pairs

ROWS, DRAWS = 3, 3000


def variances(circuit, rng):
    """Pairs of random variances in the shape of each group of devices."""

    def like(pairs):
        return Pairs(*(rng.uniform(0.1, 1, (2, *pairs.plus_S.shape)) * 1e-14))

    back = circuit.back_couplings
    return like(circuit.couplings), like(circuit.biases), like(back) if back else None


def explicit_A(circuit, groups, u_V):
    """Change of every node's current as each device alone moves by its deviation.

    Shape (devices, rows, n_nodes). Currents are linear in the conductances: of devices that
    fluctuate independently, the covariance of currents is the sum of products of these changes.
    """
    silent = replace(circuit, leak_S=np.zeros(circuit.n_nodes))
    base, out = silent.current_A(u_V), []
    names = ("couplings", "biases", "back_couplings")
    for name, variance in zip(names, groups, strict=True):
        if variance is None:
            continue
        for side in ("plus_S", "minus_S"):
            pairs, deviation_S = getattr(circuit, name), np.sqrt(getattr(variance, side))
            for at in np.ndindex(deviation_S.shape):
                moved_S = getattr(pairs, side).copy()
                moved_S[at] += deviation_S[at]
                moved = replace(silent, **{name: replace(pairs, **{side: moved_S})})
                out.append(moved.current_A(u_V) - base)
    return np.array(out)


def correlation_of(changes_A):
    """Correlation of the currents of one row, of changes (devices, n_nodes)."""
    covariance = changes_A.T @ changes_A
    deviation_A = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviation_A, deviation_A)


def with_load(circuit, add_S=2e-6):
    """Devices far enough from 0 S that a fluctuation never turns one off."""

    def more(pairs):
        return Pairs(pairs.plus_S + add_S, pairs.minus_S + add_S) if pairs else None

    return replace(
        circuit,
        couplings=more(circuit.couplings),
        biases=more(circuit.biases),
        back_couplings=more(circuit.back_couplings),
    )


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("loading", [0.0, 0.7])
def test_the_deviation_of_every_nodes_current_is_that_of_explicit_conductances(
    make_circuit, separate, loading
):
    circuit = with_load(make_circuit(loading=loading, separate=separate))
    rng = np.random.default_rng(0)
    groups = variances(circuit, rng)
    u_V = 0.1 * rng.standard_normal((ROWS, circuit.n_nodes))
    expected_A = np.sqrt(np.square(explicit_A(circuit, groups, u_V)).sum(axis=0))
    # Differences of currents lose some five digits.
    found_A = Fluctuation(circuit, *groups).deviation_A(u_V)
    np.testing.assert_allclose(found_A, expected_A, rtol=1e-7)


def test_currents_of_different_nodes_are_independent_where_each_direction_has_its_device(
    make_circuit,
):
    circuit = with_load(make_circuit(separate=True))
    rng = np.random.default_rng(0)
    groups = variances(circuit, rng)
    u_V = 0.1 * rng.standard_normal((1, circuit.n_nodes))
    correlation = correlation_of(explicit_A(circuit, groups, u_V)[:, 0]) - np.eye(circuit.n_nodes)
    assert np.abs(correlation).max() < 1e-7


def test_no_variance_is_no_current(make_circuit):
    circuit = make_circuit(loading=0.5)
    zero = Pairs(*np.zeros((2, *circuit.couplings.plus_S.shape)))
    bias = Pairs(*np.zeros((2, circuit.n_nodes)))
    u_V = np.random.default_rng(0).standard_normal((4, circuit.n_nodes))
    np.testing.assert_array_equal(Fluctuation(circuit, zero, bias).deviation_A(u_V), 0)


def test_currents_are_correlated_as_their_common_devices_make_them(make_circuit):
    """Exact where the variances factor, with biases of any variance."""
    circuit = with_load(make_circuit())
    rng = np.random.default_rng(0)
    layers, n = circuit.layers, circuit.n_nodes
    factors = np.outer(rng.uniform(0.1, 2, layers.n_odd), rng.uniform(0.1, 2, layers.n_even))
    groups = (
        Pairs(2e-15 * factors * layers.present, 6e-15 * factors * layers.present),
        Pairs(*rng.uniform(0, 3e-15, (2, n))),
        None,
    )
    u_V = 0.1 * rng.standard_normal((1, n))
    true = explicit_A(circuit, groups, u_V)[:, 0]
    correlation, deviation_A = correlation_of(true), np.sqrt(np.square(true).sum(axis=0))
    z = rng.standard_normal((DRAWS, n))
    cheap = Fluctuation(circuit, *groups).current_A(np.repeat(u_V, DRAWS, axis=0), z)
    assert np.abs(correlation - np.eye(n)).max() > 0.2, "there is something to share"
    # Of a sample correlation, and of a sample deviation.
    assert np.abs(np.corrcoef(cheap.T) - correlation).max() < 5 / np.sqrt(DRAWS)
    assert np.abs(cheap.std(axis=0) / deviation_A - 1).max() < 5 / np.sqrt(2 * DRAWS)


def test_parts_of_one_shape_are_one_part_with_the_sum_of_their_draws(make_circuit):
    """A current is linear in its draws, in every state."""
    circuit = with_load(make_circuit(loading=0.5))
    rng, ratio = np.random.default_rng(0), 0.37
    first = variances(circuit, rng)
    second = [of and Pairs(ratio**2 * of.plus_S, ratio**2 * of.minus_S) for of in first]
    u_V = 0.1 * rng.standard_normal((8, circuit.n_nodes))
    z = rng.standard_normal((2, *u_V.shape))
    apart = [
        Fluctuation(circuit, *of).current_A(u_V, draws)
        for of, draws in zip((first, second), z, strict=True)
    ]
    together = Fluctuation(circuit, *first).current_A(u_V, z[0] + ratio * z[1])
    np.testing.assert_allclose(together, sum(apart), rtol=1e-9)
