"""The noise ledger against closed forms: variances of quantisation and noise, what cancels."""

import dataclasses

import numpy as np
import pytest
from scipy.constants import Boltzmann

from neurosim.analysis import (
    ALL,
    BETA,
    SETTLE,
    SOURCES,
    Conditions,
    ideal,
    ledger,
    observe,
    only,
    scan_beta,
)
from neurosim.analysis.noise import _figures
from neurosim.analysis.observe import Observed, Told, told_weights
from neurosim.chip import Chip
from neurosim.circuit import Measured
from neurosim.errors import DataError
from neurosim.host import initial_weights
from neurosim.network import Layers, Weights
from neurosim.profile import load_profile
from neurosim.solvers import Noise, Transient

SIZES = (64, 12, 10)


def conditions(changes=None, *, gain=0.5, batch=32, repeats=3, name="cmos_rc_6bit"):
    profile = load_profile(name).with_values({"layers": SIZES} | (changes or {}))
    weights = initial_weights(Layers(SIZES), gain, np.random.default_rng(0))
    return Conditions(profile, weights, batch=batch, repeats=repeats)


@pytest.fixture(scope="module")
def rows():
    return {row.name: row for row in ledger(conditions())}


def test_the_ledger_has_a_row_for_each_source_between_settings_and_all(rows):
    names = list(rows)
    assert names[:2] == [BETA, SETTLE]
    assert names[-1] == ALL
    assert {"leak mismatch", "weight levels", "ADC bits", "thermal noise"} <= set(names)
    assert "drift" not in names


def test_the_gradient_at_rest_is_the_exact_one_but_for_beta(rows):
    assert rows[BETA].gradient.cosine > 0.999
    assert rows[BETA].gradient.snr_dB > 20


def test_adc_noise_has_the_standard_deviation_that_the_profile_states(rows):
    adc = conditions().profile.adc
    n = 32 * 3
    # z = 5 of an rms over n x nodes draws.
    assert rows["ADC noise"].visible_V == pytest.approx(
        adc.noise * adc.visible_range_V, rel=5 / np.sqrt(2 * n * 64)
    )
    assert rows["ADC noise"].hidden_V == pytest.approx(
        adc.noise * adc.hidden_range_V, rel=5 / np.sqrt(2 * n * 22)
    )


def test_adc_rounding_has_the_variance_of_a_uniform_error(rows):
    """LSB^2 / 12 (Bennett 1948) where the signal spans many steps, as visible nodes do."""
    adc = conditions().profile.adc
    step_V = 2 * adc.visible_range_V / (2**adc.bits - 2)
    # Relative spread of a mean square of n uniform errors is sqrt(4/5 / n); z = 5.
    tolerance = 5 * np.sqrt(0.8 / (32 * 3 * 64)) / 2
    assert rows["ADC bits"].visible_V == pytest.approx(step_V / np.sqrt(12), rel=tolerance)


def test_thermal_noise_of_a_hidden_node_without_couplings_is_kt_over_c():
    small = conditions({"node.hold": "none"}, gain=1e-9, batch=64, repeats=4)
    cold = small.observe_all(ideal(small.profile))
    hot = small.observe_all(only(small.profile, "thermal noise"))
    moved = np.stack([a.outputs - b.outputs for a, b in zip(hot, cold, strict=True)])[..., 64:]
    node = small.profile.node
    expected_V = np.sqrt(Boltzmann * 300 / node.capacitance_F)
    # z = 5, and 1 % for the step of the engine.
    tolerance = 5 / np.sqrt(2 * moved.size) + 0.01
    assert node.unit_V * np.sqrt(np.mean(moved**2)) == pytest.approx(expected_V, rel=tolerance)


@pytest.mark.slow
def test_every_chip_of_the_ledger_is_at_the_profiles_temperature_or_has_no_noise(monkeypatch):
    made = []

    class Counted(observe.Chip):
        def __init__(self, profile, *more, **named):
            made.append(profile.thermal.temperature_K)
            super().__init__(profile, *more, **named)

    monkeypatch.setattr(observe, "Chip", Counted)
    names = {row.name for row in ledger(conditions(batch=4, repeats=2))}
    assert {"thermal noise", "amplifier noise", "amplifier flicker", "hold kT/C"} <= names
    assert set(made) == {None, 300.0}
    # Thermal, of amplifiers white and 1/f, held, and with all the rest; each on two chips.
    assert made.count(300.0) == 5 * 2


