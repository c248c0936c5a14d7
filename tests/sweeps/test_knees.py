"""Where settling is enough, on curves whose knee is known."""

import numpy as np
import pytest

from neurosim.sweeps.knees import bend_of, curves_of, knees, ratios

TAU = np.geomspace(1, 1000, 13)


def curve(begins, plateau, slope=1.4, bend=0.7, tau=TAU):
    return plateau * (1 + (begins / tau) ** (slope / bend)) ** bend


@pytest.mark.parametrize(("slope", "bend"), [(0.8, 1.0), (1.4, 0.7), (2.0, 0.3)])
def test_curves_of_one_shape_are_found_again(slope, bend):
    begins, plateaus = np.array([15.0, 40.0, 90.0]), np.array([1.0, 2.0, 0.5])
    curves = [(TAU, curve(a, b, slope, bend)) for a, b in zip(begins, plateaus, strict=True)]
    found = bend_of(curves)
    assert found.plateau == pytest.approx(plateaus, rel=1e-4)
    for tau, begin, plateau in zip(found.tau, begins, plateaus, strict=True):
        assert curve(begin, plateau, slope, bend, tau) == pytest.approx(1.1 * plateau, rel=1e-4)


def test_the_order_of_the_rows_does_not_matter():
    rows = [row("alone", tau, 0, y) for tau, y in zip(TAU, curve(30.0, 1.0), strict=True)]
    shuffled = np.random.default_rng(0).permutation(len(rows))
    other = knees([rows[k] for k in shuffled], "drawn", "w2")
    assert repr(other) == repr(knees(rows, "drawn", "w2"))


def test_noise_of_single_figures_moves_a_knee_less_than_the_crossing_of_a_tenth():
    rng, exact, found, crossed = np.random.default_rng(0), curve(30.0, 1.0), [], []
    few = TAU[::2]
    for _ in range(40):
        noisy = [(few, exact[::2] * np.exp(0.04 * rng.standard_normal(len(few)))) for _ in range(3)]
        found += list(np.log(bend_of(noisy).tau))
        crossed += [np.log(t[np.flatnonzero(y <= 1.1 * y.min())[0]]) for t, y in noisy]
    assert np.std(found) < 0.6 * np.std(crossed)
    assert np.mean(found) == pytest.approx(np.log(bend_of([(TAU, exact)]).tau[0]), abs=0.15)


def row(way, tau, replica, figure, error=""):
    return {
        "drawn": f"{way}, {tau:g}", "sample_tau": tau, "replica": replica, "w2": figure,
        "sample_time_s": 1e-7 * tau, "sample_energy_J": 2e-9 * tau, "error": error,
    }  # fmt: skip


def of(seeds, way="alone", tau=TAU):
    return [row(way, t, k, v) for k, y in enumerate(seeds) for t, v in zip(tau, y, strict=True)]


def test_without_scatter_of_shape_the_interval_is_students_and_costs_are_those_at_the_knee():
    begins = np.array([20.0, 30.0, 45.0])
    found = knees(of([curve(begin, 1.0, bend=1.0) for begin in begins]), "drawn", "w2")["alone"]
    # From where on (begin / tau)^1.4 is a tenth.
    logs = np.log(begins * 10 ** (1 / 1.4))
    assert found.tau == pytest.approx(np.exp(logs.mean()), rel=1e-3)
    half = 4.302653 * logs.std(ddof=1) / np.sqrt(3)
    assert found.low == pytest.approx(np.exp(logs.mean() - half), rel=5e-3)
    assert found.high == pytest.approx(np.exp(logs.mean() + half), rel=5e-3)
    assert found.time_s == pytest.approx(1e-7 * np.mean(np.exp(logs)), rel=2e-3)
    assert found.energy_J == pytest.approx(2e-9 * np.mean(np.exp(logs)), rel=2e-3)
    assert found.plateau == pytest.approx(1.0, rel=1e-3)
    assert (found.seeds, found.not_reached, found.at_once, found.worse_later) == (3, 0, 0, 0)


