"""Writes and write-verify loops: published errors, truncated laws, counts of pulses."""

import numpy as np
import pytest
from scipy.stats import kstest, norm, truncnorm

from neurosim.devices import Write

N = 40_000


def law(noise, reference_S=1e-6, **changes):
    return Write(reference_S=reference_S, noise=noise, **changes)


def verify(window_S, most_pulses=30, unreachable=0.0):
    return {"window_S": window_S, "most_pulses": most_pulses, "unreachable": unreachable}


def errors(write, target_S, n=N, seed=0):
    written = write.write(np.full(n, target_S), np.random.default_rng(seed))
    return written.conductance_S - target_S, written


# Standard deviations in siemens at three conductances, straight from the published formulas.
PUBLISHED = {
    # PCM, Joshi et al. 2020 by aihwkit: 0.26348 + 1.9650 g - 1.1731 g^2 uS, g = G / 25 uS.
    "pcm": (
        25e-6, {"polynomial": [0.26348 / 25, 1.9650 / 25, -1.1731 / 25]},
        lambda g: (0.26348 + 1.9650 * g / 25e-6 - 1.1731 * (g / 25e-6) ** 2) * 1e-6,
        [5e-6, 12e-6, 24e-6],
    ),
    # CMO/HfOx at 2 %: 1.129e-2 + 1.12e-2 G, both in uS.
    "rram": (
        1e-6, {"polynomial": [1.129e-2, 1.12e-2]},
        lambda g: (1.129e-2 + 1.12e-2 * g * 1e6) * 1e-6,
        [1e-5, 4e-5, 9e-5],
    ),
    # SONOS: 19.887 (1 - exp(-I / 176.31)) nA at 0.1 V.
    "sonos": (
        1e-8, {"saturating": [19.887, 17.631 * 10]},
        lambda g: 19.887e-8 * (1 - np.exp(-g * 0.1e9 / 176.31)),
        [1e-6, 4e-6, 16e-6],
    ),
    "constant": (6e-6, 0.01, lambda g: 6e-8, [1e-6, 3e-6, 6e-6]),
    "proportional": (6e-6, {"polynomial": [0, 0.06]}, lambda g: 0.06 * g, [1e-6, 3e-6, 6e-6]),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_error_of_a_write_is_the_published_one(name):
    reference_S, noise, sigma_S, conductances = PUBLISHED[name]
    for g in conductances:
        error, _ = errors(law(noise, reference_S), g)
        expected = sigma_S(g)
        # z-scores of the sample's mean and deviation.
        assert abs(error.mean() / expected * np.sqrt(N)) < 5
        assert abs((error.std() / expected - 1) * np.sqrt(2 * N)) < 5


def test_a_verify_loop_leaves_the_normal_law_truncated_to_its_window():
    sigma_S, window_S = 0.5e-6, 0.25e-6
    error, written = errors(law(0.5, verify=verify(window_S, 200)), 5e-6)
    a = window_S / sigma_S
    assert not written.failed.any()
    assert kstest(error / sigma_S, truncnorm(-a, a).cdf).pvalue > 1e-4


def test_the_pulses_of_a_verify_loop_are_those_of_the_loop_run_try_by_try():
    sigma_S, window_S, most = 1e-6, 0.3e-6, 6
    _, written = errors(law(1.0, verify=verify(window_S, most)), 5e-6)
    rng = np.random.default_rng(1)
    inside = np.abs(sigma_S * rng.standard_normal((N, most))) <= window_S
    tries = np.where(inside.any(axis=1), inside.argmax(axis=1) + 1, most)
    for got, expected in ((written.pulses, tries), (written.failed, ~inside.any(axis=1))):
        spread = np.sqrt((got.var() + expected.var()) / N)
        assert abs(got.mean() - expected.mean()) < 5 * spread


def test_a_write_that_fails_keeps_a_last_try_from_outside_the_window():
    sigma_S, window_S = 1e-6, 0.3e-6
    error, written = errors(law(1.0, verify=verify(window_S, 2)), 50e-6)
    assert 0.2 < written.failed.mean() < 0.9
    assert (np.abs(error[written.failed]) >= window_S * (1 - 1e-9)).all()
    assert (np.abs(error[~written.failed]) <= window_S * (1 + 1e-9)).all()
    # Of all outside, the share beyond two windows is that of the normal law.
    beyond = np.mean(np.abs(error[written.failed]) > 2 * window_S)
    expected = norm.sf(2 * window_S / sigma_S) / norm.sf(window_S / sigma_S)
    n = written.failed.sum()
    assert abs(beyond - expected) < 5 * np.sqrt(expected * (1 - expected) / n)


def test_unreachable_writes_fail_in_their_share():
    _, written = errors(law(0.1, verify=verify(1e-6, 100, 0.03)), 5e-6)
    assert abs(written.failed.mean() - 0.03) < 5 * np.sqrt(0.03 * 0.97 / N)


def test_a_failed_write_misses_a_window_of_any_number_of_sigmas_by_a_finite_error():
    for window_S in (1e-8, 3e-8, 4e-7):
        write = law(0.01, verify=verify(window_S, unreachable=0.5))
        error_S, written = errors(write, 5e-6)
        assert np.isfinite(error_S).all()
        assert (np.abs(error_S[written.failed]) >= window_S * (1 - 1e-9)).all()


def test_without_noise_a_write_is_exact_and_takes_one_try():
    target_S = np.array([0.0, 1e-6, 6e-6])
    for loop in (None, verify(1e-7, 10, 0.5)):
        written = law(0, verify=loop).write(target_S, np.random.default_rng(0))
        np.testing.assert_array_equal(written.conductance_S, target_S)
        np.testing.assert_array_equal(written.pulses, 1)
        assert not written.failed.any()


def test_a_device_that_is_fully_off_stays_off_and_none_is_negative():
    target_S = np.tile([0.0, 1e-8], 1000)
    for loop in (None, verify(1e-6)):
        got = law(1.0, verify=loop).write(target_S, np.random.default_rng(0)).conductance_S
        np.testing.assert_array_equal(got[::2], 0)
        assert got.min() == 0
        assert got[1::2].max() > 0
