"""Samples that a host steps, where the flow has a closed form; and how long a sample takes.

A chip of weights zero pulls every node to 0 V: under a spring of stiffness l its displacement is
-x / (1 + l), so that the host reads the velocity -alpha l x / (1 + l).
"""

import numpy as np
import pytest

from neurosim.chip import Chip
from neurosim.errors import ProfileError
from neurosim.host import FlowSettings, SamplingSettings, draw_samples, sample_settle_time_s
from neurosim.network import Weights
from neurosim.profile import load_profile

SIZES = (6, 5, 4)
FLOW = FlowSettings(settle_tau=3.0)
RATE = FLOW.alpha * FLOW.stiffness / (1 + FLOW.stiffness)


@pytest.fixture
def untaught():
    chip = Chip(load_profile("ideal_hopfield").with_value("layers", SIZES))
    chip.program(Weights.zeros(chip.die.layers))
    return chip


@pytest.fixture
def x_0():
    return np.random.default_rng(0).standard_normal((7, SIZES[0]))


@pytest.mark.parametrize(("t_end", "dt", "steps"), [(1.0, 0.1, 10), (1.2, 0.5, 2), (0.3, 1.0, 1)])
def test_a_host_takes_euler_steps_that_end_at_the_generation_time(untaught, x_0, t_end, dt, steps):
    sampling = SamplingSettings(mode="spring", t_end=t_end, dt=dt)
    x = draw_samples(untaught, x_0, FLOW, sampling)
    # Settled to exp(-48), integrated to 1e-3 of the displacement.
    expected = x_0 * (1 - RATE * t_end / steps) ** steps
    np.testing.assert_allclose(x, expected, atol=2e-3 * np.abs(x_0).max())


@pytest.mark.parametrize("mode", ["spring", "free-running"])
@pytest.mark.parametrize("t_end", [0.25, 0.5])
def test_the_time_of_a_sample_is_what_the_chip_s_clock_says(untaught, x_0, mode, t_end):
    sampling = SamplingSettings(mode=mode, t_end=t_end, dt=0.05)
    before_s = untaught.ledger.settle_time_s
    draw_samples(untaught, x_0, FLOW, sampling)
    spent_s = (untaught.ledger.settle_time_s - before_s) / len(x_0)
    stated_s = sample_settle_time_s(untaught.data_sheet, FLOW, sampling)
    assert spent_s == pytest.approx(stated_s, rel=1e-12)


@pytest.mark.parametrize("mode", ["spring", "free-running"])
def test_samples_are_told_on_their_way_from_their_noise_at_even_times(untaught, x_0, mode):
    sampling, seen = SamplingSettings(mode=mode, t_end=1.0, dt=0.1), []
    x = draw_samples(untaught, x_0, FLOW, sampling, along=seen.append)
    path, t = np.array([*seen, x]), np.linspace(0, 1, len(seen) + 1)[:, None, None]
    assert len(path) == (11 if mode == "spring" else 61)
    # The host's steps of a rate, or a chip that relaxes by itself.
    expected = (1 - RATE * 0.1) ** (10 * t) if mode == "spring" else np.exp(-FLOW.alpha * t)
    np.testing.assert_allclose(path, x_0 * expected, atol=2e-3 * np.abs(x_0).max())


@pytest.mark.parametrize("dt", [0.0, 1e-320, 1e-7, 1.5, float("nan")])
def test_a_step_that_no_generation_ends_with_is_refused(dt):
    with pytest.raises(ProfileError, match=r"SamplingSettings\.dt: must be"):
        SamplingSettings(mode="spring", dt=dt)
