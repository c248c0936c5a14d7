"""Where settling is enough, on curves whose knee is known."""

import numpy as np
import pytest

from neurosim.sweeps.knees import knee_of, knees

TAU = np.geomspace(1, 1000, 13)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_a_power_law_onto_a_floor_bends_where_it_comes_within_a_tenth(power):
    floor, bend = 2.0, 37.0
    y = np.maximum(floor, floor * (bend / TAU) ** power)
    exact = bend / 1.1 ** (1 / power)
    # Between two lengths the curve has its bend, so that a power law there is a little long.
    assert knee_of(TAU, y) == pytest.approx(exact, rel=0.35)
    fine = np.geomspace(1, 1000, 2000)
    assert knee_of(fine, np.maximum(floor, floor * (bend / fine) ** power)) == pytest.approx(
        exact, rel=0.01
    )


def test_the_order_of_the_rows_does_not_matter():
    y = 1 + 50 / TAU
    shuffled = np.random.default_rng(0).permutation(len(TAU))
    assert knee_of(TAU[shuffled], y[shuffled]) == knee_of(TAU, y)


def row(way, tau, replica, figure, error=""):
    return {
        "drawn": f"{way}, {tau:g}", "sample_tau": tau, "replica": replica, "w2": figure,
        "sample_time_s": 1e-7 * tau, "sample_energy_J": 2e-9 * tau, "error": error,
    }  # fmt: skip


def test_the_interval_is_students_over_seeds_and_costs_are_those_at_the_knee():
    rows = [
        row("alone", tau, seed, max(1.0, bend / tau))
        for seed, bend in enumerate((20.0, 30.0, 45.0))
        for tau in np.geomspace(1, 1000, 500)
    ]
    found = knees(rows, "drawn", "w2")["alone"]
    logs = np.log(np.array([20.0, 30.0, 45.0]) / 1.1)
    assert found.tau == pytest.approx(np.exp(logs.mean()), rel=0.01)
    half = 4.302653 * logs.std(ddof=1) / np.sqrt(3)
    assert found.low == pytest.approx(np.exp(logs.mean() - half), rel=0.02)
    assert found.high == pytest.approx(np.exp(logs.mean() + half), rel=0.02)
    assert found.time_s == pytest.approx(1e-7 * np.mean(np.exp(logs)), rel=0.01)
    assert found.energy_J == pytest.approx(2e-9 * np.mean(np.exp(logs)), rel=0.01)
    assert found.seeds == 3


def test_a_seed_whose_longer_samples_are_worse_has_no_knee_and_is_counted():
    tau = np.array([1.0, 10.0, 100.0])
    assert np.isnan(knee_of(tau, np.array([2.0, 1.0, 1.5])))
    rows = [row("alone", t, 0, y) for t, y in zip(tau, (2.0, 1.0, 1.5), strict=True)]
    assert knees(rows, "drawn", "w2") == {}
    rows += [row("alone", t, 1, y) for t, y in zip(tau, (2.0, 1.0, 1.0), strict=True)]
    found = knees(rows, "drawn", "w2")["alone"]
    assert (found.seeds, found.left_out, found.better_still) == (1, 1, False)
    rising = [row("alone", t, 0, y) for t, y in zip(tau, (4.0, 2.0, 1.0), strict=True)]
    assert knees(rising, "drawn", "w2")["alone"].better_still


def test_two_seeds_have_no_interval():
    rows = [row("alone", t, s, max(1.0, 9 / t)) for s in (0, 1) for t in (1.0, 10.0, 100.0)]
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
    at = knees([row("alone", tau, 0, max(1.0, 20 / tau)) for tau in TAU], "drawn", "w2")["alone"]
    near, far = at._replace(tau=1.2 * at.tau), at._replace(tau=1.4 * at.tau)
    assert not at.differs(near)
    assert at.differs(far)
    assert far.differs(at)
    wide = at._replace(low=at.tau / 2, high=2 * at.tau)
    assert not wide.differs(far._replace(low=far.tau, high=far.tau))
