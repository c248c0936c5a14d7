"""The figure behind a cause is that of the formula, with its unit."""

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis import AnswerConditions, Conditions
from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import Effect, Losses
from neurosim.analysis.noise import ledger
from neurosim.data import load_dataset
from neurosim.host import initial_weights
from neurosim.network import Layers
from neurosim.runs.measures import measured, parts_of_noise
from neurosim.runs.seen import Seen
from neurosim.runs.watched import Watched

SIZES = (64, 6, 5)
SMALL = ns.load_profile("ideal_hopfield").with_value("layers", SIZES)
FLOW = ns.FlowSettings(beta=1 / 120, settle_tau=10)


@pytest.fixture(scope="module")
def seen():
    """A nudge of half the spring's stiffness on an 8-bit DAC over 3.2 units."""
    profile = ns.load_profile("ideal_hopfield").with_values(
        {
            "layers": SIZES,
            "coupling.levels": 3,
            "coupling.full_scale": 0.6,
            "node.bandwidth_Hz": 1 / (2 * np.pi * 50e-9),
            "node.capacitance_F": 1e-12,
            "node.leak_S": 1e-5,
            "node.unit_V": 0.1,
            "faults": ns.Faults(open=0.5),
        }
    )
    weights = initial_weights(Layers(SIZES), 0.5, np.random.default_rng(0))
    conditions = Conditions(profile, weights, FLOW, batch=4, repeats=1, die=0)
    ledger = {"adc_conversions": 400, "adc_clipped": 3}
    watched = Watched(FLOW.on(ns.Chip(profile).data_sheet), ledger, 1.2, 0.0252, 0.04, None, late=3)
    return Seen(Effects(conditions), watched, 7.0)


def said(seen, name):
    return measured(seen, Effect(name, "", Losses(0.0), seen=seen.effects.whole_seen))


def test_a_nudge_moves_its_target_by_its_share_of_the_velocity(seen):
    """K / (lambda + k) |u| / (alpha lambda) = (1 / 3) 1.2 / 30 units, of 0.1 V."""
    assert seen.nudge == pytest.approx(0.5)
    assert seen.away_V == pytest.approx(0.1 * 0.5 / 1.5 * 1.2 / 30)
    assert "a nudge moves its target by 1.3 mV, 0.53 steps of the DAC" in said(seen, "DAC bits")
    assert "a nudge has 0.5 of the stiffness of the spring (beta alpha^2 stiffness)" in said(
        seen, "beta"
    )


def test_a_step_of_a_weight_stands_beside_their_spread(seen):
    """Three levels of each device: steps of half the full scale."""
    text = said(seen, "weight levels")
    assert f"a step of a weight is 0.3, and weights spread by {seen.spread:.2g}" in text


def test_half_of_the_devices_open_take_half_of_the_power_of_the_weights(seen):
    """An open device of a one-sided pair leaves 0: rms sqrt(1/2) off, of 470 pairs within 7 %."""
    assert seen.astray("faulty devices") == pytest.approx(np.sqrt(0.5), rel=0.15)
    kind = seen.effects.conditions.programmed(seen.profile).bank.faulty.kind
    n, devices = np.count_nonzero(kind), 2 * (64 * 6 + 6 * 5 + sum(SIZES))
    assert said(seen, "faulty devices").startswith(
        f"{n} of {devices} devices of this die ({n / devices:.2%}) do not take what is written "
        f"({n} open); "
    )
    assert n != devices / 2


def test_devices_are_counted_by_the_kind_of_their_fault(seen):
    faults = ns.Faults(stuck_low=0.2, dead=0.2)
    conditions = replace(seen.effects.conditions, profile=SMALL.with_value("faults", faults))
    found = replace(seen, effects=Effects(conditions)).faulted
    assert found.kinds.keys() == {"stuck_low", "dead"}
    assert found.share == pytest.approx(0.4, abs=0.1)
    none = replace(conditions, profile=SMALL)
    assert replace(seen, effects=Effects(none)).faulted.kinds == {}


