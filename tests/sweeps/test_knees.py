"""Where settling is enough, on curves whose knee is known."""

import numpy as np
import pytest
from scipy.optimize import brentq

from neurosim.cli.knee_words import own_ratio, remarks
from neurosim.profile import load_profile
from neurosim.sweeps.knees import crossing_tau, curves_of, knees, ratios

TAU = np.geomspace(1, 1000, 13)


def curve(begins, plateau, slope=1.4, bend=0.7, tau=TAU):
    return plateau * (1 + (begins / tau) ** (slope / bend)) ** bend


def knee_of(begins, slope=1.4, bend=0.7):
    """Where such a curve is a fifth above where it ends."""
    return begins * (1.2 ** (1 / bend) - 1) ** (-bend / slope)


@pytest.mark.parametrize(("slope", "bend"), [(0.8, 1.0), (1.4, 0.7), (2.0, 0.3)])
def test_a_crossing_is_that_of_the_smooth_curve_through_the_lengths(slope, bend):
    for begins in (3.0, 15.0, 40.0):
        y = curve(begins, 2.0, slope, bend)
        # Against a fifth above the least of these lengths, not of endless ones. What is between
        # lengths 1.8 times apart, on a curve that falls as their square, is within some per cent.
        goal = 1.2 * y.min()
        exact = begins * ((goal / 2.0) ** (1 / bend) - 1) ** (-bend / slope)
        assert crossing_tau(TAU, y) == pytest.approx(exact, rel=0.08)


def test_a_crossing_between_straight_lines_is_exact():
    tau = np.array([1.0, 10.0, 100.0, 1000.0])
    assert crossing_tau(tau, np.array([4.0, 1.2, 1.0, 1.0])) == pytest.approx(10.0)
    assert crossing_tau(tau, np.ones(4)) == 1.0
    # What comes before the best does not count once it is near enough, nor what rises after it.
    assert crossing_tau(tau, np.array([4.0, 1.05, 1.3, 1.0])) < 10


def test_the_order_of_the_rows_does_not_matter():
    rows = [row("alone", tau, 0, y) for tau, y in zip(TAU, curve(30.0, 1.0), strict=True)]
    shuffled = np.random.default_rng(0).permutation(len(rows))
    other = knees([rows[k] for k in shuffled], "drawn", "w2")
    assert repr(other) == repr(knees(rows, "drawn", "w2"))


def row(way, tau, replica, figure, error=""):
    return {
        "drawn": f"{way}, {tau:g}", "sample_tau": tau, "replica": replica, "w2": figure,
        "sample_time_s": 1e-7 * tau, "sample_energy_J": 2e-9 * tau, "error": error,
    }  # fmt: skip


def of(seeds, way="alone", tau=TAU):
    return [row(way, t, k, v) for k, y in enumerate(seeds) for t, v in zip(tau, y, strict=True)]


def test_the_interval_is_students_of_the_mean_curve_and_costs_are_those_there():
    """Against roots of the curves as formulas, with one seed left out each time."""
    begins = np.array([10.0, 15.0, 22.0])

    def root(some):
        def above(log_tau):
            ratio = (np.array(some) / np.exp(log_tau)) ** 1.4
            ends = (np.array(some) / TAU[-1]) ** 1.4
            return np.log1p(ratio).mean() - np.log1p(ends).mean() - np.log(1.2)

        return brentq(above, 0, np.log(TAU[-1]))

    found = knees(of([curve(begin, 1.0, bend=1.0) for begin in begins]), "drawn", "w2")["alone"]
    assert found.tau == pytest.approx(np.exp(root(begins)), rel=0.03)
    without = np.array([root(np.delete(begins, k)) for k in range(3)])
    error = np.sqrt(2 / 3 * np.square(without - without.mean()).sum())
    assert np.log(found.high / found.tau) == pytest.approx(4.302653 * error, rel=0.05)
    assert np.log(found.tau / found.low) == pytest.approx(4.302653 * error, rel=0.05)
    assert found.time_s == pytest.approx(1e-7 * found.tau)
    assert found.energy_J == pytest.approx(2e-9 * found.tau)
    assert found.best == pytest.approx(1.0, rel=0.01)
    assert (found.seeds, found.not_reached, found.at_once, found.worse_later) == (3, 0, False, 0)
    # From where on (begin / tau)^1.4 is a fifth.
    own = begins[[0, 2]] * 5 ** (1 / 1.4)
    assert (found.least_tau, found.most_tau) == pytest.approx(tuple(own), rel=0.05)


