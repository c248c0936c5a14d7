"""Learning rules against exact gradients and their own limits, and on chips."""

from __future__ import annotations

import numpy as np
import pytest
from asked import PLACES, Asked, cosine, error, squared, with_injectors

from neurosim.chip import Chip
from neurosim.data import load_dataset
from neurosim.errors import DataError
from neurosim.host import (
    Classify,
    ContinualEP,
    ContrastiveHebbian,
    Coupled,
    CrossEntropy,
    Experiment,
    GradEP,
    Trainer,
    free_phase,
)
from neurosim.host.injected import surprise
from neurosim.profile import load_profile
from shipped import shipped

IDEAL = load_profile("ideal_hopfield")


def order(errors, betas):
    return float(np.polyfit(np.log(betas), np.log(errors), 1)[0])


@pytest.mark.every(2)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("law", ["ideal_hopfield", "ideal_gradient"])
def test_centred_ep_at_a_beta_of_a_fiftieth_is_the_exact_gradient(place, law):
    asked = Asked(place, law, gain=0.7)
    exact = asked.learned(asked.answering().exact(asked.wanted, squared))
    found = asked.learned(asked.measured(GradEP(), 0.02))
    assert cosine(found, exact) > 0.999


@pytest.mark.parametrize("place", ["last", "beside"])
def test_currents_of_cross_entropy_are_its_exact_gradient(place):
    asked, rule = Asked(place), CrossEntropy()

    def slope(said, wanted):
        return surprise(said, wanted, rule.sharpness)

    exact = asked.learned(asked.answering().exact(asked.wanted, slope))
    found = asked.learned(asked.measured(rule, 0.02))
    assert cosine(found, exact) > 0.999


def test_coupled_learning_tends_to_its_closed_form_and_not_to_squared_error():
    asked = Asked("last", gain=2.0)
    limit = asked.learned(asked.answering().clamped(asked.wanted))
    exact = asked.learned(asked.answering().exact(asked.wanted, squared))
    found = asked.learned(asked.measured(Coupled(), 0.02))
    assert error(found, limit) < 1e-3
    # A clamp moves an answer by all of beta (y - o), a nudge by that over its stiffness.
    assert np.linalg.norm(limit) > 1.2 * np.linalg.norm(exact)
    assert cosine(limit, exact) < 0.9999


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "phases", "wanted"),
    [
        (GradEP(), "one-sided", 1),
        (GradEP(), "centred", 2),
        (Coupled(), "one-sided", 1),
        (Coupled(), "centred", 2),
    ],
)
def test_the_error_falls_with_beta_in_the_order_of_the_phases(rule, phases, wanted):
    asked, betas = Asked("last", gain=2.0, rows=3), np.array([0.02, 0.04, 0.08])
    answering = asked.answering()
    limits = {
        GradEP: answering.exact(asked.wanted, squared), Coupled: answering.clamped(asked.wanted)
    }  # fmt: skip
    limit = asked.learned(limits[type(rule)])
    errors = [error(asked.learned(asked.measured(rule, b, phases)), limit) for b in betas]
    # The next term of the expansion in beta moves the slope by some beta.
    assert order(errors, betas) == pytest.approx(wanted, abs=0.15)


@pytest.mark.parametrize(("phases", "wanted"), [("one-sided", 1), ("centred", 2)])
def test_oscillators_are_clamped_at_the_phases_that_deliver_their_answers(phases, wanted):
    asked, betas = (
        Asked("last", "ideal_oscillator", gain=0.2, rows=3),
        np.array([0.005, 0.01, 0.02]),
    )
    answering = asked.answering()
    limit = asked.learned(answering.clamped(asked.wanted))
    found = [asked.learned(asked.measured(Coupled(), beta, phases)) for beta in betas]
    errors = [error(one, limit) for one in found]
    assert errors[0] < 0.05
    assert order(errors, betas) == pytest.approx(wanted, abs=0.15)


