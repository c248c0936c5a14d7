"""Samples of one class, and images completed, from a trained run."""

import numpy as np
import pytest

from neurosim.data import PairSource, load_digits
from neurosim.data.sets import Dataset, load_dataset
from neurosim.errors import DataError, ProfileError
from neurosim.host import Experiment, FlowSettings, Labels
from neurosim.profile import load_profile
from neurosim.runs import (
    Run,
    evaluate,
    halves,
    inpaint,
    judge_completions,
    nearest_fill,
    sample,
    visible_rows,
)
from neurosim.streams import Streams
from trainings import train

LABELS = Labels(classes=10, scale=2.0)


def trained(folder, labels):
    layers = (64 if labels is None else 74, 12, 10)
    profile = load_profile("ideal_hopfield").with_value("layers", layers)
    experiment = Experiment(
        updates=10, batch=64, learning_rate=5e-3, labels=labels, flow=FlowSettings(settle_tau=10.0)
    )
    return train(profile, experiment, folder / "run")


@pytest.fixture(scope="module")
def with_classes(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("classes"), LABELS)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("plain"), None)


def test_a_label_is_one_node_at_scale_and_the_others_at_rest():
    dataset = load_dataset("digits")
    rows = visible_rows(dataset, LABELS)
    np.testing.assert_array_equal(rows[:, :64], dataset.images)
    np.testing.assert_array_equal(rows[:, 64:].argmax(axis=1), dataset.labels)
    assert (np.sort(rows[:, 64:], axis=1) == [0] * 9 + [2]).all()


@pytest.mark.slow
def test_label_nodes_neither_flow_nor_choose_the_noise_of_their_images():
    rows = visible_rows(load_dataset("digits"), LABELS)
    batch = PairSource(rows, 900, Streams(0), prefetch=False, n_labels=10).batch_at(0)
    assert not batch.u_t[:, 64:].any()
    classes = batch.x_t[:, 64:].argmax(axis=1)
    x_0 = batch.x_t - batch.t[:, None] * batch.u_t
    # Noise of each class is standard normal: each of 640 means is within chance, at 1e-4.
    z = [np.sqrt(np.sum(classes == k)) * x_0[classes == k, :64].mean(axis=0) for k in range(10)]
    assert np.abs(z).max() < 5.2
    # Paired over all classes, the noise tells the class: its means stand far from zero.
    free = PairSource(rows[:, :64], 900, Streams(0), prefetch=False).batch_at(0)
    x_0, x_1 = (free.x_t - free.t[:, None] * free.u_t), free.x_t + (1 - free.t[:, None]) * free.u_t
    labels = load_digits()[1][((x_1[:, None] - rows[None, :, :64]) ** 2).sum(axis=2).argmin(axis=1)]
    z = [np.sqrt(np.sum(labels == k)) * x_0[labels == k].mean(axis=0) for k in range(10)]
    assert np.abs(z).max() > 5.2


@pytest.mark.every(4)
@pytest.mark.parametrize("mode", ["spring", "gradient", "free-running"])
def test_a_class_changes_what_is_drawn_from_the_same_noise(with_classes, mode):
    three, _ = sample(with_classes, 4, mode=mode, t_end=0.3, label=3)
    again, _ = sample(with_classes, 4, mode=mode, t_end=0.3, label=3)
    seven, _ = sample(with_classes, 4, mode=mode, t_end=0.3, label=7)
    assert three.shape == (4, 64)
    np.testing.assert_array_equal(three, again)
    assert np.abs(three - seven).max() > 1e-4


@pytest.mark.slow
def test_without_a_class_they_take_turns_and_are_judged_by_what_was_asked(with_classes):
    turns, _ = sample(with_classes, 20, t_end=0.3)
    seven, _ = sample(with_classes, 20, t_end=0.3, label=7)
    # Rows share the solver's steps, of its own tolerance 1e-3: of an Euler-free path, far less.
    np.testing.assert_allclose(turns[[7, 17]], seven[[7, 17]], atol=1e-4)
    result, x = evaluate(with_classes, 100, floors=False)
    assert x.shape == (100, 64)
    assert len(result["asked_class_shares"]) == 10
    assert 0 <= result["asked_class_share"] <= 1


def test_a_class_that_was_not_learned_is_one_clear_line(plain, with_classes):
    with pytest.raises(DataError, match=r"train one with Experiment\(labels=Labels\("):
        sample(plain, 1, label=7)
    with pytest.raises(DataError, match="must be 0 to 9, but is 10"):
        sample(with_classes, 1, label=10)
    unlabelled = Dataset("mine", load_digits()[0])
    with pytest.raises(DataError, match="but mine has none"):
        visible_rows(unlabelled, LABELS)
    with pytest.raises(DataError, match="raise it to 10"):
        visible_rows(load_dataset("digits"), Labels(classes=9))


