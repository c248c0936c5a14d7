"""1/f noise: spectra from formulas and periodograms, states that outlive a settle."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.constants import Boltzmann
from scipy.signal import welch

from neurosim.arrays import NUMPY
from neurosim.circuit import DrivenCircuit, Springs
from neurosim.solvers import BrownianPath, FlickerSource, Transient, settle
from neurosim.solvers.field import PlainField
from neurosim.solvers.flicker import FlickerPath, FlickerState, Noise, flicker_processes
from neurosim.solvers.krogstad import Stepper
from systems import Rows, linear_chain, with_noise

TAU_S = 1e-7


def lorentzians(f, rate, variance):
    """One-sided spectrum of independent Ornstein-Uhlenbeck processes."""
    f = np.asarray(f)[:, None]
    return np.sum(4 * variance * rate / (rate**2 + (2 * np.pi * f) ** 2), axis=1)


def states(rate, variance, n=2, rows=20_000, seed=0):
    rng = np.random.default_rng(seed)
    return FlickerState.stationary(NUMPY, rng, (np.asarray(rate), np.asarray(variance)), n, rows)


@pytest.mark.parametrize("decades", [1.0, 1.7, 2.48, 3.0, 4.3, 6.0])
def test_the_spectrum_of_the_sum_is_one_over_f_within_five_per_cent(decades):
    low, high = 1e-3, 1e-3 * 10**decades
    f = np.geomspace(low, high, 5000)
    spectrum = lorentzians(f, *flicker_processes(low, high))
    assert np.abs(f * spectrum - 1).max() < 0.05


def test_states_are_stationary_from_the_start_and_stay_so():
    rate, variance = flicker_processes(1e-3, 0.5)
    state = states(rate, variance)
    n = state.total.size
    for _ in range(30):
        total = state.advance(0.25)
        # A sample variance of n normal draws has relative deviation sqrt(2 / n): 5 sigma.
        assert total.var() == pytest.approx(variance.sum(), rel=5 * np.sqrt(2 / n))


@pytest.mark.parametrize("h", [0.25, 0.9])
def test_the_autocovariance_is_that_of_the_processes(h):
    """At lags of whole holding times: sum of variance times exp(-rate lag)."""
    rate, variance = np.array([0.051, 1.3]), np.array([2.0, 0.5])
    state = states(rate, variance, n=1)
    hold = [max(1, int(0.5 / r / h)) for r in rate]
    path = np.array([state.advance(h)[0].copy() for _ in range(25)])
    # A value holds for whole steps: the time between the draws behind two steps.
    exact = np.zeros((25, 25))
    for r, s, m in zip(rate, variance, hold, strict=True):
        drawn = np.arange(25) // m * m * h
        exact += s * np.exp(-r * np.abs(drawn[:, None] - drawn))
    sampled = path @ path.T / path.shape[1]
    deviation = np.sqrt((np.outer(np.diag(exact), np.diag(exact)) + exact**2) / path.shape[1])
    assert (np.abs(sampled - exact) < 5 * deviation).all()


@pytest.mark.every(4)
@pytest.mark.parametrize(("h", "high"), [(0.25, 0.3), (1.0, 0.5)])
def test_a_node_under_flicker_noise_has_the_spectrum_of_its_pole_times_one_over_f(h, high):
    """Welch's periodogram against a^2 / f / (gamma^2 + (2 pi f)^2), octave by octave."""
    low, a, rows, segment = 2e-3, 0.02, 600, 2**12
    field = PlainField(Rows(lambda u, rows: 0 * u, np.ones(1)).rate(np.arange(rows)), np.float64)
    state = FlickerSource(low, high, np.random.default_rng).state(0, 1, rows)
    quiet = BrownianPath(NUMPY.normals(np.random.default_rng(1)), np.zeros(1), field, rows)
    path, stepper = (
        FlickerPath(quiet, state, np.array([a]), field),
        Stepper(field, np.zeros((1, rows))),
    )
    trace = np.empty((200 + segment, rows))
    for k in range(len(trace)):
        stepper.attempt(h, path.kick(h))
        stepper.accept()
        trace[k] = stepper.z
    f, density = welch(trace[200:], fs=1 / h, nperseg=segment, axis=0, detrend=False)
    exact = a**2 / np.maximum(f, 1e-9) / (1 + (2 * np.pi * f) ** 2)
    # Sampling folds what lies above 1 / 2h onto what lies below: far from there it is nothing.
    edges = low * 2.0 ** np.arange(int(np.log2(min(high, 0.15 / h) / low)) + 1)
    for start, stop in pairwise(edges):
        band = (f >= start) & (f < stop)
        ratio = np.mean(density.mean(axis=1)[band] / exact[band])
        # Rows and bins are independent but for the window (a factor below 2 in variance).
        statistics = 4 * np.sqrt(2 / (rows * band.sum()))
        # 5 % of the sum, 2 % of holding it.
        assert ratio == pytest.approx(1, abs=0.05 + statistics + 0.02)


