"""A driven circuit's noise: what a virtual ground makes of its amplifier's."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.constants import Boltzmann

from conftest import CAPACITANCE_F, LEAK_S
from neurosim.circuit import DrivenCircuit

TAU_S = CAPACITANCE_F / LEAK_S
EXCESS, TEMPERATURE_K = 1.5, 300.0


def density_A2_per_Hz(system):
    """White current density of each node, from the intensity that engines see."""
    return 2 / system.tau_s * (system.noise_V * system.circuit.capacitance_F) ** 2


@pytest.mark.parametrize("w", [0.0, 0.2])
def test_a_virtual_ground_passes_its_amplifiers_input_noise_into_leak_and_load(
    make_circuit, make_springs, w
):
    """Input density 4kT excess / g, times (g + load)^2: a current into the feedback capacitor."""
    circuit = make_circuit(w=w, mismatch=0.05)
    springs = make_springs(circuit, rows=1)
    plain = DrivenCircuit(circuit, springs, TAU_S, TEMPERATURE_K, EXCESS, 1e5)
    loaded = replace(plain, noise_gain=True)
    without = density_A2_per_Hz(replace(plain, amplifier_excess=0.0))
    input_V2_per_Hz = 4 * Boltzmann * TEMPERATURE_K * EXCESS / circuit.leak_S
    load_S = np.zeros(circuit.n_nodes)
    for i, j in np.ndindex(circuit.couplings.plus_S.shape):
        pair_S = circuit.couplings.plus_S[i, j] + circuit.couplings.minus_S[i, j]
        load_S[circuit.layers.odd.start + i] += pair_S
        load_S[j] += pair_S
    load_S += circuit.biases.plus_S + circuit.biases.minus_S
    expected = input_V2_per_Hz * (circuit.leak_S + load_S) ** 2
    np.testing.assert_allclose(density_A2_per_Hz(loaded) - without, expected, rtol=1e-9)
    np.testing.assert_allclose(
        density_A2_per_Hz(plain) - without, input_V2_per_Hz * circuit.leak_S**2, rtol=1e-9
    )
    # 1/f noise is measured against the white one, and grows with it.
    gain = 1 + load_S / circuit.leak_S
    np.testing.assert_allclose(loaded.flicker_V, gain * plain.flicker_V, rtol=1e-12)
