"""What a trainer asks of the world: batches, what is held, and a judgement of what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Annotated, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.chip.interface import DataSheet
from neurosim.data import Dataset, Pairing, Times
from neurosim.host.gradep import Shown
from neurosim.host.settings import Positive

__all__ = ["Batch", "Labels", "Lessons", "Recipe", "TaskLaw", "Verdict"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Labels(Block):
    """Classes on visible nodes of their own, one for each class, after those of the pixels.

    These nodes are held rigidly at the image's class while its pixels are presented, and at the
    class that is asked for while they flow.

    Parameters
    ----------
    classes : int
    scale : float
        Value of the node of an image's class, in the host's numbers; the others are at 0.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(labels=ns.Labels(classes=3)).labels
    Labels(classes=3)
    """

    classes: Annotated[int, Field(ge=2, le=1000)] = 10
    scale: Positive = 3.0


class Batch(NamedTuple):
    """What is presented at once, a row each.

    Attributes
    ----------
    targets : ndarray, shape (rows, n)
        Where springs and what is held stand: of the visible nodes, or of all that have sources.
    wanted : ndarray, shape (rows, n)
        Velocity that is to be learned there; of held nodes it means nothing.
    """

    targets: Array
    wanted: Array


class Verdict(NamedTuple):
    """How good what was measured of a batch is.

    Attributes
    ----------
    loss : float
        What the gradient descends, up to a factor.
    by_t : tuple of float
        The same of each fifth of the times along a flow; NaN of other tasks.
    figures : dict of str to float
        What else is to be known; each a column of the metrics table.
    details : dict of str to lists
        What an evaluation says beside the figures, such as a confusion matrix.
    """

    loss: float
    by_t: tuple[float, ...] = (float("nan"),) * 5
    figures: dict[str, float] = {}  # noqa: RUF012  # never changed
    details: dict[str, Any] = {}  # noqa: RUF012  # never changed


class Recipe(Protocol):
    """What a task may ask of an experiment."""

    @property
    def batch(self) -> int:
        """Rows of a batch."""

    @property
    def pairing(self) -> Pairing:
        """How noise is paired with images."""

    @property
    def times(self) -> Times:
        """Distribution of the flow times."""

    @property
    def labels(self) -> Labels | None:
        """Classes on visible nodes of their own."""

    @property
    def seed(self) -> int:
        """Of the data."""


class Lessons(Protocol):
    """A task with its data, for one training; a context in which batches may be made ahead."""

    @property
    def held(self) -> Mask | None:
        """Which of the driven nodes stand rigidly, (n,); None: none of them."""

    def batch_at(self, update: int) -> Shown:
        """The batch of an update (from 0), which depends on seed and update alone."""

    def judge(self, velocity: Array, batch: Shown) -> Verdict:
        """Judge the velocity (rows, n) measured of a batch; rows that failed are NaN."""

    def exams(self) -> Mapping[str, Shown]:
        """Batches by which a chip that has learned is judged, by a prefix of their figures' names.

        None where it is judged by the samples that it draws.
        """

    def __enter__(self) -> object:
        """Batches may be made ahead from here on."""

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """No longer."""


@runtime_checkable
class TaskLaw(Protocol):
    """What is learned; a frozen block, so that an experiment can hold, write and check it."""

    @property
    def has_paths(self) -> bool:
        """Whether batches are paths from noise to images, and samples can be drawn."""

    def lessons(self, data: Dataset | Array, recipe: Recipe, sheet: DataSheet) -> Lessons:
        """Batches of these data for a chip of this data sheet.

        Raises
        ------
        DataError
            The data do not fit the task or the chip.
        """
