"""Losses that still fall, or rise again, are told from those that only vary."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.runs import Finding
from neurosim.runs.learned import LENGTH, _findings, learned
from neurosim.runs.recipes import RATE


def losses(shape, n=200, seed=0):
    """A shape over time from 0 to 1, with 3 % of noise."""
    rng = np.random.default_rng(seed)
    return shape(np.linspace(0, 1, n)) * (1 + 0.03 * rng.standard_normal(n))


@pytest.mark.parametrize(
    ("shape", "causes"),
    [
        (lambda t: 0.5 + 2 * np.exp(-12 * t), []),
        (lambda t: 2 - t, [LENGTH]),
        (lambda t: 0.5 + np.exp(-12 * t) + 0.3 * (t > 0.8), [RATE]),
    ],
    ids=["has ended", "still falls", "rises again"],
)
def test_what_losses_say_of_a_training(shape, causes):
    for seed in range(20):
        assert [f.cause for f in _findings(losses(shape, seed=seed))] == causes


def test_the_advice_has_the_figures():
    (found,) = _findings(losses(lambda t: 2 - t))
    assert found.measured.startswith("the loss fell from 1.29 to 1.1 over the")
    assert "--updates 400" in found.advice
    assert found.weight == 0.1


def test_of_a_short_training_or_none_nothing_is_said(monkeypatch):
    monkeypatch.setattr("neurosim.runs.learned.tried", lambda trained: [])
    chip = ns.Chip(ns.load_profile("ideal_hopfield").with_value("layers", (64, 6)))
    assert learned(ns.Trained(chip, ns.Experiment(updates=1))) == []
    short = {"flow_loss": np.linspace(2, 1, 40)}
    assert learned(ns.Trained(chip, ns.Experiment(updates=40), history=short)) == []
    long = {"flow_loss": np.linspace(2, 1, 400)}
    found = learned(ns.Trained(chip, ns.Experiment(updates=400), history=long))
    assert [finding.cause for finding in found] == [LENGTH]


def test_a_rate_that_was_tried_stands_for_what_the_losses_say_of_it(monkeypatch):
    chip = ns.Chip(ns.load_profile("ideal_hopfield").with_value("layers", (64, 6)))
    shape = losses(lambda t: 0.5 + np.exp(-12 * t) + 0.3 * (t > 0.8))
    trained = ns.Trained(chip, ns.Experiment(updates=200), history={"flow_loss": shape})
    better = Finding(cause=RATE, measured="m", advice="lower learning_rate", weight=0.5)
    for found in ([], [better]):
        monkeypatch.setattr("neurosim.runs.learned.tried", lambda trained, found=found: found)
        said = learned(trained)
        assert [finding.cause for finding in said] == [RATE]
        assert (said[0] is better) is bool(found)
