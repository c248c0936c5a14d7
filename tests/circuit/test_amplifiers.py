"""Amplifiers: slope, curvature and integral belong to the output; the in-place form agrees."""

import numpy as np
import pytest
from scipy.integrate import quad

from neurosim.circuit import Linear, Silu, Tanh

AMPLIFIERS = [Linear(0.1), Linear(0.1, rail_V=0.23), Tanh(0.1), Silu(0.1)]
U_V = np.linspace(-0.9, 1.1, 41)


@pytest.mark.parametrize("amplifier", AMPLIFIERS, ids=repr)
def test_slope_and_curvature_are_derivatives_of_the_output(amplifier):
    h = 1e-6
    slope = (amplifier.output_V(U_V + h) - amplifier.output_V(U_V - h)) / (2 * h)
    np.testing.assert_allclose(amplifier.slope(U_V), slope, atol=1e-8)
    curvature = (amplifier.slope(U_V + h) - amplifier.slope(U_V - h)) / (2 * h)
    # Central differences: error h^2/6 of a third derivative below 1e4, plus rounding 1e-16/h.
    np.testing.assert_allclose(amplifier.curvature_per_V(U_V), curvature, atol=1e-6)


@pytest.mark.parametrize("amplifier", AMPLIFIERS, ids=repr)
def test_the_integral_is_that_of_adaptive_quadrature(amplifier):
    for u in (-0.8, -0.1, 0.0, 0.05, 0.7):
        kinks = [p for p in (-0.23, 0.23) if min(0, u) < p < max(0, u)] or None
        area = quad(lambda x: float(amplifier.output_V(np.array(x))), 0, u, points=kinks)[0]
        assert amplifier.integral_V2(np.array(u)) == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("amplifier", AMPLIFIERS, ids=repr)
def test_the_in_place_form_gives_the_same_output_and_slope(amplifier):
    for slope in (np.empty_like(U_V), None):
        out = np.empty_like(U_V)
        amplifier.apply(U_V / amplifier.unit_V, out, slope)
        np.testing.assert_allclose(out * amplifier.unit_V, amplifier.output_V(U_V), atol=1e-15)
        if slope is not None:
            np.testing.assert_allclose(slope, amplifier.slope(U_V), atol=1e-14)


def test_tanh_saturates_at_its_unit_and_its_integral_does_not_overflow():
    tanh = Tanh(0.1)
    assert tanh.output_V(np.array(50.0)) == pytest.approx(0.1)
    assert tanh.integral_V2(np.array(1e3)) == pytest.approx(0.1 * 1e3 - 0.01 * np.log(2))


def test_silu_is_the_published_formula():
    z = np.linspace(-5, 12, 30)
    expected = 10 * np.tanh(z / (1 + np.exp(-z)) / 10)
    np.testing.assert_allclose(Silu(0.1).output_V(0.1 * z) / 0.1, expected, rtol=1e-12)
