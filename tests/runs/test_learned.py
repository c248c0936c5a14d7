"""Losses that still fall, or rise again, are told from those that only vary."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import neurosim as ns
from neurosim.runs import Finding
from neurosim.runs.learned import LENGTH, _findings, _onward, learned, risen_loss
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
    onward = "neurosim train --resume --updates 400 --out r"
    (found,) = _findings(losses(lambda t: 2 - t), onward=onward)
    assert found.measured.startswith("the loss fell from 1.29 to 1.1 over the")
    assert "--updates 400" in found.advice
    assert found.weight == 0.1


def test_of_answers_a_change_is_a_share_of_what_constant_ones_lose():
    """A loss of next to nothing that falls by a tenth is none; one that hardly fell is one."""
    small = losses(lambda t: 0.01 - 0.004 * t)
    assert [f.cause for f in _findings(small)] == [LENGTH]
    assert _findings(small, 0.3) == []
    rises = losses(lambda t: 0.01 + 0.01 * (t > 0.8))
    assert [f.cause for f in _findings(rises)] == [RATE]
    assert _findings(rises, 2.0) == []
    (found,) = _findings(losses(lambda t: 0.3 - 0.015 * t), 0.3)
    assert found.cause == LENGTH
    assert found.measured.endswith("200 updates; constant answers have 0.3")
    # All of 0.015 once more, of 0.3; 3 % of noise in 40 losses is 0.7 % of a fifth's difference.
    assert found.weight == pytest.approx(0.05, abs=3 * 5 * 0.007)
    (last,) = _findings(losses(lambda t: 0.012 * np.exp(-3 * t) + 0.006), 0.15)
    assert last.weight <= 0.0069 / 0.15


def test_a_slow_fall_in_noise_is_told_by_a_line_through_three_fifths():
    """8 % of noise: means of 40 losses differ by 1.8 % of chance, and a fifth falls by 4.5 %."""
    rng = np.random.default_rng(3)
    told = 0
    for _ in range(20):
        slow = (1 - 0.2 * np.linspace(0, 1, 200)) * (1 + 0.08 * rng.standard_normal(200))
        told += [f.cause for f in _findings(slow)] == [LENGTH]
        flat = 1 + 0.08 * rng.standard_normal(200)
        assert _findings(flat) == []
    assert told >= 16


def test_a_regression_is_measured_by_the_variance_of_its_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("neurosim.runs.learned.tried", lambda trained, count: [])
    rows = np.random.default_rng(0).uniform(-1, 1, (90, 3))
    np.save(tmp_path / "rows.npy", rows)
    chip = ns.Chip(ns.load_profile("ideal_hopfield").with_value("layers", (2, 6, 1)))
    recipe = ns.Experiment.suited("regress").with_values(
        {"dataset": str(tmp_path / "rows.npy"), "scale": "none", "updates": 200}
    )
    history = {"flow_loss": losses(lambda t: 0.3 - 0.06 * t)}
    (found,) = learned(ns.Trained(chip, recipe, history=history))
    learned_from = recipe.task.seen(recipe.images())[1]
    assert f"constant answers have {np.var(learned_from):.3g}" in found.measured


def test_of_a_short_training_or_none_nothing_is_said(monkeypatch):
    monkeypatch.setattr("neurosim.runs.learned.tried", lambda trained, count: [])
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
        monkeypatch.setattr(
            "neurosim.runs.learned.tried", lambda trained, count, found=found: found
        )
        said = learned(trained)
        assert [finding.cause for finding in said] == [RATE]
        assert (said[0] is better) is bool(found)


def test_the_command_to_train_on_is_that_of_the_run():
    """What is left of a stopped one; of a finished one as many updates once more."""
    run = SimpleNamespace(path=Path("my run"))
    for done, said in ((125, ""), (200, " --updates 400")):
        trained = SimpleNamespace(
            experiment=SimpleNamespace(updates=200), run=run,
            metrics=lambda done=done: {"flow_loss": np.zeros(done)},
        )  # fmt: skip
        assert _onward(trained) == f"neurosim train --resume{said} --out 'my run'"


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([2.0] * 15 + [5.0] * 5, "2 at the first update was 5 over the last fifth; lower learn"),
        ([2.0] * 16 + [2.1] * 4, None),
        ([2.0] * 10 + [0.5] * 10, None),
        ([2.0] + [9.0] * 17, None),
    ],
    ids=["rises", "within a tenth", "falls", "too short"],
)
def test_a_training_that_ends_worse_than_it_began_is_told(losses, said):
    shown = SimpleNamespace(
        metrics=lambda: {"flow_loss": np.array(losses)},
        experiment=SimpleNamespace(contrast_begins=None),
    )
    found = risen_loss(shown)
    assert (found is None) if said is None else (said in found)