def test_white_noise_of_the_amplifiers_raises_kt_over_c_by_its_factor(make_circuit):
    """Lone RC nodes: kT/C (g + b + excess g) / g, b the bias device's conductance."""
    rows, excess = 20_000, 1.5
    circuit = make_circuit(sizes=(2, 3), w=0.0, amplifier="linear")
    springs = Springs(np.full(2, np.inf), np.zeros((rows, 2)))
    got = settle(
        DrivenCircuit(circuit, springs, TAU_S, 300.0, excess),
        np.zeros((rows, 5)), 20 * TAU_S, Transient(),
        noise_of=lambda k: np.random.default_rng([1, k]),
    )  # fmt: skip
    g = circuit.leak_S[2:]
    exact = Boltzmann * 300 / 1e-12 * ((1 + excess) * g + circuit.biases.sum_S[2:]) / g
    # Nothing is coupled, so the scheme is exact in law: 4 sigma of a sample variance.
    np.testing.assert_allclose(got.u_V[:, 2:].var(axis=0), exact, rtol=4 * np.sqrt(2 / rows))
    np.testing.assert_array_equal(got.u_V[:, :2], 0.0)


def test_at_the_corner_both_noises_of_an_amplifier_have_one_density(make_circuit):
    """From du = b dW: density 2 b^2 per tau; from a^2 / f at the corner in cycles per tau."""
    circuit, corner_Hz = make_circuit(sizes=(2, 3), mismatch=0.1), 2e5
    springs = Springs(np.full(2, 1e-4), np.zeros((1, 2)))

    def driven(excess):
        return DrivenCircuit(circuit, springs, TAU_S, 300.0, excess, corner_Hz)

    white = 2 * (driven(1.5).noise_V ** 2 - driven(0.0).noise_V ** 2)
    flicker = driven(1.5).flicker_V ** 2 / (corner_Hz * TAU_S)
    np.testing.assert_allclose(flicker, white, rtol=1e-9)
    np.testing.assert_array_equal(driven(0.0).flicker_V, 0.0)


def source(seed=3):
    return FlickerSource(1e-3, 0.3, lambda k: np.random.default_rng([seed, k]))


def flickering(system, amplitude):
    system.flicker_V = np.full(len(system.decay), amplitude)
    return system


def run(system, time_tau, flicker, u=None, n_threads=None, rows=70):
    u = np.zeros((rows, len(system.decay))) if u is None else u
    return settle(
        system, u, time_tau * TAU_S, Transient(), flicker=flicker, n_threads=n_threads,
        noise_of=lambda k: np.random.default_rng([8, k]),
    ).u_V  # fmt: skip


def test_flicker_of_no_amplitude_changes_no_bit():
    system = flickering(with_noise(linear_chain()[0], 0.1), 0.0)
    np.testing.assert_array_equal(run(system, 5, source()), run(system, 5, None))


def test_results_with_flicker_do_not_depend_on_threads():
    system = flickering(with_noise(linear_chain()[0], 0.1), 0.1)
    one, many = (run(system, 5, source(), n_threads=n) for n in (1, 4))
    np.testing.assert_array_equal(one, many)


def test_flicker_goes_on_from_one_settle_to_the_next():
    """Ends of two settles of one source are alike; of two sources they are not."""
    system = flickering(Rows(lambda u, rows: 0 * u, np.ones(2)), 0.1)
    kept = source()
    ends = [run(system, 6, kept) for _ in range(2)]
    apart = [run(system, 6, source(seed)) for seed in (1, 2)]
    together, unrelated = (np.std(np.subtract(*pair)) for pair in (ends, apart))
    # Exact: of the variance of the node, what changes within six tau of a band over 300.
    assert together < 0.85 * unrelated


def test_the_low_frequencies_have_their_power_however_long_a_value_is_held():
    """Sums over a long time, over 4 sigma^2 / r: the plateau of one process."""
    for rate, h in ((3.0, 1.0), (1.0, 1.0), (0.2, 1.0), (1.0, 0.25)):
        state = states([rate], [1.0], n=1, rows=4000)
        n_steps = round(400 / rate / h)
        total = sum(state.advance(h)[0].astype(float) for _ in range(n_steps)) * h
        plateau = 2 * total.var() / (n_steps * h)
        # The ends of the sum take 1 / 400 of it; sqrt(2 / 4000) = 2.2 % are statistics.
        assert plateau == pytest.approx(4 / rate, rel=0.0025 + 4 * 0.0224)


def test_a_row_that_diverges_keeps_the_noise_of_the_others_stationary():
    c = np.zeros(64)
    c[[3, 40]] = 2.0
    system = flickering(Rows(lambda u, rows: c[rows][:, None] * u**2, np.zeros(1)), 1e-6)
    kept = source()
    got = settle(
        system, np.ones((64, 1)), 3 * TAU_S, Transient(), flicker=kept,
        noise_of=np.random.default_rng,
    )  # fmt: skip
    assert list(np.flatnonzero(~np.isfinite(got.u_V[:, 0]))) == [3, 40]
    part = kept.state(0, 1, 32)
    assert part.value.shape[2] == 32
    assert part.age.max() == pytest.approx(3.0)


def test_some_rows_of_a_noise_are_a_copy():
    state = states([0.1], [1.0], n=1, rows=4)
    before, keep = state.value.copy(), np.array([True, False, True, True])
    noise = Noise(np.random.default_rng(0), state)
    part = noise.some(keep)
    for _ in range(20):
        part.flicker.advance(1.0)
    np.testing.assert_array_equal(state.value, before)
    noise.put(keep, part)
    np.testing.assert_array_equal(state.value[..., keep], part.flicker.value)
    np.testing.assert_array_equal(state.value[..., 1], before[..., 1])
