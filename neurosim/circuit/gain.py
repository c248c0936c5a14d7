"""How strongly the nodes of a circuit act on each other within a time."""

from __future__ import annotations

import numpy as np

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array

__all__ = ["gain"]

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