@pytest.mark.slow
def test_the_row_of_thermal_noise_has_no_error_of_the_steps():
    """At a temperature of almost zero nothing is left: both chips take the same steps."""
    cold = {"thermal.temperature_K": 3e-10, "settling.precision": "float64"}
    case = conditions(cold, batch=16, repeats=2)
    row = next(row for row in ledger(case) if row.name == "thermal noise")
    # sqrt(kT/C) of 3e-10 K on 1 pF is 6e-11 V; the error of the steps is far above.
    assert 0 < row.hidden_V < 1e-9
    engines = Told(case.profile.settling, Noise(None)), Transient(rtol=1e-8, atol=1e-11)
    steps, exact = (case.observe(ideal(case.profile), 0, engine=e).outputs for e in engines)
    assert case.profile.node.unit_V * np.abs(steps - exact).max() > 1e-6


def test_what_the_phases_share_cancels_and_what_they_do_not_does_not(rows):
    drawn = [
        row for row in rows.values() if row.left is not None and row.drawn not in {"setting", ""}
    ]
    own = [row for row in drawn if row.phases == "own" and row.visible_V > 1e-7]
    common = [row for row in drawn if row.phases == "common"]
    assert len(own) >= 2
    assert len(common) >= 3
    for row in own:
        # z = 5 of a ratio of two rms over 32 x 3 x 64 visible draws.
        assert row.left == pytest.approx(1, abs=5 / np.sqrt(32 * 3 * 64)), row.name
    for row in common:
        assert row.left < 0.35, row.name


def test_a_chip_without_sources_has_two_rows_and_all():
    rows = ledger(conditions(name="ideal_hopfield", repeats=2, batch=16))
    assert [row.name for row in rows] == [BETA, SETTLE, ALL]
    assert rows[2].visible_V == rows[2].hidden_V == 0
    assert rows[1].gradient.cosine == rows[2].gradient.cosine


@pytest.mark.slow
def test_the_weights_that_devices_hold_explain_what_levels_do_to_the_gradient():
    """Against an oracle that rounds the weights itself, not through the chip."""
    case = conditions({"coupling.levels": 4}, repeats=2)
    step = case.profile.coupling.full_scale / 3

    def rounded(w):
        return np.sign(w) * np.floor(np.abs(w) / step + 0.5) * step

    held = case.observe(only(case.profile, "weight levels"), 0).held
    w = case.weights
    np.testing.assert_allclose(held.coupling, rounded(w.coupling), atol=1e-12)
    exact = case.exact_at(Weights(rounded(w.coupling), rounded(w.bias)), 0)
    row = next(r for r in ledger(case) if r.name == "weight levels")
    got = case.observe(only(case.profile, "weight levels"), 0).gradient
    assert got @ exact / np.linalg.norm(got) / np.linalg.norm(exact) > 0.99
    assert row.gradient.cosine_held > row.gradient.cosine


def test_signal_to_noise_recovers_what_was_put_in():
    """Estimates of a known vector with white noise of a known size: SNR = |g|^2 / (n s^2)."""
    rng, n, repeats, sigma = np.random.default_rng(0), 20_000, 6, 0.5
    true = rng.standard_normal(n)
    made = [true + sigma * rng.standard_normal(n) for _ in range(repeats)]
    empty = Weights(np.zeros((1, 1)), np.zeros(1))
    got = [Observed(g, np.zeros(1), np.zeros(1), 0, empty) for g in made]
    figures = _figures(got, [true] * repeats, [true] * repeats, [true] * repeats)
    # Relative spread of a variance of n (K - 1) values is sqrt(2 / that); z = 5.
    spread = 5 * np.sqrt(2 / (n * (repeats - 1)))
    assert figures.noise**2 == pytest.approx(n * sigma**2 / (true @ true), rel=spread)
    assert figures.snr_dB == pytest.approx(-20 * np.log10(figures.noise), abs=0.1)
    # Spread of |mean|^2 - s^2 / K about 0, z = 5.
    chance = 5 * sigma**2 / repeats * np.sqrt(2 / n * repeats / (repeats - 1))
    assert figures.bias**2 < chance
    biased = [one._replace(gradient=one.gradient + 0.3 * true) for one in got]
    off = _figures(biased, [true] * repeats, [true] * repeats, [true] * repeats)
    assert off.bias == pytest.approx(0.3, abs=0.01)
    assert off.noise == pytest.approx(figures.noise, rel=1e-9)


