"""Where settling is enough, on curves whose knee is known."""

import numpy as np
import pytest

from neurosim.sweeps.knees import bend_of, knees

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


def test_the_interval_is_students_over_seeds_and_costs_are_those_at_the_knee():
    begins = np.array([20.0, 30.0, 45.0])
    rows = [
        row("alone", tau, seed, y)
        for seed, begin in enumerate(begins)
        for tau, y in zip(TAU, curve(begin, 1.0, bend=1.0), strict=True)
    ]
    found = knees(rows, "drawn", "w2")["alone"]
    # From where on (begin / tau)^1.4 is a tenth.
    logs = np.log(begins * 10 ** (1 / 1.4))
    assert found.tau == pytest.approx(np.exp(logs.mean()), rel=1e-3)
    half = 4.302653 * logs.std(ddof=1) / np.sqrt(3)
    assert found.low == pytest.approx(np.exp(logs.mean() - half), rel=2e-3)
    assert found.high == pytest.approx(np.exp(logs.mean() + half), rel=2e-3)
    assert found.time_s == pytest.approx(1e-7 * np.mean(np.exp(logs)), rel=2e-3)
    assert found.energy_J == pytest.approx(2e-9 * np.mean(np.exp(logs)), rel=2e-3)
    assert found.plateau == pytest.approx(1.0, rel=1e-3)
    assert (found.seeds, found.not_reached, found.worse_later) == (3, 0, 0)


def test_seeds_that_come_to_no_plateau_or_get_worse_again_are_counted():
    tau = TAU[:7]
    falling = [row("alone", t, 0, 100 / t) for t in tau]
    alone = knees(falling, "drawn", "w2")["alone"]
    assert (alone.seeds, alone.not_reached) == (0, 1)
    assert alone.span == f"more than {tau[-1]:.3g}"
    assert np.isnan(alone.tau)
    y = curve(5.0, 1.0)
    y[-1] *= 1.2
    worse = [row("alone", t, 0, v) for t, v in zip(TAU, y, strict=True)]
    found = knees(worse, "drawn", "w2")["alone"]
    assert (found.seeds, found.worse_later) == (1, 1)


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


def test_two_knees_differ_where_they_are_apart_and_their_intervals_do_not_meet():
    at = knees([row("alone", tau, 0, 1 + 20 / tau) for tau in TAU], "drawn", "w2")["alone"]
    near, far = at._replace(tau=1.2 * at.tau), at._replace(tau=1.4 * at.tau)
    assert not at.differs(near)
    assert at.differs(far)
    assert far.differs(at)
    wide = at._replace(low=at.tau / 2, high=2 * at.tau)
    assert not wide.differs(far._replace(low=far.tau, high=far.tau))
