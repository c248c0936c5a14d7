r"""Metrics of generated samples against real images, and the protocol that puts them together.

Sets have shapes (n, d) and (m, d): one image a row, columns are pixels or features, no units. The
headline figures are `frechet_feature` and `nn_two_sample`. The pixel Frechet distance stands beside
them, never alone: by it a fitted Gaussian beats many a sampler whose images are better.

References: Heusel et al. 2017 (Frechet distance), Lopez-Paz and Oquab 2017 (two-sample test),
Kynkaanniemi et al. 2019 (precision, recall), Naeem et al. 2020 (density, coverage), Chong and
Forsyth 2020, arXiv:1911.07023 (Frechet distances of finite sets are biased by 1 / n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svdvals
from scipy.spatial.distance import cdist, pdist, squareform

from neurosim.data import DIGIT_STEPS, optimal_pairs, to_grid
from neurosim.errors import DataError
from neurosim.metrics.classifier import Classifier, area_average, classifier_of
from neurosim.streams import Streams

__all__ = [
    "FEWEST",
    "baselines",
    "class_entropy",
    "class_shares",
    "evaluate_samples",
    "frechet_distance",
    "fresh_frechet",
    "nearest_training_distance",
    "nn_two_sample",
    "precision_recall_density_coverage",
    "smallest_class",
    "w2",
]

Array = NDArray[np.float64]

_NEIGHBOURS = 5
# Samples that can be judged at all.
FEWEST = _NEIGHBOURS + 2
_N_CLASSES = 10
_SPLITS = 10


def _check(name: str, a: Array, b: Array, fewest: int) -> None:
    """Raise unless both are finite matrices of one width with at least `fewest` rows."""
    for which, rows in (("first", a), ("second", b)):
        if rows.ndim != 2 or len(rows) < fewest:
            raise DataError(
                f"{name} needs sets of shape (n, d) with n at least {fewest}, but the {which} has "
                f"shape {rows.shape}; draw more samples, one a row."
            )
        if n_bad := np.count_nonzero(~np.isfinite(rows).all(axis=1)):
            raise DataError(
                f"{name} needs finite values, but {n_bad} of the {which} set's {len(rows)} rows "
                f"hold NaN or infinity; leave out the rows that failed, and say how many."
            )
    if a.shape[1] != b.shape[1]:
        raise DataError(
            f"{name} needs two sets of one width, but they have {a.shape[1]} and {b.shape[1]} "
            f"columns; compare samples with images of their own size."
        )


def _kept(n: int, smallest: int) -> NDArray[np.intp]:
    """Which of n rows stay where the other set may be smaller: chosen by a fixed stream."""
    if n <= smallest:
        return np.arange(n)
    return np.sort(Streams(0).generator("metrics").permutation(n)[:smallest])


def _same_number(a: Array, b: Array) -> tuple[Array, Array]:
    """Both sets at the size of the smaller."""
    smallest = min(len(a), len(b))
    return a[_kept(len(a), smallest)], b[_kept(len(b), smallest)]


@dataclass(frozen=True)
class _Squares:
    """Squared distances of the rows of two sets.

    Parameters
    ----------
    in_a, in_b : ndarray, shapes (n, n) and (m, m)
        Within each; no row is near itself: the diagonal is infinite.
    between : ndarray, shape (n, m)
        From the rows of the first to those of the second.
    """

    in_a: Array
    in_b: Array
    between: Array

    @classmethod
    def of(cls, a: Array, b: Array) -> _Squares:
        return cls(_among(a), _among(b), cdist(a, b, "sqeuclidean"))

    def same_number(self) -> _Squares:
        """Those of both sets at the size of the smaller."""
        n, m = self.between.shape
        a, b = _kept(n, min(n, m)), _kept(m, min(n, m))
        between = self.between[np.ix_(a, b)]
        return _Squares(self.in_a[np.ix_(a, a)], self.in_b[np.ix_(b, b)], between)


def _among(rows: Array) -> Array:
    squares: Array = squareform(pdist(rows, "sqeuclidean"))
    np.fill_diagonal(squares, np.inf)
    return squares


def frechet_distance(a: Array, b: Array) -> float:
    r"""Squared Frechet distance of the Gaussians with the sets' means and covariances.

    .. math:: |\mu_a - \mu_b|^2 + \mathrm{tr}\,\Sigma_a + \mathrm{tr}\,\Sigma_b
              - 2\,\mathrm{tr}\,(\Sigma_a \Sigma_b)^{1/2}

    With :math:`\Sigma = R^\top R` from QR decompositions of the centred rows, the last trace is the
    sum of the singular values of :math:`R_a R_b^\top`. No root of a round-off eigenvalue is taken,
    so pixels that never change, or fewer rows than columns, do no harm.

    Examples
    --------
    >>> rows = np.array([[0.0], [2.0]])
    >>> round(frechet_distance(rows, rows + 3), 9)
    9.0
    """
    _check("frechet_distance", a, b, fewest=2)
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    root_a = np.linalg.qr((a - mean_a) / np.sqrt(len(a) - 1))[1]
    root_b = np.linalg.qr((b - mean_b) / np.sqrt(len(b) - 1))[1]
    shared = svdvals(root_a @ root_b.T).sum()
    spread = np.square(root_a).sum() + np.square(root_b).sum() - 2 * shared
    return float(np.square(mean_a - mean_b).sum() + max(spread, 0.0))


def nn_two_sample(a: Array, b: Array) -> float:
    """Accuracy of naming a row's set by its nearest other row, leave-one-out over both sets.

    0.5 is indistinguishable, 1 is separate, well below 0.5 is memorised. Sets of unequal size are
    brought to the smaller: the larger loses rows by a fixed stream. Of several rows at the same
    distance (common on the grid of grey levels) each has an equal part of the vote.
    """
    _check("nn_two_sample", a, b, fewest=2)
    return _own_nearest(_Squares.of(*_same_number(a, b)))


def _own_nearest(squares: _Squares) -> float:
    """Mean part of the rows' nearest others that is of their own set."""
    parts = []
    for own, other in ((squares.in_a, squares.between), (squares.in_b, squares.between.T)):
        least = np.minimum(own.min(axis=1), other.min(axis=1))[:, None]
        n_own, n_other = (own == least).sum(axis=1), (other == least).sum(axis=1)
        parts.append(n_own / (n_own + n_other))
    return float(np.concatenate(parts).mean())


