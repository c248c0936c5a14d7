r"""Cross-entropy: currents into the answers, frozen at what the free phase has answered.

.. math::
    p = \operatorname{softmax}(\gamma o), \qquad
    I = \pm \beta \alpha \lambda (y - p) \, g \, V_{unit}

with y 1 at the wanted answer and 0 at the others. A constant current adds a cost that is linear in
its node's output v, of slope :math:`\alpha\lambda (p - y)`: to first order in the nudge that is the
cross-entropy of p over :math:`\gamma`, by the outputs (Laborieux et al. 2021). The springs stay.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import (
    ChipInterface,
    CosineOfDifference,
    DataSheet,
    DifferentialCosine,
)
from neurosim.errors import DataError
from neurosim.host.calibration import Calibration
from neurosim.host.free import free_phase
from neurosim.host.gradep import Estimate, Shown, unnudged
from neurosim.host.phases import Measured, contrasted
from neurosim.host.settings import ChipFlow, Positive

__all__ = ["CrossEntropy", "surprise"]

Array = NDArray[np.float64]


def surprise(said: Array, wanted: Array, sharpness: float) -> Array:
    """P - y of answers (rows, n_out), of which the largest wanted one is right; NaN stays."""
    powers = np.exp(sharpness * (said - said.max(axis=1, keepdims=True)))
    slope: Array = powers / powers.sum(axis=1, keepdims=True)
    slope[np.arange(len(slope)), wanted.argmax(axis=1)] -= 1
    return slope


class CrossEntropy(Block):
    """Equilibrium propagation of cross-entropy, nudged by currents into the answers.

    The chip needs injectors where the answers are, such as ``injectors: {layers: [-1], ...}``.
    Centred or one-sided, as `flow.phases` says.

    Parameters
    ----------
    rule : {"cross_entropy"}
        Names this rule.
    sharpness : float
        By which answers are multiplied before the softmax: they are of size 1.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Classify(), rule=ns.CrossEntropy()).rule
    CrossEntropy()
    """

    rule: Literal["cross_entropy"] = "cross_entropy"
    sharpness: Positive = 4.0

    def nudged(self, flow: ChipFlow) -> ChipFlow:
        """See `NudgedLaw.nudged`: currents nudge, and springs stay."""
        return unnudged(flow)

    def cost_slope(self, said: Array, wanted: Array) -> Array:
        """Slope of its cost over the answers, (rows, n_out)."""
        return surprise(said, wanted, self.sharpness)

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """See `RuleLaw.estimate`."""
        if held is None:
            raise DataError(
                "Cross-entropy needs classes, with inputs that are held, but this task holds none; "
                "choose the task classify, or the rule gradep."
            )
        x_t, sheet = batch.targets, chip.data_sheet
        if isinstance(sheet.contrast, CosineOfDifference | DifferentialCosine):
            raise DataError(
                "Cross-entropy needs currents that join what answers collect, but those of "
                f"{sheet.name} tune the frequencies of oscillators, of which no answer is the "
                "phase; take the rule gradep."
            )
        places = _injectors(sheet, held)
        _, free, velocity = free_phase(chip, x_t, flow, calibration, held)
        slope = np.zeros_like(velocity)
        slope[:, ~held] = surprise(velocity[:, ~held], batch.wanted[:, ~held], self.sharpness)
        unit_A = flow.beta * flow.alpha * flow.stiffness * sheet.unit_S * sheet.unit_V
        current_A = np.zeros((len(x_t), sheet.n_injectors))
        for columns, injected in places:
            current_A[:, injected] = -unit_A * np.nan_to_num(slope[:, columns])

        def lead(sign: int) -> None:
            chip.drive(x_t * sheet.unit_V, flow.stiffness * sheet.unit_S, held)
            chip.inject(sign * current_A)

        return contrasted(chip, x_t, flow, held, Measured(free, velocity), lead)


def _injectors(sheet: DataSheet, held: NDArray[np.bool_]) -> list[tuple[slice, slice]]:
    """Columns of targets and of injected currents of every layer with answers."""
    layers = (0,) if len(held) == sheet.layers.n_visible else sheet.source_layers
    asked = [k for k in layers if not held[sheet.columns(k)].all()]
    return [(sheet.columns(k), sheet.injected_columns(k)) for k in asked]
