"""What a run shows to its chip: pixels, and the nodes that name their class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neurosim.data import FlowBatch, PairSource
from neurosim.data.pairs import Pairing, Times
from neurosim.data.sets import Dataset
from neurosim.errors import DataError
from neurosim.host import Experiment, Held, Labels
from neurosim.host.flow import given_nodes, label_nodes, visible_rows
from neurosim.profile import Profile
from neurosim.safe_text import counted
from neurosim.streams import Streams

__all__ = [
    "check_size",
    "first_batch",
    "given_nodes",
    "label_nodes",
    "pixels_of",
    "starts",
    "visible_rows",
]

Array = NDArray[np.float64]


def pixels_of(profile: Profile, labels: Labels | None) -> int:
    """Visible nodes that are pixels: all but those of classes."""
    return profile.layers[0] - (0 if labels is None else labels.classes)


def starts(
    profile: Profile, labels: Labels | None, classes: NDArray[np.intp], seed: int
) -> tuple[Array, Held | None]:
    """Where samples of these classes start, (n, n_visible), and the nodes that are held there."""
    rng, shape = Streams(seed).generator("samples"), (len(classes), pixels_of(profile, labels))
    x_0 = rng.standard_normal(shape)
    given = given_nodes(profile.layers[0], labels)
    if labels is not None:
        x_0 = np.concatenate([x_0, label_nodes(classes, labels)], axis=1)
    return x_0, None if given is None else Held(given, x_0)


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
    classes = "" if labels is None else f" and of {counted(labels.classes, 'class')}"
    wrong = (
        f"The visible layer must have {counted(needed, 'node')}, one for each pixel of "
        f"{dataset.name}"
        f"{classes}, but {profile.name} has {profile.layers[0]}"
    )
    raise DataError(
        f'{wrong}; give it others, profile.with_value("layers", ({fitting.replace(",", ", ")})).',
        f"{wrong}; give --layers {fitting}, or change `layers` of the profile.",
    )


def first_batch(dataset: Dataset, experiment: Experiment, batch: int, seed: int) -> FlowBatch:
    """The first triples that a training run with this batch and seed is shown."""
    return _first(dataset, experiment.labels, experiment.pairing, experiment.times, batch, seed)


@lru_cache(maxsize=2)
def _first(
    dataset: Dataset, labels: Labels | None, pairing: Pairing, times: Times, batch: int, seed: int
) -> FlowBatch:
    """Chips that are judged one after the other share them; a pairing takes longest of all."""
    source = PairSource(
        visible_rows(dataset, labels),
        batch,
        Streams(seed),
        prefetch=False,
        pairing=pairing,
        times=times,
        n_labels=0 if labels is None else labels.classes,
    )
    return source.batch_at(0)
