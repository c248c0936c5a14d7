"""Continual learning: what its parts add up to, and weights that change in the nudged phase."""

from __future__ import annotations

import numpy as np
import pytest
from asked import Asked, cosine, error, squared

from neurosim.chip import Chip
from neurosim.data import load_dataset
from neurosim.devices import LinearStep
from neurosim.errors import DataError, ProfileError
from neurosim.host import ContinualEP, Experiment, GradEP, Learning, Trainer, initial_weights
from neurosim.profile import load_profile
from neurosim.solvers import Transient

FINE = Transient(rtol=1e-7, atol=1e-10)
# Steps all alike, and fine: pulses round, and do nothing else wrong.
# Pairs stand in mid-range, where both devices of each can go up and down.
PULSED = {"pulse": LinearStep(states=4_000_000), "coupling.encoding": "complementary"}
MEMORY = Learning(mode="in_memory", pulses="accumulate", most=10_000)


def asked(changes=None, rows=3, **more):
    return Asked("last", rows=rows, gain=0.5, changes=changes, engine=FINE, **more)


def test_without_changes_its_parts_add_up_to_one_sided_equilibrium_propagation():
    shown = asked()
    one = shown.learned(shown.measured(GradEP(), 0.05, "one-sided"))
    parts = shown.learned(shown.measured(ContinualEP(steps=7), 0.05))
    assert error(parts, one) < 1e-4


@pytest.mark.parametrize(
    "readout",
    [
        {"kind": "cds", "gain": 20.0, "gain_spread": "ideal", "noise_V": "ideal",
         "capacitance_F": "1 pF",
         "source": "assumed: a test"},
        {"kind": "correlator", "bits": "ideal", "range": "ideal", "auto_range": False,
         "noise": "ideal", "gain_spread": "ideal", "offset_V": "ideal", "source": "ideal"},
    ],
)  # fmt: skip
def test_every_readout_says_the_same(readout):
    plain, other = asked(rows=2), asked({"readout": readout}, rows=2)
    rule = ContinualEP(steps=3)
    found = [shown.learned(shown.measured(rule, 0.05)) for shown in (plain, other)]
    assert error(found[1], found[0]) < 1e-6


def learned_by(rate, steps=5, beta=0.02):
    """How weights have moved in one update, and against which exact gradient they should."""
    shown = asked(PULSED)
    exact = shown.learned(shown.answering().exact(shown.wanted, squared))
    how = Experiment(
        task=shown.task, rule=ContinualEP(steps=steps), learning=MEMORY, optimizer="sgd",
        clip=None, learning_rate=rate, batch=3, updates=1,
        flow={"stiffness": 1.0, "alpha": 1.0, "beta": beta, "settle_tau": 80.0},
    )  # fmt: skip
    trainer = Trainer(shown.chip, how, load_dataset("digits"), shown.weights)
    trainer._lessons.batch_at = lambda update: shown.batch
    before = held(shown.chip)
    next(iter(trainer))
    return shown.learned(held(shown.chip) - before), -exact


def held(chip):
    circuit, unit_S = chip.circuit, chip.data_sheet.unit_S
    return initial_weights(chip.data_sheet.layers, 0.5, np.random.default_rng(0)).of_vector(
        np.concatenate([circuit.couplings.delta_S.ravel(), circuit.biases.delta_S]) / unit_S,
        circuit.couplings.delta_S.shape,
    )


def test_weights_move_along_the_exact_gradient_while_they_hardly_move():
    # What weights do to the nodes is to be small beside what the nudge does: rate << beta.
    rate = 1e-4
    moved, exact = learned_by(rate)
    assert cosine(moved, exact) > 0.99
    assert np.linalg.norm(moved) == pytest.approx(rate * np.linalg.norm(exact), rel=0.1)


@pytest.mark.slow
def test_the_faster_weights_move_the_less_they_follow_the_gradient():
    cosines = [cosine(*learned_by(rate)) for rate in (1e-4, 1e-3, 1e-2)]
    assert cosines[0] > cosines[1] > cosines[2]


def test_weights_change_while_the_nodes_stay_where_they_are():
    profile = load_profile("ecram_redox").with_values({"layers": (64, 8, 10), "sources": (0, -1)})
    chip, seen = Chip(profile), []
    pulse = chip.pulse
    chip.pulse = lambda counts: seen.append(chip.u_V.copy()) or pulse(counts)
    how = Experiment.suited("classify").with_values(
        {"rule": ContinualEP(steps=4), "learning": MEMORY, "optimizer": "sgd", "batch": 1,
         "updates": 2, "learning_rate": 1e-3}
    )  # fmt: skip
    updates = list(Trainer(chip, how, load_dataset("digits")))
    assert len(seen) == 2 * 4
    assert chip.ledger.settles == 2 * (1 + 4)
    assert np.abs(seen[1] - seen[0]).max() < 0.5 * np.abs(seen[0]).max()
    assert all(update.gradient_norm > 0 for update in updates)


@pytest.mark.slow
def test_it_learns_digits_in_memory():
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": (64, 8, 10), "sources": (0, -1), **PULSED}
    )
    how = Experiment.suited("classify").with_values(
        {"rule": ContinualEP(steps=4), "learning": MEMORY, "optimizer": "sgd", "clip": None,
         "batch": 16, "updates": 40, "learning_rate": 0.02, "schedule": "constant",
         "flow.beta": 0.5}
    )  # fmt: skip
    loss = [update.flow_loss for update in Trainer(Chip(profile), how, load_dataset("digits"))]
    assert np.mean(loss[-5:]) < 0.9 * np.mean(loss[:5])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"optimizer": "sgd"}, r"learning.mode: must be in_memory with the rule continual"),
        ({"learning": MEMORY}, r"optimizer: must be sgd with the rule continual"),
    ],
)
def test_it_needs_learning_in_memory_by_plain_descent(changes, text):
    with pytest.raises(ProfileError, match=text):
        Experiment.suited("classify").with_values({"rule": "continual"} | changes)


def test_devices_must_take_pulses():
    profile = load_profile("ideal_hopfield").with_values(
        {"layers": (64, 8, 10), "sources": (0, -1)}
    )
    how = Experiment.suited("classify").with_values(
        {"rule": "continual", "learning": MEMORY, "optimizer": "sgd"}
    )
    with pytest.raises(DataError, match="needs devices that take pulses"):
        Trainer(Chip(profile), how, load_dataset("digits"))
