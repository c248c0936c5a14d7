"""The noise ledger of a chip that answers: every rule against the exact gradient."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.analysis import ALL, BETA, SETTLE, AnswerConditions, ledger, only, scan_beta
from neurosim.converters import Injectors
from neurosim.data import load_dataset
from neurosim.errors import DataError
from neurosim.host import (
    Classify,
    ContrastiveHebbian,
    Coupled,
    CrossEntropy,
    Experiment,
    GradEP,
    initial_weights,
)
from neurosim.ideal import IdealNetwork
from neurosim.profile import load_profile
from neurosim.solvers import OperatingPoint, Transient

LAYERS = {"layers": (64, 12, 10), "sources": (0, -1)}
FLOW = Experiment.suited("classify").flow


def conditions(rule=None, *, name="cmos_rc_6bit", changes=None, batch=8, **more):
    profile = load_profile(name).with_values(LAYERS | (changes or {}))
    weights = initial_weights(profile.network, 0.5, np.random.default_rng(0))
    more = {"rule": rule or GradEP(), "data": load_dataset("digits")} | more
    return AnswerConditions(profile, weights, FLOW, batch, 2, **more)


@pytest.fixture(scope="module")
def rows():
    return {row.name: row for row in ledger(conditions())}


def test_it_has_a_row_for_each_source_between_settings_and_all(rows):
    names = list(rows)
    assert names[:2] == [BETA, SETTLE]
    assert names[-1] == ALL
    assert {"leak mismatch", "weight levels", "ammeter bits", "thermal noise"} <= set(names)


def test_at_rest_it_is_the_exact_gradient_but_for_beta_and_all_together_is_less(rows):
    assert rows[BETA].gradient.cosine > 0.999
    assert rows[ALL].gradient.cosine < rows[SETTLE].gradient.cosine


def test_nodes_that_answer_are_not_hidden():
    n_in, n_hidden, n_out = LAYERS["layers"]
    assert range(n_in + n_hidden + n_out)[conditions().hidden] == range(n_in, n_in + n_hidden)
    beside = conditions(
        changes={"layers": (n_in + n_out, n_hidden), "sources": (0,)},
        task=Classify(answers="beside"),
    )
    n = n_in + n_out + n_hidden
    assert range(n)[beside.hidden] == range(n_in + n_out, n)
    alone = conditions(changes={"layers": (n_in, n_out)})
    assert range(n_in + n_out)[alone.hidden] == range(n_in, n_in + n_out)


@pytest.mark.slow
def test_what_oscillators_have_of_their_own_is_in_the_ledger_and_does_something():
    law = load_profile("oim_lc_board").node.law
    turned = {
        "node.law.angle_rad": 0.2,
        "node.law.source": law.source | {"angle_rad": "assumed: a test"},
    }
    found = {row.name: row for row in ledger(conditions(name="oim_lc_board", changes=turned))}
    for name in ("phase diffusion", "Sakaguchi angle", "detuning"):
        row = found[name]
        assert row.visible_V + row.hidden_V + row.gradient.noise > 0, name
        assert np.isfinite(row.gradient.cosine), name
    assert found["Sakaguchi angle"].gradient.cosine < found[SETTLE].gradient.cosine


def test_phases_move_by_the_shorter_way_round():
    asked = conditions(name="ideal_oscillator", batch=4)
    rest = asked.observe_all(asked.profile, engine=OperatingPoint())
    pairs = zip(asked.observe_all(asked.profile), rest, strict=True)
    apart = np.stack([a.outputs[0] - b.outputs[0] for a, b in pairs])[..., 64:]
    assert np.abs(apart).max() > np.pi
    row = next(row for row in ledger(asked) if row.name == SETTLE)
    shorter = np.angle(np.exp(1j * apart))
    assert row.hidden_V == pytest.approx(np.sqrt(np.mean(shorter**2)), rel=1e-9)


def test_what_is_read_of_held_inputs_counts_for_no_gradient():
    asked = conditions(batch=4)
    noisy = only(asked.profile, "ADC noise")
    vector = asked.observe(noisy, 0).gradient
    bias = vector[-noisy.network.n_nodes :]
    assert not bias[:64].any()
    assert bias[64:].any()


def test_the_exact_gradient_is_that_of_the_oracle_where_answers_are_beside():
    """`ideal` knows no held nodes: an input is a bias of the hidden nodes, row by row."""
    profile = load_profile("ideal_hopfield").with_values({"layers": (74, 12)})
    weights = initial_weights(profile.network, 0.5, np.random.default_rng(0))
    task, data = Classify(answers="beside"), load_dataset("digits")
    asked = AnswerConditions(profile, weights, FLOW, 5, 2, task=task, data=data)
    shown, matrix = asked.answer_batches[1], weights.matrix(profile.network, 0)
    found = np.zeros_like(matrix)
    for x, wanted in zip(shown.targets, shown.wanted, strict=True):
        bias = weights.bias[74:] + matrix[:, :64] @ x[:64]
        alone = IdealNetwork((matrix[:, 64:],), (weights.bias[64:74], bias), "hopfield", "tanh")
        exact = alone.cost_gradient(np.zeros((1, 10)), wanted[None, 64:], FLOW.stiffness, 1.0)
        hidden = exact.bias[10:]
        found += np.hstack([np.outer(hidden, x[:64]), exact.matrix(alone.layers, 0)]) / 5
    exact = asked.exact_at(weights, 1)
    np.testing.assert_allclose(exact[: matrix.size], found.ravel(), atol=1e-9)


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("rule", "least"),
    [(GradEP(), 0.999), (Coupled(), 0.99), (ContrastiveHebbian(), 0.9), (CrossEntropy(), 0.999)],
)
def test_every_rule_has_its_cosine_on_an_ideal_chip(rule, least):
    asked = conditions(rule, name="ideal_hopfield", changes={"injectors": Injectors(layers=(-1,))})
    first = ledger(asked)[0]
    assert first.name == BETA
    assert first.gradient.cosine > least


def test_injectors_are_sources_of_the_rule_that_drives_them():
    injectors = Injectors(layers=(-1,), bits=4, range_A=20e-6, noise_A=1e-7)
    asked = conditions(
        CrossEntropy(), name="ideal_hopfield", changes={"injectors": injectors}, batch=4
    )
    found = {row.name: row.gradient.cosine for row in ledger(asked)}
    assert found["injector bits"] < found[SETTLE]
    assert found["injector noise"] < found[SETTLE]


@pytest.mark.slow
def test_betas_go_to_where_the_spring_of_the_negative_phase_is_gone():
    points = scan_beta(conditions(batch=4), shares=(0.1, 0.9))
    assert [point.beta for point in points] == pytest.approx([0.1, 0.9])


def test_it_needs_data_and_layers_that_fit():
    with pytest.raises(DataError, match=r"AnswerConditions\.data must be a data set"):
        conditions(data=None)
    with pytest.raises(DataError, match="must be 64 to 10 for 64 inputs and 10 answers"):
        conditions(changes={"layers": (64, 12, 9)})


OSCILLATORS = {"layers": (64, 10, 10), "sources": (0, -1)}
WAVES = {
    "waveform": [[1, 0], [0, 0], [0.33, 0]],
    "response": [[1, np.pi / 2], [0, 0], [1, np.pi / 2]],
    "source": "assumed: an odd third harmonic in quadrature",
}


def of_phases(changes, rows=4, settle_tau=60.0):
    profile = load_profile("ideal_oscillator").with_values(OSCILLATORS | changes)
    weights = initial_weights(profile.network, 0.5, np.random.default_rng(0))
    flow = FLOW.model_copy(update={"beta": 0.01, "settle_tau": settle_tau})
    return AnswerConditions(profile, weights, flow, rows, 2, data=load_dataset("digits"))


def test_waves_are_held_against_the_exact_gradient_of_the_same_waves():
    """An odd interaction has an energy, and equilibrium propagation its gradient."""
    found = {
        row.name: row.gradient.cosine for row in ledger(of_phases({"node.law.interaction": WAVES}))
    }
    assert found["interaction"] > 0.999
    assert found[ALL] > 0.999


@pytest.mark.parametrize("sync", [0.3, 1.0])
@pytest.mark.parametrize("ramp_tau", [0.5, 3.0])
def test_a_locking_that_rises_slowly_is_followed_to_the_rest_that_it_leads_to(sync, ramp_tau):
    tau_s = load_profile("ideal_oscillator").node.tau_s
    asked = of_phases({"node.law.sync": sync, "node.law.ramp_s": ramp_tau * tau_s})
    seen = asked.observe(asked.profile, 0, engine=Transient(rtol=1e-6, atol=1e-8))
    g, exact = seen.gradient, asked.exact[0]
    assert g @ exact / np.linalg.norm(g) / np.linalg.norm(exact) > 0.999
