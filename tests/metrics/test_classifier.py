"""The fixed classifier; anchors: scikit-learn's own predictions, a network worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from neurosim.data import load_digits
from neurosim.errors import DataError
from neurosim.metrics.classifier import Classifier
from neurosim.metrics.fit_classifier import main, split


def test_features_and_classes_give_the_worked_example():
    tiny = Classifier(
        hidden_weights=np.array([[1.0, -1.0], [2.0, 0.0]]),
        hidden_bias=np.array([0.0, 0.5]),
        output_weights=np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]),
        output_bias=np.array([0.0, 0.0, 1.5]),
        held_out_accuracy=1.0,
    )
    x = np.array([[1.0, 1.0], [-1.0, 0.0], [0.5, -1.0]])
    np.testing.assert_array_equal(tiny.features(x), [[3, 0], [0, 1.5], [0, 0]])
    np.testing.assert_array_equal(tiny.predict(x), [0, 1, 2])


def test_prediction_is_that_of_scikit_learn_with_the_same_weights():
    images, labels = load_digits()
    # A large tolerance ends the fit at once: the weights need not be good, only the same.
    network = MLPClassifier((16,), tol=10.0, n_iter_no_change=3, random_state=1)
    network.fit(images[:400], labels[:400])
    (w1, w2), (b1, b2) = network.coefs_, network.intercepts_
    ours = Classifier(w1, b1, w2, b2, held_out_accuracy=0.0)
    np.testing.assert_array_equal(ours.predict(images), network.predict(images))


def test_shipped_accuracy_is_that_of_the_shipped_weights_on_what_was_held_out():
    shipped = Classifier.load()
    fitted, held_out, _, labels = split()
    assert (len(fitted), len(held_out)) == (1437, 360)
    assert shipped.held_out_accuracy == np.mean(shipped.predict(held_out) == labels)
    assert shipped.held_out_accuracy > 0.95


def test_shipped_features_are_64_activations_none_below_zero():
    features = Classifier.load().features(load_digits()[0])
    assert features.shape == (1797, 64)
    assert features.min() == 0


@pytest.mark.slow
def test_the_fitting_script_makes_such_a_classifier_again(tmp_path, capsys):
    path = tmp_path / "again.npz"
    main(["--out", str(path)])
    again, shipped = Classifier.load(path), Classifier.load()
    printed = capsys.readouterr().out
    assert f"held-out accuracy {again.held_out_accuracy:.4f}" in printed
    # Other machines round otherwise: 4 standard errors of the difference of two such shares.
    error = np.sqrt(2 * 0.975 * 0.025 / 360)
    assert again.held_out_accuracy == pytest.approx(shipped.held_out_accuracy, abs=4 * error)


def test_saving_and_loading_keep_every_bit(tmp_path):
    shipped = Classifier.load()
    shipped.save(tmp_path / "copy.npz")
    copy = Classifier.load(tmp_path / "copy.npz")
    x = load_digits()[0][:50]
    assert copy.features(x).tobytes() == shipped.features(x).tobytes()
    assert copy.held_out_accuracy == shipped.held_out_accuracy


def test_weights_cannot_be_overwritten():
    with pytest.raises(ValueError, match="read-only"):
        Classifier.load().hidden_bias[0] = 1.0


@pytest.mark.parametrize("content", ["missing", "empty", "text", "array", "keys", "pickle"])
def test_loading_refuses_files_that_are_no_classifier(tmp_path, content):
    path = tmp_path / "c.npz"
    if content == "empty":
        path.write_bytes(b"")
    elif content == "text":
        path.write_text("weights")
    elif content == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    elif content == "keys":
        np.savez(path, hidden_bias=np.zeros(3))
    elif content == "pickle":
        np.savez(path, hidden_weights=np.array([{}], dtype=object))
    with pytest.raises(DataError, match=r"Classifier\.load needs a readable \.npz"):
        Classifier.load(path)


def test_images_of_another_width_are_refused():
    with pytest.raises(DataError, match=r"shape \(n, 64\), but got \(3, 65\)"):
        Classifier.load().features(np.zeros((3, 65)))


def test_weights_that_do_not_fit_together_are_refused():
    with pytest.raises(DataError, match=r"shapes \(d, 3\) and \(3, 2\)"):
        Classifier(np.zeros((4, 3)), np.zeros(3), np.zeros((4, 2)), np.zeros(2), 0.0)
