"""Pulse updates against closed forms, and what their noise and spread amount to."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from neurosim.devices.pulses import ExponentialStep, LinearStep, Pulse, SoftBounds
from neurosim.streams import Streams

LOW_S, HIGH_S = 1e-6, 9e-6
RANGE_S = HIGH_S - LOW_S
COMMON = {
    "states": 100,
    "source": "assumed: a test",
}
N = 20_000


def linear(gamma_up=0.1153, gamma_down=0.5085, **changes):
    law = {"law": "linear_step", "gamma_up": gamma_up, "gamma_down": gamma_down}
    return LinearStep(**COMMON | law | changes)


def soft(**changes):
    return SoftBounds(**COMMON | {"law": "soft_bounds"} | changes)


def exponential(**changes):
    """Gong et al. (2018) as fitted by aihwkit's ReRamES preset."""
    law = {"law": "exponential_step", "a": -0.5, "b": -0.5, "gamma_up": 5, "gamma_down": 5}
    law |= {"amplitude_up": -1.18445, "amplitude_down": -0.081404}
    return ExponentialStep(**COMMON | law | changes)


def rngs(seed=0):
    streams = Streams(seed)
    return streams.generator("pulse"), streams.generator("pulse.additive")


def after(pulse, start_S, counts, seed=0):
    """Conductances after these pulses to devices of one die."""
    start_S, counts = np.broadcast_arrays(np.asarray(start_S, float), np.asarray(counts))
    start_S, counts = np.atleast_1d(start_S).copy(), np.atleast_1d(counts).copy()
    devices = pulse.fabricate(len(start_S), LOW_S, HIGH_S, Streams(seed))
    return pulse.pulsed(start_S, counts, devices, rngs(seed))


def test_soft_bounds_approach_their_bounds_geometrically():
    start, n = 3e-6, np.arange(0, 300, 7)
    up, down = after(soft(), start, n), after(soft(), start, -n)
    left = (1 - 1 / 100) ** n
    np.testing.assert_allclose(up, HIGH_S - (HIGH_S - start) * left, rtol=1e-12)
    np.testing.assert_allclose(down, LOW_S + (start - LOW_S) * left, rtol=1e-12)


def test_a_linear_step_follows_its_geometric_sum():
    """Steps (1 - gamma (2x - 1)) / N: a fixed point (1 + 1/gamma) / 2, rate 1 - 2 gamma / N."""
    gamma, states, start, n = 0.5085, 100, 0.2, np.arange(0, 60, 5)
    moved = (after(linear(gamma_up=gamma), LOW_S + start * RANGE_S, n) - LOW_S) / RANGE_S
    fixed = (1 + 1 / gamma) / 2
    np.testing.assert_allclose(
        moved, fixed - (fixed - start) * (1 - 2 * gamma / states) ** n, rtol=1e-12
    )


def test_a_constant_step_is_a_staircase_that_ends_at_the_bounds():
    moved = after(linear(0, 0), 5e-6, [3, -3, 500, -500])
    expected = [5e-6 + 3 * RANGE_S / 100, 5e-6 - 3 * RANGE_S / 100, HIGH_S, LOW_S]
    np.testing.assert_allclose(moved, expected, rtol=1e-12)


def test_a_slope_of_one_is_soft_bounds_of_half_the_states():
    start = np.linspace(LOW_S, HIGH_S, 9)
    one, other = linear(1, 1, states=100), soft(states=50)
    for n in (7, -7):
        np.testing.assert_allclose(after(one, start, n), after(other, start, n), rtol=1e-12)


def test_an_exponential_step_converges_to_the_solution_of_its_differential_equation():
    """dz/dn = k (1 - A e^(cz)), k = 2a/N, has e^(-cz) = A + (e^(-c z0) - A) e^(-ckn)."""
    a, b, gamma, amplitude, x0, strength = -0.5, -0.5, 5.0, -1.18445, 0.1, 0.3
    errors = []
    for states in (200, 400, 800):
        n = int(strength * states)
        x = (after(exponential(states=states), LOW_S + x0 * RANGE_S, n)[0] - LOW_S) / RANGE_S
        z0 = a * (2 * x0 - 1) + b
        decay = np.exp(-gamma * 2 * a / states * n)
        z = -np.log(amplitude + (np.exp(-gamma * z0) - amplitude) * decay) / gamma
        errors.append(abs(x - ((z - b) / a + 1) / 2))
    # Euler's method: of first order.
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 2, rtol=0.05)


@pytest.mark.slow
def test_alternating_pulses_lead_to_the_symmetry_point_where_up_and_down_are_alike():
    """Of linear_step: 1 - gamma_up s = 1 + gamma_down s only at s = 0; with asymmetry c elsewhere.

    (1 + c)(1 - gu s) = (1 - c)(1 + gd s) gives s = 2c / (gu (1 + c) + gd (1 - c)).
    """
    pulse = linear(0.4, 0.6, asymmetry=0.1, states=1000)
    devices = pulse.fabricate(2, LOW_S, HIGH_S, Streams(0))
    g_S, up = np.array([LOW_S, HIGH_S]), np.ones(2, dtype=np.int64)
    for _ in range(6000):
        g_S = pulse.pulsed(g_S, up, devices, rngs())
        g_S = pulse.pulsed(g_S, -up, devices, rngs())
    s = 2 * (g_S - LOW_S) / RANGE_S - 1
    expected = 0.2 / (0.4 * 1.1 + 0.6 * 0.9)
    # A pair of pulses goes up first: it ends within one step, 2 / N in s.
    np.testing.assert_allclose(s, expected, atol=2 / 1000)


