"""The 8x8 digits, and their grid of grey levels."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIGIT_STEPS", "load_digits", "to_grid"]

Array = NDArray[np.float64]

DIGIT_STEPS = 16  # the digits' grey levels are 0..16


def load_digits() -> tuple[Array, NDArray[np.int_]]:
    """8x8 digits of scikit-learn, scaled from 0..16 to [-1, 1].

    scikit-learn's set is the *test* half of UCI's optdigits: 1,797 images by 13 writers, none of
    whom is named. A split of it is therefore not writer independent.

    Returns
    -------
    images : ndarray, shape (1797, 64)
        Row-major pixels on 17 levels from -1 (paper) to 1 (ink).
    labels : ndarray of int, shape (1797,)

    Examples
    --------
    >>> import neurosim as ns
    >>> images, labels = ns.load_digits()
    >>> images.shape, labels[:3]
    ((1797, 64), array([0, 1, 2]))
    """
    levels, labels = _digits()
    return levels / (DIGIT_STEPS / 2) - 1, labels.copy()


@cache
def _digits() -> tuple[Array, NDArray[np.int_]]:
    """Grey levels 0..16 and labels, read once a process.

    From scikit-learn's own file where it lies as ever: its loader takes seconds to be imported.
    """
    package = find_spec("sklearn")
    for folder in (package and package.submodule_search_locations) or ():
        file = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            rows = np.loadtxt(file, delimiter=",")
            return rows[:, :-1], rows[:, -1].astype(np.int_)
    from sklearn.datasets import load_digits as load

    levels, labels = load(return_X_y=True)
    return levels, labels


def to_grid(x: Array, steps: int | None = DIGIT_STEPS) -> Array:
    """Clip to [-1, 1] and round to the nearest of steps + 1 levels; NaN stays NaN.

    By default these are the digits' 17 levels; where `steps` is None, nothing is rounded.

    Examples
    --------
    >>> to_grid(np.array([-3.0, 0.07, 0.1]))
    array([-1.   ,  0.125,  0.125])
    """
    clipped: Array = np.clip(x, -1, 1)
    if steps is None:
        return clipped
    half = steps / 2
    rounded: Array = np.round((clipped + 1) * half) / half - 1
    return rounded
