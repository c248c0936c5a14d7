"""Learning on networks of resistors: what is measured by local differences is the gradient."""

from __future__ import annotations

import numpy as np
import pytest
from resistors import SHOCKLEY

import neurosim as ns
from neurosim.analysis import AnswerConditions
from neurosim.circuit import IdealDiode, Resistive
from neurosim.host import Coupled, GradEP
from neurosim.network import Weights
from sums import FLOW, Sums, rows


def chip_profile(diode, **changes):
    few = {
        "layers": (8, 6, 2),
        "sources": (0, -1),
        "node.law": Resistive(diode=diode),
        "node.amplifier": "linear",
        "coupling.encoding": "single",
        "coupling.full_scale": 4.0,
        "host.inputs": "doubled",
        "host.input_gain": 8.0,
        "settling": ns.OperatingPoint(),
    }
    return ns.load_profile("ideal_hopfield").with_values(few | changes)


def positive_weights(profile):
    rng, layers = np.random.default_rng(1), profile.network
    coupling = rng.uniform(0.05, 1.0, layers.present.shape) * layers.present
    return Weights(coupling, rng.uniform(0.05, 0.5, layers.n_nodes))


def conditions(diode, rule=None, beta=1e-3, gain=None):
    lifted = {"layers": (8, 6, 4, 2), "node.law": Resistive(diode=diode, gain=gain)}
    profile = chip_profile(diode, **lifted if gain else {})
    flow = ns.FlowSettings(**FLOW | {"beta": beta})
    task = Sums(test_share=0)
    weights = positive_weights(profile)
    return AnswerConditions(
        profile, weights, flow, 8, 2, task=task, rule=rule or GradEP(), data=rows()
    )


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


MACHINES = pytest.mark.parametrize(
    ("diode", "gain"),
    [(SHOCKLEY, None), (IdealDiode(), None), (SHOCKLEY, 3.0)],
    ids=["shockley", "ideal", "amplifiers between layers"],
)


@pytest.mark.every(2)
@MACHINES
def test_the_exact_gradient_is_that_of_the_cost_at_rest(diode, gain):
    """Central differences of 1/2 |o - y|^2, the chip settled anew for each weight."""
    asked = conditions(diode, gain=gain)
    shown, unit_S = asked.answer_batches[0], asked.profile.node.leak_S

    def cost(weights):
        chip = asked._ideal_chip(weights)
        said = ns.host.decide(chip, shown.targets, asked.flow, None, asked._held)[:, 8:]
        return np.mean(np.sum((said - shown.wanted[:, 8:]) ** 2, axis=1)) / 2

    assert unit_S > 0
    exact, weights, found = asked.exact_at(asked.weights, 0), asked.weights, []
    places = np.flatnonzero(exact)[::5]
    for place in places:
        ends = []
        for sign in (1, -1):
            moved = weights.copy()
            moved.vector[place] += sign * 1e-4
            ends.append(cost(moved))
        found.append((ends[0] - ends[1]) / 2e-4)
    assert len(found) > 10
    # h^2 of the third derivative, and the residual of 1e-8 over h.
    np.testing.assert_allclose(found, exact[places], atol=1e-4 * np.abs(exact).max())


@MACHINES
def test_equilibrium_propagation_measures_the_exact_gradient(diode, gain):
    asked, errors = conditions(diode, gain=gain), []
    exact = asked.exact_at(asked.weights, 0)
    for beta in (4e-2, 2e-2, 1e-3):
        got = asked.observe(asked.profile, 0, beta=beta).gradient
        errors.append(np.linalg.norm(got - exact) / np.linalg.norm(exact))
        assert cosine(got, exact) > 0.999
    assert errors[-1] < 1e-3
    if diode is SHOCKLEY:  # Smooth: the centred difference errs by beta^2.
        assert errors[0] / errors[1] == pytest.approx(4, rel=0.25)


