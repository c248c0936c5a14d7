"""How good a chip's answers are, on the examples of a task that draws no samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip
from neurosim.chip.interface import DataSheet
from neurosim.data import Dataset
from neurosim.errors import ConvergenceError, DataError
from neurosim.host import Calibration, Experiment, free_phase
from neurosim.host.lessons import Lessons

__all__ = ["examine", "lessons_of", "need_paths"]

Array = NDArray[np.float64]


def lessons_of(
    dataset: Dataset, experiment: Experiment, sheet: DataSheet, rows: int, seed: int
) -> Lessons:
    """An experiment's task in batches of so many rows, by another seed."""
    recipe = experiment.model_copy(update={"batch": rows, "seed": seed})
    return experiment.task.lessons(dataset, recipe, sheet)


def need_paths(experiment: Experiment, name: str) -> None:
    """Refuse to draw from a chip that has learned to answer.

    Raises
    ------
    DataError
        Its task has no paths from noise to images.
    """
    if not experiment.task.has_paths:
        raise DataError(
            f"Samples are drawn from a chip that has learned a flow, but {name} has "
            f"learned {experiment.task!r}; judge its answers with evaluate."
        )


def examine(
    chip: Chip, experiment: Experiment, real: Dataset, calibration: Calibration | None
) -> tuple[dict[str, Any], Array]:
    """Judge the answers of a chip to every exam of its task.

    Parameters
    ----------
    chip, experiment, calibration
        Those of a trained chip.
    real : Dataset
        What it has learned.

    Returns
    -------
    result : dict
        Loss and figures by the name of the exam and their own, such as test_accuracy; and what one
        chip spent: `spent`, the names of `neurosim.chip.Ledger.totals`.
    velocity : ndarray, shape (rows, n)
        What was measured of the last exam.

    Raises
    ------
    ConvergenceError
        Rows diverged; they are never averaged in.
    """
    lessons = lessons_of(real, experiment, chip.data_sheet, experiment.batch, experiment.seed)
    before, result = chip.ledger.copy(), dict[str, Any]()
    velocity = np.zeros((0, 0))
    for name, exam in lessons.exams().items():
        if chip.data_sheet.refresh_s is not None:
            chip.refresh()
        held = lessons.held
        velocity = free_phase(chip, exam.targets, experiment.flow, calibration, held)[2]
        lost = int(np.count_nonzero(~np.isfinite(velocity).all(axis=1)))
        if lost:
            raise ConvergenceError(
                f"All examples must settle, but {lost} of {len(velocity)} diverged; lower "
                "settling.rtol in the profile."
            )
        judged = lessons.judge(velocity, exam)
        result |= {f"{name}loss": judged.loss, f"{name}n": len(velocity)}
        result |= {f"{name}{figure}": value for figure, value in judged.figures.items()}
    spent = chip.ledger.since(before)
    return result | {"dataset": Path(real.name).name, "spent": spent}, velocity
