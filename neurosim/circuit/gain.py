"""How strongly the nodes of a circuit act on each other within a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array

__all__ = ["fastest_turn", "gain", "pull_A"]

# The power method is then within some per cent, from below.
_PRODUCTS = 16


def gain(circuit: Circuit, tau_s: float) -> float:
    r"""How strongly one node acts on the next within a time of `tau_s`.

    The largest singular value of :math:`\sqrt k\,W \sqrt k`, with W the rate of a node for
    another's output, both over the unit voltage, and :math:`k = (1 - e^{-\gamma}) / \gamma` for the
    leak of each; the geometric mean of both directions. It says nothing of springs, so that it is
    one number for all phases.
    """
    key = "gain", tau_s
    if key not in circuit.wirings:
        layers, scale = circuit.layers, tau_s / circuit.capacitance_F
        decay = np.maximum(circuit.decay_S * scale, 1e-9)
        root = np.sqrt(-np.expm1(-decay) / decay)
        into, odd, even = root * scale, layers.odd, layers.even
        to_odd = circuit.couplings.delta_S * into[odd, None] * root[even]
        to_even = circuit.back.delta_S * root[odd, None] * into[even]
        sizes = _largest_singular_value(to_odd) * _largest_singular_value(to_even)
        circuit.wirings[key] = float(np.sqrt(sizes))
    return float(circuit.wirings[key])


def fastest_turn(circuit: Circuit, spring_S: Array, tau_s: float) -> float:
    r"""How fast a phase may turn towards where it rests, per `tau_s`: at most, of any node.

    .. math:: \max_i \frac{\tau}{C_i} \Bigl( s \sum_j |J_{ij}| \frac{U_j}{U_i} + |h_i| + g_i
              + s' k_i + 2 |S_i| \Bigr)

    with s and s' how steep the pull of a coupling and of a source is, U the voltage of a radian and
    g a field. Couplings to nodes that are held are among them. Springs, (n_nodes,), count as the
    next of 1.5, 6, 24, 96, ... unit conductances, so that the two nudged phases have one number.
    """
    assert circuit.oscillation is not None
    pulled_A = circuit.wirings.get("held_A", 0.0) + pull_A(circuit, np.ones(circuit.n_nodes, bool))
    pulled_S = (pulled_A + np.abs(circuit.fixed_A).sum(axis=0)) / circuit.radian_V
    if circuit.locking is not None:
        pulled_S += 2 * np.abs(circuit.locking.sync_S)
    steep_S = circuit.oscillation.source_steepness * spring_S
    stiffness = steep_S / (1.5 * circuit.capacitance_F / tau_s)
    rounds = np.ceil(np.log(np.maximum(stiffness, 1e-300)) / np.log(4.0))
    own = np.where(stiffness > 0, 1.5 * 4.0 ** np.maximum(rounds, 0), 0.0)
    return float(np.max(pulled_S * tau_s / circuit.capacitance_F + own))


def pull_A(circuit: Circuit, of: NDArray[np.bool_]) -> Array:
    """Most by which the oscillators of a mask, (n_nodes,), can turn each node, times a radian."""
    layers, found = circuit.layers, np.zeros(circuit.n_nodes)
    assert circuit.oscillation is not None
    most_V = of * circuit.oscillation.steepness * circuit.radian_V
    found[layers.odd] = np.abs(circuit.couplings.delta_S) @ most_V[layers.even]
    found[layers.even] = most_V[layers.odd] @ np.abs(circuit.back.delta_S)
    return found


def _largest_singular_value(matrix: Array) -> float:
    if not matrix.size:
        return 0.0
    v: Array = np.random.default_rng(0).standard_normal((matrix.shape[1],))
    size = 0.0
    for _ in range(_PRODUCTS):
        v = v / max(float(np.linalg.norm(v)), 1e-300)
        image: Array = matrix @ v
        size, v = float(np.linalg.norm(image)), matrix.T @ image
    return size
