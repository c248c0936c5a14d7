"""Points in the plane by name: small data sets whose samples can be looked at.

======= ==========================================================================================
name    points
======= ==========================================================================================
moons   two half circles, one within reach of the other
circles one circle within another
======= ==========================================================================================

There are 2,000 of each, always the same, scaled to lie within [-1, 1]; labels say which part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["TOYS", "load_toy"]

_N, _NOISE, _SEED = 2000, 0.06, 0
# By name: what of scikit-learn makes them, and with what else.
_MAKERS: dict[str, tuple[str, dict[str, float]]] = {
    "moons": ("make_moons", {}),
    "circles": ("make_circles", {"factor": 0.5}),
}
TOYS = tuple(_MAKERS)


def load_toy(name: str) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Points (n, 2) and labels (n,) of one of `TOYS`.

    Examples
    --------
    >>> points, labels = load_toy("moons")
    >>> points.shape, sorted(set(labels.tolist()))
    ((2000, 2), [0, 1])
    """
    from sklearn import datasets

    maker, options = _MAKERS[name]
    points, labels = getattr(datasets, maker)(_N, noise=_NOISE, random_state=_SEED, **options)
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2
    return centred / np.abs(centred).max(), labels.astype(np.intp)
