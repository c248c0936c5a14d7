"""What the losses of a training say of it: that it was too short, or its rate too high."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import NeurosimError
from neurosim.runs.explanation import Finding
from neurosim.runs.trained import Trained

__all__ = ["LENGTH", "RATE", "learned"]

Array = NDArray[np.float64]

LENGTH, RATE = "training length", "learning rate"
# Of shorter trainings the losses of a fifth say little; smaller changes are none.
_FEWEST, _FALL, _RISE, _SURE = 50, 0.02, 0.1, 3.0
# A hint, which stands behind a cause that was measured.
_MOST = 0.1


def learned(trained: Trained) -> list[Finding]:
    """Findings of a training's losses, before its contrastive stage; none where it kept none."""
    try:
        losses = trained.metrics()["flow_loss"][: trained.experiment.contrast_begins]
    except NeurosimError:
        return []
    losses = losses[np.isfinite(losses)]
    if len(losses) < _FEWEST:
        return []
    return _findings(losses)


def _findings(losses: Array) -> list[Finding]:
    """Of losses, one an update, by means over fifths."""
    n, fifths = len(losses), [losses[k * len(losses) // 5 :][: len(losses) // 5] for k in range(5)]
    means, found = [float(fifth.mean()) for fifth in fifths], []
    best = int(np.argmin(means))
    if _sure(fifths[3], fifths[4]) and (fall := 1 - means[4] / means[3]) > _FALL:
        said = f"the loss fell from {means[3]:.3g} to {means[4]:.3g} over the last fifth of its "
        found.append(
            Finding(
                cause=LENGTH,
                measured=f"{said}{n:,} updates",
                advice=f"train on: `neurosim train --resume --updates {2 * n:d}`",
                weight=min(fall, _MOST),
            )
        )
    if _sure(fifths[4], fifths[best]) and (rise := means[4] / means[best] - 1) > _RISE:
        said = f"the loss was {means[best]:.3g}, and rose to {means[4]:.3g} in the last fifth of "
        found.append(
            Finding(
                cause=RATE,
                measured=f"{said}{n:,} updates",
                advice="lower learning_rate, or take schedule: cosine",
                weight=min(rise, _MOST),
            )
        )
    return found


def _sure(high: Array, low: Array) -> bool:
    """Whether the means differ by more than chance."""
    error = np.sqrt(high.var() / len(high) + low.var() / len(low))
    return bool(high.mean() - low.mean() > _SURE * error)
