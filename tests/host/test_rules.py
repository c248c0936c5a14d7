"""Learning rules against exact gradients and their own limits, and on chips."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.analysis import Answering
from neurosim.chip import Chip
from neurosim.converters import Injectors
from neurosim.data import load_dataset
from neurosim.errors import DataError
from neurosim.host import (
    AsymmetricEP,
    Classify,
    ContrastiveHebbian,
    Coupled,
    CrossEntropy,
    Experiment,
    FlowSettings,
    GradEP,
    Trainer,
    free_phase,
    initial_weights,
)
from neurosim.host.asymmetric import one_way
from neurosim.host.injected import surprise
from neurosim.profile import load_profile, shipped_profiles
from neurosim.solvers import OperatingPoint

EXACT = OperatingPoint()
IDEAL = load_profile("ideal_hopfield")
PLACES = {
    "last": {"layers": (64, 20, 10), "sources": (0, -1)},
    "beside": {"layers": (74, 20)},
    "two hidden layers": {"layers": (64, 16, 12, 10), "sources": (0, -1)},
}


def with_injectors(profile, *layers):
    return profile.with_value("injectors", Injectors(layers=layers))


def squared(said, wanted):
    return said - wanted


class Asked:
    """A chip with random weights of some size, and digits that are shown to it."""

    def __init__(self, place, law="ideal_hopfield", rows=6, gain=1.0, *, changes=None, layers=None):
        answers = "beside" if place == "beside" else "last"
        profile = load_profile(law).with_values(PLACES[place] | (changes or {}))
        profile = with_injectors(profile, *(layers or [0 if answers == "beside" else -1]))
        self.chip, self.task = Chip(profile, engine=EXACT), Classify(answers=answers)
        rng = np.random.default_rng(0)
        self.weights = initial_weights(profile.network, gain, rng)
        self.chip.program(self.weights)
        inputs, wanted = self.task.examples(load_dataset("digits"))
        self.batch = self.task.batch(inputs[:rows], wanted[:rows])
        self.held = np.arange(self.batch.targets.shape[1]) < 64
        self.wanted = self.batch.wanted[:, ~self.held]

    def flow(self, beta, phases="centred"):
        settings = FlowSettings(stiffness=1.0, alpha=1.0, beta=beta, settle_tau=80.0, phases=phases)
        return settings.on(self.chip.data_sheet)

    def measured(self, rule, beta, phases="centred"):
        flow = self.flow(beta, phases)
        return rule.estimate(self.chip, self.batch, flow, self.held, None).gradient

    def answering(self):
        free_phase(self.chip, self.batch.targets, self.flow(0.1), None, self.held)
        system = self.chip.system()
        return Answering(system.circuit, self.chip.u_V, system.springs, 1.0)

    def learned(self, weights):
        """The vector without biases of held inputs, which change nothing."""
        bias = weights.bias.copy()
        bias[:64] = 0.0
        return np.concatenate([weights.coupling.ravel(), bias])


def cosine(a, b):
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def error(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def order(errors, betas):
    return float(np.polyfit(np.log(betas), np.log(errors), 1)[0])


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


def test_contrastive_hebbian_learning_clamps_the_answers_where_they_should_be():
    asked, seen = Asked("last"), []
    clamp = asked.chip.clamp
    asked.chip.clamp = lambda target_V, held=None: seen.append(target_V) or clamp(target_V, held)
    asked.measured(ContrastiveHebbian(), 0.3)
    (target_V,) = seen
    unit_V = asked.chip.data_sheet.unit_V
    np.testing.assert_allclose(target_V[:, ~asked.held], asked.wanted * unit_V)
    np.testing.assert_allclose(target_V[:, asked.held], asked.batch.targets[:, asked.held] * unit_V)


APART = {"coupling.directions": "separate", "mismatch.coupling": 0.2}


@pytest.mark.slow
def test_couplings_that_differ_by_direction_are_measured_and_made_up_for():
    asked = Asked("last", changes=APART, layers=(1, 2), rows=3)
    exact = asked.learned(asked.answering().exact(asked.wanted, squared))
    plain = cosine(asked.learned(asked.measured(GradEP(), 0.02)), exact)
    one, six = (
        cosine(asked.learned(asked.measured(AsymmetricEP(rounds=n, small=0.01), 0.02)), exact)
        for n in (1, 6)
    )
    assert plain < one < six
    assert plain < 0.99
    assert six > 0.999


def test_what_is_measured_of_directions_is_what_the_die_has():
    asked = Asked("two hidden layers", changes=APART, layers=(1, 2, 3))
    free_phase(asked.chip, asked.batch.targets, asked.flow(0.1), None, asked.held)
    circuit, layers = asked.chip.system().circuit, asked.chip.data_sheet.layers
    nodes = layers.nodes_of((1, 2, 3))
    # At zero outputs have slope 1: the Jacobian there is K, but for its diagonal.
    zero, small = np.zeros(circuit.n_nodes), np.eye(circuit.n_nodes)
    wired = circuit.jacobian_vector_A(zero[None], small).T / circuit.leak_S[0]
    apart = (wired - wired.T)[np.ix_(nodes, nodes)]
    found = one_way(asked.chip, asked.flow(0.1), asked.batch.targets[0], asked.held, 0.01)
    assert np.abs(apart).max() > 0.05
    np.testing.assert_allclose(found, apart, atol=2e-3)


def test_a_reciprocal_chip_needs_no_currents():
    asked = Asked("last", layers=(1, 2))
    assert (
        np.abs(one_way(asked.chip, asked.flow(0.1), asked.batch.targets[0], asked.held, 0.01)).max()
        < 1e-3
    )


@pytest.mark.parametrize("name", shipped_profiles())
@pytest.mark.parametrize("rule", [GradEP(), Coupled(), ContrastiveHebbian(), CrossEntropy()])
def test_every_rule_runs_on_every_chip(name, rule):
    profile = load_profile(name).with_values({"layers": (64, 8, 10), "sources": (0, -1)})
    own = Experiment.suited(Classify()).with_values({"rule": rule, "updates": 2, "batch": 16})
    chip = Chip(with_injectors(profile, -1))
    updates = list(Trainer(chip, own, load_dataset("digits")))
    assert all(np.isfinite(update.gradient_norm) and update.gradient_norm for update in updates)


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
