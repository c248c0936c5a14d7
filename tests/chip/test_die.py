"""What fabrication draws: which elements stray, and by how much."""

import numpy as np
import pytest
from scipy.constants import Boltzmann

from neurosim.chip import Chip
from neurosim.chip.die import Die
from neurosim.circuit import Resistive
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.solvers import Transient

SIZES = (16, 40, 40)


def die(seed=3, **changes):
    profile = load_profile("ideal_hopfield").with_values({"layers": SIZES, **changes})
    return Die(profile, seed)


def test_each_direction_of_a_coupling_has_devices_of_its_own():
    """Both stray by the stated spread, and independently."""
    made = die(**{"coupling.directions": "separate", "mismatch.coupling": 0.05})
    circuit = made.circuit(np.ones(made.devices.size))
    there = made.layers.present
    forth, back = circuit.couplings.plus_S[there], circuit.back.plus_S[there]
    n = forth.size
    for factors in (forth, back):
        assert factors.std() == pytest.approx(0.05, rel=5 / np.sqrt(2 * n))
    # A sample correlation of independent numbers has the standard deviation 1 / sqrt(n).
    assert abs(np.corrcoef(forth, back)[0, 1]) < 5 / np.sqrt(n)


def test_the_gain_of_a_visible_buffer_is_set_by_its_feedback():
    """Only hidden amplifiers have a gain to stray; both kinds have an offset."""
    made = die(**{"mismatch.gain": 0.05, "mismatch.offset_V": 1e-3})
    circuit = made.circuit(np.ones(made.devices.size))
    np.testing.assert_array_equal(circuit.visible.gain, 1.0)
    n = circuit.hidden.gain.size
    assert circuit.hidden.gain.std() == pytest.approx(0.05, rel=5 / np.sqrt(2 * n))
    offsets_V = np.concatenate([circuit.visible.offset_V, circuit.hidden.offset_V])
    assert offsets_V.std() == pytest.approx(1e-3, rel=5 / np.sqrt(2 * offsets_V.size))
    assert circuit.visible.offset_V.all()


def test_every_coupling_and_bias_hangs_its_own_capacitance_on_its_nodes():
    made = die(**{"coupling.parasitic_F": 2e-15, "mismatch.capacitance": 0.1})
    without = die(**{"mismatch.capacitance": 0.1})
    devices_S = np.ones(made.devices.size)
    one, bare = made.circuit(devices_S), without.circuit(devices_S)
    visible, middle, last = SIZES
    # Nodes of even layers come before those of odd ones.
    n_couplings = np.repeat([middle, middle, visible + last], [visible, last, middle])
    more_F = 2e-15 * (n_couplings + 1)
    np.testing.assert_allclose(one.capacitance_F - bare.capacitance_F, more_F, rtol=1e-9)
    # A larger capacitor is switched beside the couplings, which stay as they are.
    released, alone = made.released(one), without.released(bare)
    np.testing.assert_allclose(released.capacitance_F - alone.capacitance_F, more_F, rtol=1e-6)


def test_a_node_takes_as_much_longer_as_its_couplings_are_capacitance():
    """Without weights u falls as exp(-t g / (C + (n + 1) C_p))."""
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": SIZES, "settling.precision": "float64", "coupling.parasitic_F": "20 fF"}
    )
    chip, node = Chip(profile), profile.node
    start_V = 0.3 * np.ones((2, SIZES[0]))
    chip.precharge(start_V)
    chip.release()
    chip.settle(node.release_capacitance_F / node.leak_S)
    slower = 1 + (SIZES[1] + 1) * 20e-15 / node.release_capacitance_F
    np.testing.assert_allclose(chip.u_V[:, : SIZES[0]], start_V * np.exp(-1 / slower), rtol=1e-9)


@pytest.mark.parametrize(("name", "weight"), [("ideal_thermal", 0.0), ("ideal_resistive", 0.02)])
def test_a_free_node_has_the_noise_of_its_own_and_its_couplings_capacitance(name, weight):
    """Variance kT / (C + (n + 1) C_p), whatever resistors join the nodes."""
    sizes, own_F, rows = (2, 8, 3), 50e-15, 6000
    thermal = {"thermal.temperature_K": 300.0, "settling": Transient(), "node.hold": "none"}
    profile = load_profile(name).with_values(
        {"layers": sizes, "coupling.parasitic_F": own_F, **thermal}
    )
    if profile.node.passive:
        profile = profile.with_value("node.law", Resistive())
    node, layers = profile.node, profile.network
    chip = Chip(profile)
    chip.program(Weights(weight * layers.present, np.full(layers.n_nodes, weight)))
    chip.precharge(np.zeros((rows, sizes[0])))
    chip.settle(12 * node.tau_s)
    n_couplings = np.repeat([sizes[1], sizes[1], sizes[0] + sizes[2]], [2, 3, 8])
    free = np.arange(layers.n_nodes) >= sizes[0]
    capacitance_F = node.capacitance_F + (n_couplings + 1) * own_F
    expected_V2 = Boltzmann * 300 / capacitance_F
    assert expected_V2.min() < 0.8 * Boltzmann * 300 / node.capacitance_F
    # A variance of so many draws strays by sqrt(2 / rows) of itself: 5 of these.
    strays = 5 * np.sqrt(2 / rows)
    variance_V2 = chip.u_V.var(axis=0)
    np.testing.assert_allclose(variance_V2[free], expected_V2[free], rtol=strays)
