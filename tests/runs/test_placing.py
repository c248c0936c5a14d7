"""What rules comes before what is unusual, and that before what merely costs more."""

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis import Conditions
from neurosim.analysis.causes import CAUSES
from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import Effect, Losses
from neurosim.host import initial_weights
from neurosim.network import Layers
from neurosim.runs import Finding
from neurosim.runs.findings import SPRING, STOPPED
from neurosim.runs.placing import _MOST, is_unusual, placed
from neurosim.runs.seen import Seen
from neurosim.runs.watched import Watched

FLOW = ns.FlowSettings(beta=8e-3, settle_tau=10)
SIZES = (64, 6, 5)


def seen(changes=None, dac_step=0.01, moved=0.04, ledger=None, name="ideal_hopfield"):
    profile = ns.load_profile(name).with_values({"layers": SIZES} | (changes or {}))
    weights = initial_weights(Layers(SIZES), 0.5, np.random.default_rng(0))
    conditions = Conditions(profile, weights, FLOW, batch=4, repeats=1, die=0)
    flow = FLOW.on(ns.Chip(profile).data_sheet)
    return Seen(Effects(conditions), Watched(flow, ledger or {}, 1.2, dac_step, moved, None), 7.0)


def effect(name, weight=0.1, **what):
    return Effect(name, "", Losses(0.0), weight=weight, **what)


def finding(effect):
    return Finding(cause=effect.name, measured="m", advice="a", weight=effect.counts)


def test_every_limit_is_one_of_a_cause():
    assert set(_MOST) <= {cause.name for cause in CAUSES} | {"settling time", "C_x/C_h"}


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("cause", "what"),
    [
        ("amplifier bandwidth", {"changes": {"node.bandwidth_Hz": 1e3}}),
        ("settling time", {"moved": 0.2}),
        ("C_x/C_h", {"changes": {"node.release_capacitance_F": 1e-12}}),
        ("DAC bits", {"dac_step": 0.1}),
        ("ADC range", {"ledger": {"adc_conversions": 100, "adc_clipped": 5}}),
        ("faulty devices", {"changes": {"faults": ns.Faults(dead=0.02)}}),
        ("weight levels", {"changes": {"coupling.levels": 3, "coupling.full_scale": 2.0}}),
        ("amplifier offset", {"changes": {"mismatch.offset_V": 0.2}}),
        ("gain mismatch", {"changes": {"mismatch.gain": 0.3}}),
    ],
)
def test_a_figure_is_unusual_beyond_its_limit_and_no_other_is(cause, what):
    assert not is_unusual(seen(), effect(cause))
    assert is_unusual(seen(**what), effect(cause))
    others = [name for name in _MOST if name not in {cause, "programming noise", "drift"}]
    assert not any(is_unusual(seen(**what), effect(name)) for name in others)


def test_the_shipped_chip_of_the_readme_has_no_unusual_figure():
    there = seen(name="cmos_rc_6bit", dac_step=0.025)
    assert not any(is_unusual(there, effect(name)) for name in _MOST)


def test_a_noise_that_drowns_the_gradient_is_told_though_among_others_it_costs_nothing():
    """On nodes of 1e-8 of the capacitance, where kT/C is 10,000 times as high."""
    loud = {"node.capacitance_F": 1e-20, "mismatch.offset_V": 0.5}
    effects = [effect("a", 0.3, rules=True), effect("thermal noise", 0.0)]
    drowned = seen(loud, name="ideal_thermal")
    assert drowned.snr_dB("thermal noise") < 6
    assert drowned.effects.whole.cosine < 0.9
    assert [f.cause for f in placed(drowned, effects, finding, [])[0]] == ["a", "thermal noise"]
    # It is where nothing else costs anything.
    little = [effect("a", 0.004), effect("thermal noise", 0.0)]
    assert [f.cause for f in placed(drowned, little, finding, [])[0]] == ["thermal noise"]
    # A stronger nudge that would save it is told in its place; and a quiet chip has none.
    nudged = [*effects, effect("beta", 0.2)]
    assert "thermal noise" not in [f.cause for f in placed(drowned, nudged, finding, [])[0]]
    quiet = seen({"mismatch.offset_V": 0.5}, name="ideal_thermal")
    assert [f.cause for f in placed(quiet, effects, finding, [])[0]] == ["a"]


