"""Whether samples stop on their way: a flow goes from noise to data in a time of 1."""

from __future__ import annotations

import numpy as np

from neurosim.analysis.counting import Count
from neurosim.errors import NeurosimError
from neurosim.metrics import FEWEST, classifier_of, evaluate_samples
from neurosim.runs.findings import Finding
from neurosim.runs.judging import compared
from neurosim.runs.trained import Trained

__all__ = ["STOPPED", "stopped_flow"]

STOPPED = "generation time"
# Samples that go on a little beyond, or stop a little before, are as one likes them.
_WHOLE, _EARLY = 1.0, 0.9
# Of the distance, less than which a longer flow does not buy.
_LEAST = 0.1


def stopped_flow(trained: Trained, rows: int, count: Count) -> list[Finding]:
    """A finding where samples that flow to t = 1 are nearer to the data than the run's own.

    None where nothing flows, or the run's samples go nearly as far as that.
    """
    recipe = trained.experiment
    if not recipe.task.has_paths or recipe.sampling.t_end >= _EARLY or rows < FEWEST:
        return []
    count.expect(2)
    try:
        own, whole = (_distance(trained, rows, t, count) for t in (recipe.sampling.t_end, _WHOLE))
    except NeurosimError:
        return []
    if not 1 - whole / own >= _LEAST:
        return []
    t_end = recipe.sampling.t_end
    return [
        Finding(
            cause=STOPPED,
            measured=f"samples stop at t = {t_end:g}, and a flow goes from noise to data in 1",
            advice=f"raise sampling.t_end from {t_end:g} to {_WHOLE:g} or a little more; nothing "
            "is to be trained again",
            bought=f"distance of {rows} samples to the data from {own:.3g} to {whole:.3g}",
            weight=1 - whole / own,
        )
    ]


def _distance(trained: Trained, rows: int, t_end: float, count: Count) -> float:
    """Feature Frechet distance of digits, W2 of other data."""
    real = compared(trained.dataset)
    classifier = classifier_of(real.name)
    x = trained.draw(rows, 0, t_end=t_end)
    count.step()
    x = x[np.isfinite(x).all(axis=1)]
    found = evaluate_samples(x, real.images, classifier, real.steps)
    return float(found["w2" if classifier is None else "frechet_feature"])