def test_a_noise_says_what_it_leaves_of_the_gradient():
    """As the ledger of sources has it, of more draws; the noise of a DAC varies by its own alone.

    Both stray by the square root of two over the number of draws, of many components.
    """
    changes = {"dac.bits": 8, "dac.range_V": 0.32, "dac.noise_V": 1e-3, "adc.noise": 0.02}
    ranges = {"adc.visible_range_V": 0.32, "adc.hidden_range_V": 0.105}
    profile = SMALL.with_values(changes | ranges)
    weights = initial_weights(Layers(SIZES), 0.5, np.random.default_rng(0))
    many = Conditions(profile, weights, FLOW, batch=8, repeats=6)
    rows = {row.name: row.gradient.snr_dB for row in ledger(many)}
    one = replace(many, repeats=1, die=0)
    noisy = Seen(Effects(one), Watched(FLOW, {}, 1.2, 0.0252, 0.04, None), 7.0)
    for name in ("DAC noise", "ADC noise"):
        assert noisy.snr_dB(name) == pytest.approx(rows[name], abs=2.5)
    dac = Effect("DAC noise", "", Losses(0.0), seen=noisy.effects.whole_seen)
    snr_dB = noisy.snr_dB("DAC noise")
    end = f"; by itself it leaves the gradient of 8 rows an SNR of {snr_dB:.0f} dB"
    assert measured(noisy, dac).endswith(end)
    assert noisy.snr_dB("DAC bits") == np.inf


@pytest.mark.parametrize(
    ("refresh_s", "ages_s", "clause"),
    [
        (1.0, None, ", and what no update changes is written anew before it is 1 s old; "),
        (None, (0.5, 2.0), "training half of the devices had been written 500 ms before or longer"),
        (None, (0.0, 1e-9), "batch pass 1 ms; by it alone"),
        (None, None, "batch pass 1 ms; by it alone"),
    ],
)
def test_drift_says_how_old_weights_become_beyond_a_batch(seen, refresh_s, ages_s, clause):
    drift = ns.PowerLaw(start_s=1e-6, reference_S=1e-6, exponent=0.05)
    profile = SMALL.with_values({"drift": drift, "host.refresh_s": refresh_s})
    conditions = replace(seen.effects.conditions, profile=profile, age_s=1e-3)
    watched = replace(seen.watched, ages_s=ages_s)
    assert clause in said(replace(seen, effects=Effects(conditions), watched=watched), "drift")


def test_times_are_said_in_units_of_a_nodes_own(seen):
    assert "follow within 50 ns, 0.5 times a node's C/g of 100 ns" in said(
        seen, "amplifier bandwidth"
    )
    text = said(seen, "settling time")
    assert text.startswith(
        "after 10 C/g 4.0% of the displacement is still to come, and in 3 of 16 rows more than "
        "10%; half"
    )
    assert "take 7 C/g or more" in text


def test_clipped_readings_are_counted_and_what_moves_nothing_says_so(seen):
    text = said(seen, "ADC range")
    assert text.startswith("0.75% of 400 readings were clipped")
    # The variant without it is the chip itself here.
    assert text.endswith("what is read of the free phase is the same without it")
    ledger = seen.watched.ledger | {"difference_conversions": 50, "difference_clipped": 5}
    both = replace(seen, watched=replace(seen.watched, ledger=ledger))
    assert said(both, "ADC range").startswith("10.00% of 50 amplified differences were clipped")
    quiet = replace(seen, watched=replace(seen.watched, ledger={}))
    assert said(quiet, "ADC range").startswith("what is read")


def test_phases_are_apart_in_radians_by_the_shorter_way_round():
    changes = {"layers": (64, 6, 10), "sources": (0, -1), "node.unit_V": 0.5}
    profile = ns.load_profile("ideal_oscillator").with_values(changes)
    weights = initial_weights(profile.network, 0.5, np.random.default_rng(0))
    how = {"task": ns.Classify(), "data": load_dataset("digits")}
    asked = AnswerConditions(profile, weights, FLOW, batch=4, repeats=1, die=0, **how)
    phases = Seen(Effects(asked), Watched(FLOW, {}, 1.0, None, 0.0, None), 7.0)
    whole = phases.effects.whole_seen[0]
    turned = whole._replace(outputs=whole.outputs + 2 * np.pi - 0.12)
    effect = Effect("detuning", "", Losses(0.0), seen=[turned])
    assert measured(phases, effect) == "it moves what is read of hidden nodes by 0.12 rad rms"


def test_the_noise_of_devices_is_told_by_its_parts(seen):
    """Of a device of 12 uS, in the middle: short-term noise of 0.6 uS is 0.05 of it."""
    trap = ns.Telegraph(share=0.1, step=0.2, fastest_s=1e-6, slowest_s=1.0)
    noise = ns.DeviceNoise(
        relative_to="reference", reference_S=1e-6, slowest_s=1.0, short_term=0.6, telegraph=trap
    )
    profile = seen.profile.with_values({"device_noise": noise, "coupling.idle_S": 9e-6})
    assert profile.coupling.idle_S + profile.coupling.range_S(1e-5) / 2 == pytest.approx(12e-6)
    assert parts_of_noise(profile) == (
        "short-term noise of 0.05, telegraph noise in 0.1 of the devices, which step by 0.2"
    )
    assert parts_of_noise(seen.profile) == ""
