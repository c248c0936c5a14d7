r"""Whether another recipe would have learned more, by going on with it for a few updates.

A chip of the run's die goes on from the run's weights for a few updates on small batches: as the
run would, at rates ten times higher and lower, with larger batches, and with the usual momentum
where the run has another. All are judged by the same rows, beside the weights as they are. A recipe
that leaves a loss below both that of the weights as they are and that of going on as before is
better than the run's. What it does over many updates this cannot say. Springs are not tried, for a
softer one lowers the flow loss and need not draw better: `neurosim.runs.springs` looks at them.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from neurosim.analysis.counting import Count
from neurosim.chip import Chip
from neurosim.errors import NeurosimError
from neurosim.host import Experiment, Trainer, free_phase
from neurosim.profile import Profile
from neurosim.runs.examining import lessons_of
from neurosim.runs.findings import Finding
from neurosim.runs.trained import Trained
from neurosim.safe_text import counted

__all__ = [
    "BATCH",
    "LEAST",
    "MOMENTUM",
    "RATE",
    "goes_on",
    "judged",
    "small",
    "tried",
    "tried_on",
]

BATCH, RATE, MOMENTUM = "batch", "learning rate", "momentum"
# Updates of a trial, rows of a batch at most, and rows by which all are judged.
_UPDATES, _ROWS, _JUDGED = 12, 64, 128
# Rates are tried until one is worse, at most so many factors of ten away.
_STEP, _MOST, _WORSE = 10.0, 5, 1.01
# Batches from here on are large enough for a trial's rows.
_SMALL = 16
# Trials at least: as before, and a rate to each side; and mostly one more.
_EXPECTED = 4
# Of the loss, less than which another recipe does not buy.
LEAST = 0.1


def tried(trained: Trained, count: Count | None = None) -> list[Finding]:
    """A finding for each setting of which another value buys a tenth of the loss or more.

    Nothing is tried of a recipe that does not go on, see `goes_on`, or not in small batches. A
    `count` hears of each trial.
    """
    if not goes_on(trained.experiment):
        return []
    trials, found = _Trials(trained, count), []
    trials.count.expect(_EXPECTED)
    for look in (trials.momentum, trials.rate, trials.batch):
        try:
            finding = look()
        except NeurosimError:
            continue
        found += [] if finding is None else [finding]
    trained.fresh()
    trials.count.end()
    return found


def goes_on(recipe: Experiment) -> bool:
    """Whether a few updates more say something of it.

    Those of a contrastive stage follow another loss, and a tuning that learns would begin anew.
    """
    return recipe.contrast is None and not recipe.learning.tuned


def tried_on(trained: Trained, other: Profile, count: Count) -> tuple[float, float, str]:
    """Losses after going on with a run on its own chip and on another, and after how much.

    Raises
    ------
    NeurosimError
        The recipe cannot go on in small batches, or the other chip not hold the weights.
    """
    trials = _Trials(trained, count)
    found = trials.as_now, trials.loss({}, other), counted(_UPDATES, "update")
    trained.fresh()
    return found


class _Trials:
    """Ways to go on with a run."""

    def __init__(self, trained: Trained, count: Count | None = None) -> None:
        self._trained, self._recipe = trained, trained.experiment
        self.count = count or Count(lambda done, total: None)
        self._start = trained.asked_weights()

    def rate(self) -> Finding | None:
        """Factors of ten, to one side or to the other."""
        rate = self._recipe.learning_rate
        for step in (_STEP, 1 / _STEP):
            best, least, factor = rate, self.as_now, step
            for _ in range(_MOST):
                found = self.loss({"learning_rate": factor * rate})
                if found > _WORSE * least:
                    break
                if found < least:
                    best, least = factor * rate, found
                factor *= step
            if best != rate:
                return self._finding(RATE, "learning_rate", rate, best, least)
        return None

    def batch(self) -> Finding | None:
        """As many rows as a trial has, where the run has few."""
        now = self._recipe.batch
        if now >= _SMALL:
            return None
        least = self.loss({"batch": _ROWS})
        return self._finding(BATCH, "batch", now, _ROWS, least)

    def momentum(self) -> Finding | None:
        """The usual one, where the run has another."""
        now, usual = self._recipe.momentum, Experiment.suited(self._recipe.task).momentum
        if now == usual:
            return None
        least = self.loss({"momentum": usual})
        return self._finding(MOMENTUM, "momentum", list(now), list(usual), least)

    def _finding(self, cause: str, field: str, now: Any, best: Any, least: float) -> Finding | None:
        saved = 1 - least / min(self.as_now, self._still)
        if not saved >= LEAST:
            return None
        now_said, best_said = (x if isinstance(x, list) else f"{x:.3g}" for x in (now, best))
        more = f"{counted(_UPDATES, 'update')} more"
        way = f"{'raise' if best > now else 'lower'} {field} from {now_said} towards {best_said}"
        if isinstance(now, list):
            way = f"set {field} to {best_said} in place of {now_said}"
        return Finding(
            cause=cause,
            measured=f"the loss of its weights is {self._still:.3g}; after {more} it is "
            f"{self.as_now:.3g} with {field} {now_said}",
            advice=f"{way}, and train again",
            bought=f"loss after {more} from {self.as_now:.3g} to {least:.3g} with {best_said}",
            weight=saved,
        )

    @cached_property
    def _still(self) -> float:
        """Loss of the weights as they are."""
        chip = self._trained.fresh()
        chip.program(self._start)
        return judged(self._trained, chip, self._recipe)

    @cached_property
    def as_now(self) -> float:
        """Loss after going on as before."""
        return self.loss({})

    def loss(self, changes: dict[str, Any], other: Profile | None = None) -> float:
        """After a few updates with another recipe, or on another chip of the same die."""
        chip, recipe = self._trained.fresh(), self._recipe
        if other is not None:
            chip = Chip(other, chip.seed)
        recipe = small(recipe, _UPDATES).with_values(changes)
        trainer = Trainer(chip, recipe, self._trained.dataset, self._start)
        for _ in trainer:
            pass
        self.count.step()
        return judged(self._trained, chip, recipe)


def small(recipe: Experiment, updates: int) -> Experiment:
    """A recipe for so many updates of small batches, at a rate that stays as it is."""
    changes: dict[str, Any] = {
        "updates": updates,
        "batch": min(recipe.batch, _ROWS),
        "schedule": "constant",
        "average": 0.0,
        "pairing": "batch",
        "calibrate": False,
    }
    if recipe.learning.mode == "shadow":
        changes["learning.every"] = 1
    return recipe.with_values(changes)


def judged(trained: Trained, chip: Chip, recipe: Experiment) -> float:
    """Loss of rows that are always the same; infinite where none settles."""
    data, sheet = trained.dataset, chip.data_sheet
    lessons = lessons_of(data, recipe, sheet, _JUDGED, recipe.seed + 1)
    with lessons:
        batch = lessons.batch_at(0)
    velocity = free_phase(chip, batch.targets, recipe.flow, None, lessons.held)[2]
    loss = lessons.judge(velocity, batch).loss
    return loss if np.isfinite(loss) else float("inf")