@pytest.mark.parametrize(
    ("mode", "start"),
    [
        ("spring", "rest"),
        ("free-running", "ramp"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                ("spring", "noise"),
                ("spring", "ramp"),
                ("free-running", "rest"),
                ("free-running", "noise"),
            ]
        ),
    ],
)
def test_known_pixels_stay_exactly_and_different_masks_do_not_mix(plain, mode, start):
    truth = load_digits()[0][:6]
    known = halves(truth)
    known[3:] = truth[3:]
    known[3:, ::2] = np.nan
    x, _ = inpaint(plain, known, mode=mode, t_end=0.3, start=start)
    np.testing.assert_array_equal(x[~np.isnan(known)], known[~np.isnan(known)])
    assert np.isfinite(x).all()
    # Other known pixels lead to other completions from the same noise.
    known[:3, :8] = -known[:3, :8]
    other, _ = inpaint(plain, known, mode=mode, t_end=0.3, start=start)
    assert (np.abs(other - x)[:3, 32:].max(axis=1) > 1e-5).all()
    np.testing.assert_array_equal(other[3:], x[3:])


def test_a_time_of_0_to_complete_in_is_refused_and_not_replaced(plain):
    with pytest.raises(ProfileError, match=r"t_end: must be at least 1e-09, but is 0"):
        inpaint(plain, np.zeros((2, 64)), t_end=0)


def test_nothing_known_is_a_sample(plain):
    x, _ = inpaint(plain, np.full((5, 64), np.nan), t_end=0.5, seed=2, start="ramp")
    drawn, _ = sample(plain, 5, t_end=0.5, seed=2)
    # In segments the solver takes other steps, of its own tolerance 1e-3.
    np.testing.assert_allclose(x, drawn, atol=0.02)
    whole, _ = inpaint(plain, np.full((5, 64), np.nan), start="noise", t_end=0.5, seed=2)
    np.testing.assert_array_equal(whole, drawn)


def test_images_of_another_size_or_without_their_class_are_refused(plain, with_classes):
    with pytest.raises(DataError, match=r"shape \(n, 64\), but have shape \(2, 74\)"):
        inpaint(plain, np.full((2, 74), np.nan))
    with pytest.raises(DataError, match="must be said where classes were learned"):
        inpaint(with_classes, np.full((2, 64), np.nan))
    x, _ = inpaint(with_classes, np.full((2, 64), np.nan), label=4, t_end=0.2)
    assert x.shape == (2, 64)


def test_the_nearest_fill_finds_the_image_itself_and_is_judged_without_error():
    dataset = load_dataset("digits")
    truth = dataset.images[:50]
    known = halves(truth)
    filled = nearest_fill(known, dataset.images)
    found = judge_completions(filled, known, truth, dataset, dataset.labels[:50])
    assert found["rms_error"] == 0
    assert found["right_class"] > 0.9
    grey = np.where(np.isnan(known), 0.0, known)
    by_hand = np.sqrt(np.mean(truth[:, 32:] ** 2))
    error = judge_completions(grey, known, truth, dataset, None)
    assert error == {"rms_error": pytest.approx(by_hand)}


def test_a_run_with_classes_opens_again_as_it_was(with_classes):
    again = Run.open(with_classes.path)
    assert again.experiment == with_classes.experiment
    assert again.experiment.labels == LABELS


def test_label_nodes_learn_couplings_and_no_bias_also_in_the_contrastive_stage(tmp_path):
    """Held alike in every phase, they have no contrast of their own: 0, whatever the optimizer."""
    profile = load_profile("ideal_hopfield").with_value("layers", (74, 12))
    experiment = Experiment(
        updates=3, batch=32, labels=LABELS, flow={"settle_tau": 10.0},
        contrast={"weight": 4.0, "t_end": 0.5, "begin": 0.0},
    )  # fmt: skip
    run = train(profile, experiment, tmp_path / "run")
    weights = run.weights()
    assert not weights.bias[64:74].any()
    assert (np.abs(weights.bias[:64]) > 0).all()
    start = train(profile, experiment.model_copy(update={"updates": 1}), tmp_path / "one")
    assert (np.abs(weights.coupling - start.weights().coupling)[:, 64:74] > 0).all()
