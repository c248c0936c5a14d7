"""Circuits of oscillators for tests; phases are in radians, rates over K = g / C."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from conftest import CAPACITANCE_F, LEAK_S, UNIT_V
from neurosim.circuit import Circuit, DrivenCircuit, Linear, Locking, Oscillator, Pairs, Springs
from neurosim.network import Layers

TAU_S = CAPACITANCE_F / LEAK_S
FREE = Springs(np.zeros(0), np.zeros((1, 0)))


def signed(weights):
    """One-sided pairs of weights."""
    return Pairs(LEAK_S * np.maximum(weights, 0), LEAK_S * np.maximum(-weights, 0))


def oscillators(sizes, coupling, field, sync=0.0, detuning=0.0, angle=0.0, **law):
    """Coupling of (n_odd, n_even), fields, S and natural frequencies over K, one or one a node."""
    layers = Layers(sizes)
    n = layers.n_nodes
    acts = Locking(
        UNIT_V,
        LEAK_S * np.broadcast_to(np.asarray(sync, float), n).copy(),
        LEAK_S * UNIT_V * np.broadcast_to(np.asarray(detuning, float), n).copy(),
    )
    return Circuit(
        layers=layers, law=Oscillator(angle_rad=angle, **law), visible=Linear(UNIT_V),
        hidden=Linear(UNIT_V), capacitance_F=np.full(n, CAPACITANCE_F), leak_S=np.full(n, LEAK_S),
        couplings=signed(np.asarray(coupling, float)), reference_V=UNIT_V, locking=acts,
        biases=signed(np.broadcast_to(np.asarray(field, float), n).copy()),
    )  # fmt: skip


def random_oscillators(sizes=(3, 5, 4), w=0.5, seed=0, **options):
    """Random couplings and fields."""
    rng, layers = np.random.default_rng(seed), Layers(sizes)
    box = w * rng.standard_normal(layers.present.shape) * layers.present
    return oscillators(sizes, box, 0.5 * rng.standard_normal(layers.n_nodes), **options)


def matrix_of(circuit):
    """J between all nodes, symmetric."""
    layers = circuit.layers
    j = np.zeros((layers.n_nodes, layers.n_nodes))
    j[layers.odd, layers.even] = circuit.couplings.delta_S / LEAK_S
    return j + j.T


def rate_of(circuit, phase, pull=0.0, source=0.0):
    """The law's equation written out: dtheta / d(t K) of one row; springs `pull` to `source`."""
    j, a = matrix_of(circuit), circuit.law.angle_rad
    h, acts = circuit.biases.delta_S / LEAK_S, circuit.locking
    out = -np.sum(j * np.sin(phase[:, None] - phase + a), axis=1) - h * np.sin(phase + a)
    out -= pull * np.sin(phase - source + a)
    out -= acts.sync_S / LEAK_S * np.sin(2 * phase)
    return out + acts.detuning_A / (LEAK_S * UNIT_V)


def driven(circuit, springs=FREE, **options):
    """As the engines see it, in units of 1 / K."""
    return DrivenCircuit(circuit, springs, TAU_S, **options)


def rows_of(springs, rows):
    """The same springs for each of some rows."""
    return replace(springs, target_V=np.repeat(springs.target_V[:1], rows, axis=0))
