"""Statistics of phase-change memory and of CMO/HfOx RRAM against their published noise models.

The models are written out here with NumPy from the formulas and the coefficients of IBM's aihwkit
(src/aihwkit/inference/noise/hermes.py, two devices for each weight, commit 2073296c; reram.py,
commit 0c9de573): programming noise a polynomial of the target, drift t^-nu or a shift and a spread
in ln t, 1/f noise accumulated since the write.
"""

import numpy as np
import pytest

from neurosim.profile import load_profile

PCM = load_profile("pcm_hermes_14nm")
G_MAX_S, T_0_S, T_READ_S = 20.7e-6, 300.0, 512e-9
SHARES = [0.02, 0.05, 0.09, 0.1, 0.159, 0.17, 0.3, 0.31, 0.5, 0.75, 1.0]
N = 50_000


def programming_sigma_S(g):
    c = [0.16603222, 4.71806468, -8.48101252, 4.68961419]
    return 1e-6 * (c[0] + c[1] * g + c[2] * g**2 + c[3] * g**3)


def mean_nu(g):
    if g < 0.0945:
        return np.clip(-0.0387 * np.log(g) - 0.0182, 0.0720, 0.13)
    return -0.0436 * g**2 - 0.0126 * g + 0.0736


def sigma_nu(g):
    if g < 0.3055:
        return np.clip(-0.0117 * np.log(g) - 0.0057, 0.0091, 0.04)
    return -0.0118 * g**2 + 0.0093 * g + 0.0073


def q_s(g):
    if g < 0.16:
        return np.clip(-0.0117 * np.log(g) - 0.0069, 0.015, 0.04)
    return 0.0069 * g**3 - 0.0280 * g**2 + 0.0211 * g + 0.0123


def modelled_S(g, elapsed_s, rng):
    """Conductances that the model gives a time after the write; its own clock starts at t_0."""
    target_S = np.full(N, g * G_MAX_S)
    written_S = np.maximum(target_S + programming_sigma_S(g) * rng.standard_normal(N), 0)
    nu = np.abs(mean_nu(g) + sigma_nu(g) * rng.standard_normal(N))
    return written_S * np.maximum(elapsed_s / T_0_S, 1.0) ** -nu


def ours_S(g, elapsed_s, rng):
    """The same by the blocks of the profile."""
    target_S = np.full(N, g * G_MAX_S)
    written_S = PCM.write.write(target_S, rng).conductance_S
    elapsed = np.full(N, elapsed_s)
    return PCM.drift.aged(written_S, target_S, elapsed, rng.standard_normal(N))


def same_distribution(a, b):
    """Means and standard deviations within 4.5 standard errors of their difference."""
    mean_error = np.hypot(a.std(), b.std()) / np.sqrt(N)
    assert abs(a.mean() - b.mean()) < 4.5 * mean_error
    # Of a standard deviation, with the fourth moment as found: drift makes tails.
    fourth = [np.mean((x - x.mean()) ** 4) / x.var() ** 2 - 1 for x in (a, b)]
    relative = np.sqrt(sum(fourth) / (4 * N))
    assert abs(np.log(a.std() / b.std())) < 4.5 * relative


@pytest.mark.parametrize("elapsed_s", [1.0, 300.0, 3600.0, 86_400.0, 3.15e7])
@pytest.mark.parametrize("g", SHARES)
def test_written_and_drifted_devices_are_those_of_the_published_model(g, elapsed_s):
    published = modelled_S(g, elapsed_s, np.random.default_rng(1))
    same_distribution(ours_S(g, elapsed_s, np.random.default_rng(2)), published)


@pytest.mark.parametrize("g", SHARES)
def test_a_write_and_an_exponent_have_the_published_spreads(g):
    target_S = np.array([g * G_MAX_S])
    assert PCM.write.sigma_S(target_S)[0] == pytest.approx(programming_sigma_S(g), rel=1e-4)
    at = [PCM.drift.nu(target_S, np.array([z]))[0] for z in (0.0, 1.0)]
    assert at[0] == pytest.approx(mean_nu(g), rel=1e-9)
    assert at[1] - at[0] == pytest.approx(sigma_nu(g), rel=1e-9)


@pytest.mark.parametrize("g", SHARES)
def test_read_noise_is_the_published_one_when_the_drift_begins(g):
    """q_s sqrt(ln((t + t_read) / 2 t_read)): the band from 1 / t to 1 / (2 t_read)."""
    # A node of this time constant has its pole at 1 / (2 t_read).
    tau_s = T_READ_S / np.pi
    common, own = PCM.device_noise.variance(np.array([g * G_MAX_S]), 10 * tau_s, tau_s)
    sigma = q_s(g) * np.sqrt(np.log((T_0_S + T_READ_S) / (2 * T_READ_S)))
    assert np.sqrt(common + own)[0] == pytest.approx(sigma * g * G_MAX_S, rel=1e-6)


@pytest.mark.parametrize("elapsed_s", [1.0, 3600.0, 86_400.0])
@pytest.mark.parametrize("g_uS", [8.0, 20.0, 49.0, 90.0])
def test_rram_relaxes_as_published_and_is_not_clamped_to_the_range_of_weights(g_uS, elapsed_s):
    """A write to 2 %, then mean -0.089 ln t uS and spread 0.042 ln t + 0.4118 uS."""
    cmo, rng = load_profile("rram_cmo_hfox"), np.random.default_rng(3)
    target_S = np.full(N, 1e-6 * g_uS)
    written_S = cmo.write.write(target_S, rng).conductance_S
    aged_S = cmo.drift.aged(written_S, target_S, np.full(N, elapsed_s), rng.standard_normal(N))
    log_time = np.log(elapsed_s)
    mean_uS = g_uS - 0.08900206 * log_time
    written_uS = 0.01129027418 * g_uS + 0.0112185391
    sigma_uS = np.hypot(written_uS, 0.04201137 * log_time + 0.41183342)
    # The profile has two to four digits of these; then 4.5 standard errors.
    assert 1e6 * aged_S.mean() == pytest.approx(mean_uS, abs=2e-4 + 4.5 * sigma_uS / np.sqrt(N))
    assert 1e6 * aged_S.std() == pytest.approx(sigma_uS, rel=1e-3 + 4.5 / np.sqrt(2 * N))
    if g_uS in (8.0, 90.0):
        assert (aged_S < 8e-6).any() or (aged_S > 90e-6).any()