@pytest.mark.slow
def test_a_larger_beta_helps_where_reads_are_coarse_and_hurts_where_they_are_exact():
    coarse = scan_beta(conditions({"adc.bits": 6, "adc.noise": 0.01}), shares=(0.02, 0.1, 0.3, 0.9))
    held = [point.gradient.cosine_held for point in coarse]
    assert held[-1] > held[0] + 0.2
    case = conditions({"settling.engine": "operating_point"}, name="ideal_hopfield", repeats=2)
    exact = [1 - point.gradient.cosine for point in scan_beta(case, shares=(0.02, 0.1, 0.3, 0.9))]
    assert exact == sorted(exact)
    scale = case.flow.stiffness / (case.flow.alpha * case.flow.stiffness) ** 2
    assert all(point.beta < scale for point in coarse)


def test_the_scan_stays_below_the_stiffest_spring():
    case = conditions({"spring.max_S": "200 uS"}, repeats=2, batch=4)
    stiffness = [15 + point.beta * 900 for point in scan_beta(case, shares=(0.1, 0.9))]
    assert max(stiffness) < 20


@pytest.mark.slow
def test_drift_shows_with_the_age_of_the_weights():
    law = {
        "law": "power", "start_s": "1 s", "reference_S": "6 uS", "exponent": 0.1,
        "exponent_spread": 0.03, "source": "assumed: a test",
    }  # fmt: skip
    young = conditions({"drift": law}, repeats=2, batch=16, name="ideal_hopfield")
    rows = [
        next(row for row in ledger(case) if row.name == "drift")
        for case in (young, dataclasses.replace(young, age_s=1e4))
    ]
    assert rows[0].hidden_V == 0
    held = dataclasses.replace(young, age_s=1e4).observe(only(young.profile, "drift"), 0).held
    shrink = held.vector @ young.weights.vector / (young.weights.vector @ young.weights.vector)
    # Mean of (1e4)^-nu over nu ~ N(0.1, 0.03): exp(-0.1 L + (0.03 L)^2 / 2), L = ln 1e4.
    log = np.log(1e4)
    expected = np.exp(-0.1 * log + (0.03 * log) ** 2 / 2)
    assert shrink == pytest.approx(expected, rel=0.05)
    assert rows[1].hidden_V > 0


def test_an_ideal_chip_is_measured_alike_in_every_repeat():
    case = conditions(repeats=2)
    one, two = (case.observe(ideal(case.profile), 1) for _ in range(2))
    assert (one.outputs == two.outputs).all()
    assert (one.gradient == two.gradient).all()


def test_mistakes_are_refused_in_plain_words():
    with pytest.raises(DataError, match="at least 2 repeats"):
        conditions(repeats=1)
    profile = load_profile("cmos_rc_6bit")
    few = initial_weights(Layers(SIZES), 0.5, np.random.default_rng(0))
    with pytest.raises(DataError, match="are of another network"):
        Conditions(profile, few)
    narrow = profile.with_values({"layers": (8, 6)})
    other = initial_weights(Layers((8, 6)), 0.5, np.random.default_rng(0))
    with pytest.raises(DataError, match="one for each pixel"):
        ledger(Conditions(narrow, other))