def test_a_seed_with_fewer_lengths_counts_as_the_others():
    curves = [curve(begin, 1.0) for begin in (10.0, 15.0, 22.0)]
    rows = of(curves)
    lacks = [row for row in rows if row["replica"] != 1 or row["sample_tau"] in TAU[::2]]
    one, other = (knees(some, "drawn", "w2")["alone"] for some in (rows, lacks))
    assert one.tau == pytest.approx(other.tau, rel=0.05)
    assert one.seeds == other.seeds == 3


def test_a_seed_that_lacks_its_longest_samples_does_not_cut_off_the_others():
    """As where its points failed: the mean is of seeds and lengths, each by a factor of its own."""
    begins = (8.0, 10.0, 12.0, 11.0)
    rows = of([curve(begin, 2.0, bend=1.0) for begin in begins])
    lacks = [row for row in rows if row["replica"] != 3 or row["sample_tau"] < 30]
    whole, cut = (knees(some, "drawn", "w2")["alone"] for some in (rows, lacks))
    assert (cut.seeds, cut.longest_tau, cut.at_least) == (4, TAU[-1], False)
    assert cut.tau == pytest.approx(whole.tau, rel=0.1)
    assert cut.best == pytest.approx(whole.best, rel=0.05)
    # Lengths of one seed among four do not count, nor a way of which no others were drawn.
    one = [row for row in rows if row["replica"] == 0 or row["sample_tau"] < 30]
    assert knees(one, "drawn", "w2")["alone"].longest_tau < 30
    apart = [row for row in rows if (row["sample_tau"] < 30) == (row["replica"] in (0, 1))]
    assert knees(apart, "drawn", "w2") == {}


def test_an_interval_ends_where_nothing_was_drawn():
    flat = [1 + 0.02 * 5 / TAU] * 2
    found = knees(of([*flat, 1 + (8 / TAU) ** 1.4]), "drawn", "w2")["alone"]
    assert found.low >= TAU[0]
    assert found.high <= TAU[-1]


def test_lengths_that_differ_by_rounding_are_one():
    curves = [curve(begin, 1.0) for begin in (10.0, 15.0, 22.0)]
    exact, rows = of(curves), of(curves)
    for k, one in enumerate(rows):
        one["sample_tau"] *= 1 + (k % 3 - 1) * 2e-16
    assert knees(rows, "drawn", "w2")["alone"][:3] == pytest.approx(
        knees(exact, "drawn", "w2")["alone"][:3]
    )


def test_what_a_sample_takes_at_the_chips_own_ratio_lies_between_those_drawn():
    """`cmos_rc_6bit` has 30 pF on 1 pF; time and energy are in proportion to settling here."""
    chip = load_profile("cmos_rc_6bit")
    rows = of([curve(20.0, 1.0)] * 2)
    for one in rows:
        one["deploy.release_ratio"] = one["sample_tau"] / 3
    found = knees(rows, "drawn", "w2")["alone"]
    (said,) = own_ratio(chip, found, rows)
    assert said == (
        "With its own C_x/C_h of 30 a sample takes 90 C/g, 9 us and 180 nJ, "
        f"{90 / found.tau:.2g} times what is enough; C_x/C_h of {found.tau / 3:.2g} is a "
        f"node.release_capacitance_F of {found.tau / 3:.3g} pF."
    )
    (short,) = own_ratio(chip, found._replace(tau=200.0), rows)
    assert "180 nJ, which is short of the 200 that are enough; C_x" in short
    far = chip.with_value("node.release_capacitance_F", "1 nF")
    assert list(own_ratio(far, found, rows)) == []


