"""What a cause does is measured by chips that differ in it alone."""

import numpy as np
import pytest

from neurosim.analysis import AnswerConditions, Conditions
from neurosim.analysis.counting import Count
from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import Effect, Losses
from neurosim.converters import Correlator
from neurosim.data import load_dataset
from neurosim.host import Experiment, FlowSettings, initial_weights, present
from neurosim.network import Layers
from neurosim.profile import load_profile

SIZES = (64, 12, 10)


def effects(changes, drawn=None, name="ideal_hopfield", **flow):
    profile = load_profile(name).with_values({"layers": SIZES} | changes)
    weights = initial_weights(Layers(SIZES), 0.5, np.random.default_rng(0))
    return Effects(
        Conditions(profile, weights, FlowSettings(**flow), batch=12, repeats=2, die=0), drawn
    )


@pytest.mark.slow
def test_without_its_only_cause_a_chip_is_ideal_and_with_it_alone_it_is_as_it_was():
    measured = effects({"mismatch.offset_V": 0.02})
    offset, *_ = measured.all()
    assert offset.name == "amplifier offset"
    assert offset.without == measured.ideal
    assert measured._alone(measured._causes[0]) == measured.whole
    assert measured.whole.gradient > 10 * measured.ideal.gradient


def test_the_ideal_chip_s_gradient_is_exact_but_for_beta_and_settling():
    """Centred differences are of second order in beta; 60 tau are long enough to settle."""
    for beta, least in ((1e-3, 1e-5), (4e-3, 2e-4)):
        measured = effects({}, beta=beta, settle_tau=60)
        assert 0 <= measured.whole.gradient < least
        assert measured.whole == measured.ideal


def test_two_causes_that_hide_each_other_are_both_found():
    """Either of two steps, of the DAC and of the ADC, loses the nudge by itself."""
    coarse = {"dac.bits": 4, "dac.range_V": 3.2, "adc.bits": 4, "adc.visible_range_V": 3.2}
    measured = effects(coarse | {"adc.hidden_range_V": 1.05}, beta=1.25e-3)
    found = measured.all()
    assert all(measured._masked(found)[:1])
    assert {"DAC bits", "ADC bits"} <= {effect.name for effect in found[:3]}
    by_name = {effect.name: effect for effect in found}
    assert by_name["DAC bits"].alone is not None
    assert by_name["DAC bits"].weight > 0.2
    assert by_name["ADC bits"].weight > 0.2


@pytest.mark.parametrize(
    ("changes", "converter", "path"),
    [
        (
            {"adc.bits": 10, "adc.visible_range_V": 0.32, "adc.hidden_range_V": 40.0},
            "ADC",
            "adc.hidden_range_V",
        ),
        ({"dac.bits": 8, "dac.range_V": 40.0}, "DAC", "dac.range_V"),
    ],
)
def test_a_range_far_too_wide_comes_before_the_bits_that_make_up_for_it(changes, converter, path):
    measured = effects(changes, beta=8e-3)
    found = measured.all()
    assert found[0].name == f"{converter} range"
    (extent,) = found[0].wide
    assert extent.path == path
    assert extent.times > 100
    assert f"is {extent.times:.3g} times the most that arrives" in extent.said()
    assert found[0].advice.startswith(f"narrow {path} to ")
    # The same bits over a range that fits.
    block, _, field = path.partition(".")
    assert getattr(getattr(found[0].variant, block), field) == extent.fitting
    assert found[0].variant.adc.bits == measured._profile.adc.bits
    assert found[0].without.gradient < measured.whole.gradient / 3
    bits = next(effect for effect in found if effect.name == f"{converter} bits")
    assert bits.advice.startswith(f"{found[0].advice} first, then raise ")
    assert not bits.wide


def test_ranges_that_fit_are_made_wider_as_ever():
    fits = {"adc.bits": 6, "adc.visible_range_V": 0.32, "adc.hidden_range_V": 0.105}
    found = effects(fits | {"dac.bits": 8, "dac.range_V": 0.32}, beta=8e-3).all()
    by_name = {effect.name: effect for effect in found}
    assert not any(effect.wide for effect in found)
    assert by_name["ADC range"].variant.adc.hidden_range_V == pytest.approx(510 / 62 * 0.105)
    assert by_name["ADC bits"].advice.startswith("raise adc.bits")
    # A range that fits itself wastes nothing.
    wide = fits | {"adc.hidden_range_V": 5.0, "adc.auto_range": True}
    assert not any(effect.wide for effect in effects(wide, beta=8e-3).all())


