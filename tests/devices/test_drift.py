"""Drift against the published laws: mean and spread at three conductances, 1 s, 1 h and 1 day."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neurosim.blocks.block import Block
from neurosim.blocks.files import dump_block, parse_block
from neurosim.devices.drift import Drift, Leak, LogRelaxation, PowerLaw, TableDrift
from neurosim.errors import ProfileError

N = 40_000
HOUR, DAY = 3600.0, 86400.0
Z = np.random.default_rng(5).standard_normal(N)

# Joshi et al. (2020): 25 uS full scale, first read after 20 s.
PCM = PowerLaw(
    law="power",
    start_s="20 s",
    reference_S="25 uS",
    exponent={"log": (0.0244, -0.0155), "least": 0.049, "most": 0.1},
    exponent_spread={"log": (-0.0059, -0.0125), "least": 0.008, "most": 0.045},
    source="doi:10.1038/s41467-020-16108-9",
)
# Falcone et al. (2025): microsiemens, seconds.
CMO = LogRelaxation(
    law="log",
    start_s=1,
    shift_S="-0.089 uS",
    spread_S="0.4118 uS",
    spread_growth_S="0.042 uS",
    source="arXiv:2502.04524",
)
CELL = Leak(tau_s="5 ms", tau_spread=0.3)


def saturating(a, b):
    return {"saturating": (a / 1600, b / 1600)}


# Xiao et al. (2022): I in nA, full scale 1,600 nA; days 0, 1, 2 and 5.
SONOS_NA = {0.0: (19.887, 176.31), 1.0: (25.59, 186.86), 2.0: (28.73, 193.57), 5.0: (34.58, 207.34)}
SONOS = TableDrift(
    law="table",
    reference_S="16 uS",
    interpolation="linear",
    times_s=tuple(DAY * d for d in SONOS_NA),
    shift=(0, {"points": [(100 / 1600, 1 / 1600), (1, -10 / 1600)]}, 0, 0),
    spread=tuple(saturating(*ab) for ab in SONOS_NA.values()),
    source="Xiao et al., IEEE CAS Mag. (2022), Sec. 9; the shift: assumed, a test",
)
# Wan et al. (2022), fits of the spread in uS over G / 40 uS at 1 s, 1 day and 2 days.
WAN_US = {
    1.0: (0.348, 16.030, -43.853, 45.393, -16.815),
    DAY: (0.701, 22.086, -50.773, 47.095, -16.458),
    2 * DAY: (0.782, 20.274, -43.507, 37.062, -11.934),
}
WAN = TableDrift(
    law="table",
    reference_S="40 uS",
    interpolation="log",
    times_s=tuple(WAN_US),
    shift=(0, 0, 0),
    spread=tuple({"polynomial": tuple(c / 40 for c in cs)} for cs in WAN_US.values()),
    source="doi:10.1038/s41586-022-04992-8",
)
each_law = pytest.mark.parametrize(
    "law", [PCM, CMO, CELL, SONOS, WAN], ids=["pcm", "cmo", "cell", "sonos", "wan"]
)


def aged(law, written_S, age_s, z=Z):
    target_S = np.full(z.shape, written_S)
    return law.aged(target_S, target_S, np.full(z.shape, age_s), z)


def check_normal(sample, mean, spread):
    """Mean and standard deviation of a normal sample within five of their standard errors."""
    n = len(sample)
    assert abs(sample.mean() - mean) < 5 * spread / np.sqrt(n)
    assert abs(sample.std() / spread - 1) < 5 / np.sqrt(2 * n)


@pytest.mark.parametrize("age_s", [HOUR, DAY])
@pytest.mark.parametrize(
    ("x", "mean", "spread"),
    # By hand from the published logarithms; the clips at 0.049 and 0.008 act at full scale.
    [(0.1, 0.0600901, 0.0228823), (0.3, 0.049, 0.00914966), (1.0, 0.049, 0.008)],
)
def test_phase_change_memory_drifts_with_the_published_exponents(age_s, x, mean, spread):
    g = 25e-6 * x
    log_time = np.log(age_s / 20)
    nu = -np.log(aged(PCM, g, age_s) / g) / log_time
    check_normal(nu, mean, spread)
    # The mean of a log-normal variable.
    expected = g * np.exp(-mean * log_time + (spread * log_time) ** 2 / 2)
    relative = np.sqrt(np.expm1((spread * log_time) ** 2) / N)
    assert abs(aged(PCM, g, age_s).mean() / expected - 1) < 5 * relative


def test_phase_change_memory_stands_still_until_its_first_read():
    np.testing.assert_array_equal(aged(PCM, 1e-5, 1.0), 1e-5)
    np.testing.assert_array_equal(aged(PCM, 1e-5, 20.0), 1e-5)


def test_an_exponent_below_zero_is_cut_off():
    weak = aged(PCM, 25e-6 * 1e-3, DAY, np.array([-10.0]))
    np.testing.assert_array_equal(weak, 25e-6 * 1e-3)


@pytest.mark.parametrize("g_uS", [10.0, 30.0, 80.0])
@pytest.mark.parametrize(
    ("age_s", "mean_uS", "spread_uS"),
    [(1.0, 0.0, 0.4118), (HOUR, -0.7288, 0.7557), (DAY, -1.0116, 0.8892)],
)
def test_cmo_hfox_relaxes_with_the_published_logarithms(g_uS, age_s, mean_uS, spread_uS):
    change_uS = (aged(CMO, g_uS * 1e-6, age_s) - g_uS * 1e-6) * 1e6
    # The figures above have four digits.
    assert abs(change_uS.mean() - mean_uS) < 5 * spread_uS / np.sqrt(N) + 1e-4
    assert abs(change_uS.std() / spread_uS - 1) < 5 / np.sqrt(2 * N) + 2e-4


def test_a_device_goes_on_in_the_direction_in_which_it_has_set_out():
    hour, day = (aged(CMO, 30e-6, t) for t in (HOUR, DAY))
    assert np.corrcoef(hour, day)[0, 1] == pytest.approx(1)


@pytest.mark.parametrize("g", [1e-7, 1e-6, 1e-5])
@pytest.mark.parametrize("age_s", [1e-3, 5e-3, 2e-2])
def test_a_leaking_capacitor_is_the_solution_of_its_equation(g, age_s):
    law = Leak(law="leak", tau_s=5e-3, tau_spread=0, rest_S="3 uS", source="assumed: a test")
    exact = solve_ivp(
        lambda t, y: (3e-6 - y) / 5e-3, (0, age_s), [g], "DOP853", rtol=1e-10, atol=1e-18
    ).y[0, -1]
    np.testing.assert_allclose(aged(law, g, age_s, np.zeros(3)), exact, rtol=1e-8)


@pytest.mark.parametrize("age_s", [5e-4, 5e-3, 2e-2])
def test_time_constants_of_a_leak_have_the_stated_mean_and_spread(age_s):
    tau_s = -age_s / np.log(aged(CELL, 1e-5, age_s) / 1e-5)
    assert abs(tau_s.mean() / 5e-3 - 1) < 5 * 0.3 / np.sqrt(N)
    # Log-normal: ln tau is normal with s^2 = ln(1 + 0.3^2).
    assert abs(np.log(tau_s).std() / np.sqrt(np.log1p(0.09)) - 1) < 5 / np.sqrt(2 * N)


@pytest.mark.parametrize("current_nA", [100.0, 400.0, 1600.0])
@pytest.mark.parametrize("day", SONOS_NA)
def test_charge_traps_spread_with_the_published_error_of_their_day(current_nA, day):
    """The write draws the error of day 0; the table adds what has come since."""
    a, b = SONOS_NA[0.0]
    write_nA = a * (1 - np.exp(-current_nA / b))
    rng = np.random.default_rng(3)
    written_S = (current_nA + write_nA * rng.standard_normal(N)) * 1e-8
    target_S = np.full(N, current_nA * 1e-8)
    later_nA = SONOS.aged(written_S, target_S, np.full(N, day * DAY), Z) / 1e-8
    a, b = SONOS_NA[day]
    shift_nA = {100.0: 1.0, 400.0: -1.2, 1600.0: -10.0}[current_nA] if day == 1 else 0.0
    check_normal(later_nA, current_nA + shift_nA, a * (1 - np.exp(-current_nA / b)))


@pytest.mark.parametrize("x", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("age_s", [DAY, 2 * DAY])
def test_hafnium_oxide_relaxes_with_the_published_polynomials(x, age_s):
    """Below 0.3 some devices reach 0 S, where a normal law must end."""
    written, total = (np.polynomial.polynomial.polyval(x, WAN_US[t]) for t in (1.0, age_s))
    change_uS = (aged(WAN, 40e-6 * x, age_s) - 40e-6 * x) * 1e6
    check_normal(change_uS, 0.0, np.sqrt(total**2 - written**2))
    np.testing.assert_allclose(aged(WAN, 40e-6 * x, 1.0), 40e-6 * x, rtol=1e-12)


def test_a_table_is_interpolated_in_time_or_its_logarithm():
    z = np.ones(1)

    def sonos_nA(day):
        a, b = SONOS_NA[day]
        return a * (1 - np.exp(-800 / b))

    spread_nA = (sonos_nA(2.0) + sonos_nA(5.0)) / 2
    expected = 8e-6 + 1e-8 * np.sqrt(spread_nA**2 - sonos_nA(0.0) ** 2)
    assert aged(SONOS, 8e-6, 3.5 * DAY, z)[0] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(aged(SONOS, 8e-6, 50 * DAY), aged(SONOS, 8e-6, 5 * DAY))
    first, second = (np.polynomial.polynomial.polyval(0.5, WAN_US[t]) for t in (1.0, DAY))
    expected = 20e-6 + 1e-6 * np.sqrt(((first + second) / 2) ** 2 - first**2)
    assert aged(WAN, 20e-6, np.sqrt(DAY), z)[0] == pytest.approx(expected, rel=1e-9)


@each_law
def test_a_conductance_stays_positive_and_an_open_device_open(law):
    for age_s in (0.0, 1.0, HOUR, 100 * DAY):
        assert aged(law, 1e-8, age_s).min() >= 0
        np.testing.assert_array_equal(aged(law, 0.0, age_s), 0.0)


@each_law
def test_each_device_ages_by_its_own_time(law):
    rng = np.random.default_rng(1)
    g, t = rng.uniform(1e-6, 2e-5, 50), 10 ** rng.uniform(-4, 6, 50)
    z = rng.standard_normal(50)
    together = law.aged(g, g, t, z)
    for k in range(50):
        one = slice(k, k + 1)
        np.testing.assert_allclose(law.aged(g[one], g[one], t[one], z[one]), together[one])


def test_laws_without_numbers_are_the_identity_bit_for_bit():
    g, t = np.random.default_rng(0).uniform(0, 1e-5, N), np.linspace(0, DAY, N)
    source = "assumed: a test"
    for law in (
        PowerLaw(
            law="power", start_s=1, reference_S=1e-5, exponent=0, exponent_spread=0, source=source
        ),
        LogRelaxation(
            law="log", start_s=1, shift_S=0, spread_S=0, spread_growth_S=0, source=source
        ),
        TableDrift(
            law="table", reference_S=1e-5, interpolation="linear", times_s=(0, 1),
            shift=(0, 0), spread=(0, 0), source=source,
        ),
    ):  # fmt: skip
        np.testing.assert_array_equal(law.aged(g, g, t, Z), g)
    np.testing.assert_array_equal(CELL.aged(g, g, np.zeros(N), Z), g)


class Holder(Block):
    drift: Drift


LEAK_TEXT = "{law: leak, tau_s: 5 ms, tau_spread: 0.3, rest_S: ideal, source: a paper}"
TABLE_TEXT = (
    "{law: table, reference_S: 1 uS, interpolation: log, times_s: [1, 2], shift: [0, 0], "
    "spread: [0, 0.1], source: a paper}"
)


@each_law
def test_a_law_comes_back_from_yaml(law):
    assert parse_block(dump_block(Holder(drift=law)), Holder, "again.yaml").drift == law


def test_no_drift_is_one_word():
    holder = parse_block("drift: ideal", Holder, "my.yaml")
    assert holder.drift is None
    assert dump_block(holder) == "drift: ideal\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{law: lek}", "drift.law: must be one of power, log, leak, table, but is 'lek'"),
        ("{tau_s: 1}", "drift.law: must be one of power, log, leak, table, but is missing"),
        (LEAK_TEXT.replace("tau_s", "tau_S"), "unknown field 'tau_S'; did you mean 'tau_s'?"),
        (LEAK_TEXT.replace("5 ms", "5 mS"), "drift.tau_s: must be given in s, but is '5 mS'"),
        (LEAK_TEXT.replace("a paper", "{tau_s: a paper}"), "must say where tau_spread comes from"),
        (TABLE_TEXT.replace("[1, 2]", "[0, 2]"), "must be above 0 where the interpolation is log"),
        (TABLE_TEXT.replace("[1, 2]", "[1 s, 2 h]"), "must be given in s, but is '2 h'"),
        (TABLE_TEXT.replace("[1, 2]", "[2, 1]"), "must be ascending, but are not"),
        (TABLE_TEXT.replace("[0, 0]", "[0]"), "one curve for each of the 2 times, but has 1"),
        (
            TABLE_TEXT.replace("a paper", "{times_s: a paper, reference_S: a paper}"),
            "must say where spread comes from",
        ),
    ],
)
def test_a_drift_that_makes_no_sense_is_refused(text, message):
    with pytest.raises(ProfileError) as caught:
        parse_block(f"drift: {text}", Holder, "my.yaml")
    assert message in str(caught.value)
