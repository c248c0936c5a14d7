"""Fits the classifier that ships with neurosim: ``python -m neurosim.metrics.fit_classifier``.

Every published feature distance hangs on the weights in `classifier.npz`. They are fitted to 80 %
of the digits and stored with their accuracy on the other 20 %; nothing is refitted afterwards, so
that the figure belongs to the weights. Another machine adds in another order and ends at other
weights: hence they are shipped, and not this script alone. Run it with ``--out`` elsewhere to see
how they were made, and without only to change the ruler for good.

Last result (scikit-learn 1.9.1, NumPy 2.4.6, x86-64): held-out accuracy 0.9750 (351 of 360).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.data import load_digits
from neurosim.metrics.classifier import SHIPPED, Classifier

__all__ = ["fit", "split"]

Array = NDArray[np.float64]
Labels = NDArray[np.int_]

_SEED = 0
_HELD_OUT_SHARE = 0.2
_N_HIDDEN = 64


def split() -> tuple[Array, Array, Labels, Labels]:
    """Digits to fit and digits held out: images (1437, 64), (360, 64) and their labels.

    The same share of each class on both sides, by a fixed seed.
    """
    from sklearn.model_selection import train_test_split

    images, labels = load_digits()
    fitted, held_out, fitted_labels, held_out_labels = train_test_split(
        images, labels, test_size=_HELD_OUT_SHARE, random_state=_SEED, stratify=labels
    )
    return fitted, held_out, fitted_labels, held_out_labels


def fit() -> Classifier:
    """Fit 64 rectified units by scikit-learn's MLPClassifier, and measure what was held out."""
    from sklearn.neural_network import MLPClassifier

    images, held_out, labels, held_out_labels = split()
    network = MLPClassifier((_N_HIDDEN,), activation="relu", max_iter=1000, random_state=_SEED)
    network.fit(images, labels)
    (hidden_weights, output_weights), (hidden_bias, output_bias) = (
        network.coefs_,
        network.intercepts_,
    )
    accuracy = float(network.score(held_out, held_out_labels))
    return Classifier(hidden_weights, hidden_bias, output_weights, output_bias, accuracy)


def main(arguments: list[str] | None = None) -> None:
    """Fit, write, and print the held-out accuracy."""
    parser = argparse.ArgumentParser(description="Fit the classifier that judges samples.")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (%(default)s)")
    path = parser.parse_args(arguments).out
    classifier = fit()
    classifier.save(path)
    print(f"held-out accuracy {classifier.held_out_accuracy:.4f}, written to {path}")


if __name__ == "__main__":
    main()
