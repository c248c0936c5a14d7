r"""The protocol by which generated samples are judged against real images, and its floors.

Sets have shapes (n, d) and (m, d): one image a row, columns are pixels or features, no units. The
headline figures are `frechet_feature` and `nn_two_sample`. The pixel Frechet distance stands beside
them, never alone: by it a fitted Gaussian beats many a sampler whose images are better.

References: Chong and Forsyth 2020, arXiv:1911.07023 (Frechet distances of finite sets are biased by
1 / n); those of each distance stand in `neurosim.metrics.distances`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.data import DIGIT_STEPS, to_grid
from neurosim.metrics.classifier import Classifier, area_average
from neurosim.metrics.distances import NEIGHBOURS, Squares, check, frechet_distance, w2
from neurosim.streams import Streams

__all__ = [
    "FEWEST",
    "baselines",
    "class_entropy",
    "class_shares",
    "evaluate_samples",
    "fresh_frechet",
    "smallest_class",
]

Array = NDArray[np.float64]

# Samples that can be judged at all.
FEWEST = NEIGHBOURS + 2
_N_CLASSES = 10
_SPLITS = 10


def class_shares(samples: Array, classifier: Classifier) -> list[float]:
    """Share of samples, squares of 8x8 or more, that the classifier gives to each class."""
    counts = np.bincount(classifier.predict(area_average(samples)), minlength=_N_CLASSES)
    return [float(share) for share in counts / len(samples)]


def class_entropy(shares: Sequence[float]) -> float:
    """Entropy of ten shares over ln 10: 1 if all classes are drawn alike, 0 if only one is.

    Examples
    --------
    >>> round(class_entropy([0.1] * 10), 9)
    1.0
    """
    drawn = np.array([share for share in shares if share > 0])
    return float(np.sum(drawn * np.log(1 / drawn)) / np.log(_N_CLASSES))


def smallest_class(shares: Sequence[float]) -> float:
    """Share of the class that is drawn least; 0 is a class that was lost."""
    return float(min(shares))


def evaluate_samples(
    samples: Array, images: Array, classifier: Classifier | None, steps: int | None = DIGIT_STEPS
) -> dict[str, Any]:
    """Every metric of the protocol, of samples clipped and rounded to the images' grey levels.

    Off that grid their decimals alone would tell them from images.

    Parameters
    ----------
    samples, images : ndarray, shapes (n, d) and (m, d)
        At least 7 rows each; images on the grid. The protocol: 2,000 samples, all 1,797 digits.
    classifier : Classifier or None
        Of the images, see `classifier_of`; they are brought to 8x8 by `area_average`. Without it
        its figures are absent: frechet_feature and those of classes.
    steps : int or None
        Grey levels less one; None rounds nothing.

    Returns
    -------
    dict
        frechet_feature, frechet_pixel, nn_two_sample, w2, precision, recall, density, coverage,
        class_shares (ten floats), class_entropy, smallest_class, nearest_distance, n.

    Raises
    ------
    DataError
        A sample is not finite, its width is not the images', or there are too few.
    """
    check("evaluate_samples", samples, images, fewest=FEWEST)
    x = to_grid(samples, steps)
    squares = Squares.of(images, x)
    precision, recall, density, coverage = squares.by_balls(NEIGHBOURS)
    by_feature: dict[str, Any] = {}
    by_class: dict[str, Any] = {}
    if classifier is not None:
        features = [classifier.features(area_average(rows)) for rows in (x, images)]
        by_feature = {"frechet_feature": frechet_distance(*features)}
        shares = class_shares(x, classifier)
        by_class = {
            "class_shares": shares,
            "class_entropy": class_entropy(shares),
            "smallest_class": smallest_class(shares),
        }
    return {
        **by_feature,
        "frechet_pixel": frechet_distance(x, images),
        "nn_two_sample": squares.same_number().own_nearest(),
        "w2": w2(x, images),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        **by_class,
        "nearest_distance": float(np.sqrt(squares.between.min(axis=0)).mean()),
        "n": len(x),
    }


def baselines(
    images: Array,
    classifier: Classifier | None,
    seed: int,
    n: int = 2000,
    steps: int | None = DIGIT_STEPS,
) -> dict[str, dict[str, Any]]:
    """Three rows that stand beside every table of samples, by the same classifier as these.

    Returns
    -------
    dict of dict
        ``real``: a random half of the images against the other half, the floor; most of its Frechet
        distances is the small size of a half, see `fresh_frechet`. ``noisy``: all images with noise
        N(0, 0.1^2) added. ``gaussian``: `n` draws of one Gaussian with the images' mean and
        covariance. Each as `evaluate_samples` gives it.
    """
    check("baselines", images, images, fewest=2 * FEWEST)
    streams, half = Streams(seed), len(images) // 2
    order = streams.generator("baseline-real").permutation(len(images))
    noisy = images + streams.generator("baseline-noisy").normal(0, 0.1, images.shape)
    gaussian = streams.generator("baseline-gaussian").multivariate_normal(
        images.mean(axis=0), np.cov(images, rowvar=False), n, method="eigh"
    )
    sets = {
        "real": (images[order[:half]], images[order[half : 2 * half]]),
        "noisy": (noisy, images),
        "gaussian": (gaussian, images),
    }
    return {name: evaluate_samples(*pair, classifier, steps) for name, pair in sets.items()}


def fresh_frechet(
    images: Array, classifier: Classifier | None, n: int, seed: int = 0
) -> float | None:
    r"""Feature Frechet distance that `n` real images outside the set would have to it, about.

    .. math:: d(n, m) \approx \langle d(h, h) \rangle \, \frac{1/n + 1/m}{2/h}

    Between two sets of one distribution it is bias alone, proportional to the sum of one over each
    size. The mean is over random halves of h = m / 2 of the m images. None without
    a classifier, or where a set is smaller than its features are many.
    """
    half = len(images) // 2
    if classifier is None or min(half, n) < classifier.hidden_bias.size:
        return None
    features = classifier.features(area_average(images))
    rng = Streams(seed).generator("fresh")
    orders = (rng.permutation(len(images)) for _ in range(_SPLITS))
    halves = [
        frechet_distance(features[order[:half]], features[order[half : 2 * half]])
        for order in orders
    ]
    return float(np.mean(halves)) * (1 / n + 1 / len(images)) * half / 2
