"""What fabrication draws: which elements stray, and by how much."""

import numpy as np
import pytest

from neurosim.chip.die import Die
from neurosim.profile import load_profile

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