def test_a_last_tenth_that_takes_decades_does_not_widen_the_interval():
    """A cliff, a plateau, and a fall by 9 % over two decades, as of a chip of RRAM."""
    rng, few = np.random.default_rng(2), np.array([3.6, 11, 22, 36, 65, 108, 173, 290, 810.0])
    seeds = []
    for begins in 4.0 * np.exp(0.1 * rng.standard_normal(8)):
        slow = 1 - 0.09 * np.log(few / few[0]) / np.log(few[-1] / few[0])
        noise = np.exp(0.01 * rng.standard_normal(len(few)))
        seeds.append((1 + (begins / few) ** 2) * slow * noise)
    found = knees(of(seeds, tau=few), "drawn", "w2")["alone"]
    assert found.high / found.tau < 1.3
    exact = [b / np.sqrt(1.2 * 0.91 - 1) for b in (3.0, 4.0, 5.5)]
    assert exact[0] < found.tau < exact[2]


def test_intervals_of_95_percent_hold_the_truth_about_that_often():
    """Of trainings that differ by a third, of figures that differ by a hundredth."""
    rng, inside, n = np.random.default_rng(1), 0, 200
    few = np.array([3.6, 11, 22, 36, 65, 108, 173, 290, 810])
    for _ in range(n):
        begins = 15.0 * np.exp(0.33 * rng.standard_normal(8))
        noise = np.exp(0.01 * rng.standard_normal((8, len(few))))
        seeds = [curve(b, 1.0, tau=few) * e for b, e in zip(begins, noise, strict=True)]
        found = knees(of(seeds, tau=few), "drawn", "w2")["alone"]
        inside += found.low <= knee_of(15.0) <= found.high
    # Three standard deviations of a count below what 95 % of the studies would be.
    assert inside >= 0.95 * n - 3 * np.sqrt(n * 0.95 * 0.05)


def test_seeds_whose_longest_samples_alone_are_best_have_a_lower_bound():
    """A curve of 1 / tau is a fifth above its end where tau is the last over 1.2."""
    tau = TAU[:7]
    falling, bent = 100 / tau, curve(2.0, 1.0, tau=tau)
    alone = knees(of([falling], tau=tau), "drawn", "w2")["alone"]
    assert (alone.seeds, alone.not_reached, alone.at_least) == (1, 1, True)
    assert alone.tau == pytest.approx(tau[-1] / 1.2, rel=1e-3)
    assert alone.span() == f"at least {tau[-1] / 1.2:.3g}"
    assert np.isnan(alone.low)
    half = knees(of([falling, bent], tau=tau), "drawn", "w2")["alone"]
    assert half.at_least
    few = knees(of([falling, *[bent] * 4], tau=tau), "drawn", "w2")["alone"]
    assert (few.seeds, few.not_reached, few.at_least) == (5, 1, False)
    assert few.most_tau == pytest.approx(tau[-1] / 1.2, rel=1e-3)
    assert few.high > few.tau


def test_what_fresh_images_would_have_is_taken_off():
    """A sum of a bias and of 1 / tau + 1: enough is where the rest is 1.2 times its own least."""
    bias, tau = 3.0, np.geomspace(1, 1000, 40)
    y = bias + 1 + 9 / tau
    rest = 1.2 * (y.min() - bias) - 1
    assert crossing_tau(tau, y, bias) == pytest.approx(9 / rest, rel=0.01)
    (found,) = knees(of([y], tau=tau), "drawn", "w2", floor=bias).values()
    assert found.tau == pytest.approx(crossing_tau(tau, y, bias))
    # With it, 0.2 of 4 and not of 1: earlier.
    assert crossing_tau(tau, y) == pytest.approx(9 / (1.2 * y.min() - bias - 1), rel=0.01)
    # Samples as good as fresh images: a twentieth of the figure is what they scatter by.
    good = bias + 9 / tau**2
    enough = np.sqrt(9 / (1.05 * good.min() - bias))
    assert crossing_tau(tau, good, bias) == pytest.approx(enough, rel=0.02)


