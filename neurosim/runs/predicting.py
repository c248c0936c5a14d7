"""What a chip that has learned to answer says to new inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.arguments import checked
from neurosim.blocks.block import Block
from neurosim.blocks.classes import called
from neurosim.data.grounds import turned
from neurosim.data.scaling import ADVICE, from_grey
from neurosim.data.sets import NAMED, load_dataset
from neurosim.errors import DataError
from neurosim.host import Supervised
from neurosim.runs.trained import Source, Trained
from neurosim.threads import one_blas_thread

__all__ = ["answers_to", "ground_turned", "names_of_answers", "predict", "rows_beyond", "rows_of"]

Array = NDArray[np.float64]
_ROUNDING = 1e-9


@checked(source="give what neurosim.train returns, a run or a run's folder")
def predict(
    source: Source, inputs: Array | Path | str, *, laws: Sequence[type[Block]] = ()
) -> Array:
    """Answers of a trained chip to new inputs.

    Parameters
    ----------
    source : Trained, Run or path
    inputs : ndarray, shape (rows, n_in), or name or path
        Numbers from -1 to 1, or whole grey levels 0 to 255 of images that were learned as such;
        those of the user's own file where it was learned by scale minmax. A
        name or a file is that of a data set, see `neurosim.load_dataset`, scaled as the one that
        was learned; of a table the columns of the same names.
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
    return answers_to(trained, rows_of(trained, inputs))


def rows_of(trained: Trained, inputs: Array | Path | str) -> Array:
    """Inputs of `predict` as the chip has learned them, (rows, n_in), checked."""
    n_in = int(_task_of(trained).examples(trained.dataset)[0].shape[1])
    rows = _scaled(inputs, n_in, trained)
    if rows.ndim != 2 or rows.shape[1] != n_in:
        raise DataError(
            f"Inputs must be finite numbers, {n_in} a row as {trained.name} has learned them, but "
            f"have shape {rows.shape}; give rows of that length."
        )
    if not np.isfinite(rows).all():
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        raise DataError(
            f"Inputs must be finite numbers, but row {bad[0]} (from 0) is not; leave it out."
        )
    return rows


@one_blas_thread()
def answers_to(trained: Trained, rows: Array) -> Array:
    """Answers of `predict` to rows of `rows_of`."""
    task = _task_of(trained)
    sizes, chip = trained.profile.network.sizes, trained.fresh()
    if chip.data_sheet.refresh_s is not None:
        chip.refresh()
    shown = task.presented(rows[:1], chip.data_sheet).shape[1]
    n_out = sizes[0] - shown or sizes[-1]
    answers = task.answer(chip, rows, n_out, trained.experiment.flow, trained.calibration)
    return task.in_own_units(answers, trained.dataset)


def _task_of(trained: Trained) -> Supervised:
    task = trained.experiment.task
    if not isinstance(task, Supervised):
        raise DataError(
            f"Answers are of a chip that has learned inputs and answers, but {trained.name} has "
            f"learned the task {called(task)}; draw samples from it."
        )
    return task


def names_of_answers(trained: Trained, n: int) -> list[str]:
    """Of each of n answers that of its class or learned column, if these have any; or numbers."""
    data, plain = trained.dataset, [f"answer_{k}" for k in range(n)]
    names = (
        data.scaling.names[-n:] if hasattr(trained.experiment.task, "n_answers") else data.classes
    )
    if len(names) != n:
        return plain
    return [p if name in ("row", "class") else name for p, name in zip(plain, names, strict=True)]


def rows_beyond(trained: Trained, rows: Array) -> int:
    """How many of these rows have a number beyond all that were learned from."""
    learned = _task_of(trained).examples(trained.dataset)[0]
    low, high = learned.min(), learned.max()
    return int(((rows < low - _ROUNDING) | (rows > high + _ROUNDING)).any(axis=1).sum())


def ground_turned(trained: Trained, rows: Array) -> str | None:
    """What to say of images that are dark on light where light on dark was learned, or so."""
    if trained.dataset.scaling.names:
        return None
    return turned(_task_of(trained).examples(trained.dataset)[0], rows)


def _scaled(inputs: Array | Path | str, n_in: int, trained: Trained) -> Array:
    """Inputs, scaled as what was learned."""
    scale = "auto" if str(inputs) in NAMED else trained.experiment.scale
    own = trained.dataset.scaling.first(n_in)
    if not isinstance(inputs, Path | str):
        given = np.asarray(inputs)
        if scale == "auto" and not own.names and given.dtype.kind in "ui" and given.size:
            return from_grey(given, "Inputs") if given.max() > 1 else given.astype(float)
        given = np.asarray(given, dtype=float)
        fits = scale == "minmax" and given.ndim == 2 and given.shape[1] == n_in
        return own(given) if fits else given
    like = own if scale == "minmax" or own.names else None
    try:
        images = load_dataset(inputs, scale, like).images
    except DataError as error:
        wrong, asks_to_scale, _ = str(error).partition(f"; {ADVICE}")
        if not asks_to_scale:
            raise
        raise DataError(
            f"{wrong}; {trained.name} takes inputs as it learned them, by scale {scale}: store "
            "them so, grey levels 0 to 255 or floats from -1 to 1."
        ) from None
    return images[:, :n_in] if Path(inputs).suffix.lower() == ".csv" else images
