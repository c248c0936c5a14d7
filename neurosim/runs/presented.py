"""What `explain` presents to every variant of a trained chip."""

from __future__ import annotations

from typing import Any

from neurosim.analysis import AnswerConditions, Conditions
from neurosim.blocks.classes import called
from neurosim.errors import DataError
from neurosim.host import Supervised
from neurosim.profile import Profile
from neurosim.runs.images import first_batch
from neurosim.runs.trained import Trained

__all__ = ["conditions_of"]


def conditions_of(trained: Trained, profile: Profile, rows: int) -> Conditions:
    """What is presented: the run's own data, weights, settings and die."""
    recipe, chip, flow = trained.experiment, trained.fresh(), trained.experiment.flow
    weights = trained.asked_weights()
    settled = flow.on(chip.data_sheet)
    if chip.data_sheet.has_correlator:
        # A sum grows with the rows, and its range is for those of the run.
        rows = recipe.batch
    how: dict[str, Any] = {
        "batch": rows,
        "repeats": 1,
        # Free and nudged phases of the rows before the middle one.
        "age_s": (recipe.batch - 1) / 2 * (3 if chip.data_sheet.has_hold else 4) * settled.settle_s,
        "die": chip.seed,
        "tuned": chip.bank.tuned,
    }
    if isinstance(recipe.task, Supervised):
        return AnswerConditions(
            profile, weights, flow, **how, task=recipe.task, rule=recipe.rule, data=trained.dataset
        )
    if not recipe.task.has_paths:
        raise DataError(
            f"explain needs a task that flows, or a Supervised one, but {trained.name} has learned "
            f"the task {called(recipe.task)}; make yours from neurosim.host.Supervised."
        )
    shown = first_batch(trained.dataset, recipe, rows, recipe.seed)
    return Conditions(profile, weights, flow, **how, shown=(shown,))
