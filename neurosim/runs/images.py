"""What a run shows to its chip: pixels, and the nodes that name their class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.data import FlowBatch, PairSource
from neurosim.data.sets import Dataset
from neurosim.errors import DataError
from neurosim.host import Experiment, Labels
from neurosim.profile import Profile
from neurosim.streams import Streams

__all__ = [
    "check_size",
    "first_batch",
    "given_nodes",
    "label_nodes",
    "pixels_of",
    "visible_rows",
]

Array = NDArray[np.float64]


def label_nodes(classes: NDArray[np.intp], labels: Labels) -> Array:
    """Values of the label nodes of these classes, (n, labels.classes): one at scale, others 0."""
    return labels.scale * np.eye(labels.classes)[classes]


def pixels_of(profile: Profile, labels: Labels | None) -> int:
    """Visible nodes that are pixels: all but those of classes."""
    return profile.layers[0] - (0 if labels is None else labels.classes)


def given_nodes(n_visible: int, labels: Labels | None) -> NDArray[np.bool_] | None:
    """Which visible nodes name a class, as a mask; None where none do."""
    return None if labels is None else np.arange(n_visible) >= n_visible - labels.classes


def visible_rows(dataset: Dataset, labels: Labels | None) -> Array:
    """Values of all visible nodes of each image, (n, n_visible).

    Raises
    ------
    DataError
        Labels are to be learned, but the data set has none, or more classes than there are nodes.
    """
    if labels is None:
        return dataset.images
    if dataset.labels is None:
        raise DataError(
            f"Learning with labels needs a data set that has them, but {dataset.name} has none; "
            "add them, or leave out `labels`."
        )
    if dataset.labels.max() >= labels.classes:
        raise DataError(
            f"labels.classes must be above every label, but is {labels.classes} and "
            f"{dataset.name} has label {dataset.labels.max()}; raise it to "
            f"{dataset.labels.max() + 1}."
        )
    return np.concatenate([dataset.images, label_nodes(dataset.labels, labels)], axis=1)


def check_size(profile: Profile, dataset: Dataset, labels: Labels | None) -> None:
    """Refuse a chip whose visible layer the images do not fit, and name the layers that do.

    Raises
    ------
    DataError
        There is not one visible node for each pixel and each class.
    """
    needed = dataset.n_pixels + (0 if labels is None else labels.classes)
    if profile.layers[0] == needed:
        return
    fitting = ",".join(map(str, (needed, *profile.layers[1:])))
    classes = "" if labels is None else f" and of {labels.classes} classes"
    raise DataError(
        f"The visible layer must have {needed} nodes, one for each pixel of {dataset.name}"
        f"{classes}, but {profile.name} has {profile.layers[0]}; give --layers {fitting}, or "
        "change `layers` of the profile."
    )


def first_batch(dataset: Dataset, experiment: Experiment, batch: int, seed: int) -> FlowBatch:
    """The first triples that a training run with this batch and seed is shown."""
    labels = experiment.labels
    source = PairSource(
        visible_rows(dataset, labels),
        batch,
        Streams(seed),
        prefetch=False,
        pairing=experiment.pairing,
        times=experiment.times,
        n_labels=0 if labels is None else labels.classes,
    )
    return source.batch_at(0)
