"""Whether samples stop on their way, or go on for too long: a flow takes a time of 1."""

from __future__ import annotations

import numpy as np

from neurosim.analysis.counting import Count
from neurosim.errors import NeurosimError
from neurosim.metrics import FEWEST, classifier_of, evaluate_samples
from neurosim.runs.findings import STOPPED, Finding
from neurosim.runs.judging import compared
from neurosim.runs.trained import Trained

__all__ = ["stopped_flow"]

# Samples that go on a little beyond, or stop a little before, are as one likes them.
_WHOLE, _EARLY = 1.0, 0.9
_BEYOND, _LATE = 1.2, 1.5
# Of the distance, less than which another time does not buy.
_LEAST = 0.1


def stopped_flow(trained: Trained, rows: int, count: Count) -> list[Finding]:
    """A finding where another time draws samples that are nearer to the data.

    That is 1 for those that stop before 0.9, and 1.2 for those that go on beyond 1.5.
    """
    recipe, t_end = trained.experiment, trained.experiment.sampling.t_end
    if not recipe.task.has_paths or _EARLY <= t_end <= _LATE or rows < FEWEST:
        return []
    is_early = t_end < _EARLY
    other = _WHOLE if is_early else _BEYOND
    count.expect(2)
    try:
        own, whole = (_distance(trained, rows, t, count) for t in (t_end, other))
    except NeurosimError:
        return []
    finally:
        count.end()
    if not (own > 0 and 1 - whole / own >= _LEAST):
        return []
    way = f"raise sampling.t_end from {t_end:g} to {other:g} or a little more"
    if not is_early:
        way = f"lower sampling.t_end from {t_end:g} to {other:g} or so"
    does = "stop at" if is_early else "go on to"
    return [
        Finding(
            cause=STOPPED,
            measured=f"samples {does} t = {t_end:g}, and a flow goes from noise to data in 1",
            advice=f"{way}; nothing is to be trained again",
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
