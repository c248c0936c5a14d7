"""What a training says of its recipe: that it was too short, or its rate too high, and more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.counting import Count
from neurosim.errors import NeurosimError
from neurosim.host import Supervised
from neurosim.runs.findings import Finding
from neurosim.runs.recipes import RATE, tried
from neurosim.runs.trained import Trained
from neurosim.runs.unusual import put_back
from neurosim.safe_text import counted, quoted

__all__ = ["LENGTH", "RATE", "learned", "risen_loss"]

Array = NDArray[np.float64]

LENGTH = "training length"
# Of shorter trainings the losses of a fifth say little, and of still shorter ones no recipe is
# tried; smaller changes are none.
_SHORTEST, _FEWEST, _FALL, _RISE, _SURE = 20, 50, 0.02, 0.1, 3.0
# Of a straight line, which uses three fifths.
_TREND = 2.0
# A hint, which stands behind a cause that was measured.
_MOST = 0.1


def learned(trained: Trained, count: Count | None = None) -> list[Finding]:
    """Findings of a training's losses, before its contrastive stage; none where it kept none.

    Unusual settings that were put back come before what going on with others says of them, and that
    before what the losses say; see `neurosim.runs.unusual` and `neurosim.runs.recipes`. A `count`
    hears of the trials.
    """
    losses = _losses(trained)
    if losses is None:
        return []
    found = []
    if len(losses) >= _FEWEST:
        found = _findings(losses, _constant(trained), _onward(trained))
    anew = put_back(trained, count)
    better = anew + _others(anew, tried(trained, count))
    return better + _others(better, found)


def _others(known: Sequence[Finding], more: Sequence[Finding]) -> list[Finding]:
    """Those of more whose causes are not known."""
    causes = {finding.cause for finding in known}
    return [finding for finding in more if finding.cause not in causes]


def _losses(trained: Trained) -> Array | None:
    """One an update, before the contrastive stage; None of a training that kept none, or few."""
    try:
        losses = trained.metrics()["flow_loss"][: trained.experiment.contrast_begins]
    except NeurosimError:
        return None
    losses = losses[np.isfinite(losses)]
    return losses if len(losses) >= _SHORTEST else None


def risen_loss(trained: Trained) -> str | None:
    """What to say of a training that ended worse than it began."""
    losses = _losses(trained)
    if losses is None:
        return None
    first, last = float(losses[0]), float(losses[-(len(losses) // 5) :].mean())
    if last <= (1 + _RISE) * first:
        return None
    return (
        f"A training must lower its loss, but {first:.3g} at the first update was {last:.3g} over "
        "the last fifth; lower learning_rate."
    )


def _onward(trained: Trained) -> str:
    """How to train for longer: what is left of a stopped run, or as many updates once more."""
    updates, done = trained.experiment.updates, len(trained.metrics()["flow_loss"])
    place = Path("FOLDER") if trained.run is None else trained.run.path
    if done < updates:
        return f"neurosim train --resume --out {quoted(place)}"
    return f"neurosim train --resume --updates {2 * updates:d} --out {quoted(place)}"


def _constant(trained: Trained) -> float | None:
    """Loss of the best answers that do not look at their input: the answers' own variance."""
    task = trained.experiment.task
    if not isinstance(task, Supervised):
        return None
    return float(np.mean(np.var(task.seen(trained.dataset)[1], axis=0))) or None


def _findings(
    losses: Array, constant: float | None = None, onward: str = "neurosim train --resume"
) -> list[Finding]:
    """Of losses, one an update, by means over fifths; `onward` is how to train for longer.

    Of answers a change is a share of `constant`, the loss of constant ones, for a tenth of a loss
    that is next to nothing is nothing; and what counts is what as many updates more would take off
    if it went on so, at most all that is left. A flow has a loss that no training takes away, and a
    change is a share of what it is.
    """
    n, fifths = len(losses), [losses[k * len(losses) // 5 :][: len(losses) // 5] for k in range(5)]
    means, found = [float(fifth.mean()) for fifth in fifths], []
    best, beside = int(np.argmin(means)), "" if constant is None else (
        f"; constant answers have {constant:.3g}"
    )  # fmt: skip
    falls = _sure(fifths[3], fifths[4]) or _trend(np.concatenate(fifths[2:]))
    fall = means[3] - means[4]
    buys = fall / means[3] if constant is None else min(5 * fall, means[4]) / constant
    if falls and buys > _FALL:
        said = f"the loss fell from {means[3]:.3g} to {means[4]:.3g} over the last fifth of its "
        found.append(
            Finding(
                cause=LENGTH,
                measured=f"{said}{counted(n, 'update')}{beside}",
                advice=f"train on: `{onward}`",
                weight=min(buys, _MOST),
            )
        )
    rise = (means[4] - means[best]) / (constant or means[best])
    much = means[4] > (1 + _RISE) * means[best] and rise > _FALL
    if much and _sure(fifths[4], fifths[best]):
        said = f"the loss was {means[best]:.3g}, and rose to {means[4]:.3g} in the last fifth of "
        found.append(
            Finding(
                cause=RATE,
                measured=f"{said}{counted(n, 'update')}{beside}",
                advice="lower learning_rate, or take schedule: cosine",
                weight=min(rise, _MOST),
            )
        )
    return found


def _trend(losses: Array) -> bool:
    """Whether a straight line through losses falls by more than chance."""
    x = np.arange(len(losses)) - (len(losses) - 1) / 2
    slope = float(x @ losses / (x @ x))
    rest = losses - losses.mean() - slope * x
    return bool(-slope > _TREND * np.sqrt(rest @ rest / (len(x) - 2) / (x @ x)))


def _sure(high: Array, low: Array) -> bool:
    """Whether the means differ by more than chance."""
    error = np.sqrt(high.var() / len(high) + low.var() / len(low))
    return bool(high.mean() - low.mean() > _SURE * error)
