"""Networks of resistors and diodes for several tests, and Kirchhoff's law written out once more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V
from neurosim.circuit import (
    Circuit,
    DrivenCircuit,
    Linear,
    Pairs,
    PointsDiode,
    Resistive,
    ShockleyDiode,
    Springs,
)
from neurosim.network import Layers
from neurosim.solvers import OperatingPoint, settle

TAU_S = CAPACITANCE_F / LEAK_S
SHOCKLEY = ShockleyDiode(saturation_A=4e-9, slope_V=0.049, series_Ohm=1e4)
POINTS = PointsDiode(points=((-0.2, -1e-8), (-0.05, 0.0), (0.02, 1e-7), (0.06, 2e-6)))


def rest_of(circuit, springs, engine=None, time_s=TAU_S, injected_A=None):
    system = DrivenCircuit(circuit, springs, TAU_S, injected_A=injected_A)
    start = np.zeros((len(springs.target_V), circuit.n_nodes))
    start[:, springs.held_nodes] = springs.target_V[:, springs.held]
    return settle(system, start, time_s, engine or OperatingPoint())


def random_network(rng, diode, sizes, gain=4.0, rows=5):
    """Positive conductances, inputs held, answers on springs, halves of the hidden ones diodes."""
    layers = Layers(sizes)
    zero, n = np.zeros((layers.n_odd, layers.n_even)), layers.n_nodes
    law, driven = Resistive(diode=diode), layers.nodes_of((0, -1))
    couplings_S = LEAK_S * rng.exponential(0.5, zero.shape) * layers.present
    circuit = Circuit(
        layers=layers, law=law, visible=Linear(UNIT_V), hidden=Linear(UNIT_V),
        capacitance_F=CAPACITANCE_F * rng.uniform(0.5, 2, n),
        leak_S=LEAK_S * rng.uniform(0.1, 1, n),
        couplings=Pairs(couplings_S, zero),
        biases=Pairs(LEAK_S * rng.exponential(0.3, n), np.zeros(n)), reference_V=UNIT_V,
        loading=1.0, shunts=law.shunts(layers, driven),
    )  # fmt: skip
    springs_S = LEAK_S * np.where(np.arange(len(driven)) < sizes[0], np.inf, 1.0)
    target_V = gain * rng.standard_normal((rows, len(driven)))
    return circuit, Springs(springs_S, target_V, driven)


def lifted(circuit, gain):
    """The same with amplifiers between its layers."""
    return replace(circuit, law=Resistive(diode=circuit.law.diode, gain=gain))


def kirchhoff_A(circuit, springs, u_V, seen_V=None):
    """Net current into each node, all but that of its diode, device by device.

    Amplifiers between layers that lag see `seen_V` in place of `u_V`.
    """
    seen_V = u_V if seen_V is None else seen_V
    layers, law, errors = circuit.layers, circuit.law, circuit.amplifiers.errors
    current_A = -circuit.leak_S * u_V + circuit.biases.plus_S * (UNIT_V - u_V)
    for row, j in np.argwhere(layers.present):
        (depth, low), (_, high) = sorted((layers.layer_of[k], k) for k in (row + layers.n_even, j))
        between = depth > 0 and law.gain is not None
        gain = law.gain * errors.slope[low] if between else 1.0
        shown_V = gain * (seen_V[:, low] + errors.offset_V[low]) if between else u_V[:, low]
        taken_A = circuit.couplings.plus_S[row, j] * (shown_V - u_V[:, high])
        current_A[:, high] += taken_A
        current_A[:, low] -= taken_A / gain
    soft = ~springs.held
    nodes = springs.numbers[soft]
    pull_S, target_V = springs.conductance_S[soft], springs.target_V[:, soft]
    current_A[:, nodes] += pull_S * (target_V - u_V[:, nodes])
    return current_A
