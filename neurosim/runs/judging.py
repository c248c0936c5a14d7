"""What is said of samples: figures beside the images that were learned, and the rows of floors."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.data import to_grid
from neurosim.data.sets import Dataset
from neurosim.errors import ConvergenceError
from neurosim.metrics import (
    area_average,
    baselines,
    classifier_of,
    evaluate_samples,
    fresh_frechet,
)

__all__ = ["about", "asked_and_drawn", "check_settled", "compared", "figures_of", "floors_of"]

Array = NDArray[np.float64]

# What the metrics can hold.
_MOST = 2048


def check_settled(x: Array) -> None:
    """Refuse samples of which some diverged: they are never averaged in.

    Raises
    ------
    ConvergenceError
        As said.
    """
    lost = int(np.count_nonzero(~np.isfinite(x).all(axis=1)))
    if lost:
        raise ConvergenceError(
            f"All samples must settle, but {lost} of {len(x)} diverged; lower settling.rtol in the "
            "profile."
        )


def figures_of(x: Array, real: Dataset) -> dict[str, Any]:
    """Figures of samples (n, n_pixels) beside the images of a data set."""
    return evaluate_samples(x, real.images, classifier_of(real.n_pixels), real.steps)


def asked_and_drawn(x: Array, asked: NDArray[np.intp], real: Dataset) -> dict[str, Any]:
    """Share of the samples of each class that the fixed classifier gives that class."""
    classifier = classifier_of(real.n_pixels)
    assert classifier is not None
    drawn = classifier.predict(area_average(to_grid(x, real.steps)))
    shares = [float((drawn[asked == k] == k).mean()) for k in np.unique(asked)]
    return {"asked_class_share": float(np.mean(shares)), "asked_class_shares": shares}


def compared(learned: Dataset) -> Dataset:
    """The images that samples are compared with: all, or 2,048 of them, always the same."""
    return learned.at_most(_MOST)


def floors_of(real: Dataset, n: int, seed: int) -> dict[str, Any]:
    """The three rows that need no chip, and the distance that as many fresh images would have."""
    return deepcopy(_floors_of(real, n, seed))


@lru_cache(maxsize=2)
def _floors_of(real: Dataset, n: int, seed: int) -> dict[str, Any]:
    """Chips that are judged one after the other share them."""
    return {
        "baselines": baselines(real.images, seed, n, real.steps),
        "fresh_frechet": fresh_frechet(real.images, n),
    }


def about(real: Dataset) -> dict[str, Any]:
    """Which images samples were compared with."""
    return {"dataset": Path(real.name).name, "n_real": len(real.images)}