@pytest.mark.slow
def test_intervals_of_95_percent_hold_the_truth_about_that_often():
    rng, few, inside, n = np.random.default_rng(1), TAU[::2], 0, 60
    exact = np.log(bend_of([(TAU, curve(30.0, 1.0))]).tau[0])
    for _ in range(n):
        begins = 30.0 * np.exp(0.15 * rng.standard_normal(4))
        noise = np.exp(0.03 * rng.standard_normal((4, len(few))))
        seeds = [curve(b, 1.0, tau=few) * e for b, e in zip(begins, noise, strict=True)]
        found = knees(of(seeds, tau=few), "drawn", "w2")["alone"]
        inside += np.log(found.low) <= exact <= np.log(found.high)
    # Three standard deviations of a count below what 95 % of the studies would be.
    assert inside >= 0.95 * n - 3 * np.sqrt(n * 0.95 * 0.05)


def test_seeds_that_come_to_no_plateau_are_counted_and_if_half_of_them_nothing_is_said():
    tau = TAU[:7]
    falling, bent = 100 / tau, curve(2.0, 1.0, tau=tau)
    alone = knees(of([falling], tau=tau), "drawn", "w2")["alone"]
    assert (alone.seeds, alone.not_reached) == (0, 1)
    assert alone.span() == f"more than {tau[-1]:.3g}"
    assert np.isnan(alone.tau)
    half = knees(of([falling, bent], tau=tau), "drawn", "w2")["alone"]
    assert half.seeds == 0
    most = knees(of([falling, bent, bent], tau=tau), "drawn", "w2")["alone"]
    assert (most.seeds, most.not_reached) == (2, 1)


def test_a_figure_that_rises_again_is_fitted_up_to_there():
    # Trained for a speed: best at 34, then twice as bad.
    tau = np.array([3.6, 10.8, 36.0, 108.0, 290.0, 810.0])
    y = np.array([24.06, 7.93, 7.27, 14.93, 15.45, 15.47])
    found = knees(of([y], tau=tau), "drawn", "w2")["alone"]
    assert found.worse_later == 1
    assert 5 < found.tau < 36
    assert found.plateau == pytest.approx(7.3, rel=0.1)


def test_of_flat_curves_only_a_bound_is_known():
    flat = [1.0 + 0.01 * np.cos(TAU + k) for k in range(4)]
    found = knees(of(flat), "drawn", "w2")["alone"]
    assert found.at_once == 4
    assert found.span() == "at most 1"
    assert np.isnan(found.low)


def test_two_ways_are_compared_by_the_seeds_that_both_have():
    begins = (20.0, 60.0, 90.0, 30.0)
    slow = [curve(b, 2.0) for b in begins]
    fast = [curve(b / 2, 1.0) for b in begins]
    both = curves_of(of(slow, "alone") + of(fast[:3], "quiet"), "drawn", "w2")
    tau, plateau = ratios(both["alone"], both["quiet"])
    # Seeds differ by more than a factor of four, and the ratio of each is two.
    assert tau.value == pytest.approx(2.0, rel=1e-3)
    assert tau.low == pytest.approx(2.0, rel=1e-2)
    assert plateau.value == pytest.approx(2.0, rel=1e-3)
    one = curves_of(of(slow[:1], "alone") + of(fast[:1], "quiet"), "drawn", "w2")
    tau, _ = ratios(one["alone"], one["quiet"])
    assert np.isnan(tau.low)
    flat = curves_of(of([np.ones_like(TAU)], "quiet"), "drawn", "w2")
    assert ratios(one["alone"], flat["quiet"]) is None


def test_two_seeds_have_no_interval():
    rows = [row("alone", t, s, 1 + 9 / t) for s in (0, 1) for t in (1.0, 10.0, 100.0, 1000.0)]
    found = knees(rows, "drawn", "w2")["alone"]
    assert found.seeds == 2
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_failed_points_and_ways_of_two_lengths_are_left_out():
    rows = [row("alone", tau, 0, 5 / tau) for tau in (1.0, 2.0)]
    rows += [row("stepped", tau, 0, 5 / tau) for tau in (1.0, 2.0, 4.0)]
    rows += [row("alone", 4.0, 0, "", error="It failed.")]
    found = knees(rows, "drawn", "w2")
    assert found.keys() == {"stepped"}
    assert np.isnan(found["stepped"].low)
