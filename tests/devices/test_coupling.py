"""Conductance pairs: weights in and out, levels, encodings, programming noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neurosim.devices import CouplingDevice

UNIT_S = 1e-5
encodings = st.sampled_from(["one_sided", "complementary"])
full_scales = st.sampled_from([0.3, 0.5, 0.6, 0.7, 1.0, 4.0])
weights = arrays(np.float64, st.integers(1, 8), elements=st.floats(-5, 5))
# Conductances are sums and products of a few numbers of the order of the full scale.
ULPS = 16 * np.finfo(float).eps


def device(encoding="one_sided", full_scale=0.6, **changes):
    return CouplingDevice(encoding=encoding, full_scale=full_scale, **changes)


def weight_of(target):
    return (target.plus_S - target.minus_S) / UNIT_S


@given(encodings, full_scales, st.integers(2, 512), weights)
def test_a_weight_comes_back_within_half_a_step(encoding, full_scale, levels, w):
    inside = np.clip(w, -full_scale, full_scale)
    target = device(encoding, full_scale, levels=levels).target(inside, UNIT_S)
    # Of a complementary pair both devices move, so a level is two steps of one device.
    step = full_scale / (levels - 1) * (2 if encoding == "complementary" else 1)
    error = np.abs(weight_of(target) - inside).max()
    assert error <= step / 2 + ULPS * full_scale


@given(encodings, full_scales, weights)
def test_with_a_continuum_of_levels_a_weight_comes_back_unchanged(encoding, full_scale, w):
    inside = np.clip(w, -full_scale, full_scale)
    target = device(encoding, full_scale).target(inside, UNIT_S)
    np.testing.assert_allclose(weight_of(target), inside, rtol=0, atol=ULPS * full_scale)


@given(encodings, weights)
def test_many_levels_approach_the_continuum(encoding, w):
    fine = device(encoding, levels=2**24).target(w, UNIT_S)
    ideal = device(encoding).target(w, UNIT_S)
    for a, b in ((fine.plus_S, ideal.plus_S), (fine.minus_S, ideal.minus_S)):
        assert np.abs(a - b).max() <= 0.6 * UNIT_S / (2**24 - 1)


@given(full_scales, st.none() | st.integers(2, 512), weights, st.floats(0, 1e-6))
def test_the_sum_of_a_complementary_pair_does_not_depend_on_its_weight(full_scale, levels, w, idle):
    pair = device("complementary", full_scale, levels=levels, idle_S=idle)
    half_way = np.arange(-levels, levels + 1) / (levels - 1) * full_scale if levels else w
    for w_any in (w, half_way, np.zeros(1)):
        target = pair.target(w_any, UNIT_S)
        np.testing.assert_allclose(
            target.plus_S + target.minus_S, pair.nominal_load_S(UNIT_S), rtol=ULPS
        )


@given(st.none() | st.integers(2, 512), weights, st.floats(0, 1e-6))
def test_of_a_one_sided_pair_one_device_idles(levels, w, idle):
    target = device(levels=levels, idle_S=idle).target(w, UNIT_S)
    np.testing.assert_array_equal(np.minimum(target.plus_S, target.minus_S), idle)


@given(encodings, full_scales, st.none() | st.integers(2, 512), weights, st.floats(0, 1e-6))
def test_conductances_stay_between_idle_and_full_scale(encoding, full_scale, levels, w, idle):
    pair = device(encoding, full_scale, levels=levels, idle_S=idle)
    target = pair.target(w, UNIT_S)
    for g in (target.plus_S, target.minus_S):
        assert g.min() >= idle
        assert g.max() <= (idle + full_scale * UNIT_S) * (1 + ULPS)


@given(encodings, full_scales, weights)
def test_weights_beyond_the_full_scale_clip_and_are_counted(encoding, full_scale, w):
    target = device(encoding, full_scale, levels=32).target(w, UNIT_S)
    assert target.n_clipped == np.sum(np.abs(w) > full_scale)
    over = w > full_scale
    np.testing.assert_allclose(weight_of(target)[over], full_scale, rtol=ULPS)


@given(encodings, st.integers(2, 64))
def test_level_codes_count_from_idle(encoding, levels):
    pair = device(encoding, levels=levels, idle_S="10 nS")
    w = np.linspace(-0.6, 0.6, 2 * levels - 1)
    target = pair.target(w, UNIT_S)
    step = 0.6 * UNIT_S / (levels - 1)
    for g in (target.plus_S, target.minus_S):
        code = pair.level(g, UNIT_S)
        assert (code.min(), code.max()) == (0, levels - 1)
        np.testing.assert_allclose(1e-8 + code * step, g, rtol=ULPS)


@pytest.mark.parametrize("encoding", ["one_sided", "complementary", "single"])
def test_a_step_is_what_lies_between_weights_that_can_be_held(encoding):
    pair = device(encoding, levels=12, idle_S="200 nS")
    held = weight_of(pair.target(np.linspace(0, 0.6, 5000), UNIT_S))
    if encoding == "single":
        held = pair.target(np.linspace(0, 0.6, 5000), UNIT_S).plus_S / UNIT_S
    steps = np.diff(np.unique(np.round(held, 12)))
    assert pair.step(UNIT_S) == pytest.approx(steps.max())
    assert steps.min() == pytest.approx(steps.max())
    assert device(encoding, idle_S="200 nS").step(UNIT_S) is None


def test_a_continuum_has_no_level_codes():
    with pytest.raises(ValueError, match="finite number of levels, but it is ideal"):
        device().level(np.zeros(1), UNIT_S)


@given(encodings, st.floats(0, 1e-6))
def test_the_nominal_load_is_that_of_weight_zero(encoding, idle):
    pair = device(encoding, idle_S=idle)
    zero = pair.target(np.zeros(1), UNIT_S)
    assert pair.nominal_load_S(UNIT_S) == pytest.approx((zero.plus_S + zero.minus_S)[0], rel=ULPS)
