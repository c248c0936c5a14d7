"""What a chip that has learned to answer says to new inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.blocks.classes import called
from neurosim.data.sets import NAMED, load_dataset
from neurosim.errors import DataError
from neurosim.host import Supervised
from neurosim.runs.trained import Source, Trained
from neurosim.threads import one_blas_thread

__all__ = ["predict"]

Array = NDArray[np.float64]


@one_blas_thread()
@checked(source="give what neurosim.train returns, a run or a run's folder")
def predict(
    source: Source, inputs: Array | Path | str, *, laws: Sequence[type[Block]] = ()
) -> Array:
    """Answers of a trained chip to new inputs.

    Parameters
    ----------
    source : Trained, Run or path
    inputs : ndarray, shape (rows, n_in), or name or path
        Numbers as the chip has learned them, from -1 to 1. A name or a file is that of a data set,
        see `neurosim.load_dataset`, scaled as the one that was learned; of a table the first
        columns.
    laws : sequence of type
        See `neurosim.sample`.

    Returns
    -------
    answers : ndarray, shape (rows, n_out)
        A classifier means the largest one; other answers are in the numbers of the table that was
        learned. NaN where a row diverged.

    Raises
    ------
    DataError
        The inputs do not fit, or the chip has learned to draw.

    Examples
    --------
    >>> import neurosim as ns
    >>> chip = ns.load_profile("ideal_hopfield").with_values(
    ...     {"layers": (64, 9, 10), "sources": (0, -1)}
    ... )
    >>> trained = ns.train(chip, ns.Experiment.suited("classify").with_value("updates", 2))
    >>> ns.predict(trained, ns.load_digits()[0][:3]).shape
    (3, 10)
    """
    trained = Trained.of(source, laws)
    task = trained.experiment.task
    if not isinstance(task, Supervised):
        raise DataError(
            f"Answers are of a chip that has learned inputs and answers, but {trained.name} has "
            f"learned the task {called(task)}; draw samples from it."
        )
    n_in = int(task.examples(trained.dataset)[0].shape[1])
    rows = _rows(inputs, n_in, trained)
    if rows.ndim != 2 or rows.shape[1] != n_in or not np.isfinite(rows).all():
        raise DataError(
            f"Inputs must be finite numbers, {n_in} a row as {trained.name} has learned them, but "
            f"have shape {rows.shape}; give rows of that length."
        )
    sizes, chip = trained.profile.network.sizes, trained.fresh()
    if chip.data_sheet.refresh_s is not None:
        chip.refresh()
    shown = task.presented(rows[:1], chip.data_sheet).shape[1]
    n_out = sizes[0] - shown or sizes[-1]
    answers = task.answer(chip, rows, n_out, trained.experiment.flow, trained.calibration)
    return task.in_own_units(answers, trained.dataset)


def _rows(inputs: Array | Path | str, n_in: int, trained: Trained) -> Array:
    """Inputs; those of a file are scaled as what was learned."""
    if not isinstance(inputs, Path | str):
        return np.asarray(inputs, dtype=float)
    scale = "auto" if str(inputs) in NAMED else trained.experiment.scale
    like = trained.dataset.scaling if scale == "minmax" else None
    images = load_dataset(inputs, scale, like).images
    return images[:, :n_in] if Path(inputs).suffix.lower() == ".csv" else images
