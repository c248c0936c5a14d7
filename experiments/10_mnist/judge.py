"""The fixed classifier of 28x28 digits in whose features samples are judged, and how it was fitted.

python experiments/10_mnist/judge.py --data FILE [--out FILE]

Fits 128 rectified units to the training digits and to copies of them moved by a pixel, and says how
many of the test digits they name rightly. Another machine ends at other weights: hence `judge.npz`
is shipped, and left as it is unless --out names it: all published figures rest on it. It is written
anew, with --out elsewhere, only to see how it was made.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1]))
import ending

from neurosim.data import load_dataset, to_grid
from neurosim.data.sets import Dataset
from neurosim.metrics import (
    Classifier,
    class_entropy,
    frechet_distance,
    nearest_training_distance,
    nn_two_sample,
    precision_recall_density_coverage,
    smallest_class,
)
from neurosim.streams import Streams

Array = NDArray[np.float64]
SHIPPED = Path(__file__).with_name("judge.npz")
SIDE = 28
N_TRAIN, N_TEST = 8000, 2000
HIDDEN = 128
MOVES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


def split(data: Path | str) -> Dataset:
    """Digits to learn, with the last 2,000 of the file as its test set.

    Of a file with fewer than 10,000 a fifth is kept for the test. Images must be of 28x28.
    """
    whole = load_dataset(data)
    if whole.n_pixels != SIDE**2 or whole.labels is None:
        raise SystemExit(
            f"{data} must hold labelled images of 28x28, but has {whole.n_pixels} pixels an image"
            f"{' and no labels' if whole.labels is None else ''}; give MNIST's files."
        )
    n_test = min(N_TEST, len(whole.images) // 5)
    n_train = min(N_TRAIN, len(whole.images) - n_test)
    test = replace(whole, images=whole.images[-n_test:], labels=whole.labels[-n_test:])
    return replace(whole, images=whole.images[:n_train], labels=whole.labels[:n_train], test=test)


def fit(data: Path | str) -> Classifier:
    """The classifier, by scikit-learn; single precision is stored."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    digits = split(data)
    assert digits.labels is not None
    assert digits.test is not None
    squares = digits.images.reshape(-1, SIDE, SIDE)
    moved = [np.roll(squares, move, axis=(1, 2)).reshape(len(squares), -1) for move in MOVES]
    network = MLPClassifier((HIDDEN,), alpha=1e-2, max_iter=15, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(np.concatenate(moved), np.tile(digits.labels, len(MOVES)))
    (w_1, w_2), (b_1, b_2) = network.coefs_, network.intercepts_
    found = Classifier(*(array.astype(np.float32) for array in (w_1, b_1, w_2, b_2)), 0.0)
    accuracy = float((found.predict(digits.test.images) == digits.test.labels).mean())
    return replace(found, held_out_accuracy=accuracy)


def judged(samples: Array, real: Array, steps: int | None) -> dict[str, Any]:
    """Figures of samples (n, 784) beside real digits (m, 784), clipped and rounded to their greys.

    All but two are in the features of the shipped classifier: `frechet_pixel` and
    `nearest_distance` are in pixels.
    """
    classifier, x = Classifier.load(SHIPPED), to_grid(samples, steps)
    seen, wanted = classifier.features(x), classifier.features(real)
    precision, recall, density, coverage = precision_recall_density_coverage(wanted, seen)
    drawn = np.bincount(classifier.predict(x), minlength=10) / len(x)
    shares = [float(share) for share in drawn]
    return {
        "frechet_feature": frechet_distance(seen, wanted),
        "frechet_pixel": frechet_distance(x, real),
        "nn_two_sample": nn_two_sample(seen, wanted),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        "class_shares": shares,
        "class_entropy": class_entropy(shares),
        "smallest_class": smallest_class(shares),
        "nearest_distance": nearest_training_distance(x, real),
        "n": len(x),
    }


def floors(digits: Dataset, n: int) -> dict[str, dict[str, Any]]:
    """Rows that need no chip, beside the test digits.

    ``real``: `n` training digits. ``noisy``: the same with noise N(0, 0.1^2). ``gaussian``: `n`
    draws of one Gaussian with the mean and the covariance of all training digits.
    """
    streams, images = Streams(0), digits.images
    assert digits.test is not None
    real = digits.at_most(n).images
    noisy = real + streams.generator("baseline-noisy").normal(0, 0.1, real.shape)
    gaussian = streams.generator("baseline-gaussian").multivariate_normal(
        images.mean(axis=0), np.cov(images, rowvar=False), n, method="eigh"
    )
    sets = {"real": real, "noisy": noisy, "gaussian": gaussian}
    return {name: judged(x, digits.test.images, digits.steps) for name, x in sets.items()}


def main() -> None:
    """Fit, write, and print the accuracy on the test digits."""
    parser = argparse.ArgumentParser(description="Fit the classifier that judges 28x28 digits.")
    parser.add_argument("--data", required=True, help="MNIST: see README.md")
    parser.add_argument("--out", type=Path, help="file to write")
    options = parser.parse_args()
    if options.out is None and SHIPPED.exists():
        raise SystemExit(
            f"{SHIPPED} must stay as it is, for published figures rest on it; give a file as --out."
        )
    out = options.out or SHIPPED
    found = fit(options.data)
    np.savez_compressed(out, **vars(found))
    print(f"test accuracy {found.held_out_accuracy:.4f}, written to {out}")


if __name__ == "__main__":
    ending.ran(main, keeps=False)
