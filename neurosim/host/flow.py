"""A flow of images: paths from noise to each, and the nodes that name a class."""

from __future__ import annotations

from typing import ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import DataSheet
from neurosim.data import Dataset, FlowBatch, PairSource
from neurosim.errors import DataError
from neurosim.host.free import flow_loss
from neurosim.host.gradep import Shown
from neurosim.host.lessons import Labels, Lessons, Recipe, Verdict
from neurosim.safe_text import counted
from neurosim.streams import Streams

__all__ = ["Flow", "given_nodes", "label_nodes", "visible_rows"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def label_nodes(classes: NDArray[np.intp], labels: Labels) -> Array:
    """Values of the label nodes of these classes, (n, labels.classes): one at scale, others 0."""
    return labels.scale * np.eye(labels.classes)[classes]


def given_nodes(n_visible: int, labels: Labels | None) -> Mask | None:
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


class _Paths(PairSource):
    """Batches of a flow, judged by their pixels."""

    def __init__(self, rows: Array, recipe: Recipe, sheet: DataSheet) -> None:
        n, labels = sheet.layers.n_visible, recipe.labels
        self._n_pixels = n - (0 if labels is None else labels.classes)
        self.held = given_nodes(n, labels)
        super().__init__(
            rows,
            recipe.batch,
            Streams(recipe.seed),
            prefetch=True,
            pairing=recipe.pairing,
            times=recipe.times,
            n_labels=n - self._n_pixels,
        )

    def judge(self, velocity: Array, batch: Shown) -> Verdict:
        """The flow loss over the pixels, in all and by time."""
        pixels, shown = slice(0, self._n_pixels), cast(FlowBatch, batch)
        return Verdict(*flow_loss(velocity[:, pixels], shown.u_t[:, pixels], shown.t))

    def exams(self) -> dict[str, Shown]:
        """None: a flow is judged by its samples."""
        return {}


class Flow(Block):
    """A flow from noise to images, which the chip draws afterwards.

    Parameters
    ----------
    task : {"flow"}
        Names this task.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Flow()).task
    Flow()
    """

    has_paths: ClassVar[bool] = True

    task: Literal["flow"] = "flow"

    def lessons(self, data: Dataset | Array, recipe: Recipe, sheet: DataSheet) -> Lessons:
        """See `TaskLaw.lessons`; an array has the values of label nodes last, if there are any."""
        rows = visible_rows(data, recipe.labels) if isinstance(data, Dataset) else data
        n = sheet.layers.n_visible
        if rows.shape[1] != n:
            raise DataError(
                f"The chip's visible layer must have one node for each of "
                f"{counted(rows.shape[1], 'pixel')} of an image, but {sheet.name} has "
                f"{n}; change `layers`."
            )
        pixels = rows[:, : n - (0 if recipe.labels is None else recipe.labels.classes)]
        if np.abs(pixels).max(initial=0) > 1:
            raise DataError(
                f"Images that are learned must lie in [-1, 1], but reach from {pixels.min():.4g} "
                f"to {pixels.max():.4g}; scale them."
            )
        return _Paths(rows, recipe, sheet)
