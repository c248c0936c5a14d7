"""Metrics of samples; anchors: closed forms, exact expectations, scikit-learn, worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from neurosim.data import load_digits
from neurosim.errors import DataError
from neurosim.metrics import (
    Classifier,
    baselines,
    class_entropy,
    class_shares,
    evaluate_samples,
    frechet_distance,
    fresh_frechet,
    nearest_training_distance,
    nn_two_sample,
    precision_recall_density_coverage,
    smallest_class,
    w2,
)

KEYS = [
    *("frechet_feature", "frechet_pixel", "nn_two_sample", "w2"),
    *("precision", "recall", "density", "coverage"),
    *("class_shares", "class_entropy", "smallest_class", "nearest_distance", "n"),
]

SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def digits():
    return load_digits()[0]


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


@pytest.fixture(scope="module")
def rows(digits):
    return baselines(digits, Classifier.load(), seed=0)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def with_moments(mean, covariance, n: int, seed: int) -> np.ndarray:
    """Rows whose sample mean and covariance are exactly these."""
    mean = np.asarray(mean, dtype=float)
    z = normal(seed, n, len(mean))
    white = np.linalg.qr(z - z.mean(axis=0))[0] * np.sqrt(n - 1)
    return mean + white @ np.linalg.cholesky(covariance).T


@given(SEEDS)
def test_frechet_distance_of_two_planar_gaussians_is_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    means = rng.standard_normal((2, 2))
    one, two = (g @ g.T + 0.01 * np.eye(2) for g in rng.standard_normal((2, 2, 2)))
    # Eigenvalues p, q of AB: (sqrt p + sqrt q)^2 = tr AB + 2 sqrt(det A det B).
    root = np.sqrt(np.trace(one @ two) + 2 * np.sqrt(np.linalg.det(one) * np.linalg.det(two)))
    expected = np.square(means[0] - means[1]).sum() + np.trace(one + two) - 2 * root
    a = with_moments(means[0], one, 40, seed)
    b = with_moments(means[1], two, 25, seed + 1)
    # The trace of the root is within 1e-12 of order-one figures.
    assert frechet_distance(a, b) == pytest.approx(expected, abs=1e-10)


def test_frechet_distance_of_axis_aligned_gaussians_compares_their_deviations():
    one, two = np.array([1.0, 2.0, 3.0]), np.array([1.5, 0.1, 3.0])
    a = with_moments(np.zeros(3), np.diag(one**2), 30, seed=0)
    b = with_moments(np.ones(3), np.diag(two**2), 50, seed=1)
    expected = 3 + np.square(one - two).sum()
    assert frechet_distance(a, b) == pytest.approx(expected, abs=1e-10)


@given(SEEDS)
def test_frechet_distance_is_symmetric_and_blind_to_rotation(seed):
    a, b, c = normal(seed, 20, 4), 1 + 2 * normal(seed + 1, 9, 4), normal(seed + 2, 4, 4)
    turn = np.linalg.qr(c)[0]
    there = frechet_distance(a, b)
    assert frechet_distance(b, a) == pytest.approx(there, rel=1e-10)
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(there, rel=1e-10)


def test_frechet_distance_stands_constant_columns_and_fewer_rows_than_columns():
    a = np.c_[normal(0, 5, 8), np.ones((5, 3))]
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(a, a[::-1] + 0.5) == pytest.approx(0.25 * 11, abs=1e-12)


def test_nearest_neighbour_test_gives_the_worked_example():
    # 0 and 1 find each other; 5 finds 4 of the other set; 4 finds 5; 9 finds 12; 12 finds 9.
    a, b = np.array([[0.0], [1.0], [5.0]]), np.array([[4.0], [9.0], [12.0]])
    assert nn_two_sample(a, b) == 4 / 6


def test_nearest_neighbours_at_one_distance_share_the_vote():
    # 1 has 0 (own) and 2 (other) at distance 1; 0 finds 1, 2 finds 1 (other), 5 finds 2.
    a, b = np.array([[0.0], [1.0]]), np.array([[2.0], [5.0]])
    assert nn_two_sample(a, b) == (1 + 0.5 + 0 + 1) / 4


def test_nearest_neighbour_test_tells_copies_and_strangers():
    a = normal(0, 50, 3)
    assert nn_two_sample(a, a) == 0
    assert nn_two_sample(a, a + 100) == 1


def test_nearest_neighbour_test_finds_one_law_indistinguishable():
    scores = [nn_two_sample(normal(2 * s, 200, 5), normal(2 * s + 1, 200, 5)) for s in range(20)]
    # 199 of the 399 other rows are of the own set. Votes of neighbours that are each other's come
    # in pairs: the variance is at most twice the binomial one, over 20 times 400 votes.
    assert np.mean(scores) == pytest.approx(199 / 399, abs=4 * np.sqrt(2 * 0.25 / 8000))


def test_nearest_neighbour_test_thins_the_larger_set():
    a, b = normal(0, 300, 4), normal(1, 60, 4) + 0.5
    # Unthinned, naming the larger set always would be right five times in six.
    assert nn_two_sample(a, b) < 0.75
    assert nn_two_sample(a, b) == nn_two_sample(b, a)


def test_precision_recall_density_coverage_give_the_worked_example():
    # Real balls: 0 and 1 reach 1, 3 reaches 2, 7 reaches 4. Fake balls: 0.5 and 2.5 reach 2, 20
    # and 21 reach 1. In real balls lie 0.5 (of 0 and 1) and 2.5 (of 3); in fake balls 0, 1, 3.
    real, fake = np.array([[0.0, 1, 3, 7]]).T, np.array([[0.5, 2.5, 20, 21]]).T
    assert precision_recall_density_coverage(real, fake, k=1) == (0.5, 0.75, 0.75, 0.75)


@given(SEEDS, st.integers(1, 5), st.integers(7, 40), st.integers(7, 40))
def test_precision_recall_density_coverage_agree_with_scikit_learns_neighbours(seed, k, n, m):
    real, fake = normal(seed, n, 3), 0.3 + normal(seed + 1, m, 3)

    def balls(centres, queries):
        """For each query, the number of centres whose k-th neighbour is further away than it."""
        reach = NearestNeighbors(n_neighbors=k).fit(centres).kneighbors()[0][:, -1]
        distance, index = (
            NearestNeighbors(n_neighbors=len(centres)).fit(centres).kneighbors(queries)
        )
        return (distance < reach[index]).sum(axis=1), reach

    in_real, reach = balls(real, fake)
    in_fake, _ = balls(fake, real)
    to_fake = NearestNeighbors(n_neighbors=1).fit(fake).kneighbors(real)[0][:, 0]
    expected = ((in_real > 0).mean(), (in_fake > 0).mean(), in_real.mean() / k)
    result = precision_recall_density_coverage(real, fake, k)
    np.testing.assert_allclose(result, (*expected, (to_fake < reach).mean()), rtol=1e-12)


def test_density_and_coverage_of_one_law_have_their_exact_expectations():
    n, m, k, trials = 40, 30, 3, 400
    figures = np.array(
        [
            precision_recall_density_coverage(normal(2 * s, n, 2), normal(2 * s + 1, m, 2), k)[2:]
            for s in range(trials)
        ]
    )
    # By exchangeability: a fake row is among the k nearest of a real one with probability k / n;
    # a real ball is empty if its k nearest of the n - 1 + m others are all real.
    empty = np.prod([(n - i) / (n + m - i) for i in range(1, k + 1)])
    z = (figures.mean(axis=0) - (1, 1 - empty)) / (figures.std(axis=0) / np.sqrt(trials))
    assert np.abs(z).max() < 4


def test_copies_have_full_precision_recall_and_coverage():
    a = normal(0, 60, 4)
    precision, recall, density, coverage = precision_recall_density_coverage(a, a)
    # Each ball holds its centre and k - 1 of its neighbours (the k-th lies on the open rim).
    assert (precision, recall, density, coverage) == (1, 1, 1, 1)


@given(SEEDS, st.floats(-100, 100))
def test_w2_of_a_shifted_set_is_the_length_of_the_shift(seed, step):
    a = normal(seed, 20, 4)
    order = np.random.default_rng(seed).permutation(20)
    shift = step * np.array([1.0, 2.0, 2.0, 4.0]) / 5
    assert w2(a, a[order] + shift) == pytest.approx(abs(step), rel=1e-9, abs=1e-12)


def test_w2_on_a_line_is_that_of_the_sorted_values():
    a, b = normal(0, 80, 1), np.exp(normal(1, 80, 1))
    expected = np.sqrt(np.square(np.sort(a[:, 0]) - np.sort(b[:, 0])).mean())
    assert w2(a, b) == pytest.approx(expected, rel=1e-12)


def test_w2_of_unequal_numbers_takes_rows_of_the_larger_set():
    a = normal(0, 30, 2)
    assert w2(a, a[:1]) in np.linalg.norm(a - a[0], axis=1)
    assert w2(np.repeat(a[:1], 50, axis=0), np.repeat(a[1:2], 7, axis=0)) == pytest.approx(
        np.linalg.norm(a[0] - a[1]), rel=1e-12
    )


def test_class_shares_of_the_digits_are_those_of_their_labels(digits, classifier):
    shares = class_shares(digits, classifier)
    counts = np.bincount(load_digits()[1])
    wrong = (1 - classifier.held_out_accuracy) * 0.2  # only a fifth was held out
    np.testing.assert_allclose(shares, counts / 1797, atol=2 * wrong)
    assert sum(shares) == pytest.approx(1, abs=1e-12)
    assert smallest_class(shares) == min(shares)


def test_class_entropy_counts_the_classes_that_are_drawn():
    assert class_entropy([0, 0, 1.0, 0, 0, 0, 0, 0, 0, 0]) == 0
    assert class_entropy([0.5, 0.5] + [0.0] * 8) == pytest.approx(np.log10(2), rel=1e-12)
    assert class_entropy([0.1] * 10) == pytest.approx(1, rel=1e-12)


def test_nearest_training_distance_is_the_mean_over_samples():
    images = np.array([[0.0, 0.0], [10.0, 0.0]])
    samples = np.array([[3.0, 4.0], [10.0, 1.0]])
    assert nearest_training_distance(samples, images) == 3


def test_evaluation_has_exactly_the_protocols_keys(rows):
    assert list(rows) == ["real", "noisy", "gaussian"]
    assert all(list(row) == KEYS for row in rows.values())
    assert all(len(row["class_shares"]) == 10 for row in rows.values())
    assert [row["n"] for row in rows.values()] == [898, 1797, 2000]


def test_evaluation_puts_samples_on_the_digits_grid(digits, classifier):
    few, rng = digits[:60], np.random.default_rng(0)
    # Less than half a step of 1/8, and outwards of the range, where it is clipped.
    off = few + np.where(np.abs(few) == 1, 3 * few, rng.uniform(-0.06, 0.06, few.shape))
    expected = evaluate_samples(few, digits[60:160], classifier)
    assert evaluate_samples(off, digits[60:160], classifier) == expected


def test_real_halves_reproduce_the_prototypes_floor(rows):
    """FLOWEQPROP section 3; spreads are standard deviations over 20 random splits."""
    table = {
        "frechet_pixel": (0.26, 0.037),
        "nn_two_sample": (0.52, 0.012),
        "w2": (2.58, 0.032),
        "precision": (0.96, 0.006),
        "recall": (0.97, 0.008),
        "density": (1.00, 0.026),
        "coverage": (0.96, 0.009),
    }
    for name, (figure, spread) in table.items():
        # Two splits differ: 4 standard deviations of a difference, and the table's last digit.
        assert rows["real"][name] == pytest.approx(figure, abs=4 * 2**0.5 * spread + 0.005), name


@pytest.mark.parametrize("size", [600, 900])
def test_the_distance_of_fresh_images_is_foretold_from_the_set_alone(digits, classifier, size):
    """Halves of some digits foretell how far all others are; means of 6 splits."""
    rng, measured, foretold = np.random.default_rng(0), [], []
    for _ in range(6):
        order = rng.permutation(len(digits))
        known, fresh = digits[order[:size]], digits[order[size:]]
        features = (classifier.features(rows) for rows in (known, fresh))
        measured.append(frechet_distance(*features))
        foretold.append(fresh_frechet(known, classifier, len(fresh)))
    # Measured distances have a standard deviation of a fifth over splits.
    spread = 0.2 * np.mean(measured) * (2 / len(measured)) ** 0.5
    assert np.mean(foretold) == pytest.approx(np.mean(measured), abs=3 * spread)


def test_of_fewer_images_than_features_nothing_is_foretold(digits, classifier):
    assert fresh_frechet(digits[:120], classifier, 500) is None
    assert fresh_frechet(digits, classifier, 20) is None


def test_a_fitted_gaussian_reproduces_the_prototypes_baseline(rows):
    """FLOWEQPROP section 3; the spreads over draws of 2,000 are below 0.02."""
    table = {
        "frechet_pixel": 0.76,
        "nn_two_sample": 0.93,
        "w2": 3.42,
        "precision": 0.31,
        "recall": 0.63,
        "density": 0.10,
        "coverage": 0.15,
    }
    for name, figure in table.items():
        assert rows["gaussian"][name] == pytest.approx(figure, abs=0.06), name
    assert rows["gaussian"]["frechet_feature"] > 3 * rows["real"]["frechet_feature"]


def test_noisy_digits_look_memorised(rows):
    noisy, real = rows["noisy"], rows["real"]
    assert noisy["nn_two_sample"] < 0.01
    assert noisy["nearest_distance"] < real["nearest_distance"] / 2
    # W2 is no more than by the pairing of each image with its own noisy copy; the grid's rounding
    # adds a variance of (1/8)^2 / 12 to that of the noise, clipping only takes away.
    assert noisy["w2"] < np.sqrt(64 * (0.1**2 + 1 / 768))


def test_samples_copied_from_a_few_images_are_precise_but_cover_little(digits, classifier):
    row = evaluate_samples(digits[:30], digits[:200], classifier)
    assert (row["nearest_distance"], row["precision"], row["n"]) == (0, 1, 30)
    assert row["coverage"] < 0.6


def test_baselines_depend_on_the_seed_alone(digits, classifier):
    few = digits[:80]
    first, again, other = (baselines(few, classifier, seed, n=40) for seed in (1, 1, 2))
    assert first == again
    assert first["real"] != other["real"]


def test_evaluation_refuses_samples_that_are_not_finite(digits, classifier):
    samples = digits[:20].copy()
    samples[[3, 7], 5] = np.nan, np.inf
    with pytest.raises(DataError, match="2 of the first set's 20 rows hold NaN or infinity"):
        evaluate_samples(samples, digits, classifier)


def test_evaluation_refuses_samples_of_another_width(digits, classifier):
    with pytest.raises(DataError, match="they have 63 and 64 columns"):
        evaluate_samples(digits[:20, :63], digits, classifier)


@pytest.mark.parametrize("shape", [(6, 64), (64,), (0, 64)])
def test_evaluation_refuses_too_few_samples(digits, classifier, shape):
    with pytest.raises(DataError, match="n at least 7, but the first has shape"):
        evaluate_samples(np.zeros(shape), digits, classifier)


def test_every_metric_of_two_sets_refuses_what_it_cannot_compare():
    good, short = np.zeros((8, 2)), np.zeros((0, 2))
    metrics = (frechet_distance, nn_two_sample, precision_recall_density_coverage, w2)
    for metric in (*metrics, nearest_training_distance):
        with pytest.raises(DataError, match=f"{metric.__name__} needs sets"):
            metric(good, short)
        with pytest.raises(DataError, match=f"{metric.__name__} needs finite"):
            metric(good * np.nan, good)
        with pytest.raises(DataError, match=f"{metric.__name__} needs two sets of one width"):
            metric(good, np.zeros((8, 3)))
