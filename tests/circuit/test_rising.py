"""Points that a bench measured with noise, made to rise."""

import numpy as np
import pytest

from bench_points import POINTS_V
from commands import run
from conftest import CAPACITANCE_F, LEAK_S
from neurosim.blocks.files import dump_block
from neurosim.circuit import DrivenCircuit, Measured, Tanh
from neurosim.circuit.measured_diode import PointsDiode
from neurosim.circuit.rising import check_order, risen
from neurosim.errors import ProfileError
from neurosim.profile import load_profile
from neurosim.solvers import Transient, settle

UNIT_V = 0.1


def pair(u_V):
    return UNIT_V * np.tanh(u_V / UNIT_V)


def points(u_V, v_V):
    return list(zip(u_V.tolist(), v_V.tolist(), strict=True))


@pytest.mark.parametrize("level_ends", [False, True])
def test_points_that_do_not_fall_stay_as_they_are(level_ends):
    level = [*POINTS_V, (0.6, POINTS_V[-1][1]), (0.7, POINTS_V[-1][1])]
    at, values = risen(level, level_ends=level_ends)
    np.testing.assert_array_equal(np.stack([at, values], axis=1), level)
    assert Measured(points_V=level).smoothed is None


def test_an_end_that_is_down_by_a_tenth_of_a_millivolt_stays_level_there():
    down = [*POINTS_V, (0.6, POINTS_V[-1][1] - 1e-4)]
    bench, mean = Measured(points_V=down), POINTS_V[-1][1] - 5e-5
    assert bench.ends_V == (POINTS_V[0][0], 0.6)
    assert bench.output_V(np.array([0.6, 9.0])) == pytest.approx(mean)
    u, v = np.array(down).T
    np.testing.assert_allclose(bench.output_V(u), v, atol=1.5e-4)
    # Two of twelve points by 50 uV each, and what the run's mean does to the one before.
    assert bench.smoothed.startswith("points_V: what falls is smoothed, which moves the points by ")
    assert bench.smoothed.endswith("of a swing of 220 mV")


def test_noise_of_a_bench_is_smoothed_without_steps():
    """A run that falls is one point: the slope is nowhere 0 where the true curve rises."""
    u_V = np.linspace(-0.3, 0.3, 301)
    rng = np.random.default_rng(0)
    v_V = pair(u_V) + 1e-4 * rng.standard_normal(len(u_V))
    assert (np.diff(v_V) < 0).any()
    bench = Measured(points_V=points(u_V, v_V))
    fine = np.linspace(-0.35, 0.35, 5001)
    assert (np.diff(bench.output_V(fine)) >= 0).all()
    assert (bench.slope(np.linspace(-0.1, 0.1, 501)) > 0.1).all()
    # Nearer the true curve than the points are; where nothing falls the noise stays.
    assert np.sqrt(np.mean((bench.output_V(u_V) - pair(u_V)) ** 2)) < 1e-4
    rms_V = np.sqrt(np.mean((bench.output_V(u_V) - v_V) ** 2))
    assert rms_V < 1e-4
    assert f"moves the points by {1e6 * rms_V:.2g} uV (rms)" in bench.smoothed


def test_a_knee_of_few_points_is_not_moved_by_a_fall_behind_it():
    """Means alone would move the point at 1 by 0.25; the run stays level instead."""
    at, values = risen([(0, 0), (1, 1), (2, 0.9999), (3, 1.5), (4, 2)], level_ends=True)
    np.testing.assert_allclose(at, [0, 1, 2, 3, 4])
    np.testing.assert_allclose(values, [0, 0.99995, 0.99995, 1.5, 2])


