"""The slowest hidden mode against a closed form, and against how a small kick decays."""

import numpy as np
import pytest

from neurosim.analysis.modes import slowest_modes_tau
from neurosim.chip import Chip
from neurosim.host import FlowSettings, free_phase, initial_weights
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint, Transient, settle


def at_rest(law, sizes, weights, rows=3, engine=None):
    profile = load_profile(f"ideal_{law}").with_values({"layers": sizes})
    profile = profile.with_value("node.amplifier", "tanh")
    chip = Chip(profile, engine=engine or OperatingPoint(rtol=1e-10, atol=1e-13))
    chip.program(weights)
    x = np.random.default_rng(1).standard_normal((rows, sizes[0]))
    free_phase(chip, x, FlowSettings(beta=0.01, settle_tau=60.0).on(chip.data_sheet))
    return chip


def test_two_hidden_nodes_of_opposite_feedback_have_the_closed_form():
    """Layers 1-1-1 at rest at zero: J = [[-1, w], [w, -1]] in units, so tau = 1 / (1 - |w|)."""
    layers, w = Layers((1, 1, 1)), 0.8
    weights = Weights.from_layers(layers, [np.zeros((1, 1)), np.full((1, 1), w)], [np.zeros(1)] * 3)
    chip = at_rest("hopfield", (1, 1, 1), weights)
    np.testing.assert_allclose(slowest_modes_tau(chip), 1 / (1 - w), rtol=1e-9)


@pytest.mark.every(4)
@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_a_kick_along_the_slowest_mode_decays_as_it_says(law):
    sizes = (4, 6, 5)
    weights = initial_weights(Layers(sizes), 1.0, np.random.default_rng(0))
    chip = at_rest(law, sizes, weights, rows=1)
    (slow,) = slowest_modes_tau(chip)
    system, tau_s = chip.system(), chip.data_sheet.tau_s
    springs = system.springs
    held = system.__class__(
        system.circuit, springs.__class__(np.full(4, np.inf), chip.u_V[:, :4]), tau_s
    )
    kick = np.zeros_like(chip.u_V)
    kick[:, 4:] = 1e-4 * np.random.default_rng(2).standard_normal(11)
    exact = Transient(rtol=1e-11, atol=1e-15)

    def left(t):
        ends = [settle(held, chip.u_V + k, t * tau_s, exact).u_V for k in (kick, -kick)]
        return np.linalg.norm(ends[0] - ends[1])

    assert 4 / np.log(left(10) / left(14)) == pytest.approx(slow, rel=0.02)