def test_the_exact_gradient_is_that_of_finite_differences_where_answers_are_linear():
    asked = Asked("beside", rows=3)
    exact = asked.answering().exact(asked.wanted, squared)

    def cost(vector):
        asked.chip.program(exact.of_vector(vector, exact.coupling.shape))
        said = free_phase(asked.chip, asked.batch.targets, asked.flow(0.1), None, asked.held)[2]
        return 0.5 * np.sum((said[:, ~asked.held] - asked.wanted) ** 2, axis=1).mean()

    begin, rng = asked.weights.vector, np.random.default_rng(1)
    for k in rng.choice(exact.coupling.size, 6, replace=False):
        step = np.zeros(begin.size)
        step[k] = 1e-3
        slope = (cost(begin + step) - cost(begin - step)) / 2e-3
        assert exact.vector[k] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_nodes_whose_amplifiers_have_no_slope_left_add_nothing_to_the_exact_gradient():
    asked = Asked("last", rows=3, gain=30.0)
    answering = asked.answering()
    assert (answering.circuit.metric(answering.near_V) == 0.0).any()
    exact = asked.learned(answering.exact(asked.wanted, squared))
    assert cosine(asked.learned(asked.measured(GradEP(), 0.02)), exact) > 0.999


def test_contrastive_hebbian_learning_clamps_the_answers_where_they_should_be():
    asked, seen = Asked("last"), []
    clamp = asked.chip.clamp
    asked.chip.clamp = lambda target_V, held=None: seen.append(target_V) or clamp(target_V, held)
    asked.measured(ContrastiveHebbian(), 0.3)
    (target_V,) = seen
    unit_V = asked.chip.data_sheet.unit_V
    np.testing.assert_allclose(target_V[:, ~asked.held], asked.wanted * unit_V)
    np.testing.assert_allclose(target_V[:, asked.held], asked.batch.targets[:, asked.held] * unit_V)


@pytest.mark.every(8)
@shipped
@pytest.mark.parametrize("rule", [GradEP(), Coupled(), ContrastiveHebbian(), CrossEntropy()])
def test_every_rule_runs_on_every_chip(name, rule):
    profile = load_profile(name)
    n_in = 64 * (1 + (profile.host.inputs == "doubled"))
    profile = profile.with_values({"layers": (n_in, 8, 10), "sources": (0, -1)})
    own = Experiment.suited(Classify()).with_values({"rule": rule, "updates": 2, "batch": 16})
    chip = Chip(with_injectors(profile, -1))
    if profile.node.oscillating and isinstance(rule, CrossEntropy):
        with pytest.raises(DataError, match=r"Cross-entropy needs currents that .* rule gradep"):
            next(iter(Trainer(chip, own, load_dataset("digits"))))
        return
    updates = list(Trainer(chip, own, load_dataset("digits")))
    assert all(np.isfinite(update.gradient_norm) and update.gradient_norm for update in updates)


@pytest.mark.parametrize("rule", [Coupled(), ContrastiveHebbian(), CrossEntropy(), ContinualEP()])
def test_a_rule_without_a_nudge_that_eases_its_springs_takes_any_beta(rule):
    """Of the stiffest spring too, but for continual EP, whose one nudge adds to it."""
    how = Experiment.suited("classify").with_values({"updates": 1, "batch": 8, "flow.beta": 1.0})
    profile = load_profile("ecram_redox")
    stiffest_S = 1.01 * how.flow.stiffness * profile.node.leak_S
    changes = {"layers": (64, 8, 10), "sources": (0, -1), "spring.max_S": stiffest_S}
    chip = Chip(with_injectors(profile.with_values(changes), -1))
    data, added = load_dataset("digits"), getattr(type(rule), "suits", {})
    with pytest.raises(DataError, match="beta must be below"):
        Trainer(chip, how, data)
    how = how.with_values({"rule": rule} | dict(added))
    if isinstance(rule, ContinualEP):
        with pytest.raises(DataError, match=r"with its nudge must be at most spring.max_S"):
            Trainer(chip, how, data)
        chip = Chip(chip.profile.with_value("spring.max_S", "ideal"))
    assert next(iter(Trainer(chip, how, data))).gradient_norm > 0


@pytest.mark.parametrize("rule", [Coupled(), ContrastiveHebbian()])
def test_rules_that_clamp_answers_need_inputs_that_are_held(rule):
    chip, how = Chip("ideal_hopfield"), Experiment(updates=1, batch=16, rule=rule)
    with pytest.raises(DataError, match=r"needs inputs that are held.*or the rule gradep"):
        next(iter(Trainer(chip, how, load_dataset("digits"))))


def test_cross_entropy_needs_injectors_where_the_answers_are():
    chip = Chip(IDEAL.with_values({"layers": (64, 8, 10), "sources": (0, -1)}))
    how = Experiment.suited("classify").with_values({"rule": "cross_entropy", "updates": 1})
    with pytest.raises(DataError, match=r"Layer 2 must have injectors, as `injectors"):
        next(iter(Trainer(chip, how, load_dataset("digits"))))
