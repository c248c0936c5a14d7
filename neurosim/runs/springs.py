r"""Whether the spring of a flow is so soft that what is learned is not what draws samples.

A spring of stiffness :math:`\lambda` lets the visible nodes give way, so that the velocity
:math:`v_\lambda = \alpha\lambda(x^* - x_t)` that is learned at x_t is that of another place, x*. A
chip that runs free, or whose clamps are measured, draws by :math:`v_\infty`, that of nodes that
are held. On the network without hardware, at rest, the run's own weights have both.

A stiffer spring with the same share k of a nudge takes :math:`(\lambda + k)\,g` of the chip, and
its nudge moves the target by :math:`1 / \lambda` of what it did: advised is what the chip can do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.analysis.effects import LOST, Effects
from neurosim.analysis.losses import drawing_loss
from neurosim.blocks.units import format_value
from neurosim.errors import NeurosimError
from neurosim.host import Experiment, decide
from neurosim.runs.findings import SPRING, Finding
from neurosim.runs.placing import FINE
from neurosim.solvers import OperatingPoint

__all__ = ["Spring", "soft_spring", "spring_of"]

Array = NDArray[np.float64]

# What the stiffness is multiplied by in search of one that is stiff enough; and to hold a node.
_STIFFER, _HELD = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0), 1000.0
_MOST_BITS = 24


class Spring(NamedTuple):
    """A stiffer spring.

    Attributes
    ----------
    stiffness, beta : float
        Of the recipe's flow.
    changes : dict
        What the chip needs for it, by path in the profile; nothing where it takes it as it is.
    """

    stiffness: float
    beta: float
    changes: dict[str, Any]

    def said(self) -> str:
        """The settings of the recipe."""
        return f"{self.stiffness:g}, with a flow.beta of {self.beta:g}"

    def needs(self) -> str:
        """The changes of the chip."""
        return " and ".join(f"{p} to {format_value(p, v)}" for p, v in self.changes.items())


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


def spring_of(effects: Effects, stiffness: float) -> Spring:
    """A spring with the same share of a nudge, and what the chip needs for it."""
    flow, profile = effects.conditions.flow, effects.conditions.profile
    beta = _two_digits(float(flow.beta or 0.0) * flow.stiffness / stiffness)
    changes: dict[str, Any] = {}
    stiffest_S = (stiffness + beta * (flow.alpha * stiffness) ** 2) * profile.node.leak_S
    if profile.spring.max_S is not None and stiffest_S > profile.spring.max_S:
        changes["spring.max_S"] = _two_digits(stiffest_S, at_least=True)
    if (bits := profile.dac.bits) is not None and effects.dac_steps(beta, stiffness) < LOST:
        more = range(bits + 1, _MOST_BITS + 1)
        enough = (n for n in more if effects.dac_steps(beta, stiffness, n) >= LOST)
        changes["dac.bits"] = next(enough, None)
    return Spring(stiffness, beta, changes)


def _two_digits(value: float, at_least: bool = False) -> float:
    """Rounded; up, if it is to be at least that much."""
    if not value:
        return value
    digit = 10.0 ** (np.floor(np.log10(value)) - 1)
    rounded = np.ceil(value / digit * (1 - 1e-9)) if at_least else np.round(value / digit)
    return float(f"{rounded * digit:.2g}")


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
    lost = {now: drawing_loss(velocity(now), held)}
    if lost[now] < FINE:
        return []
    for stiffness in (factor * now for factor in _STIFFER):
        lost[stiffness] = drawing_loss(velocity(stiffness), held)
        if lost[stiffness] < FINE:
            break
    _, *springs = (spring_of(effects, stiffness) for stiffness in lost)
    taken = [spring for spring in springs if not spring.changes]
    off = {stiffness: f"{np.sqrt(2 * loss):.0%}" for stiffness, loss in lost.items()}
    shown = [*taken[-1:], springs[-1]] if taken[-1:] != springs[-1:] else springs[-1:]
    then = " and ".join(f"{off[s.stiffness]} off at a stiffness of {s.stiffness:g}" for s in shown)
    return [
        Finding(
            cause=SPRING,
            measured=f"nodes give way to the couplings on a spring of {now:g}: the velocities that "
            f"are learned are {off[now]} off those of nodes that are held, by which samples are "
            "drawn",
            advice=_advice(now, taken, springs[-1]),
            bought=f"without hardware, and with the same weights, these velocities are {then}",
            weight=lost[now],
        )
    ]


def _advice(now: float, taken: list[Spring], best: Spring) -> str:
    """The stiffest spring that the chip takes, and what one that is stiff enough needs of it."""
    raised = f"flow.stiffness from {now:g} to"
    if not taken:
        return f"raise {best.needs()}, then {raised} {best.said()}, and train again"
    advice = f"raise {raised} {taken[-1].said()}, and train again"
    if taken[-1] == best:
        return advice
    return f"{advice}; for a stiffness of {best.said()}, raise {best.needs()} first"
