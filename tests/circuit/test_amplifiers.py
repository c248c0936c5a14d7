"""Amplifiers: slope, curvature and integral belong to the output; the in-place form agrees."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit

from bench_points import POINTS_V
from neurosim.blocks.files import dump_block
from neurosim.circuit import Linear, Measured, Silu, Tanh
from neurosim.errors import ProfileError
from neurosim.profile import load_profile

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


@pytest.fixture
def bench():
    return Measured(0.1, points_V=POINTS_V)


def test_a_measured_amplifier_goes_through_its_points_and_never_turns_back(bench):
    u, v = np.array(POINTS_V).T
    np.testing.assert_allclose(bench.output_V(u), v, atol=1e-16)
    fine = np.linspace(-1, 1, 20_001)
    assert (np.diff(bench.output_V(fine)) >= 0).all()
    np.testing.assert_array_equal(bench.output_V(np.array([-9.0, 9.0])), [v[0], v[-1]])
    # Its slope is continuous: no jump beyond what the largest curvature makes of a step.
    most = np.abs(bench.curvature_per_V(fine)).max()
    assert np.abs(np.diff(bench.slope(fine))).max() <= 1.01 * most * (fine[1] - fine[0])


def test_slope_curvature_and_integral_of_a_measured_amplifier_belong_to_its_output(bench):
    inside = np.linspace(-0.41, 0.5, 37)
    h = 1e-6
    slope = (bench.output_V(inside + h) - bench.output_V(inside - h)) / (2 * h)
    np.testing.assert_allclose(bench.slope(inside), slope, atol=1e-8)
    curvature = (bench.slope(inside + h) - bench.slope(inside - h)) / (2 * h)
    np.testing.assert_allclose(bench.curvature_per_V(inside), curvature, rtol=1e-4, atol=1e-3)
    for u in (-0.7, -0.2, 0.0, 0.3, 0.8):
        kinks = [p for p, _ in POINTS_V if min(0, u) < p < max(0, u)] or None
        area = quad(lambda x: float(bench.output_V(np.array(x))), 0, u, points=kinks)[0]
        assert bench.integral_V2(np.array(u)) == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_in_place_form_of_a_measured_amplifier_is_its_output_and_slope(bench, dtype):
    z, out, slope = (U_V / 0.1).astype(dtype), np.empty(41, dtype), np.empty(41, dtype)
    bench.apply(z.copy(), out, slope)
    atol = 1e-14 if dtype is np.float64 else 1e-6
    np.testing.assert_allclose(out * 0.1, bench.output_V(U_V), atol=atol)
    np.testing.assert_allclose(slope, bench.slope(U_V), atol=10 * atol)


@pytest.mark.parametrize(
    ("points_V", "said"),
    [
        (POINTS_V[:3], "at least 4"),
        ([(0, 0), (1, 1), (1, 2), (2, 3)], "inputs that rise.*but point 3 does not"),
        ([(-0.1, -0.1), (0, 0), (1e-300, 0.05), (0.1, 0.1)], "the inputs 0 and 1e-300"),
        ([(0, 0), (1, 1), (2, 0.9), (3, 3)], "outputs that do not fall"),
        ([(0, 0), (1, 1), (2, float("inf")), (3, 3)], "finite|number"),
    ],
)
def test_points_in_no_order_are_refused(points_V, said):
    with pytest.raises(ProfileError, match=said):
        Measured(points_V=points_V)


def test_a_profile_with_a_measured_amplifier_is_written_and_read(bench, tmp_path):
    own = Measured(points_V=POINTS_V)
    profile = load_profile("ideal_hopfield").with_value("node.amplifier", own)
    (tmp_path / "mine.yaml").write_text(dump_block(profile))
    found = load_profile(tmp_path / "mine.yaml")
    assert found == profile
    assert found.node.hidden_amplifier == bench


def test_a_measured_buffer_of_visible_nodes_is_in_place_of_their_rails(tmp_path):
    profile = load_profile("cmos_rc_6bit").with_values(
        {"node.visible_rail_V": None, "node.buffer": Measured(points_V=POINTS_V)}
    )
    (tmp_path / "mine.yaml").write_text(dump_block(profile))
    assert load_profile(tmp_path / "mine.yaml") == profile
    u_V = np.linspace(-0.3, 0.3, 7)
    bench = Measured(points_V=POINTS_V).output_V(u_V)
    np.testing.assert_array_equal(profile.node.visible_amplifier.output_V(u_V), bench)
    with pytest.raises(ProfileError, match="visible_rail_V: must be ideal where buffer is stated"):
        profile.with_value("node.visible_rail_V", "0.5 V")


def test_points_may_have_units():
    own = Measured(points_V=[("-200 mV", "-100 mV"), (-0.1, -0.08), (0.1, 0.08), ("0.2 V", 0.1)])
    assert own.points_V[0] == (-0.2, -0.1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_silu_is_that_of_scipys_sigmoid_where_it_is_nearly_zero_too(dtype):
    z = np.concatenate([np.linspace(-80, 80, 1001), [-1e4, -0.0, 0.0, 1e4]]).astype(dtype)
    out, work = np.empty_like(z), z.copy()
    Silu(1.0).apply(work, out, None)
    exact = 10 * np.tanh(z.astype(np.float64) * expit(z.astype(np.float64)) / 10)
    # An exponential, a sum, a reciprocal, two products, a tangent and another product, each of a
    # few units of rounding; below the least normal number digits are lost.
    eps, tiny = np.finfo(dtype).eps, np.finfo(dtype).tiny
    np.testing.assert_allclose(out, exact, rtol=16 * eps, atol=100 * tiny)
