"""Judging a chip that answers: figures, costs, and settles of several lengths."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.blocks.records import dump_record
from neurosim.errors import DataError
from neurosim.runs.examining import SETTLING_TAU
from neurosim.runs.facts import Examination
from neurosim.runs.watchdogs import overlap

CHIP = {"layers": (64, 24, 10), "sources": (0, -1)}
COARSE = {"dac.bits": 8, "dac.range_V": "50 mV"}


def recipe(**changes):
    return ns.Experiment.suited("classify").with_values({"updates": 40, **changes})


def chip(name="ideal_hopfield", **changes):
    return ns.load_profile(name).with_values({**CHIP, **changes})


@pytest.fixture(scope="module")
def trained():
    return ns.train(chip(), recipe())


@pytest.fixture(scope="module")
def judged(trained):
    return ns.evaluate(trained)[0]


def test_figures_confusion_and_predictions_say_the_same(trained, judged):
    task, digits = trained.experiment.task, trained.dataset
    inputs, wanted = task.unseen(digits)
    said = ns.predict(trained, inputs)
    right = said.argmax(axis=1) == wanted.argmax(axis=1)
    assert judged["test_accuracy"] == pytest.approx(right.mean())
    confusion = np.array(judged["test_confusion"])
    assert confusion.sum() == judged["test_n"] == 360
    np.testing.assert_array_equal(confusion.sum(axis=1), np.bincount(wanted.argmax(axis=1)))
    assert np.trace(confusion) == right.sum()
    low, high = judged["test_accuracy_interval"]
    assert low < judged["test_accuracy"] < high
    # Chance is 0.1; a fifteenth of the usual updates.
    assert judged["test_accuracy"] > 0.3
    assert judged["test_loss"] == pytest.approx(np.mean((said - wanted) ** 2))


def test_a_decision_costs_what_one_settle_does(trained, judged):
    sheet = trained.chip.data_sheet
    settle_s = trained.experiment.flow.on(sheet).settle_s
    # This profile's converters and control take no time.
    assert judged["time_per_decision_s"] == pytest.approx(settle_s)
    assert judged["energy_per_decision_J"] > 0
    by = judged["by_settling"]
    assert by["tau"] == sorted({*SETTLING_TAU, 5.0})
    used = by["tau"].index(5.0)
    assert by["accuracy"][used] == judged["test_accuracy"]
    assert by["energy_per_decision_J"][used] == pytest.approx(judged["energy_per_decision_J"])
    assert np.all(np.diff(by["energy_per_decision_J"]) > 0)
    np.testing.assert_allclose(by["time_per_decision_s"], np.array(by["tau"]) * sheet.tau_s)
    # At rest after some ten tau: nothing changes any more.
    assert by["loss"][-1] == pytest.approx(by["loss"][-2], rel=1e-3)


def test_rivals_are_judged_on_the_same_digits(judged):
    assert set(judged["baselines"]) == {
        "back-propagation", "logistic regression", "nearest neighbour", "commonest class",
    }  # fmt: skip
    chance = judged["baselines"]["commonest class"]
    for row in judged["baselines"].values():
        assert 0.9 < row["test_accuracy"] <= 1 or row is chance
    # Digits are about a tenth of each class.
    assert 0.05 < chance["test_accuracy"] < chance["accuracy"] < 0.12
    # Every image is its own nearest neighbour.
    assert judged["baselines"]["nearest neighbour"]["accuracy"] == 1


def test_the_record_of_an_evaluation_is_what_a_report_reads(judged):
    again = Examination.model_validate_json(dump_record(judged))
    assert again.test_confusion == judged["test_confusion"]
    assert again.by_settling == judged["by_settling"]


@pytest.mark.slow
def test_a_sweep_of_the_settling_time_measures_accuracy_and_joules(trained):
    figures = ["test_accuracy", "energy_per_decision_J", "time_per_decision_s"]
    table = ns.sweep(trained, {"sampling.settle_tau": [0.4, 5.0]}, measure=figures)
    short, long = table.rows
    assert not short["error"]
    assert long["test_accuracy"] >= short["test_accuracy"]
    assert long["energy_per_decision_J"] > short["energy_per_decision_J"]
    assert long["sample_energy_J"] == long["energy_per_decision_J"]


def test_inputs_beyond_the_range_of_the_sources_saturate_and_are_counted():
    trained = ns.train(chip(**COARSE), recipe(updates=2))
    result, _ = ns.evaluate(trained, floors=False)
    # Ink and paper are at one unit of 100 mV: most pixels.
    assert result["spent"]["dac_clipped"] > 10_000


def test_a_test_set_that_is_learned_from_is_said_to_be(tmp_path, trained):
    assert overlap(trained.experiment.task, trained.dataset) is None
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 16)).astype("u1")
    labels = np.arange(40) % 10
    np.savez(
        tmp_path / "mine.npz",
        images=images, labels=labels, test_images=images[:7], test_labels=labels[:7],
    )  # fmt: skip
    both = ns.train(
        chip(layers=(16, 6, 10)),
        recipe(updates=1, batch=8, dataset=str(tmp_path / "mine.npz")),
    )
    assert "7 of its 7 are in both" in overlap(both.experiment.task, both.dataset)


def test_whole_grey_levels_are_scaled_as_those_of_a_file(trained, tmp_path):
    grey = np.random.default_rng(3).integers(0, 256, (5, 64), dtype=np.uint8)
    np.save(tmp_path / "grey.npy", grey)
    said = ns.predict(trained, grey)
    np.testing.assert_array_equal(said, ns.predict(trained, tmp_path / "grey.npy"))
    np.testing.assert_array_equal(said, ns.predict(trained, 2 * (grey / 255) - 1))
    with pytest.raises(DataError, match=r"Inputs must hold grey levels 0 to 255 .* to 16 only"):
        ns.predict(trained, grey // 16 + 1)
    signs = np.sign(grey.astype(int) - 127)
    np.testing.assert_array_equal(ns.predict(trained, signs), ns.predict(trained, 1.0 * signs))


def test_predictions_of_what_does_not_fit_are_refused(trained):
    with pytest.raises(DataError, match=r"64 a row as .* has learned them, but have shape"):
        ns.predict(trained, np.zeros((3, 63)))
    with pytest.raises(DataError, match=r"must be finite numbers, but row 0 \(from 0\) is not"):
        ns.predict(trained, np.full((3, 64), np.nan))
    flow = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    with pytest.raises(DataError, match="Answers are of a chip that has learned inputs and"):
        ns.predict(flow, np.zeros((3, 64)))