def test_cycle_noise_is_a_share_of_the_step_and_additive_noise_of_the_nominal_step():
    start = LOW_S + 0.25 * RANGE_S
    step, nominal = 0.75 * RANGE_S / 100, RANGE_S / 100
    for changes, sigma in (
        ({"cycle_noise": 0.3}, 0.3 * step),
        ({"cycle_noise_additive": 0.3}, 0.3 * nominal),
        ({"cycle_noise": 0.3, "cycle_noise_additive": 0.4}, np.hypot(0.3 * step, 0.4 * nominal)),
    ):
        moved = after(soft(**changes), np.full(N, start), 1) - start
        assert moved.mean() == pytest.approx(step, abs=5 * sigma / np.sqrt(N))
        # Sample deviation of n normal draws has relative deviation 1 / sqrt(2 n).
        assert moved.std() == pytest.approx(sigma, rel=5 / np.sqrt(2 * N))


def test_noise_of_many_pulses_adds_in_quadrature():
    pulse, n = linear(0, 0, cycle_noise=2.0, states=1000), 25
    moved = after(pulse, np.full(N, 5e-6), n) - 5e-6
    step = RANGE_S / 1000
    assert moved.mean() == pytest.approx(n * step, abs=5 * 2 * step * np.sqrt(n / N))
    assert moved.std() == pytest.approx(2 * step * np.sqrt(n), rel=5 / np.sqrt(2 * N))


def test_devices_of_a_die_have_the_spread_that_the_block_states():
    pulse = linear(step_spread=0.3, bound_spread=0.02, asymmetry_spread=0.05, asymmetry=0.1)
    made = pulse.fabricate(N, LOW_S, HIGH_S, Streams(3))
    step = (made.up_S + made.down_S) / 2
    skew = (made.up_S - made.down_S) / (made.up_S + made.down_S)
    rough, fine = 5 / np.sqrt(N), 5 / np.sqrt(2 * N)
    assert step.mean() == pytest.approx(RANGE_S / 100, rel=0.3 * rough)
    assert np.log(step).std() == pytest.approx(np.sqrt(np.log1p(0.3**2)), rel=fine)
    assert skew.mean() == pytest.approx(0.1, abs=0.05 * rough)
    assert skew.std() == pytest.approx(0.05, rel=fine)
    for bound, mean in ((made.low_S, LOW_S), (made.high_S, HIGH_S)):
        assert bound.mean() == pytest.approx(mean, abs=0.02 * RANGE_S * rough)
        assert bound.std() == pytest.approx(0.02 * RANGE_S, rel=fine)


def test_one_spread_leaves_the_draws_of_the_others_alone():
    everything = linear(step_spread=0.3, bound_spread=0.02, asymmetry_spread=0.05)
    fewer = linear(step_spread=0.3, bound_spread=0.02)
    a, b = (p.fabricate(50, LOW_S, HIGH_S, Streams(3)) for p in (everything, fewer))
    np.testing.assert_array_equal(a.high_S, b.high_S)
    np.testing.assert_allclose(a.up_S + a.down_S, b.up_S + b.down_S, rtol=1e-12)
    assert (a.up_S != b.up_S).all()


def test_additive_noise_leaves_the_draws_of_the_other_alone():
    start = np.full(50, 5e-6)
    both = after(soft(cycle_noise=0.3, cycle_noise_additive=1e-9), start, 1)
    one = after(soft(cycle_noise=0.3), start, 1)
    np.testing.assert_allclose(both, one, rtol=1e-8)
    assert (both != one).any()


@pytest.mark.parametrize("pulse", [linear(), soft(), exponential()])
def test_no_pulse_changes_nothing_and_many_stay_within_the_bounds(pulse):
    noisy = pulse.model_copy(update={"cycle_noise": 3.0, "bound_spread": 0.05})
    start = np.linspace(LOW_S, HIGH_S, 41)
    np.testing.assert_array_equal(after(noisy, start, 0), start)
    made = noisy.fabricate(41, LOW_S, HIGH_S, Streams(0))
    counts = np.where(np.arange(41) % 2, 400, -400)
    end = noisy.pulsed(start, counts, made, rngs())
    assert (end >= np.minimum(start, made.low_S)).all()
    assert (end <= np.maximum(start, made.high_S)).all()
    assert not np.isnan(end).any()


def test_a_device_beyond_its_bound_moves_only_back():
    up, down = after(linear(), HIGH_S + 1e-6, [5, -5])
    assert up == HIGH_S + 1e-6
    assert down < HIGH_S + 1e-6


def test_the_step_in_mid_range_is_that_of_a_pair():
    assert linear().mid_step() == pytest.approx(2 / 100)
    assert linear(pair="rising").mid_step() == pytest.approx(1 / 100)
    assert soft(asymmetry=0.2, pair="rising").mid_step() == pytest.approx(0.6 / 100)


def test_a_law_that_is_not_known_is_refused_in_plain_words():
    adapter = TypeAdapter(Pulse)
    assert adapter.validate_python(None) is None
    assert adapter.validate_python(dict(soft())) == soft()
    with pytest.raises(ValidationError, match="must be one of linear_step, soft_bounds"):
        adapter.validate_python({"law": "magic"})
