"""Fluctuations of a conductance against integrals over their spectra and published figures."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from neurosim.devices.read_noise import DeviceNoise, Telegraph, Traps

G = np.array([2.5e-6, 12.5e-6, 25e-6])
NO = {"flicker": 0, "short_term": 0, "telegraph": None}


def noise(**changes):
    values = {"relative_to": "conductance", "reference_S": "25 uS", "slowest_s": "20 s"}
    return DeviceNoise(**(values | NO | changes), source="assumed: a test")


def spectral(density, low_Hz, tau_s, lag_s=0.0):
    """Autocovariance of a noise of one-sided density, from `low_Hz` on, behind a pole 1 / tau."""

    def integrand(log_f):
        f = np.exp(log_f)
        return f * density(f) * np.cos(2 * np.pi * f * lag_s) / (1 + (2 * np.pi * f * tau_s) ** 2)

    # Beyond 100 poles and 300 turns of the cosine there is less than 1e-4 of the whole.
    high_Hz = 100 / (2 * np.pi * tau_s)
    parts = np.log(low_Hz), np.log(0.1 / (lag_s or tau_s)), np.log(high_Hz)
    return sum(quad(integrand, *ends, limit=20_000)[0] for ends in pairwise(parts))


@pytest.mark.parametrize("lag_tau", [10.0, 30.0])
def test_flicker_is_the_integral_over_its_spectrum(lag_tau):
    tau_s, q, slowest_s = 1e-7, 0.01, 1e-3
    common, own = noise(flicker=q, slowest_s=slowest_s).variance(G, lag_tau * tau_s, tau_s)
    total = spectral(lambda f: q**2 / f, 1 / slowest_s, tau_s)
    kept = spectral(lambda f: q**2 / f, 1 / slowest_s, tau_s, lag_tau * tau_s)
    # Neglected: (tau / lag)^2, and (lag / slowest)^2, beside logarithms of the order of 5.
    np.testing.assert_allclose(common + own, G**2 * total, rtol=1e-3)
    np.testing.assert_allclose(common, G**2 * kept, rtol=5e-3)


@pytest.mark.parametrize("dwell_tau", [0.3, 2.0, 30.0, 1e4])
def test_telegraph_noise_is_the_integral_over_machlups_spectrum(dwell_tau):
    tau_s, step, lag_s = 1e-7, 0.2, 3e-6
    dwell_s = dwell_tau * tau_s
    traps = Traps(np.full(3, step), np.full(3, dwell_s))

    def density(f):
        return 4 * step**2 / (2 * dwell_s * ((2 / dwell_s) ** 2 + (2 * np.pi * f) ** 2))

    law = noise(telegraph=telegraph())
    common, own = law.variance(G, lag_s, tau_s, traps)
    low_Hz = 1e-5 / dwell_s
    total = spectral(density, low_Hz, tau_s)
    np.testing.assert_allclose(common + own, G**2 * total, rtol=1e-3)
    kept = spectral(density, low_Hz, tau_s, lag_s)
    np.testing.assert_allclose(common, G**2 * kept, rtol=1e-3, atol=1e-3 * total * G[-1] ** 2)


def telegraph(**changes):
    values = {"share": 0.3, "step": 0.1, "fastest_s": "1 us", "slowest_s": "1 s"}
    return Telegraph(**(values | changes), source="assumed: a test")


@pytest.mark.parametrize(
    ("x", "percent", "last_digit"), [(1.0, 3.7, 0.1), (0.5, 5.8, 0.1), (0.1, 16.0, 1.0)]
)
def test_phase_change_memory_has_the_published_noise_20_s_after_a_write(x, percent, last_digit):
    """Q = min(0.0088 / x^0.65, 0.2), read for 250 ns: a node with 1 / (2 pi tau) = 1 / (500 ns)."""
    law = noise(flicker={"power": (0.0088, -0.65), "most": 0.2})
    g = np.array([25e-6 * x])
    total = np.sum(law.variance(g, 1e-6, 500e-9 / (2 * np.pi)))
    assert abs(100 * np.sqrt(total) / g[0] - percent) <= last_digit / 2


def test_short_term_noise_is_never_common_and_a_share_of_what_is_stated():
    own = noise(short_term=0.01).variance(G, 1e-6, 1e-7)
    np.testing.assert_array_equal(own.common_S2, 0)
    np.testing.assert_allclose(np.sqrt(own.own_S2), 0.01 * G)
    of_range = noise(short_term=0.01, relative_to="reference").variance(G, 1e-6, 1e-7)
    np.testing.assert_allclose(np.sqrt(of_range.own_S2), 0.01 * 25e-6)


def test_a_cmo_device_has_the_published_law_of_its_logarithm():
    """0.02773 log10(G / uS) sqrt(ln(t / 2 us)) uS, 0.17 uS for 50 uS at 1 s."""
    law = noise(
        relative_to="reference", reference_S="1 uS", slowest_s="1 s",
        flicker={"log": (0, 0.02773 / np.log(10))},
    )  # fmt: skip
    total = np.sum(law.variance(np.array([50e-6]), 1e-5, 2e-6 / (2 * np.pi)))
    assert np.sqrt(total) == pytest.approx(0.17e-6, rel=0.02)


def test_a_device_that_is_off_does_not_fluctuate():
    law = noise(short_term=0.01, flicker=0.01, relative_to="reference")
    assert np.sum(law.variance(np.zeros(3), 1e-6, 1e-7)) == 0


def test_noise_without_numbers_is_none_bit_for_bit():
    for part in noise().variance(G, 1e-6, 1e-7):
        np.testing.assert_array_equal(part, 0.0)


def test_a_fluctuation_that_is_slower_than_the_phases_is_common_to_them():
    short, long = (noise(flicker=0.01).variance(G, lag_s, 1e-7) for lag_s in (1e-6, 1e-3))
    np.testing.assert_allclose(sum(short), sum(long))
    assert (short.common_S2 > long.common_S2).all()
    # ln(1000) less is common after a time 1000 times longer.
    np.testing.assert_allclose(
        short.common_S2 - long.common_S2, (0.01 * G) ** 2 * np.log(1e3), rtol=1e-9
    )


def test_traps_have_the_stated_share_and_log_uniform_dwell_times():
    n = 40_000
    traps = telegraph().traps(n, np.random.default_rng(2))
    share = np.mean(traps.step > 0)
    assert abs(share - 0.3) < 5 * np.sqrt(0.3 * 0.7 / n)
    assert set(np.unique(traps.step)) == {0.0, 0.1}
    decades = np.log10(traps.dwell_s)
    assert -6 <= decades.min() < decades.max() <= 0
    assert abs(decades.mean() + 3) < 5 * 6 / np.sqrt(12 * n)


def test_a_telegraph_without_a_range_of_dwell_times_is_refused():
    with pytest.raises(ValueError, match="must be above fastest_s = 1 s, but is 1e-06 s"):
        telegraph(fastest_s=1.0, slowest_s=1e-6)
