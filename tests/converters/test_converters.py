"""Converters: codes, clipping, noise, and the ideal limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neurosim.converters import Adc, CurrentSense, Dac, lsb, quantise

SOURCE = "assumed: a test"
voltages = arrays(np.float64, st.integers(1, 8), elements=st.floats(-2, 2))
bits = st.integers(2, 16)
scales = st.floats(1e-3, 1.5)
# Rounding of value / step and back costs a few units in the last place of the full scale.
ULPS = 8 * np.finfo(float).eps


def adc(**changes):
    return Adc(**({"source": SOURCE} | changes))


def rng(seed=0):
    return np.random.default_rng(seed)


@given(value=voltages, full_scale=scales, bits=bits)
def test_within_the_range_the_error_is_half_an_lsb_at_most(value, full_scale, bits):
    inside = np.clip(value, -full_scale, full_scale)
    error = np.abs(quantise(inside, full_scale, bits).value - inside)
    assert error.max() <= lsb(full_scale, bits) / 2 + ULPS * full_scale


@given(value=voltages, full_scale=scales, bits=bits)
def test_values_beyond_the_range_stop_at_its_ends_and_are_counted(value, full_scale, bits):
    out = quantise(value, full_scale, bits)
    assert np.abs(out.value).max() <= full_scale * (1 + ULPS)
    assert out.n_clipped == np.sum(np.abs(value) > full_scale)
    over = value > full_scale
    np.testing.assert_allclose(out.value[over], full_scale, rtol=ULPS)


@given(value=voltages, full_scale=scales, bits=bits)
def test_quantising_is_odd_monotone_and_leaves_codes_alone(value, full_scale, bits):
    out = quantise(value, full_scale, bits).value
    np.testing.assert_array_equal(quantise(-value, full_scale, bits).value, -out)
    np.testing.assert_allclose(
        quantise(out, full_scale, bits).value, out, rtol=0, atol=ULPS * full_scale
    )
    assert (np.diff(out[np.argsort(value)]) >= 0).all()


@given(bits=st.integers(2, 10), full_scale=scales)
def test_there_are_two_to_the_bits_less_one_codes_with_zero_and_both_ends(bits, full_scale):
    step = lsb(full_scale, bits)
    ramp = np.linspace(-full_scale, full_scale, 2 ** (bits + 4) + 1)
    codes = np.unique(np.rint(quantise(ramp, full_scale, bits).value / step))
    np.testing.assert_array_equal(codes, np.arange(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1)))


@given(value=voltages, full_scale=st.floats(2, 5))
def test_many_bits_approach_the_ideal_converter(value, full_scale):
    error = np.abs(quantise(value, full_scale, 24).value - value).max()
    assert error <= full_scale / 2**23


@given(voltages)
def test_an_ideal_converter_is_the_identity(value):
    dac, sense = Dac(source=SOURCE), CurrentSense(source=SOURCE)
    for out in (dac.codes(value), adc().read(value, 1, rng()), sense.read(value)):
        np.testing.assert_array_equal(out.value, value)
        assert out.n_clipped == 0
    np.testing.assert_array_equal(dac.drive(value, rng()), value)


def test_a_range_without_bits_only_clips():
    out = quantise(np.array([-2.0, 0.123, 0.5, 3.0]), 0.5, None)
    np.testing.assert_array_equal(out.value, [-0.5, 0.123, 0.5, 0.5])
    assert out.n_clipped == 2


def test_a_row_that_has_diverged_stays_nan_and_is_not_counted_as_clipped():
    out = quantise(np.array([np.nan, 0.2]), 1.0, 8)
    assert np.isnan(out.value[0])
    assert out.n_clipped == 0


def test_visible_and_hidden_nodes_are_read_over_their_own_ranges():
    v_V = np.array([[0.3, -0.4, 0.3, 0.05]])
    out = adc(bits=8, visible_range_V="320 mV", hidden_range_V="100 mV").read(v_V, 2, rng())
    np.testing.assert_allclose(out.value, [[0.3, -0.32, 0.1, 0.05]], atol=lsb(0.32, 8) / 2)
    assert abs(out.value[0, 3] - 0.05) <= lsb(0.1, 8) / 2
    assert out.n_clipped == 2


def test_visible_nodes_can_be_read_alone():
    v_V = np.array([[0.25, -0.25]])
    out = adc(bits=12, visible_range_V=0.5, hidden_range_V=0.1).read(v_V, 2, rng())
    np.testing.assert_allclose(out.value, v_V, atol=lsb(0.5, 12) / 2)


@pytest.mark.parametrize("n_visible", [0, 40_000])
def test_the_adcs_noise_has_the_deviation_that_it_states_over_the_range(n_visible):
    range_V = 0.4 if n_visible else 0.1
    reader = adc(visible_range_V=0.4, hidden_range_V=0.1, noise=0.002)
    out = reader.read(np.zeros(40_000), n_visible, rng()).value
    z_mean = out.mean() / (0.002 * range_V) * np.sqrt(out.size)
    z_deviation = (out.std() / (0.002 * range_V) - 1) * np.sqrt(2 * out.size)
    assert abs(z_mean) < 5
    assert abs(z_deviation) < 5


def test_the_dacs_noise_is_drawn_anew_at_each_drive_and_not_at_coding():
    dac = Dac(bits=8, range_V="320 mV", noise_V="0.2 mV", source=SOURCE)
    nominal = dac.codes(np.full(40_000, 0.1)).value
    assert np.ptp(nominal) == 0
    stream = rng()
    first, second = dac.drive(nominal, stream), dac.drive(nominal, stream)
    assert not np.array_equal(first, second)
    z_deviation = ((first - nominal).std() / 0.2e-3 - 1) * np.sqrt(2 * nominal.size)
    assert abs(z_deviation) < 5


def test_noise_can_push_a_reading_over_the_end_and_is_then_counted():
    reader = adc(bits=8, visible_range_V=0.1, hidden_range_V=0.1, noise=0.01)
    out = reader.read(np.full(1000, 0.1), 1000, rng())
    assert 400 < out.n_clipped < 600
    assert out.value.max() <= 0.1 * (1 + ULPS)


def test_a_converter_does_not_change_what_it_is_given():
    v_V = np.array([0.3, -0.4])
    kept = v_V.copy()
    adc(bits=4, visible_range_V=0.2, hidden_range_V=0.2, noise=0.1).read(v_V, 1, rng())
    CurrentSense(bits=4, range_A="1 uA", source=SOURCE).read(v_V)
    np.testing.assert_array_equal(v_V, kept)
