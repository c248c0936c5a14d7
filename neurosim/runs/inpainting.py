"""Images completed by the chip: known pixels are held while the others flow.

========= ========================================================================================
start
========= ========================================================================================
rest      known pixels stand at their values, the others start at 0 V: one completion, nearest to
          the truth
noise     the same, but the others start from noise: each seed another completion
ramp      known pixels come from noise too, on the straight path of training: here the noise alone
          says at first what the image becomes, and the known pixels come too late to change it
========= ========================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.data import to_grid
from neurosim.data.sets import Dataset
from neurosim.errors import DataError
from neurosim.host import Held, SamplingSettings
from neurosim.metrics import area_average, classifier_of
from neurosim.runs.drawing import Progress, asked_classes, carry, settings_of
from neurosim.runs.examining import need_paths
from neurosim.runs.images import label_nodes, pixels_of
from neurosim.runs.trained import Source, Trained
from neurosim.streams import Streams

__all__ = ["halves", "inpaint", "judge_completions", "nearest_fill"]

Array = NDArray[np.float64]

Start = Literal["rest", "noise", "ramp"]

# A ramp's parts: the known pixels move by 1 / 48 of their way from one to the next.
_SEGMENTS = 48


@checked(
    source="give what neurosim.train returns, a run or a run's folder",
    known="give an array with NaN for what is unknown",
)
def inpaint(
    source: Source,
    known: Array,
    *,
    start: Start = "rest",
    mode: str | None = None,
    t_end: float | None = None,
    seed: int = 0,
    label: int | None = None,
    laws: Sequence[type[Block]] = (),
    progress: Progress | None = None,
) -> tuple[Array, SamplingSettings]:
    """Complete images with a chip that has learned: a pair (x, settings).

    Parameters
    ----------
    source : Trained, Run or path
    known : ndarray, shape (n, n_pixels)
        Pixels from -1 to 1; NaN where the chip is to find them. Rows with the same unknown pixels
        are presented together.
    start : {"rest", "noise", "ramp"}
        ``rest``: known pixels stand at their values and the others start at 0 V: one completion,
        nearest to the truth. ``noise``: the others start from noise, and each seed gives another
        completion. ``ramp``: known pixels come from noise too, on the straight path of training.
    mode : {"spring", "gradient", "free-running"}, optional
        How samples flow, instead of the experiment's.
    t_end : float, optional
        Where the flow ends; 1 by default.
    seed : int
        Of the starting noise.
    laws : sequence of type
        Blocks of your own that the files of a folder name.
    progress : callable, optional
        Called with steps done and their total.
    label : int, optional
        Class of all images, where classes were learned too; the run then needs one.

    Returns
    -------
    x : ndarray, shape (n, n_pixels)
        With the known pixels as given.
    settings : SamplingSettings
        As used.

    Raises
    ------
    DataError
        The images have another size than the run's, hold infinity or numbers beyond [-1, 1], or
        lack a class.

    Examples
    --------
    >>> import neurosim as ns
    >>> trained = ns.Trained(ns.Chip("ideal_hopfield"), ns.Experiment(updates=1))
    >>> known = ns.load_digits()[0][:2].copy()
    >>> known[:, 32:] = np.nan
    >>> x, _ = ns.inpaint(trained, known, t_end=0.1)
    >>> np.array_equal(x[:, :32], known[:, :32])
    True
    """
    trained = Trained.of(source, laws)
    need_paths(trained.experiment, trained.name)
    experiment, labels = trained.experiment, trained.experiment.labels
    settings = settings_of(experiment, mode, 1.0 if t_end is None else t_end)
    n_pixels = pixels_of(trained.profile, labels)
    if known.ndim != 2 or known.shape[1] != n_pixels or not len(known) or np.isinf(known).any():
        raise DataError(
            f"Images to complete must be numbers or NaN of shape (n, {n_pixels}), but have shape "
            f"{known.shape}; bring them to the size that {trained.name} was trained on."
        )
    if np.nanmax(np.abs(known), initial=0) > 1:
        raise DataError(
            f"Images to complete must lie in [-1, 1], but reach from {np.nanmin(known):.4g} to "
            f"{np.nanmax(known):.4g}; scale them."
        )
    if labels is not None and label is None:
        wrong = f"The class must be said where classes were learned, as {trained.name} has, but"
        raise DataError(f"{wrong} is not; give label=.", f"{wrong} is not; give --class.")
    asked = asked_classes(experiment, len(known), label, trained.name)
    x_0 = Streams(seed).generator("samples").standard_normal(known.shape)
    x_1 = np.where(np.isnan(known), 0.0, known)
    if start == "rest":
        x_0 = x_1
    elif start == "noise":
        x_0 = np.where(np.isnan(known), x_0, x_1)
    if labels is not None:
        nodes = label_nodes(asked, labels)
        x_0, x_1 = (np.concatenate([x, nodes], axis=1) for x in (x_0, x_1))
    x = np.empty_like(known)
    masks, group = np.unique(np.isnan(known), axis=0, return_inverse=True)
    for k, unknown in enumerate(masks):
        rows = np.flatnonzero(group == k)
        still = np.concatenate([~unknown, np.ones(x_0.shape[1] - n_pixels, dtype=bool)])
        held = Held(still, x_1[rows], _SEGMENTS if start == "ramp" else 1)
        how = settings, trained.calibration, held, progress
        x[rows] = carry(trained.fresh(), x_0[rows], experiment, *how)
    return np.where(np.isnan(known), x, known), settings


def halves(images: Array) -> Array:
    """Square images whose lower half is unknown."""
    side = round(images.shape[1] ** 0.5)
    if side**2 != images.shape[1]:
        raise DataError(
            f"Half an image is hidden of square ones, but these have {images.shape[1]} pixels; "
            "give a file with NaN for what is unknown."
        )
    known = images.copy()
    known[:, (side // 2) * side :] = np.nan
    return known


def nearest_fill(known: Array, images: Array) -> Array:
    """Each image completed by the one of `images` that is nearest in its known pixels."""
    x = known.copy()
    masks, group = np.unique(np.isnan(known), axis=0, return_inverse=True)
    for k, unknown in enumerate(masks):
        rows = np.flatnonzero(group == k)
        nearest = cdist(known[rows][:, ~unknown], images[:, ~unknown]).argmin(axis=1)
        x[np.ix_(rows, unknown)] = images[nearest][:, unknown]
    return x


def judge_completions(
    completed: Array, known: Array, truth: Array, dataset: Dataset, labels: NDArray[np.intp] | None
) -> dict[str, float]:
    """Root mean square error on unknown pixels, and share of images of the right class.

    Parameters
    ----------
    completed, known, truth : ndarray, shape (n, n_pixels)
        `known` with NaN where pixels were unknown.
    dataset : Dataset
        Its grey levels are those of the images; classes are judged of digits alone.
    labels : ndarray of int, shape (n,), or None
        True classes; None leaves out the share.
    """
    unknown, x = np.isnan(known), to_grid(completed, dataset.steps)
    result = {"rms_error": float(np.sqrt(np.mean((x - truth)[unknown] ** 2)))}
    classifier = classifier_of(dataset.name)
    if labels is not None and classifier is not None:
        right = classifier.predict(area_average(x)) == labels
        result["right_class"] = float(right.mean())
    return result