def test_what_falls_by_more_than_a_hundredth_of_the_swing_is_refused():
    fall = [(0, 0), (1, 1), (2, 2), (3, 1.9), (4, 3)]
    with pytest.raises(
        ValueError, match=r"y that do not fall, but point 4 does, .* 1% of the swing"
    ):
        check_order(fall, "points", "x", "y")
    with pytest.raises(ValueError, match="x that rise, but point 3 does not"):
        check_order([(0, 0), (1, 1), (1, 2)], "points", "x", "y")
    # 0.05 of a fall is 0.025 of a move, within 1 % of a swing of 3.
    check_order([(0, 0), (1, 1), (2, 2), (3, 1.95), (4, 3)], "points", "x", "y")
    with pytest.raises(ProfileError, match=r"outputs that do not fall, but point 4 does, by more"):
        Measured(points_V=fall)
    with pytest.raises(ProfileError, match=r"currents that do not fall, but point 4 does, by more"):
        PointsDiode(points=fall)
    inverted = [(u, -v) for u, v in POINTS_V]
    with pytest.raises(ProfileError, match="exchange the amplifier's inputs"):
        Measured(points_V=inverted)


def test_a_diode_of_noisy_points_takes_a_current_that_never_falls():
    v_V = np.linspace(-1, 0.5, 151)
    rng = np.random.default_rng(1)
    i_A = 1e-6 * np.expm1(np.clip(v_V, None, 0.5) / 0.05) + 1e-7 * rng.standard_normal(len(v_V))
    diode = PointsDiode(points=points(v_V, i_A))
    assert "points: what falls is smoothed" in diode.smoothed
    fine = np.linspace(-2, 1, 3001)
    assert (np.diff(diode.current_A(fine, fine)) >= 0).all()
    # Above its knee it is the diode that was measured.
    assert diode.current_A(np.array([0.45]), None) == pytest.approx(np.expm1(9) * 1e-6, rel=0.01)


def test_a_check_says_how_far_points_were_moved(tmp_path):
    down = Measured(points_V=[*POINTS_V, (0.6, POINTS_V[-1][1] - 1e-4)])
    profile = load_profile("ideal_hopfield").with_values(
        {"node.amplifier": down, "node.buffer": down, "node.visible_rail_V": "ideal"}
    )
    (tmp_path / "mine.yaml").write_text(dump_block(profile))
    said = " ".join(run("profiles", "check", tmp_path / "mine.yaml").stdout.split())
    for place in ("amplifier", "buffer"):
        assert f"note: node.{place}.points_V: what falls is smoothed" in said


@pytest.mark.parametrize("law", ["hopfield", "gradient"])
def test_a_circuit_of_a_sampled_tanh_rests_where_that_of_the_tanh_does(
    make_circuit, make_springs, law
):
    """Within what the spline strays from it, and its slope where that weighs the sum."""
    fine, tau_s = np.linspace(-0.5, 0.5, 20_001), CAPACITANCE_F / LEAK_S

    def rest_V(amplifier):
        circuit = make_circuit(law, amplifier, w=0.2)
        driven = DrivenCircuit(circuit, make_springs(circuit, rows=1), tau_s)
        return settle(driven, np.zeros((1, circuit.n_nodes)), 20 * tau_s, Transient(rtol=1e-6)).u_V

    exact_V, errors_V, strays_V = rest_V(Tanh(UNIT_V)), [], []
    for n in (21, 81):
        u_V = np.linspace(-0.5, 0.5, n)
        sampled = Measured(UNIT_V, points_V=points(u_V, pair(u_V)))
        stray_V = np.abs(sampled.output_V(fine) - pair(fine)).max()
        slope = np.abs(sampled.slope(fine) - Tanh(UNIT_V).slope(fine)).max()
        strays_V.append(stray_V + (UNIT_V * slope if law == "gradient" else 0))
        errors_V.append(np.abs(rest_V(sampled) - exact_V).max())
    assert errors_V[0] > 0
    # Some twenty couplings of weight 0.2 on a node sum what their outputs stray.
    assert errors_V[0] < 4 * strays_V[0]
    assert errors_V[1] < 4 * strays_V[1]
    assert strays_V[1] < strays_V[0] / 4
