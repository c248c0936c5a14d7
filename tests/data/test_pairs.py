"""Digits, their grid, optimal pairs and flow triples; anchors: brute force, identities, SciPy."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import scipy.special
import scipy.stats
import sklearn.datasets
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

import neurosim.data.pairs
from neurosim.data import FlowBatch, PairSource, load_digits, optimal_pairs, to_grid
from neurosim.errors import DataError
from neurosim.streams import Streams
from tools import posix


def random_images(n: int, d: int = 4) -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (n, d))


def ends(batch: FlowBatch) -> tuple[np.ndarray, np.ndarray]:
    """x0 and x1, recovered from the definition of x_t and u_t."""
    t = batch.t[:, None]
    return batch.x_t - t * batch.u_t, batch.x_t + (1 - t) * batch.u_t


def assert_same_bits(a: FlowBatch, b: FlowBatch) -> None:
    for name in ("x_t", "u_t", "t"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes()


def test_digits_are_scikit_learns_on_17_levels_of_the_unit_interval():
    images, labels = load_digits()
    raw = sklearn.datasets.load_digits()
    assert images.shape == (1797, 64)
    assert images.dtype == np.float64
    np.testing.assert_array_equal(8 * images + 8, raw.data)
    np.testing.assert_array_equal(labels, raw.target)
    np.testing.assert_array_equal(np.unique(images), np.arange(-8, 9) / 8)


def test_digits_are_fixed_points_of_the_grid():
    images, _ = load_digits()
    np.testing.assert_array_equal(to_grid(images), images)


@given(st.floats(-1e6, 1e6))
def test_grid_gives_the_nearest_level(x):
    levels = np.arange(-8, 9) / 8
    assert abs(to_grid(np.array(x)) - x) == np.abs(levels - x).min()


@given(st.integers(0, 2**32), st.integers(1, 3))
def test_optimal_pairs_cost_what_the_best_of_all_permutations_costs(seed, d):
    rng = np.random.default_rng(seed)
    x0, x1 = rng.standard_normal((2, 6, d))
    costs = [np.square(x0 - x1[list(p)]).sum() for p in itertools.permutations(range(6))]
    # Sums of 18 squares of order one: rounding stays far below 1e-12.
    assert np.square(x0 - x1[optimal_pairs(x0, x1)]).sum() == pytest.approx(min(costs), abs=1e-12)


def test_optimal_pairs_on_a_line_keep_the_order():
    x0, x1 = np.random.default_rng(0).standard_normal((2, 200, 1))
    np.testing.assert_array_equal(np.argsort(x0[:, 0]), np.argsort(x1[optimal_pairs(x0, x1), 0]))


@pytest.mark.parametrize("shapes", [((3, 2), (4, 2)), ((3, 2), (3, 3)), ((3,), (3,))])
def test_optimal_pairs_refuse_sets_that_cannot_be_paired(shapes):
    with pytest.raises(DataError, match="one shape"):
        optimal_pairs(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_batch_depends_on_seed_and_update_alone():
    images = random_images(20)
    source = PairSource(images, 8, Streams(5), prefetch=False)
    third = source.batch_at(3)
    source.batch_at(0)
    assert_same_bits(third, source.batch_at(3))
    assert_same_bits(third, PairSource(images, 8, Streams(5), prefetch=False).batch_at(3))
    others = (source.batch_at(4), PairSource(images, 8, Streams(6), prefetch=False).batch_at(3))
    assert all(np.abs(third.t - other.t).min() > 0 for other in others)


def test_batch_ends_at_distinct_images():
    images = random_images(20)
    _, x1 = ends(PairSource(images, 8, Streams(0), prefetch=False).batch_at(0))
    distance = np.abs(x1[:, None] - images).max(axis=2)
    np.testing.assert_allclose(distance.min(axis=1), 0, atol=1e-14)
    assert len(set(distance.argmin(axis=1))) == 8


def test_full_batch_ends_at_every_image_once():
    images = random_images(20)
    _, x1 = ends(PairSource(images, 20, Streams(0), prefetch=False).batch_at(7))
    chosen = np.abs(x1[:, None] - images).max(axis=2).argmin(axis=1)
    assert sorted(chosen) == list(range(20))


def test_batch_is_paired_optimally():
    x0, x1 = ends(PairSource(random_images(40), 30, Streams(0), prefetch=False).batch_at(0))
    np.testing.assert_array_equal(optimal_pairs(x0, x1), np.arange(30))


def test_parts_of_an_epoch_are_one_optimal_pairing_of_all_images():
    images = random_images(30)
    source = PairSource(images, 7, Streams(3), prefetch=False, pairing="epoch")
    for epoch in (0, 2):
        parts = [ends(source.batch_at(4 * epoch + k)) for k in range(4)]
        x0, x1 = (np.concatenate(side) for side in zip(*parts, strict=True))
        np.testing.assert_array_equal(optimal_pairs(x0, x1), np.arange(28))
        distance = np.abs(x1[:, None] - images).max(axis=2)
        assert len(set(distance.argmin(axis=1))) == 28


@pytest.mark.parametrize(
    ("times", "law"),
    [
        ("uniform", scipy.stats.uniform()),
        ("late", scipy.stats.beta(2, 1)),
        ("logit_normal", scipy.stats.norm()),
    ],
)
def test_flow_times_follow_their_distribution(times, law):
    t = neurosim.data.pairs.flow_times(20_000, times, np.random.default_rng(5))
    assert t.min() >= 0
    assert t.max() < 1
    drawn = scipy.special.logit(t) if times == "logit_normal" else t
    assert scipy.stats.kstest(drawn, law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("times", ["late", "logit_normal"])
def test_other_flow_times_are_shown_of_the_same_pairs(times):
    images = random_images(20)
    plain = PairSource(images, 20, Streams(3), prefetch=False).batch_at(2)
    other = PairSource(images, 20, Streams(3), prefetch=False, times=times).batch_at(2)
    np.testing.assert_array_equal(plain.u_t, other.u_t)
    np.testing.assert_allclose(plain.x_0, other.x_0, atol=1e-12)
    assert (plain.t != other.t).all()


def test_an_epoch_of_one_batch_is_that_batch():
    images = random_images(20)
    plain, epoch = (
        PairSource(images, 20, Streams(3), prefetch=False, pairing=pairing)
        for pairing in ("batch", "epoch")
    )
    assert_same_bits(plain.batch_at(5), epoch.batch_at(5))


def test_each_epoch_is_paired_once_however_its_batches_are_asked_for(monkeypatch):
    calls: list[int] = []

    def spy(x0, x1):
        calls.append(len(x0))
        return optimal_pairs(x0, x1)

    monkeypatch.setattr(neurosim.data.pairs, "optimal_pairs", spy)
    images = random_images(600)
    with PairSource(images, 100, Streams(0), prefetch=True, pairing="epoch") as source:
        ahead = [source.batch_at(update) for update in range(9)]
    assert calls == [600, 600]
    plain = PairSource(images, 100, Streams(0), prefetch=False, pairing="epoch")
    for update, batch in enumerate(ahead):
        assert_same_bits(batch, plain.batch_at(update))


def test_noise_is_standard_normal_and_time_is_uniform():
    source = PairSource(random_images(500), 400, Streams(1), prefetch=False)
    batches = [source.batch_at(update) for update in range(5)]
    x0 = np.concatenate([ends(batch)[0] for batch in batches]).ravel()
    t = np.concatenate([batch.t for batch in batches])
    # Kolmogorov-Smirnov, seed fixed: a right law fails one seed in a thousand.
    assert scipy.stats.kstest(x0, "norm").pvalue > 1e-3
    assert scipy.stats.kstest(t, "uniform").pvalue > 1e-3


def test_batch_cannot_be_overwritten():
    batch = PairSource(random_images(9), 5, Streams(0), prefetch=False).batch_at(0)
    with pytest.raises(ValueError, match="read-only"):
        batch.x_t[0] = 0


@pytest.mark.every(2)
@pytest.mark.parametrize("updates", [range(5), [4, 2, 2, 9, 3, 10, 11]])
def test_prefetched_batches_are_the_same_bits(updates):
    images = random_images(600)
    plain = PairSource(images, 512, Streams(2), prefetch=False)
    with PairSource(images, 512, Streams(2), prefetch=True) as ahead:
        for update in updates:
            assert_same_bits(ahead.batch_at(update), plain.batch_at(update))
    assert_same_bits(ahead.batch_at(1), plain.batch_at(1))


def pairing_threads(monkeypatch, batch: int) -> list[str]:
    """Names of the threads that paired while three batches were asked for."""
    names: list[str] = []

    def spy(x0, x1):
        names.append(threading.current_thread().name)
        return optimal_pairs(x0, x1)

    monkeypatch.setattr(neurosim.data.pairs, "optimal_pairs", spy)
    with PairSource(random_images(600), batch, Streams(0), prefetch=True) as source:
        for update in range(3):
            source.batch_at(update)
    return names


def test_big_batches_are_paired_ahead_on_other_threads(monkeypatch):
    names = pairing_threads(monkeypatch, 512)
    assert sum(name.startswith("pairs") for name in names) >= 2
    assert names.count("MainThread") == 1


def test_small_batches_start_no_thread(monkeypatch):
    assert pairing_threads(monkeypatch, 511) == ["MainThread"] * 3


def test_no_thread_outlives_the_source():
    with PairSource(random_images(600), 512, Streams(0), prefetch=True) as source:
        source.batch_at(0)
    assert not any(thread.name.startswith("pairs") for thread in threading.enumerate())


def test_an_error_of_a_prefetched_batch_reaches_the_caller(monkeypatch):
    with PairSource(random_images(600), 512, Streams(0), prefetch=True) as source:
        monkeypatch.setattr(neurosim.data.pairs, "optimal_pairs", lambda x0, x1: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            source.batch_at(0)
        with pytest.raises(ZeroDivisionError):
            source.batch_at(1)


def test_scipys_assignment_lets_other_threads_run():
    """Prefetching on threads is worth something only while SciPy releases the lock."""
    cost = np.random.default_rng(0).random((1500, 1500))
    thread = threading.Thread(target=linear_sum_assignment, args=(cost,))
    ticks = 0
    thread.start()
    while thread.is_alive():
        time.sleep(1e-3)
        ticks += 1
    # It takes 100 ms or more; under a held lock the first sleep would not end before it.
    assert ticks >= 5


INTERRUPTED = """
import time
import numpy as np
from neurosim.data import PairSource
from neurosim.streams import Streams
try:
    images = np.random.default_rng(0).standard_normal((1500, 8))
    with PairSource(images, 1500, Streams(0), prefetch=True) as source:
        source.batch_at(0)
        print("paired", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    raise SystemExit(130)
"""


LISTEN = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"


@pytest.mark.slow
@posix
def test_an_interrupt_prints_no_traceback():
    child = subprocess.Popen(
        # Where the tests run in the background of a shell, children inherit an ignored SIGINT.
        [sys.executable, "-c", LISTEN + INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "paired\n"
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    assert (child.returncode, errors) == (130, "")


@pytest.mark.parametrize("batch", [0, 10])
def test_source_refuses_a_batch_that_the_images_cannot_fill(batch):
    with pytest.raises(DataError, match=rf"between 1 and the 9 images, but is {batch};"):
        PairSource(random_images(9), batch, Streams(0), prefetch=False)


@pytest.mark.parametrize("images", [np.zeros(5), np.array([[0.0, np.nan]])])
def test_source_refuses_images_that_are_no_finite_matrix(images):
    with pytest.raises(DataError, match="finite array of shape"):
        PairSource(images, 1, Streams(0), prefetch=False)
