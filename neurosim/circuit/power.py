r"""Power that a circuit turns into heat, by part, from its voltages alone.

A coupling of pair G+ and G- from output v_j to node i, whose summing node stands at L u_i (L the
`loading`: 0 for a virtual ground, 1 for a passive node), dissipates

.. math:: G^+ (v_j - L u_i)^2 + G^- (v_j + L u_i)^2

and so does a bias with the reference for v_j; a leak :math:`g u^2`; a spring :math:`K (V - u)^2`.
A device that serves both directions is driven, and counted, in each; under a passive law it is one
resistor between two nodes, and counts once. A diode dissipates :math:`u I_d(u)`. What amplifiers
and sources take from the supply above this is theirs, and no part of it. The multipliers of a law
that weighs its sums are left out. Couplings behind wires dissipate what `Crossbars` has of them,
their wires included; L is then of the effective conductances.

Between two oscillators of amplitude A the pair dissipates

.. math:: A^2 \bigl( (G^+ + G^-) - (G^+ - G^-) \cos(\theta_i - \theta_j) \bigr),

the mean over a turn of sine waves, once whichever way it is driven, and each of two pairs that
drive one way alone; springs and biases likewise. A wave of other harmonics has the like of each, A
being that of the first; the reference is a sine.
Their own losses are made up for by what keeps them going, which is the supply's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Springs

__all__ = ["Dissipation", "dissipation_W"]

Array = NDArray[np.float64]


class Dissipation(NamedTuple):
    """Power in the couplings and biases, the springs, the leaks and diodes; of shape (rows,) [W].

    `delivered_A` is the current through couplings, biases and springs, (rows,) [A]: the sum of all
    magnitudes, each device's own as if its far end stood at 0 V; under a passive law that of the
    sources, the rail and both sides of the amplifiers between layers.
    """

    couplings: Array
    springs: Array
    leaks: Array
    delivered_A: Array

    @property
    def total(self) -> Array:
        """All of it."""
        return self.couplings + self.springs + self.leaks


def dissipation_W(
    circuit: Circuit, springs: Springs | None, u_V: Array, output_V: Array | None = None
) -> Dissipation:
    """Dissipation of each row in the state `u_V`, (rows, n_nodes).

    Without `springs`, and where they clamp, the springs dissipate nothing. Outputs are computed
    where they are not given.
    """
    if circuit.oscillation is not None:
        return _of_oscillators(circuit, circuit.oscillation.amplitude_V, springs, u_V)
    layers, share = circuit.layers, circuit.loading
    odd, even = layers.odd, layers.even
    v = circuit.output_V(u_V) if output_V is None else output_V
    driven = np.empty(circuit.n_nodes)
    driven[even] = circuit.couplings.sum_S.sum(axis=0)
    driven[odd] = circuit.back.sum_S.sum(axis=1)
    rail_V, biases = circuit.reference_V, circuit.biases
    crossbars = circuit.crossbars
    couplings = v**2 @ driven if crossbars is None else crossbars.heat_W(v[:, even], v[:, odd])
    in_biases = rail_V**2 * biases.sum_S.sum()
    if share:
        into = np.empty_like(v)
        into[:, odd] = v[:, even] @ circuit.couplings.delta_S.T
        into[:, even] = v[:, odd] @ circuit.back.delta_S
        load_S = circuit.load_S - biases.sum_S
        couplings += share**2 * (u_V**2 @ load_S) - 2 * share * np.sum(u_V * into, axis=1)
        in_biases = in_biases + share**2 * (u_V**2 @ biases.sum_S)
        in_biases -= 2 * share * (u_V @ circuit.bias_A)
    couplings = couplings / 2 if circuit.passive else couplings
    if circuit.between is not None:
        couplings = circuit.between.heat_W(v, circuit.couplings.sum_S)
    couplings = couplings + in_biases
    leaks = u_V**2 @ circuit.leak_S
    if circuit.shunts is not None:
        leaks += np.sum(circuit.shunts.power_W(u_V, np.zeros_like(u_V)), axis=1)
    across = np.zeros(len(u_V))
    delivered_A = np.abs(v) @ driven
    if crossbars is not None:
        delivered_A = crossbars.delivered_A(v[:, even], v[:, odd])
    delivered_A = delivered_A + abs(circuit.reference_V) * circuit.biases.sum_S.sum()
    if circuit.passive:
        # No node drives another: sources and the rail deliver all, and amplifiers between layers.
        delivered_A = np.abs(rail_V - u_V) @ biases.sum_S
        if springs is not None:
            given_A = np.where(springs.held, circuit.source_current_A(u_V, springs), 0.0)
            delivered_A = delivered_A + np.abs(given_A).sum(axis=1)
    if circuit.between is not None:
        out_A = np.abs(circuit.between.output_A(v, circuit.couplings.sum_S))
        delivered_A = delivered_A + out_A @ (1 + 1 / circuit.between.forward)
    if springs is not None:
        stretch_V = springs.target_V - u_V[:, springs.at]
        across = stretch_V**2 @ springs.soft_S
        delivered_A = delivered_A + np.abs(stretch_V) @ springs.soft_S
    return Dissipation(couplings, across, leaks, delivered_A)


def _of_oscillators(
    circuit: Circuit, peak_V: float, springs: Springs | None, u_V: Array
) -> Dissipation:
    """See the module; what sources and amplifiers deliver is in their own supply."""
    zero, in_springs = np.zeros(len(u_V)), np.zeros(len(u_V))
    if not peak_V:
        return Dissipation(zero, zero, zero, zero)
    layers, biases, unit_V = circuit.layers, circuit.biases, circuit.amplifiers.unit_V
    outputs = [y / unit_V for y in circuit.outputs_V(u_V)]
    even, odd = layers.even, layers.odd
    # Of a wave against itself: the squares of its harmonics.
    whole = sum(float(y[0]) ** 2 for y in circuit.law.outputs_V(circuit.amplifiers, np.zeros(1)))
    whole /= unit_V**2
    in_biases = (whole + 1) / 2 * biases.sum_S.sum()
    across = np.full(len(u_V), in_biases)
    for devices in (circuit.couplings, circuit.back_couplings):
        if devices is not None:
            across += whole * devices.sum_S.sum()
            for y in outputs:
                across -= np.einsum("ij,ij->i", y[:, even] @ devices.delta_S.T, y[:, odd])
    across -= outputs[0] @ biases.delta_S
    if springs is not None:
        of_sources = circuit.law.outputs_V(circuit.amplifiers, springs.target_V)
        pairs = zip(outputs, of_sources, strict=True)
        alike = sum(y[:, springs.at] * source / unit_V for y, source in pairs)
        in_springs = (whole - alike) @ springs.soft_S
    return Dissipation(peak_V**2 * across, peak_V**2 * in_springs, zero, zero)