def everything():
    """A profile with every source of the table."""
    source = "assumed: a test"
    channels = {
        "count": "per_node", "offset": 0.01, "gain": 0.01, "inl_lsb": 2.0, "source": source,
    }  # fmt: skip
    return {
        "node.loading": 1e-3,
        "node.bandwidth_Hz": "20 MHz",
        "node.output_Ohm": "100 Ohm",
        "coupling.cubic_per_V2": 3.0,
        "coupling.wires": {"segment_Ohm": "20 Ohm", "rows": 64, "columns": 64, "source": source},
        "node.visible_rail_V": "150 mV",
        "faults": {"stuck_low": 0.02, "stuck_high": 0.01, "dead": 0.01, "open": 0.01}
        | {"source": source},
        "drift": {"law": "power", "start_s": "1 s", "reference_S": "6 uS", "exponent": 0.1}
        | {"exponent_spread": 0.03, "source": source},
        "device_noise": {
            "relative_to": "conductance", "reference_S": "6 uS", "flicker": 0.01,
            "slowest_s": "1 s", "short_term": 0.02, "source": source,
            "telegraph": {
                "share": 0.2, "step": 0.1, "fastest_s": "1 us", "slowest_s": "1 s",
                "source": source,
            },
        },
        "dac.range_V": "200 mV",
        "dac.channels": channels,
        "adc.visible_range_V": "200 mV",
        "adc.hidden_range_V": "50 mV",
        "adc.channels": channels,
        "current_sense.range_A": "2 uA",
        "current_sense.channels": channels,
        "readout": {
            "kind": "cds", "gain": 1.0, "capacitance_F": "1 pF", "gain_spread": 0.02,
            "noise_V": "1 mV", "source": source,
        },
    }  # fmt: skip


CORRELATOR = {
    "kind": "correlator", "gain_spread": 0.05, "offset_V": "1 mV", "noise": 1e-3, "bits": 8,
    "range": 0.05, "auto_range": False, "source": "assumed: a test",
}  # fmt: skip
OF_CORRELATORS = {f"correlator {part}" for part in ("offset", "noise", "range", "bits")}
# Rails are those of buffers of which nothing else is said.
OF_BUFFERS = {"visible buffers"}
# A flow has no answers into which to drive a current.
OF_INJECTORS = {f"injector {part}" for part in ("noise", "range", "bits")}
OF_OSCILLATORS = {"phase diffusion", "Sakaguchi angle", "detuning", "interaction"}


def check_rows(case, names):
    rows = {row.name: row for row in ledger(case)}
    assert set(rows) == {BETA, SETTLE, ALL, *names}
    for name, row in rows.items():
        if name != BETA:
            assert row.visible_V + row.hidden_V + row.velocity + row.gradient.noise > 0, name
        assert np.isfinite(row.gradient.cosine), name
    return rows


@pytest.mark.slow
def test_every_source_of_the_table_does_something_alone():
    case = dataclasses.replace(conditions(everything(), batch=16, repeats=2), age_s=1e4)
    elsewhere = OF_CORRELATORS | OF_INJECTORS | OF_BUFFERS | OF_OSCILLATORS
    check_rows(case, {source.name for source in SOURCES} - elsewhere)


@pytest.mark.slow
def test_buffers_that_are_not_linear_act_on_reads_and_gradient():
    bent = Measured(points_V=[(-0.3, -0.1), (-0.1, -0.07), (0.1, 0.07), (0.3, 0.1)])
    case = conditions({"node.buffer": bent}, batch=16, repeats=2, name="ideal_hopfield")
    assert check_rows(case, OF_BUFFERS)["visible buffers"].gradient.cosine < 0.999


@pytest.mark.slow
def test_the_sources_of_correlators_act_on_the_gradient_and_on_no_read():
    case = conditions({"readout": CORRELATOR}, batch=16, repeats=2, name="ideal_hopfield")
    names = {"readout gain mismatch", *OF_CORRELATORS}
    rows = check_rows(case, names)
    for name in names:
        assert rows[name].visible_V == rows[name].hidden_V == rows[name].velocity == 0, name
        assert rows[name].left is None
        assert rows[name].gradient.cosine < 0.9999


def test_what_devices_were_told_makes_the_same_circuit_again():
    """Behind mismatch and wires, which what they hold would meet twice."""
    wires = {"segment_Ohm": "100 Ohm", "rows": 64, "columns": 64, "source": "assumed: a test"}
    profile = load_profile("cmos_rc_6bit").with_values(
        {"layers": SIZES, "mismatch.coupling": 0.1, "coupling.wires": wires, "write.noise": 0.0}
    )
    chip, again = Chip(profile), Chip(profile)
    chip.program(initial_weights(profile.network, 0.5, np.random.default_rng(0)))
    again.program(told_weights(chip))
    np.testing.assert_array_equal(again.circuit.couplings.plus_S, chip.circuit.couplings.plus_S)
    np.testing.assert_array_equal(again.circuit.biases.minus_S, chip.circuit.biases.minus_S)