def test_a_figure_that_rises_again_counts_by_its_best():
    # Trained for a speed: best at 34, then twice as bad.
    tau = np.array([3.6, 10.8, 36.0, 108.0, 290.0, 810.0])
    y = np.array([24.06, 8.93, 7.27, 14.93, 15.45, 15.47])
    found = knees(of([y], tau=tau), "drawn", "w2")["alone"]
    assert found.worse_later == 1
    # 1.2 times 7.27 is 8.72.
    assert 10.8 < found.tau < 12
    assert found.best == pytest.approx(7.27)


def test_of_flat_curves_only_a_bound_is_known():
    flat = [1.0 + 0.01 * np.cos(TAU + k) for k in range(4)]
    found = knees(of(flat), "drawn", "w2")["alone"]
    assert found.at_once
    assert found.span() == "at most 1"
    assert np.isnan(found.low)


def test_seeds_that_may_need_less_than_the_shortest_are_counted():
    rising, falling = np.linspace(1.0, 1.1, len(TAU)), curve(20.0, 1.0)
    found = knees(of([falling, falling, rising]), "drawn", "w2")["alone"]
    assert (found.seeds, found.begun, found.at_once) == (3, 1, False)
    assert found.least_tau == found.shortest_tau
    said = list(remarks({"alone": found}, of([falling])))
    assert (
        "Alone, with 1 seed the shortest samples, 1 C/g, are enough already; shorter ones were not "
        "drawn."
    ) in said


def test_two_ways_are_compared_by_the_seeds_that_both_have():
    begins = (20.0, 60.0, 90.0, 30.0)
    slow = [curve(b, 2.0) for b in begins]
    fast = [curve(b / 2, 1.0) for b in begins]
    both = curves_of(of(slow, "alone") + of(fast[:3], "noiseless"), "drawn", "w2")
    tau, best = ratios(both["alone"], both["noiseless"])
    # Seeds differ by more than a factor of four, and the ratio of each is two.
    assert tau.value == pytest.approx(2.0, rel=0.05)
    assert tau.seeds == 3
    assert tau.low == pytest.approx(2.0, rel=0.15)
    assert best.value == pytest.approx(2.0, rel=0.02)
    one = curves_of(of(slow[:1], "alone") + of(fast[:1], "noiseless"), "drawn", "w2")
    tau, _ = ratios(one["alone"], one["noiseless"])
    assert np.isnan(tau.low)
    flat = curves_of(of([np.ones_like(TAU)], "noiseless"), "drawn", "w2")
    assert ratios(one["alone"], flat["noiseless"]) is None


def test_two_ways_are_compared_at_the_lengths_that_both_have():
    slow = [curve(b, 2.0) for b in (20.0, 60.0, 90.0)]
    rows = of(slow, "alone")
    few = of([one[::3] for one in slow], "noiseless", tau=TAU[::3])
    both = curves_of(rows + few, "drawn", "w2")
    tau, best = ratios(both["alone"], both["noiseless"])
    assert tau == pytest.approx((1, 1, 1, 3))
    assert best == pytest.approx((1, 1, 1, 3))


def test_two_seeds_have_no_interval():
    rows = [row("alone", t, s, 1 + 9 / t) for s in (0, 1) for t in (1.0, 10.0, 100.0, 1000.0)]
    found = knees(rows, "drawn", "w2")["alone"]
    assert found.seeds == 2
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    # 1 + 9 / tau is 1.2 times the least, 1.009, at 43.
    assert (found.above_tau, found.upto_tau) == (10.0, 100.0)
    assert found.span().endswith(
        " (between the lengths drawn, 10 and 100; 2 seeds: too few for an interval)"
    )


def test_failed_points_and_ways_of_two_lengths_are_left_out():
    rows = [row("alone", tau, 0, 5 / tau) for tau in (1.0, 2.0)]
    rows += [row("stepped", tau, 0, 5 / tau) for tau in (1.0, 2.0, 4.0)]
    rows += [row("alone", 4.0, 0, "", error="It failed.")]
    found = knees(rows, "drawn", "w2")
    assert found.keys() == {"stepped"}
    assert np.isnan(found["stepped"].low)
