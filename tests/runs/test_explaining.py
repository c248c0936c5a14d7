"""A fault that was planted is found, and said with a figure, an advice and what it would buy."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis.problem import trained_weights
from neurosim.errors import DataError, RunError
from neurosim.network import Weights
from neurosim.runs import Finding
from neurosim.runs.ends import WEIGHT_RANGE, at_the_ends
from neurosim.runs.findings import STOPPED
from neurosim.runs.learned import LENGTH, RATE
from neurosim.runs.mending import IMPLAUSIBLE
from neurosim.runs.presented import conditions_of

# A small chip without noise, so that a settle takes few steps.
SMALL = ns.load_profile("ideal_hopfield").with_values(
    {
        "layers": (64, 10, 8),
        "coupling.levels": 64,
        "coupling.full_scale": 0.6,
        "mismatch": ns.Mismatch(coupling=0.02, offset_V=1e-3),
        "dac": ns.Dac(bits=10, range_V=0.32),
        "adc": ns.Adc(bits=10, visible_range_V=0.32, hidden_range_V=0.105),
    }
)
RECIPE = ns.Experiment(updates=2, batch=16, learning_rate=1e-4, flow={"beta": 8e-3})


@pytest.fixture(scope="module")
def start():
    """Weights that are no longer those of a start."""
    ideal = ns.load_profile("ideal_hopfield").with_value("layers", (64, 10, 8))
    return ns.train(ideal, ns.Experiment(updates=12, batch=32, learning_rate=2e-2))


def explained(start, changes, recipe=None):
    profile = SMALL.with_values(changes)
    trained = ns.train(profile, RECIPE.with_values(recipe or {}), start=start)
    return ns.explain(trained, rows=24)


def test_a_longer_training_waits_for_what_comes_first(start, monkeypatch):
    longer = Finding(cause=LENGTH, measured="it fell", advice="train on: `x`", weight=0.1)
    rate = longer.model_copy(update={"cause": RATE})
    monkeypatch.setattr("neurosim.runs.explaining.learned", lambda *_: [longer, rate])
    found = explained(start, {"dac.bits": 5})
    told = {finding.cause: finding for finding in [*found.first, *found.others]}
    assert found.first[0].cause == "DAC bits"
    assert told[LENGTH].advice == "mend 1 first, then train on: `x`"
    assert told[RATE].advice == "train on: `x`"


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("changes", "cause", "figure"),
    [
        ({"dac.bits": 5}, "DAC bits", "steps of the DAC (below 0.5 it is lost)"),
        ({"faults": ns.Faults(dead=0.03)}, "faulty devices", "of 1,604 devices of this die"),
    ],
    ids=["5-bit DAC", "3 % dead devices"],
)
def test_a_planted_fault_comes_first_or_second_with_its_figure(start, changes, cause, figure):
    found = explained(start, changes, {"sampling.mode": "spring"})
    assert cause in found.places()[:2]
    told = next(f for f in found.first if f.cause == cause)
    assert figure in told.measured
    # Switched off, the gradient is nearer to the exact one.
    assert told.cosine > found.cosine + 0.05
    assert found.cosine_ideal > found.cosine
    assert f"to {told.cosine:.2f}" in str(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bits", "range_A", "cause"), [(10, 3e-7, "ammeter range"), (2, 3e-6, "ammeter bits")]
)
def test_an_ammeter_is_found_where_samples_are_drawn_without_it(start, bits, range_A, cause):
    """Neither the gradient nor what the chip draws alone feels it: velocities do."""
    sense = {"current_sense": ns.CurrentSense(bits=bits, range_A=range_A)}
    found = explained(start, sense)
    assert found.drawn == "samples"
    assert found.places()[0] == cause
    told = found.first[0]
    assert "the ammeter reads velocities up to" in told.measured
    assert told.cosine == found.cosine
    assert told.velocity < found.velocity / 2
    assert f"velocities off from {found.velocity:.0%} to" in found.bought(told)


def on_shipped_weights(changes, recipe=None):
    """`cmos_rc_6bit` with a fault, as the training of it begins from a trained ideal chip."""
    profile = ns.load_profile("cmos_rc_6bit").with_values(changes)
    weights = trained_weights(profile)
    chip = ns.Chip(profile)
    chip.program(weights)
    recipe = ns.Experiment(updates=1, batch=256).with_values(recipe or {})
    return ns.Trained(chip, recipe, weights=weights)


FAST_S = 1e-12 / 1.7e-9  # A leak by which 1 pF has a time constant of 1.7 ns.
PLANTED = {
    "6-bit DAC": ({"dac.bits": 6}, {}, "DAC bits"),
    "2 % dead devices": ({"faults": ns.Faults(dead=0.02)}, {}, "faulty devices"),
    "tau of 1.7 ns, 64 MHz amplifiers": (
        {
            "node.leak_S": FAST_S,
            "node.bandwidth_Hz": 64e6,
            "spring.max_S": 100 * FAST_S,
            "write.reference_S": 0.6 * FAST_S,
            "current_sense.range_A": 0.3 * FAST_S,
        },
        {},
        "amplifier bandwidth",
    ),
    "beta of 1e-4": ({}, {"flow.beta": 1e-4}, "beta"),
    "microsiemens typed as siemens": ({"write.reference_S": 6.0}, {}, IMPLAUSIBLE),
    "drift, an hour a batch": (
        {
            "node.capacitance_F": 4.7e-6,
            "node.release_capacitance_F": 1.41e-4,
            "drift": ns.PowerLaw(start_s=1.0, reference_S=6e-6, exponent=0.05),
        },
        {},
        "drift",
    ),
    "offsets of 20 mV": ({"mismatch.offset_V": 20e-3}, {}, "amplifier offset"),
    "saturated ADC": ({"adc.hidden_range_V": 30e-3}, {}, "ADC range"),
    "ADC over 5 V": ({"adc.hidden_range_V": 5.0}, {}, "ADC range"),
    "DAC over 5 V": ({"dac.range_V": 5.0}, {}, "DAC range"),
    "read after 1.5 tau": ({}, {"flow.settle_tau": 1.5}, "settling time"),
    "3-bit weights": ({"coupling.levels": 4}, {}, "weight levels"),
    "ammeter of 150 nA": ({"current_sense.range_A": 0.15e-6}, {}, "ammeter range"),
    "3-bit ammeter": ({"current_sense.bits": 3}, {}, "ammeter bits"),
    "samples to t = 0.12": ({}, {"sampling.t_end": 0.12}, STOPPED),
    "samples to t = 4": ({}, {"sampling.t_end": 4.0}, STOPPED),
    "pixels as fast as hidden nodes": ({"node.release_capacitance_F": "1 pF"}, {}, "C_x/C_h"),
}


# The slow run has one of devices and one of the host, and campaigns the others.
SOME = {"3-bit weights", "read after 1.5 tau"}


@pytest.mark.parametrize(
    "fault",
    [pytest.param(k, marks=pytest.mark.slow) for k in PLANTED if k in SOME]
    + [pytest.param(k, marks=pytest.mark.campaign) for k in PLANTED if k not in SOME],
)
def test_each_planted_fault_comes_first_or_second(fault):
    changes, recipe, cause = PLANTED[fault]
    found = ns.explain(on_shipped_weights(changes, recipe), rows=64)
    assert cause in found.places()[:2], found
    told = next(f for f in found.first if f.cause == cause)
    assert told.advice
    assert told.measured
    if cause == STOPPED:
        assert told.weight > 0.5
    elif cause != IMPLAUSIBLE:
        saved = told.cosine - found.cosine, found.error - told.error
        saved = *saved, found.velocity - told.velocity
        assert max(saved) > 0.1


def test_numbers_that_cannot_be_meant_are_told_and_not_settled_with(monkeypatch):
    """The chip itself would take an engine without end, in a training too."""
    monkeypatch.delattr("neurosim.runs.explaining.learned")
    monkeypatch.delattr("neurosim.runs.explaining.held_back")
    monkeypatch.delattr("neurosim.runs.explaining.stopped_flow")
    profile = SMALL.with_value("write", ns.Write(reference_S=6.0, noise=0.01))
    weights = Weights.zeros(profile.network)
    trained = ns.Trained(ns.Chip(profile), RECIPE, weights=weights)
    found = ns.explain(trained, rows=8)
    assert found.places()[0] == IMPLAUSIBLE
    assert found.first[0].measured.startswith("write.reference_S is 6 S; chips have")
    assert found.notes == ["Measured with write switched off: see 1."]
    assert found.cosine is not None
    hopeless = profile.with_values({"node.capacitance_F": 1e3, "write": None})
    only = ns.explain(ns.Trained(ns.Chip(hopeless), RECIPE, weights=weights), rows=8)
    assert {finding.cause for finding in only.first} == {IMPLAUSIBLE}
    assert only.cosine is None
    assert "nothing was measured" in " ".join(str(only).split())


@pytest.mark.slow
def test_weights_that_the_range_holds_back_are_found(start):
    """All at an end; the exact gradient would push some half of them on."""
    weights = start.weights
    pinned = Weights(0.05 * np.sign(weights.coupling), 0.05 * np.sign(weights.bias))
    profile = SMALL.with_values({"coupling.full_scale": 0.05, "coupling.levels": "ideal"})
    recipe = RECIPE.with_value("learning_rate", 5e-3)
    found = ns.explain(ns.Trained(ns.Chip(profile), recipe, weights=pinned), rows=8)
    assert WEIGHT_RANGE in found.places()[:2]
    told = next(f for f in found.first if f.cause == WEIGHT_RANGE)
    assert "100.0% of the weights stand at an end of their range, 0.05" in told.measured
    (losses,) = re.findall(r"from ([\d.]+) as it is to ([\d.]+) on a chip", told.bought)
    now, wider = map(float, losses)
    assert wider < now
    assert f"Measured: {told.bought[:40]}" in str(found)


def test_single_devices_are_held_back_at_the_lowest_conductance_too():
    """Half of the weights are 0, and would fall further by half of the gradient's power."""
    layers = (8, 4, 2)
    profile = ns.load_profile("ideal_resistive").with_value("layers", layers)
    weights = Weights.zeros(profile.network)
    weights.vector[::2] = 1.0
    gradient = np.zeros((1, weights.vector.size))
    there = np.flatnonzero(np.r_[profile.network.present.ravel(), np.ones(14, dtype=bool)])
    low, high = there[weights.vector[there] == 0], there[weights.vector[there] == 1]
    gradient[0, low[0]], gradient[0, low[1]], gradient[0, high[0]] = 1.0, -2.0, 3.0
    found = at_the_ends(SimpleNamespace(profile=profile, weights=weights, exact=gradient))
    assert f"{len(low) / len(there):.1%} of the weights stand at the lowest that" in found.measured
    assert found.weight == pytest.approx(1 - np.sqrt(13 / 14))
    assert "no negative weight" in found.advice