def test_coupled_learning_goes_where_clamped_answers_tend_to():
    asked = conditions(SHOCKLEY, Coupled())
    got = asked.observe(asked.profile, 0).gradient
    assert cosine(got, asked.exact_at(asked.weights, 0)) > 0.5
    ep = conditions(SHOCKLEY).observe(asked.profile, 0).gradient
    # An answer is moved by (y - o) instead of (y - o) / g_o: longer by what an answer sees.
    assert np.linalg.norm(got) > 2 * np.linalg.norm(ep)


def test_weights_stay_conductances_and_what_is_asked_below_is_shut():
    profile = chip_profile(IdealDiode(), **{"coupling.idle_S": 1e-7})
    chip = ns.Chip(profile)
    unit_S = profile.node.leak_S
    trainer = ns.Trainer(
        chip, ns.Experiment(task=Sums(), updates=3, batch=8, learning_rate=0.5, flow=FLOW), rows()
    )
    assert (trainer.weights.vector[trainer.weights.vector != 0] >= 1e-7 / unit_S).all()
    list(trainer)
    present = chip.die.layers.present
    assert trainer.weights.vector.min() >= 1e-7 / unit_S
    assert (chip.circuit.couplings.plus_S[present] >= 1e-7).all()
    assert not chip.circuit.couplings.minus_S.any()
    assert not chip.circuit.biases.minus_S.any()


def test_inputs_are_doubled_and_multiplied_where_the_chip_advises_it():
    chip, inputs = ns.Chip(chip_profile(None)), np.array([[0.5, -1.0]])
    doubled = [[4.0, -8.0, -4.0, 8.0]]
    np.testing.assert_array_equal(Sums().presented(inputs, chip.data_sheet), doubled)
    plain = Sums(inputs="plain", input_gain=2.0)
    np.testing.assert_array_equal(plain.presented(inputs, chip.data_sheet), [[1.0, -2.0]])
    other = ns.Chip("ideal_hopfield").data_sheet
    assert Sums().presented(inputs, other) is inputs


LIFTED = Resistive(diode=IdealDiode(), gain=2.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"coupling.encoding": "one_sided"}, "coupling.encoding: must be single where node.law"),
        ({"node.amplifier": "tanh"}, "node.amplifier: must be linear where node.law has resistors"),
        (
            {"node.loading": 0.1},
            "loading: must be ideal .*, for it is the law's own, 1, but is 0.1",
        ),
        (
            {"mismatch.offset_V": 1e-3},
            "mismatch.offset_V: must be ideal .*, but is 1 mV; write",
        ),
        (
            {"coupling.directions": "separate"},
            "directions: must be shared .*, but is separate; write it",
        ),
        (
            {"coupling.idle_S": 1.0},
            "idle_S: must be below full_scale x .* uS, but is 1 S; lower",
        ),
        (
            {"node.law": LIFTED, "node.output_Ohm": 1e6},
            "output_Ohm: must be ideal .*, for it is not built of amplifiers",
        ),
        (
            {"thermal.amplifier_excess": 1.0, "thermal.temperature_K": 300.0},
            "amplifier_excess: must be ideal .*, for it is of an amplifier",
        ),
        (
            {"node.law": LIFTED, "layers": (8, 2)},
            "gain: must be none where there is no hidden layer before the last one, but is 2; add",
        ),
        (
            {
                "node.law": LIFTED,
                "layers": (8, 6, 5, 2),
                "pattern": {"pattern": "skips", "between": [[0, 3]]},
            },
            "pattern: must couple layers to the next alone where .*; leave out skips, or",
        ),
        (
            {"node.law": LIFTED, "injectors": ns.converters.Injectors(layers=(1,))},
            r"injectors.layers: must be the last layer alone where .* write \[-1\]",
        ),
        (
            {"node.law": "hopfield"},
            "coupling.encoding: must be one_sided or complementary where node.law has amplifiers",
        ),
    ],
)
def test_what_no_network_of_resistors_has_is_refused(changes, said):
    with pytest.raises(ns.errors.ProfileError, match=said):
        chip_profile(IdealDiode(), **changes)
