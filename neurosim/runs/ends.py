"""What the ends of a range keep the weights from: a finding of `explain`."""

from __future__ import annotations

import numpy as np

from neurosim.analysis import Conditions
from neurosim.analysis.counting import Count
from neurosim.errors import NeurosimError
from neurosim.profile import Profile
from neurosim.runs.findings import Finding
from neurosim.runs.placing import FINE
from neurosim.runs.recipes import goes_on, tried_on
from neurosim.runs.trained import Trained

__all__ = ["WEIGHT_RANGE", "at_the_ends", "held_back"]

WEIGHT_RANGE = "weight range"
# As near to an end, over the full scale, a weight counts as there.
_NEAR = 0.01


def at_the_ends(conditions: Conditions) -> Finding:
    """Weights that their range keeps from going where the exact gradient would have them.

    A pair of devices holds weights of either sign, a single one none below its lowest conductance.
    """
    profile = conditions.profile
    coupling, layers = profile.coupling, profile.network
    there = np.concatenate([layers.present.ravel(), np.ones(layers.n_nodes, dtype=bool)])
    weights = conditions.weights.vector[there]
    gradient = np.mean(conditions.exact, axis=0)[there]
    low, high = coupling.least(profile.node.leak_S), coupling.full_scale
    top, bottom = weights >= high - _NEAR * high, weights <= low + _NEAR * high
    kept_up, kept_down = (
        float(np.sum(gradient[place & (sign * gradient > 0)] ** 2))
        for place, sign in ((top, -1), (bottom, 1))
    )
    power = float(np.sum(gradient**2)) or 1.0
    cosine = float(np.sqrt(max(0.0, 1 - (kept_up + kept_down) / power)))
    stand = f"{(top | bottom).mean():.1%} of the weights stand at an end of their range, {high:g}"
    advice = "raise coupling.full_scale"
    if coupling.single:
        stand = f"{bottom.mean():.1%} of the weights stand at the lowest that a device holds, "
        stand += f"{low:.2g}, and {top.mean():.1%} at the highest, {high:g}"
        if kept_down > kept_up:
            advice = "give nodes signals of either sign (more hidden nodes, and each input on two "
            advice += "where it is not), for single devices hold no negative weight"
    return Finding(
        cause=WEIGHT_RANGE,
        measured=f"{stand}; less what would push them beyond, the exact gradient has a cosine of "
        f"{cosine:.2f}",
        advice=advice,
        weight=1 - cosine,
    )


def held_back(trained: Trained, conditions: Conditions, count: Count) -> Finding:
    """The finding, with what a range twice as wide buys in a few updates, where that was tried.

    Of recipes that `neurosim.runs.recipes` does not try nothing is, nor of devices whose levels are
    a table, which has no steps as fine over twice the range.
    """
    found = at_the_ends(conditions)
    levels = conditions.profile.coupling.levels
    is_even = levels is None or isinstance(levels, int)
    if found.weight < FINE or not is_even or not goes_on(trained.experiment):
        return found
    count.expect(2)
    try:
        now, wider, after = tried_on(trained, _doubled(conditions.profile), count)
    except NeurosimError:
        return found
    said = f"loss after {after} more from {now:.3g} as it is to {wider:.3g} on a chip with twice "
    said += "the range, in as fine steps"
    return found.model_copy(update={"bought": said})


def _doubled(profile: Profile) -> Profile:
    coupling = profile.coupling
    changes: dict[str, float] = {"coupling.full_scale": 2 * coupling.full_scale}
    if isinstance(coupling.levels, int):
        changes["coupling.levels"] = 2 * (coupling.levels - 1) + 1
    return profile.with_values(changes)