def precision_recall_density_coverage(
    real: Array, fake: Array, k: int = _NEIGHBOURS
) -> tuple[float, float, float, float]:
    """Fidelity and diversity by balls that reach to each row's k-th nearest neighbour in its set.

    Precision: share of fake rows inside some real ball. Recall: share of real rows inside some
    fake ball. Density: number of real balls that hold a fake row, over k, averaged over fake rows.
    Coverage: share of real balls that hold a fake row. Balls are open; a row is not its own
    neighbour; each set needs k + 2 rows. For two sets of one law and size, density is 1 and
    coverage about 1 - 2^-k on average.
    """
    _check("precision_recall_density_coverage", real, fake, fewest=k + 2)
    return _by_balls(_Squares.of(real, fake), k)


def _by_balls(squares: _Squares, k: int) -> tuple[float, float, float, float]:
    """Precision, recall, density and coverage of real rows first and fake ones second."""
    reach_real, reach_fake = (
        np.partition(within, k - 1, axis=1)[:, k - 1] for within in (squares.in_a, squares.in_b)
    )
    in_real, in_fake = squares.between < reach_real[:, None], squares.between < reach_fake
    precision, recall = in_real.any(axis=0).mean(), in_fake.any(axis=1).mean()
    density, coverage = in_real.sum() / (k * in_real.shape[1]), in_real.any(axis=1).mean()
    return float(precision), float(recall), float(density), float(coverage)


def w2(a: Array, b: Array) -> float:
    r"""2-Wasserstein distance of two sets of rows, by exact assignment.

    .. math:: W_2^2 = \min_p \frac1n \sum_i |a_i - b_{p(i)}|^2

    Of the larger set min(n, m) rows are taken by a fixed stream. The figure of two sets of one law
    is not zero and falls slowly with their size: compare equal sizes.

    Examples
    --------
    >>> w2(np.array([[0.0], [5.0]]), np.array([[7.0], [2.0]]))
    2.0
    """
    _check("w2", a, b, fewest=1)
    a, b = _same_number(a, b)
    return float(np.sqrt(np.square(a - b[optimal_pairs(a, b)]).sum(axis=1).mean()))


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


def nearest_training_distance(samples: Array, images: Array) -> float:
    """Mean Euclidean distance from a sample to the nearest image; near 0 is memorised."""
    _check("nearest_training_distance", samples, images, fewest=1)
    return float(cdist(samples, images).min(axis=1).mean())


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
        It sees images brought to 8x8 by `area_average`. Without it its five figures are absent:
        frechet_feature and those of classes.
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
    _check("evaluate_samples", samples, images, fewest=FEWEST)
    x = to_grid(samples, steps)
    squares = _Squares.of(images, x)
    precision, recall, density, coverage = _by_balls(squares, _NEIGHBOURS)
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
        "nn_two_sample": _own_nearest(squares.same_number()),
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
    images: Array, seed: int, n: int = 2000, steps: int | None = DIGIT_STEPS
) -> dict[str, dict[str, Any]]:
    """Three rows that stand beside every table of samples, by the shipped classifier.

    Returns
    -------
    dict of dict
        ``real``: a random half of the images against the other half, the floor; most of its Frechet
        distances is the small size of a half, see `fresh_frechet`. ``noisy``: all images with noise
        N(0, 0.1^2) added. ``gaussian``: `n` draws of one Gaussian with the images' mean and
        covariance. Each as `evaluate_samples` gives it.
    """
    _check("baselines", images, images, fewest=2 * FEWEST)
    streams, classifier, half = Streams(seed), classifier_of(images.shape[1]), len(images) // 2
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


def fresh_frechet(images: Array, n: int, seed: int = 0) -> float | None:
    r"""Feature Frechet distance that `n` real images outside the set would have to it, about.

    .. math:: d(n, m) \approx \langle d(h, h) \rangle \, \frac{1/n + 1/m}{2/h}

    Between two sets of one distribution it is bias alone, proportional to the sum of one over each
    size. The mean is over random halves of h = m / 2 of the m images. None where the shipped
    classifier cannot see the images, or a set is smaller than its features are many.
    """
    classifier, half = classifier_of(images.shape[1]), len(images) // 2
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
