"""How good a chip's answers are, on the examples of a task that draws no samples."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.classes import called
from neurosim.chip import Chip
from neurosim.chip.interface import DataSheet
from neurosim.data import Dataset
from neurosim.errors import ConvergenceError, DataError
from neurosim.host import Calibration, Experiment, Supervised, decide
from neurosim.host.gradep import Shown
from neurosim.host.lessons import Lessons, Verdict
from neurosim.host.settings import ChipFlow

__all__ = ["SETTLING_TAU", "examine", "lessons_of", "need_paths", "rivals_of"]

Array = NDArray[np.float64]

# How long settles are by which a chip is judged, in units of C / g.
SETTLING_TAU = (0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0)


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
            f"learned the task {called(experiment.task)}; judge its answers with evaluate."
        )


def examine(
    chip: Chip,
    experiment: Experiment,
    real: Dataset,
    calibration: Calibration | None,
    rivals: bool = False,
) -> tuple[dict[str, Any], Array]:
    """Judge the answers of a chip to every exam of its task.

    Parameters
    ----------
    chip, experiment, calibration
        Those of a trained chip.
    real : Dataset
        What it has learned.
    rivals : bool
        Whether what needs no chip is trained and judged too.

    Returns
    -------
    result : dict
        Loss, figures and details by the name of the exam and their own, such as test_accuracy; of
        the last exam `energy_per_decision_J` and `time_per_decision_s`, and `by_settling`: the same
        figures of settles of several lengths; `baselines`, of rivals; and what one
        chip spent on all: `spent`, the names of `neurosim.chip.Ledger.totals`.
    velocity : ndarray, shape (rows, n)
        What was measured of the last exam.

    Raises
    ------
    ConvergenceError
        Rows diverged; they are never averaged in.
    """
    lessons = lessons_of(real, experiment, chip.data_sheet, experiment.batch, experiment.seed)
    before, result = chip.ledger.copy(), dict[str, Any]()
    velocity, flow = np.zeros((0, 0)), experiment.flow.on(chip.data_sheet)
    exam = _Exam(chip, flow, lessons, calibration)
    batches = lessons.exams()
    for name, batch in batches.items():
        if chip.data_sheet.refresh_s is not None:
            chip.refresh()
        judged, costs, velocity = exam.read(batch, flow.settle_tau)
        result |= {f"{name}loss": judged.loss, f"{name}n": len(velocity)}
        result |= {f"{name}{key}": value for key, value in judged.figures.items()}
        result |= {f"{name}{key}": value for key, value in judged.details.items()} | costs
    if batches:
        result["by_settling"] = exam.by_settling([*batches.values()][-1])
    if rivals:
        result["baselines"] = rivals_of(real, experiment, chip.data_sheet.layers.sizes)
    spent = chip.ledger.since(before)
    return result | {"dataset": Path(real.name).name, "spent": spent}, velocity


class _Exam:
    """A chip that is asked."""

    def __init__(
        self, chip: Chip, flow: ChipFlow, lessons: Lessons, calibration: Calibration | None
    ) -> None:
        self._chip, self._flow, self._lessons = chip, flow, lessons
        self._calibration = calibration

    def read(self, batch: Shown, settle_tau: float) -> tuple[Verdict, dict[str, float], Array]:
        """The judgement of a settle of this length, what a row has cost, and the velocity."""
        chip, rows = self._chip, len(batch.targets)
        before, flow = chip.ledger.copy(), self._flow.with_value("settle_tau", settle_tau)
        held = self._lessons.held
        velocity = decide(chip, batch.targets, flow, self._calibration, held)
        lost = int(np.count_nonzero(~np.isfinite(velocity).all(axis=1)))
        if lost:
            raise ConvergenceError(
                f"All examples must settle, but {lost} of {len(velocity)} diverged; lower "
                "settling.rtol in the profile."
            )
        spent = chip.ledger.since(before)
        costs = {
            "energy_per_decision_J": spent["energy_J"] / rows,
            "time_per_decision_s": spent["time_s"] / rows,
        }
        return self._lessons.judge(velocity, batch), costs, velocity

    def by_settling(self, batch: Shown) -> dict[str, list[float]]:
        """Figures and costs of settles of several lengths, the experiment's among them."""
        times = sorted({*SETTLING_TAU, self._flow.settle_tau})
        found: dict[str, list[float]] = {"tau": times}
        engine, chip = self._chip.engine, self._chip
        # Infinite settling has no times.
        chip.engine = engine.along_the_way
        try:
            for tau in times:
                judged, costs, _ = self.read(batch, tau)
                for name, value in {"loss": judged.loss, **judged.figures, **costs}.items():
                    found.setdefault(name, []).append(value)
        finally:
            chip.engine = engine
        return found


def rivals_of(
    real: Dataset, experiment: Experiment, sizes: Sequence[int]
) -> dict[str, dict[str, float]]:
    """Figures on every exam of what needs no chip, beside one with these layers; by name."""
    task, found = experiment.task, dict[str, dict[str, float]]()
    if not isinstance(task, Supervised):
        return found
    hidden = tuple(sizes[1:] if task.sources == (0,) else sizes[1:-1])
    exams = {"": task.seen(real)}
    unseen = task.unseen(real)
    exams |= {} if unseen is None else {"test_": unseen}
    for name, rival in task.rivals(hidden, experiment.seed).items():
        with warnings.catch_warnings():
            # One that has not quite converged is judged as it is.
            warnings.simplefilter("ignore")
            rival.fit(*exams[""])
        row: dict[str, float] = {}
        for exam, (inputs, wanted) in exams.items():
            figures = task.judge(rival.predict(inputs), wanted).figures
            row |= {f"{exam}{key}": value for key, value in figures.items()}
        found[name] = row
    return found
