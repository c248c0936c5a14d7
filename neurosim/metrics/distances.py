r"""Distances of generated samples from real images, of any numbers in rows.

Sets have shapes (n, d) and (m, d): one image a row, columns are pixels or features, no units.

References: Heusel et al. 2017 (Frechet distance), Lopez-Paz and Oquab 2017 (two-sample test),
Kynkaanniemi et al. 2019 (precision, recall), Naeem et al. 2020 (density, coverage).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svdvals
from scipy.spatial.distance import cdist, pdist, squareform

from neurosim.data import optimal_pairs
from neurosim.errors import DataError
from neurosim.streams import Streams

__all__ = [
    "NEIGHBOURS",
    "Squares",
    "check",
    "frechet_distance",
    "nearest_training_distance",
    "nn_two_sample",
    "precision_recall_density_coverage",
    "w2",
]

Array = NDArray[np.float64]

NEIGHBOURS = 5


def check(name: str, a: Array, b: Array, fewest: int) -> None:
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
class Squares:
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
    def of(cls, a: Array, b: Array) -> Squares:
        """Those of two sets."""
        return cls(_among(a), _among(b), cdist(a, b, "sqeuclidean"))

    def same_number(self) -> Squares:
        """Those of both sets at the size of the smaller."""
        n, m = self.between.shape
        a, b = _kept(n, min(n, m)), _kept(m, min(n, m))
        between = self.between[np.ix_(a, b)]
        return Squares(self.in_a[np.ix_(a, a)], self.in_b[np.ix_(b, b)], between)

    def own_nearest(self) -> float:
        """Mean part of the rows' nearest others that is of their own set."""
        parts = []
        for own, other in ((self.in_a, self.between), (self.in_b, self.between.T)):
            least = np.minimum(own.min(axis=1), other.min(axis=1))[:, None]
            n_own, n_other = (own == least).sum(axis=1), (other == least).sum(axis=1)
            parts.append(n_own / (n_own + n_other))
        return float(np.concatenate(parts).mean())

    def by_balls(self, k: int) -> tuple[float, float, float, float]:
        """Precision, recall, density and coverage of real rows first and fake ones second."""
        reach_real, reach_fake = (
            np.partition(within, k - 1, axis=1)[:, k - 1] for within in (self.in_a, self.in_b)
        )
        in_real, in_fake = self.between < reach_real[:, None], self.between < reach_fake
        precision, recall = in_real.any(axis=0).mean(), in_fake.any(axis=1).mean()
        density, coverage = in_real.sum() / (k * in_real.shape[1]), in_real.any(axis=1).mean()
        return float(precision), float(recall), float(density), float(coverage)


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
    check("frechet_distance", a, b, fewest=2)
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
    check("nn_two_sample", a, b, fewest=2)
    return Squares.of(*_same_number(a, b)).own_nearest()


def precision_recall_density_coverage(
    real: Array, fake: Array, k: int = NEIGHBOURS
) -> tuple[float, float, float, float]:
    """Fidelity and diversity by balls that reach to each row's k-th nearest neighbour in its set.

    Precision: share of fake rows inside some real ball. Recall: share of real rows inside some
    fake ball. Density: number of real balls that hold a fake row, over k, averaged over fake rows.
    Coverage: share of real balls that hold a fake row. Balls are open; a row is not its own
    neighbour; each set needs k + 2 rows. For two sets of one law and size, density is 1 and
    coverage about 1 - 2^-k on average.
    """
    check("precision_recall_density_coverage", real, fake, fewest=k + 2)
    return Squares.of(real, fake).by_balls(k)


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
    check("w2", a, b, fewest=1)
    a, b = _same_number(a, b)
    return float(np.sqrt(np.square(a - b[optimal_pairs(a, b)]).sum(axis=1).mean()))


def nearest_training_distance(samples: Array, images: Array) -> float:
    """Mean Euclidean distance from a sample to the nearest image; near 0 is memorised."""
    check("nearest_training_distance", samples, images, fewest=1)
    return float(cdist(samples, images).min(axis=1).mean())