def test_a_range_that_clips_is_widened_however_wide_another_of_its_converter_is():
    """Hidden nodes that a converter cuts off are not mended by a narrower range of visible ones."""
    clips = {"adc.bits": 16, "adc.visible_range_V": 40.0, "adc.hidden_range_V": 0.01}
    first, *others = effects(clips, beta=8e-3).all()
    assert first.name == "ADC range"
    assert not first.wide
    assert first.advice.startswith("widen adc.visible_range_V and adc.hidden_range_V")
    assert first.variant.adc.hidden_range_V == pytest.approx(8 * 0.01, rel=1e-4)
    bits = next(effect for effect in others if effect.name == "ADC bits")
    assert bits.advice.startswith("raise adc.bits")


@pytest.mark.parametrize("times", [20.0, 1 / 20])
def test_a_range_of_sums_that_is_wrong_is_named_once(times):
    """Bits over a range too wide come second, and over one that clips change nothing."""
    sums = {"readout": Correlator(bits=8, range=1e6)}
    (far,) = effects(sums, beta=8e-3)._wide["correlator"]
    measured = effects({"readout": Correlator(bits=8, range=times * far.most)}, beta=8e-3)
    first, *others = measured.all()
    assert first.name == "correlator range"
    bits = next(effect for effect in others if effect.name == "correlator bits")
    assert bits.counts < 0.2 * first.counts
    if times > 1:
        (extent,) = first.wide
        assert extent.times == pytest.approx(times)
        said = f"the range of {20 * far.most:.2g} for sums is 20 times the most that arrives, "
        assert extent.said().startswith(f"{said}{far.most:.2g}, which wastes 4.3 bits")
        assert first.advice == f"narrow readout.range to {1.1 * far.most:.2g}"
        assert bits.advice.startswith(f"{first.advice} first, then raise readout.bits")
    else:
        assert not first.wide
        assert first.advice.startswith("widen readout.range")
        assert bits.weight < 0.01


def test_what_arrives_at_a_correlator_is_what_its_sums_are():
    """A chip of that range and no larger sum clips nothing, and one of a little less does."""
    (far,) = effects({"readout": Correlator(bits=8, range=1e6)}, beta=8e-3)._wide["correlator"]
    for times, clips in ((1.001, False), (0.98, True)):
        measured = effects({"readout": Correlator(range=times * far.most)}, beta=8e-3)
        chip = measured.conditions.programmed(measured._profile)
        rows = measured.conditions.batches[0]
        present(chip, rows.x_t, rows.u_t, measured.conditions.flow)
        assert bool(chip.ledger.correlator_clipped) == clips


def test_betas_that_the_chip_cannot_set_are_not_tried():
    """Beyond stiffness / (alpha stiffness)^2, 1 / 60 here, the negative phase has no spring."""
    best = next(e for e in effects({}, beta=1e-2).all() if e.name == "beta").best
    assert best <= 1 / 60


@pytest.mark.slow
def test_dies_and_rows_are_the_same_in_every_variant():
    drawn = []

    def draw(profile, engine):
        drawn.append(profile)
        return np.ones((3, 2)) * (1.5 if profile.mismatch.offset_V else 1.0)

    measured = effects({"mismatch.offset_V": 0.02}, draw)
    by_name = {effect.name: effect for effect in measured.all()}
    offset = by_name["amplifier offset"]
    assert measured.whole.drawing == pytest.approx(0.5**2 / 2)
    assert offset.without.drawing == 0
    assert offset.rules
    assert not by_name["beta"].rules
    assert "C_x/C_h" in by_name
    seen = measured.whole_seen[0].outputs, measured._observe(measured._profile)[0].outputs
    assert np.array_equal(*seen)


@pytest.mark.slow
def test_velocities_count_half_where_something_else_is_drawn():
    sense = {"current_sense.bits": 3, "current_sense.range_A": 3e-6}
    by_name = {effect.name: effect for effect in effects(sense).all()}
    assert np.isnan(by_name["ammeter bits"].without.velocity)
    drawn = effects(sense, lambda profile, engine: np.ones((3, 2)))
    found = {effect.name: effect for effect in drawn.all()}["ammeter bits"]
    saved = drawn.whole.velocity - found.without.velocity
    assert saved > 0.01
    assert found.weight == pytest.approx(saved / 2)
    assert found.without.gradient == drawn.whole.gradient
    # The same is what is drawn where nothing else is.
    assert by_name["ammeter bits"].weight == pytest.approx(2 * found.weight)


def test_what_is_not_measured_costs_nothing():
    measured = effects({})
    (lost,) = measured._weighed([Effect("x", "", Losses(measured.whole.gradient))])
    assert lost.weight == 0


