r"""GradEP: every weight's gradient from the states of its own two end points.

.. math::
    \frac{\partial C}{\partial W_{ij}} \approx
        \frac{-v_i^+ v_j^+ + v_i^- v_j^-}{2 \beta}, \qquad
    \frac{\partial C}{\partial b_i} \approx \frac{-v_i^+ + v_i^-}{2 \beta}

averaged over the batch; v are node outputs in units of the data sheet. The error is of second order
in beta; with an unnudged phase in place of the negative one and beta for 2 beta, of first order
(Scellier and Bengio 2017; Laborieux et al. 2021).
"""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface
from neurosim.host.calibration import Calibration
from neurosim.host.phases import present
from neurosim.host.settings import ChipFlow
from neurosim.network import Weights

__all__ = [
    "Change",
    "ContinualLaw",
    "Estimate",
    "GradEP",
    "NudgedLaw",
    "RuleLaw",
    "Shown",
    "unnudged",
]

Array = NDArray[np.float64]


class Shown(Protocol):
    """A batch that is presented: see `neurosim.host.tasks`."""

    @property
    def targets(self) -> Array:
        """Where springs and what is held stand, (rows, n)."""

    @property
    def wanted(self) -> Array:
        """Velocity that is to be learned there, (rows, n)."""


class Estimate(Protocol):
    """What a rule has measured of a batch."""

    @property
    def velocity(self) -> Array:
        """Of the free phase, (rows, n)."""

    @property
    def gradient(self) -> Weights:
        """Against which the weights should go."""

    @property
    def rows_lost(self) -> int:
        """Rows that failed; they are in no mean."""


@runtime_checkable
class RuleLaw(Protocol):
    """A learning rule: local measurements of a batch become a gradient."""

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """Present a batch, and say what it tells of every weight.

        Parameters
        ----------
        chip : ChipInterface
        batch : Shown
        flow : ChipFlow
            Stiffness, nudge and settling time.
        held : ndarray of bool, shape (n,), or None
            Nodes that stand rigidly.
        calibration : Calibration or None
        """


@runtime_checkable
class NudgedLaw(Protocol):
    """A learning rule whose nudges are not those of `flow.beta` and `flow.phases`."""

    def nudged(self, flow: ChipFlow) -> ChipFlow:
        """Settings whose springs are those that this rule asks of a chip."""


def unnudged(flow: ChipFlow) -> ChipFlow:
    """What `NudgedLaw.nudged` gives where no nudge joins a spring."""
    return flow.model_copy(update={"beta": 0.0, "phases": "one-sided"})


class Change(Protocol):
    """How weights are changed while a phase goes on."""

    def __call__(self, part: Weights, step: int) -> object:
        """Go against a part of the gradient, the step-th (from 0) of this estimate."""


@runtime_checkable
class ContinualLaw(Protocol):
    """A learning rule that changes the weights while it measures."""

    @property
    def steps(self) -> int:
        """Changes in each estimate."""

    def learn(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
        change: Change,
    ) -> Estimate:
        """As `RuleLaw.estimate`; every part of the gradient has been handed to `change`."""


class GradEP(Block):
    """Three phases, and the difference of both nudged ones.

    Parameters
    ----------
    rule : {"gradep"}
        Names this rule.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(rule=ns.GradEP()).rule
    GradEP()
    """

    rule: Literal["gradep"] = "gradep"

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """See `RuleLaw.estimate`."""
        return present(chip, batch.targets, batch.wanted, flow, calibration, held)
