"""Classes and numbers: how examples are split, judged and refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq

from neurosim.chip import Chip
from neurosim.data import Dataset, load_dataset
from neurosim.errors import DataError
from neurosim.host import Classify, Experiment, Regress, Trainer
from neurosim.host.answers import share_interval
from neurosim.profile import load_profile


def images(labels, n=None):
    labels = np.asarray(labels)
    rows = np.random.default_rng(0).uniform(-1, 1, (n or len(labels), 4))
    return Dataset("mine", rows, labels)


def test_the_digits_are_split_the_same_way_always_and_every_one_is_used_once():
    digits, task = load_dataset("digits"), Classify()
    seen, unseen = task.split(digits)
    assert (len(seen), len(unseen)) == (1437, 360)
    assert sorted([*seen, *unseen]) == list(range(1797))
    np.testing.assert_array_equal(unseen, Classify(classes=11).split(digits)[1])


def test_a_data_set_with_a_test_set_of_its_own_is_not_split():
    test = images([2, 1])
    data = Dataset("mine", images([0, 1, 2]).images, np.array([0, 1, 2]), test=test)
    task = Classify(classes=3)
    assert len(task.seen(data)[0]) == 3
    inputs, answers = task.unseen(data)
    np.testing.assert_array_equal(inputs, test.images)
    np.testing.assert_array_equal(answers, [[-1, -1, 1], [-1, 1, -1]])


def test_without_a_share_for_judging_all_examples_are_learned_from():
    task = Classify(classes=2, test_share=0.0)
    assert task.unseen(images([0, 1, 1])) is None
    assert len(task.seen(images([0, 1, 1]))[0]) == 3


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (354, 360), (1, 2), (0, 0)])
def test_the_interval_is_where_a_share_would_be_1_96_errors_away(right, n):
    low, high = share_interval(right, n)
    if not n:
        assert (low, high) == (0, 1)
        return

    def away(p):
        return (right / n - p) ** 2 - 1.959963984540054**2 * p * (1 - p) / n

    middle = right / n
    if middle > 0:
        assert low == pytest.approx(brentq(away, 1e-9, middle - 1e-9), abs=1e-6)
    if middle < 1:
        assert high == pytest.approx(brentq(away, middle + 1e-9, 1 - 1e-9), abs=1e-6)


def test_a_verdict_counts_every_row_by_its_class_and_by_what_was_said():
    wanted = 2 * np.eye(3)[[0, 0, 1, 2, 2, 2]] - 1
    said = 2 * np.eye(3)[[0, 1, 1, 2, 2, 0]] - 1
    verdict = Classify(classes=3).judge(0.3 * said, wanted)
    assert verdict.details["confusion"] == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert verdict.figures["accuracy"] == pytest.approx(4 / 6)
    assert verdict.loss == pytest.approx(np.mean((0.3 * said - wanted) ** 2))


@pytest.mark.parametrize(
    ("data", "task", "said"),
    [
        (images([1, 2, 3]), Classify(classes=4), "of class 0; number the classes from 0"),
        (images([0, 2, 0]), Classify(classes=3), "of class 1; number the classes from 0"),
        (images([0, 1, 2]), Classify(classes=2), "is 2 and mine has label 2; raise it"),
        (Dataset("mine", np.zeros((3, 4))), Classify(), "mine has none; give an .npz with arrays"),
        (Dataset("mine", np.arange(6.0).reshape(3, 2)), Regress(), "Answers must lie from -1 to 1"),
        (Dataset("mine", np.zeros((3, 2))), Regress(n_answers=2), "must leave inputs, but is 2"),
    ],
)  # fmt: skip
def test_examples_that_cannot_be_learned_are_refused_in_one_line(data, task, said):
    with pytest.raises(DataError, match=said) as caught:
        task.seen(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("task", "n_out"), [(Classify(classes=3), 3), (Regress(n_answers=2), 2)])
def test_rivals_learn_what_can_be_learned(task, n_out):
    """A line that a linear model knows, and classes apart by more than their width."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (120, 3))
    if n_out == 3:
        data = Dataset("mine", np.repeat(np.eye(3), 40, axis=0) + 0.1 * x, np.repeat(range(3), 40))
    else:
        data = Dataset("mine", np.hstack([x, x @ rng.uniform(-0.3, 0.3, (3, 2))]))
    name = "accuracy" if n_out == 3 else "explained"
    rivals = task.rivals((16,), 0)
    floor = {"commonest class", "mean answer"}
    assert len(rivals) == 4
    assert len(floor & rivals.keys()) == 1
    for known_as, rival in rivals.items():
        with warnings.catch_warnings(action="ignore"):
            rival.fit(*task.seen(data))
        inputs, wanted = task.unseen(data)
        said = rival.predict(inputs)
        assert said.shape == wanted.shape
        learned = task.judge(said, wanted).figures[name]
        assert learned < 0.5 if known_as in floor else learned > 0.6


def test_a_calibration_of_answers_in_another_layer_is_refused():
    chip = Chip(
        load_profile("ideal_hopfield").with_values({"layers": (64, 5, 10), "sources": (0, -1)})
    )
    how = Experiment.suited("classify").with_value("calibrate", True)
    with pytest.raises(DataError, match="springs of visible nodes alone"):
        Trainer(chip, how, load_dataset("digits"))


def test_the_settings_that_suit_a_task_may_be_said_by_its_word():
    assert Experiment.suited("classify") == Experiment.suited(Classify())
    assert Experiment.suited("flow") == Experiment()
    assert Experiment.suited(Regress(n_answers=2)).task.n_answers == 2
