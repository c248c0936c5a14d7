"""What is said of a chip that draws: its loss, its samples' figures beside images, the floors."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.data import FlowBatch, to_grid
from neurosim.data.sets import Dataset
from neurosim.errors import ConvergenceError, DataError
from neurosim.host import Calibration, Experiment
from neurosim.host.free import flow_loss, free_phase
from neurosim.metrics import (
    FEWEST,
    Classifier,
    area_average,
    baselines,
    classifier_of,
    evaluate_samples,
    fresh_frechet,
)
from neurosim.runs.images import given_nodes, pixels_of

__all__ = ["check_enough", "check_settled", "compared", "floors_of", "judged", "loss_on"]

Array = NDArray[np.float64]

# What the metrics can hold.
_MOST = 2048


def check_enough(n: int) -> None:
    """Refuse to judge fewer samples than the metrics need.

    Raises
    ------
    DataError
        As said.
    """
    if n < FEWEST:
        raise DataError(
            f"The number of samples to judge must be at least {FEWEST}, but is {n}; draw more."
        )


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


def loss_on(
    batch: FlowBatch, chip: Chip, experiment: Experiment, calibration: Calibration | None
) -> tuple[float, tuple[float, ...]]:
    """Flow-matching loss of a chip on points of paths, in all and by fifths of t."""
    if chip.data_sheet.refresh_s is not None:
        chip.refresh()
    held = given_nodes(batch.x_t.shape[1], experiment.labels)
    _, _, velocity = free_phase(chip, batch.x_t, experiment.flow, calibration, held)
    pixels = slice(0, pixels_of(chip.profile, experiment.labels))
    return flow_loss(velocity[:, pixels], batch.u_t[:, pixels], batch.t)


def judged(
    x: Array, real: Dataset, drawn: dict[str, Any], asked: NDArray[np.intp] | None
) -> dict[str, Any]:
    """All that is said of samples (n, n_pixels) beside `real`.

    Parameters
    ----------
    x : ndarray, shape (n, n_pixels)
    real : Dataset
        What they are compared with.
    drawn : dict
        How they were drawn, by name.
    asked : ndarray of int, shape (n,), or None
        Their classes, where classes were learned.
    """
    classifier = classifier_of(real.name)
    result = evaluate_samples(x, real.images, classifier, real.steps) | drawn
    if asked is not None and classifier is not None:
        result |= _asked_and_drawn(x, asked, real, classifier)
    return result | {"dataset": Path(real.name).name, "n_real": len(real.images)}


def _asked_and_drawn(
    x: Array, asked: NDArray[np.intp], real: Dataset, classifier: Classifier
) -> dict[str, Any]:
    """Share of the samples of each class that the classifier gives that class."""
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
    classifier = classifier_of(real.name)
    return {
        "baselines": baselines(real.images, classifier, seed, n, real.steps),
        "fresh_frechet": fresh_frechet(real.images, classifier, n),
    }
