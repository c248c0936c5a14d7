r"""Whether the spring of a flow is so soft that what is learned is not what draws samples.

A spring of stiffness :math:`\lambda` lets the visible nodes give way, so that the velocity
:math:`v_\lambda = \alpha\lambda(x^* - x_t)` that is learned at x_t is that of another place, x*. A
chip that runs free, or whose clamps are measured, draws by :math:`v_\infty`, that of nodes that
are held. On the network without hardware, at rest, the run's own weights have both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.effects import Effects
from neurosim.analysis.losses import drawing_loss
from neurosim.errors import NeurosimError
from neurosim.host import Experiment, decide
from neurosim.runs.explanation import Finding
from neurosim.runs.placing import FINE
from neurosim.solvers import OperatingPoint

__all__ = ["SPRING", "soft_spring"]

Array = NDArray[np.float64]

SPRING = "soft spring"
# What the stiffness is multiplied by in search of one that is stiff enough; and to hold a node.
_STIFFER, _HELD = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0), 1000.0


def soft_spring(effects: Effects, recipe: Experiment) -> list[Finding]:
    """A finding where velocities on the spring are far from those of nodes that are held.

    None where samples are drawn on the same spring, or nothing flows, or nodes do not settle.
    """
    if not recipe.task.has_paths or recipe.sampling.mode == "spring":
        return []
    try:
        return _found(effects, _velocities(effects))
    except NeurosimError:
        return []


def _velocities(effects: Effects) -> Callable[[float], Array]:
    """Of the presented rows, by the stiffness of the spring."""
    conditions = effects.conditions
    chip = conditions.programmed(
        effects.bare.with_value("spring.max_S", "ideal"), 0, OperatingPoint()
    )
    x_t = conditions.batches[0].x_t
    return lambda stiffness: decide(chip, x_t, conditions.flow.with_value("stiffness", stiffness))


def _found(effects: Effects, velocity: Callable[[float], Array]) -> list[Finding]:
    flow = effects.conditions.flow
    now, held = flow.stiffness, velocity(_HELD * flow.stiffness)
    lost = drawing_loss(velocity(now), held)
    if lost < FINE:
        return []
    best, least = now, lost
    for factor in _STIFFER:
        best, least = factor * now, drawing_loss(velocity(factor * now), held)
        if least < FINE:
            break
    # A nudge stays the same share of its spring.
    beta = float(flow.beta or 0.0) * now / best
    off, then = (f"{np.sqrt(2 * loss):.0%}" for loss in (lost, least))
    return [
        Finding(
            cause=SPRING,
            measured=f"nodes give way to the couplings on a spring of {now:g}: the velocities that "
            f"are learned are {off} off those of nodes that are held, by which samples are drawn; "
            f"on one of {best:g} they are {then} off",
            advice=f"raise flow.stiffness from {now:g} to {best:g}, with a flow.beta of {beta:.2g},"
            " and train again",
            weight=lost,
        )
    ]