def test_a_setting_rules_where_no_cause_is_half_as_bad():
    measured = effects({})
    measured.whole, measured.ideal = Losses(0.9, 0.0), Losses(0.01, 0.0)
    beta = Effect("beta", "", Losses(0.1, 0.0), makes_up=True)
    for saved, first in ((0.3, "beta"), (0.7, "DAC bits")):
        dac = Effect("DAC bits", "", Losses(0.9 - saved, 0.0))
        found = {effect.name: effect for effect in measured._weighed([beta, dac])}
        assert found["beta"].rules == (first == "beta")
        assert max(found.values(), key=lambda effect: effect.rank).name == first


def test_a_setting_counts_by_what_it_saves_beyond_causes_of_the_same_loss():
    """It may make up for the 0.3 of a cause of the gradient, and for none of what is drawn."""
    measured = effects({})
    measured.whole, measured.ideal = Losses(0.9, 0.8), Losses(0.01, 0.0)
    causes = [Effect("a", "", Losses(0.6, 0.8)), Effect("b", "", Losses(0.9, 0.1))]
    for left, own in ((0.4, 0.2), (0.6, 0.0), (0.7, 0.0)):
        beta = Effect("beta", "", Losses(left, 0.8), makes_up=True)
        found = {effect.name: effect for effect in measured._weighed([beta, *causes])}
        assert found["beta"].counts == pytest.approx(own)
        assert found["beta"].weight == pytest.approx(0.9 - left)
        assert found["a"].counts == found["a"].weight == pytest.approx(0.3)
        assert not found["beta"].rules


def test_a_stronger_nudge_is_advised_where_it_was_measured_to_save_half_of_a_cause():
    measured = effects({"dac.bits": 6, "dac.range_V": 0.32}, beta=4e-3)
    measured.whole, measured.ideal = Losses(0.9, 0.0), Losses(0.01, 0.0)
    dac = Effect("DAC bits", "raise dac.bits", Losses(0.5, 0.0))
    for saved, best, too in ((0.3, 8e-3, True), (0.1, 8e-3, False), (0.3, 2e-3, False)):
        beta = Effect("beta", "", Losses(0.9 - saved, 0.0), best=best, makes_up=True)
        found = {effect.name: effect for effect in measured._weighed([beta, dac])}
        also = ", or raise flow.beta" if too else ""
        assert found["DAC bits"].advice == f"raise dac.bits{also}"
    (only,) = measured._weighed([dac])
    assert only.advice == "raise dac.bits"


def test_a_weaker_nudge_that_the_dac_would_lose_is_not_advised():
    """By less than half a step of six bits; what is stronger than now may still be tried."""
    measured, asked = effects({"dac.bits": 6, "dac.range_V": 0.32}, beta=8e-3), []
    observed = measured._observe
    measured._observe = lambda profile, **how: asked.append(how) or observed(profile, **how)
    flow, step = measured.conditions.flow, 2 * 0.32 / (2**6 - 2) / 0.1
    nudge = 8e-3 * (flow.alpha * flow.stiffness) ** 2
    u = np.sqrt(np.mean([np.mean(batch.u_t**2) for batch in measured.conditions.batches]))
    away = nudge / (flow.stiffness + nudge) * u / (flow.alpha * flow.stiffness)
    assert measured.dac_steps(8e-3) == pytest.approx(away / step)
    best = measured._beta().best
    tried = [how["beta"] for how in asked if "beta" in how]
    assert all(beta > 8e-3 or measured.dac_steps(beta) >= 0.5 for beta in [*tried, best])
    assert any(factor * 8e-3 not in tried for factor in (0.125, 0.25, 0.5))
    assert effects({}, beta=8e-3).dac_steps(1e-9) == np.inf


def test_a_nudge_of_answers_is_measured_by_the_answers_alone():
    """Answers of 1 or -1; inputs are held, and asked for nothing."""
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": (64, 6, 10), "sources": (0, -1)}
    )
    weights = initial_weights(Layers((64, 6, 10)), 0.5, np.random.default_rng(0))
    answers = Experiment.suited("classify")
    conditions = AnswerConditions(
        profile, weights, answers.flow, 12, 2, task=answers.task, data=load_dataset("digits")
    )
    assert conditions.velocity == 1


def test_a_count_grows_with_what_is_expected_and_never_passes_it():
    told = []
    count = Count(lambda done, total: told.append((done, total)))
    count.expect(2)
    count.step()
    count.expect(1)
    for _ in range(3):
        count.step()
    count.expect(5)
    count.end()
    assert told == [(1, 2), (2, 3), (3, 3), (4, 4), (4, 4)]