def test_an_unusual_setting_comes_before_what_costs_more_only_if_it_costs_much_itself():
    causes = [effect("a", 0.9), effect("b", 0.3)]
    for cause, most in (("alpha", 0.15), (SPRING, 0.1), (STOPPED, 0.1)):
        little = Finding(cause=cause, measured="m", advice="a", weight=most - 0.005)
        found, n_first = placed(seen(), causes, finding, [little])
        assert [f.cause for f in found] == ["a", "b", cause]
        assert n_first == 2
        much = little.model_copy(update={"weight": most})
        found, n_first = placed(seen(), causes, finding, [much])
        assert [f.cause for f in found] == [cause, "a", "b"]
        assert n_first == 3


def test_pixels_that_are_released_too_fast_come_first_if_it_costs_anything():
    """Slowest modes of 7 C/g, and pixels on the capacitance of a hidden node, or 30 times that."""
    effects = [effect("a", 0.9, rules=True), effect("C_x/C_h", 0.02)]
    fast = seen({"node.release_capacitance_F": 1e-12})
    assert [f.cause for f in placed(fast, effects, finding, [])[0]] == ["C_x/C_h", "a"]
    assert [f.cause for f in placed(seen(), effects, finding, [])[0]] == ["a"]
    none = [effects[0], effect("C_x/C_h", 0.0)]
    assert [f.cause for f in placed(fast, none, finding, [])[0]] == ["a"]
    # Where modes do not end, larger capacitors do not help.
    unstable = replace(fast, mode_tau=np.inf)
    assert [f.cause for f in placed(unstable, effects, finding, [])[0]] == ["a"]


def test_devices_far_from_what_was_asked_are_told_though_a_training_made_up_for_them():
    """A leak of the weights that is no cost at the trained ones, and an offset that is none."""
    leak = ns.Leak(tau_s=5e-6, source="assumed: a test")
    effects = [effect("a", 0.3, rules=True), effect("drift", 0.0), effect("amplifier offset", 0.0)]
    odd = seen({"drift": leak, "mismatch.offset_V": 0.2}, name="cmos_rc_6bit")
    assert odd.astray("drift") > 0.15
    found, n_first = placed(odd, effects, finding, [])
    assert [f.cause for f in found] == ["drift", "a"]
    assert n_first == 2
    still = seen({"mismatch.offset_V": 0.2}, name="cmos_rc_6bit")
    assert [f.cause for f in placed(still, effects, finding, [])[0]] == ["a"]


def test_the_order_is_what_rules_what_is_unusual_what_costs():
    odd = seen({"mismatch.offset_V": 0.2})
    effects = [
        effect("a", 0.3),
        effect("amplifier offset", 0.02),
        effect("b", 0.1, rules=True),
        effect("c", 0.05),
        effect("d", 0.012),
        effect("e", 0.001),
    ]
    found, n_first = placed(odd, effects, finding, [finding(effect("f", 0.2))])
    assert [f.cause for f in found] == ["b", "amplifier offset", "a", "f", "c"]
    assert n_first == 3
    found, n_first = placed(seen(), effects[3:], finding, [])
    assert [f.cause for f in found] == ["c", "d"]
    assert n_first == 2


def test_where_nothing_stands_out_the_three_costliest_are_told():
    weights = {"a": 0.001, "b": 0.004, "c": 0.0, "d": 0.002, "e": 0.009, "f": 0.0004}
    effects = [effect(name, weight) for name, weight in weights.items()]
    found, n_first = placed(seen(), effects, finding, [])
    assert [f.cause for f in found] == ["e", "b", "d"]
    assert n_first == 0
    assert placed(seen(), effects[2:3] + effects[5:], finding, []) == ([], 0)


@pytest.mark.parametrize(("own", "n_first"), [(0.0, 1), (0.05, 1), (0.25, 2)])
def test_a_setting_is_among_the_first_by_what_it_does_not_make_up_for(own, n_first):
    """A fifth of the costliest is 0.06; what makes up alone is told all the same, behind others."""
    beta = effect("beta", 0.3 + own, makes_up=True, own=own)
    effects = [effect("a", 0.3), beta, effect("b", 0.055)]
    found, first = placed(seen(), effects, finding, [])
    assert first == n_first
    place = {0.0: 2, 0.05: 2, 0.25: 1}[own]
    assert found[place].cause == "beta"


def test_a_setting_that_makes_up_for_small_causes_is_not_first_by_that():
    """Beta saves 0.0118 by making up for a cause of 0.0098, and 0.002 of its own."""
    beta = effect("beta", 0.0118, makes_up=True, own=0.002)
    found, n_first = placed(seen(), [beta, effect("a", 0.0098)], finding, [])
    assert n_first == 0
    assert {one.cause for one in found} == {"a", "beta"}
