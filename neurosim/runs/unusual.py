"""Settings of a recipe that are not the usual ones: what a short training learns with these.

Going on from the weights of a run, as in `neurosim.runs.recipes`, tells little of a setting that
has kept the run from learning. Here a chip of the run's die begins from random weights and learns
for some updates of small batches: as the run did, and with each such setting put back. All are
judged by the same rows. What takes more updates than these to show is not found.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from neurosim.analysis.counting import Count
from neurosim.errors import NeurosimError
from neurosim.host import Clip, Experiment, Trainer
from neurosim.runs.findings import Finding
from neurosim.runs.recipes import LEAST, MOMENTUM, goes_on, judged, small
from neurosim.runs.trained import Trained
from neurosim.safe_text import counted

__all__ = ["SETTINGS", "put_back"]

# Causes, by the setting that is put back. Springs and nudges are looked at elsewhere, and another
# optimizer wants another rate.
SETTINGS = {
    "momentum": MOMENTUM,
    "clip": "clip",
    "gain": "weights of the start",
    "flow.alpha": "alpha",
}
# At most; the rule of thumb of Adam's 1 / (1 - 0.9) updates is a tenth of it.
_UPDATES = 100


def put_back(trained: Trained, count: Count | None = None) -> list[Finding]:
    """A finding for each setting of which the usual value buys a tenth of the loss or more.

    Nothing of a recipe whose trials say nothing, see `neurosim.runs.recipes.goes_on`. A `count`
    hears of each short training.
    """
    recipe = trained.experiment
    usual = Experiment.suited(recipe.task)
    other = [path for path in SETTINGS if _at(recipe, path) != _at(usual, path)]
    if recipe.optimizer != usual.optimizer:
        # Its memory is Adam's alone.
        other = [path for path in other if path != "momentum"]
    if not other or not goes_on(recipe):
        return []
    count, n = count or Count(lambda done, total: None), min(_UPDATES, recipe.updates)
    count.expect(1 + len(other))
    own, found = _loss(trained, n, {}), list[Finding]()
    count.step()
    for path in other if 0 < own < np.inf else ():
        now, best = _at(recipe, path), _at(usual, path)
        least = _loss(trained, n, {path: best})
        count.step()
        saved = 1 - least / own if np.isfinite(least) else 0.0
        if saved >= LEAST:
            found.append(_finding(path, (now, best), (own, least), saved, n))
    trained.fresh()
    count.end()
    return found


def _loss(trained: Trained, n: int, changes: dict[str, Any]) -> float:
    """After so many updates from random weights; infinite where the chip cannot learn so."""
    chip, recipe = trained.fresh(), small(trained.experiment, n)
    try:
        recipe = recipe.with_values(changes)
        for _ in Trainer(chip, recipe, trained.dataset):
            pass
        return judged(trained, chip, recipe)
    except NeurosimError:
        return float("inf")


def _finding(
    path: str, values: tuple[Any, Any], losses: tuple[float, float], saved: float, n: int
) -> Finding:
    now, best = map(_said, values)
    updates = f"{counted(n, 'update')} from random weights"
    return Finding(
        cause=SETTINGS[path],
        measured=f"{path} is {now}, where {best} is usual; with it the loss after {updates} is "
        f"{losses[0]:.3g}",
        advice=f"set {path} to {best} in place of {now}, and train again",
        bought=f"loss after {updates} from {losses[0]:.3g} to {losses[1]:.3g}",
        weight=saved,
    )


def _at(recipe: Experiment, path: str) -> Any:
    return reduce(getattr, path.split("."), recipe)


def _said(value: Any) -> str:
    """As a file writes it, as far as that is one word."""
    if isinstance(value, Clip):
        return f"{value.value:g}" + ("" if value.per == "global" else f" per {value.per}")
    if isinstance(value, tuple):
        return str([*value])
    return "none" if value is None else f"{value:g}"
