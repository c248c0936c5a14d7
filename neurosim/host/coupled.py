r"""Rules that clamp the answers: coupled learning and contrastive Hebbian learning.

The free phase answers o. Then the answers are held rigidly, part of the way to what is wanted, and
the other nodes settle anew:

.. math::
    o_\pm = o \pm \beta (y - o), \qquad
    \frac{\partial C}{\partial W_{ij}} \approx \frac{-v_i^+ v_j^+ + v_i^- v_j^-}{2 \beta}

or with the free phase in place of the negative one, over beta, as coupled learning was proposed
(Stern et al. 2021). At beta 1 the answers stand where they should: contrastive Hebbian learning
(Movellan 1991), which is no small nudge and follows no gradient.

As beta vanishes, this is the gradient of another cost than squared error, in which an answer counts
as much as its node is stiff: equilibrium propagation moves an answer by
:math:`\beta (y - o) / (g_o + \beta)`, of the total conductance g_o that the node sees, this by
:math:`\beta (y - o)`. So its gradients are longer, and suit smaller rates with a plain descent.
An oscillator is held at the phase at which its spring would deliver that answer.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.errors import DataError
from neurosim.host.calibration import Calibration
from neurosim.host.free import free_phase, scale_of
from neurosim.host.gradep import Estimate, Shown, unnudged
from neurosim.host.phases import Measured, contrasted
from neurosim.host.settings import ChipFlow

__all__ = ["ContrastiveHebbian", "Coupled"]

Array = NDArray[np.float64]
# Of a turn, between which the pull of an injection is a straight line.
_ANGLES = 4097


def _clamped(
    chip: ChipInterface,
    batch: Shown,
    flow: ChipFlow,
    held: NDArray[np.bool_] | None,
    calibration: Calibration | None,
) -> Estimate:
    """Free phase, then the answers clamped at a share beta of the way to what is wanted."""
    if held is None:
        raise DataError(
            "A rule that clamps the answers needs inputs that are held, but this task holds none; "
            "choose the task classify or regress, or the rule gradep."
        )
    x_t, sheet, scale = batch.targets, chip.data_sheet, scale_of(flow, calibration)
    anchor, free, velocity = free_phase(chip, x_t, flow, calibration, held)

    def lead(sign: int) -> None:
        if not sign:
            chip.drive(x_t * sheet.unit_V, flow.stiffness * sheet.unit_S, held)
            return
        said = velocity + sign * flow.beta * (batch.wanted - velocity)
        target = np.where(held, x_t, anchor + _displacement(sheet, said / scale))
        chip.clamp(np.where(np.isfinite(target), target, 0.0) * sheet.unit_V)

    return contrasted(chip, x_t, flow, held, Measured(free, velocity), lead)


def _displacement(sheet: DataSheet, pull: Array) -> Array:
    """How far nodes are from sources that deliver `pull`; oscillators at most where most is."""
    turn = np.linspace(-np.pi, np.pi, _ANGLES)
    delivered = sheet.contrast.pull(turn[:, None], np.zeros(1, bool))[:, 0]
    if np.array_equal(delivered, turn):
        return pull
    falls, middle = np.flatnonzero(np.diff(delivered) <= 0), _ANGLES // 2
    first = falls[falls < middle].max(initial=-1) + 1
    last = falls[falls >= middle].min(initial=_ANGLES - 1)
    return np.interp(pull, delivered[first : last + 1], turn[first : last + 1])


class Coupled(Block):
    """Coupled learning: answers are clamped a little nearer to what is wanted.

    Centred or one-sided, as `flow.phases` says, with `flow.beta`.

    Parameters
    ----------
    rule : {"coupled"}
        Names this rule.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Classify(), rule=ns.Coupled()).rule
    Coupled()
    """

    rule: Literal["coupled"] = "coupled"

    def nudged(self, flow: ChipFlow) -> ChipFlow:
        """See `NudgedLaw.nudged`: clamped answers have no spring."""
        return unnudged(flow)

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """See `RuleLaw.estimate`."""
        return _clamped(chip, batch, flow, held, calibration)


class ContrastiveHebbian(Block):
    """Contrastive Hebbian learning: answers clamped where they should be, against the free phase.

    Parameters
    ----------
    rule : {"contrastive_hebbian"}
        Names this rule.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Classify(), rule=ns.ContrastiveHebbian()).rule
    ContrastiveHebbian()
    """

    _AS: ClassVar[dict[str, object]] = {"beta": 1.0, "phases": "one-sided"}

    rule: Literal["contrastive_hebbian"] = "contrastive_hebbian"

    def nudged(self, flow: ChipFlow) -> ChipFlow:
        """See `NudgedLaw.nudged`: clamped answers have no spring."""
        return unnudged(flow)

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """See `RuleLaw.estimate`; beta and phases of `flow` do not matter."""
        return _clamped(chip, batch, flow.model_copy(update=self._AS), held, calibration)