def test_a_chip_that_sums_is_shown_as_many_rows_as_in_training():
    """The range of its sums is for these."""
    for readout, rows in ((None, 4), (ns.Correlator(bits=8, range=1.0), RECIPE.batch)):
        chip = ns.Chip(SMALL.with_value("readout", readout))
        trained = ns.Trained(chip, RECIPE, weights=Weights.zeros(SMALL.network))
        assert len(conditions_of(trained, chip.profile, 4).batches[0].x_t) == rows


@pytest.mark.slow
def test_a_chip_that_answers_is_judged_by_its_answers():
    task = ns.Experiment.suited("classify").with_values({"updates": 8, "batch": 16})
    profile = SMALL.with_values(
        {"layers": (64, 8, 10), "sources": (0, -1), "faults": ns.Faults(stuck_high=0.05)}
    )
    found = ns.explain(ns.train(profile, task), rows=16)
    assert found.drawn == "answers"
    assert found.quality_name == "test accuracy"
    assert found.quality_rows == 360
    assert 0 <= found.quality <= 1
    assert found.places()[0] == "faulty devices"
    assert found.first[0].quality is not None


@pytest.mark.slow
def test_a_chip_that_its_host_steps_is_judged_by_velocities(start):
    found = explained(start, {"mismatch.offset_V": 0.02}, {"sampling.mode": "spring"})
    assert found.drawn == "velocities"
    assert found.places()[0] == "amplifier offset"
    assert "C_x/C_h" not in found.places()
    assert "offsets are 20 mV rms beside a unit of 100 mV" in found.first[0].measured


@pytest.mark.slow
def test_the_same_run_is_explained_alike_and_left_as_it_was(start):
    trained = ns.train(SMALL, RECIPE.with_value("sampling.mode", "spring"), start=start)
    before = trained.fresh().state()["ledger"]
    found = [ns.explain(trained, rows=8) for _ in range(2)]
    assert found[0] == found[1]
    assert trained.fresh().state()["ledger"] == before


def test_what_cannot_be_explained_is_told_in_one_line():
    with pytest.raises(RunError, match=r"none must be a run folder .* but is not; make one"):
        ns.explain("none")
    with pytest.raises(DataError, match="rows must be at least 2, but is 1; give a number such"):
        ns.explain(ns.Trained(ns.Chip(SMALL), RECIPE), rows=1)
