r"""Continual equilibrium propagation: weights change while the nudged phase goes on.

The nudged phase is cut into K parts. After each of them the host takes what the local contrast has
gained, and changes the weights at once, with the nodes where they are:

.. math::
    \Delta W_{ij}(k) = \frac{\eta}{\beta}
        \bigl(v_i(k) v_j(k) - v_i(k - 1) v_j(k - 1)\bigr), \qquad v(0) = v^*

so that nothing of the free phase need be remembered but the last reading (Ernoult et al. 2020).
While weights hardly move, these changes add up to those of one-sided equilibrium propagation. But
what a change of weights does to the nodes comes into the next difference too, over beta: the rate
must be small beside beta. Cosine of all changes of one update to the exact gradient, of three
digits on an ideal chip of 64-20-10 nodes, beta 0.1, plain descent, five parts of 16 tau:

============ ====== ====== ====== ====== ======
rate / beta  0.001  0.01   0.03   0.1    0.3
============ ====== ====== ====== ====== ======
cosine       0.996  0.984  0.83   0.62   0.61
============ ====== ====== ====== ====== ======

(with one part, which changes nothing before its end, 0.999 throughout).

There is one nudged phase, of +beta, and no second one to take away what still moves after the free
phase. All rows of a batch see each change: more than one row stand for as many chips that are
pulsed alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface
from neurosim.host.calibration import Calibration
from neurosim.host.free import free_phase
from neurosim.host.gradep import Change, Estimate, Shown
from neurosim.host.phases import Anchored, Presentation, check_flow, nudging
from neurosim.host.readings import compared
from neurosim.host.settings import ChipFlow, Count
from neurosim.network import Weights

__all__ = ["ContinualEP"]

Array = NDArray[np.float64]


class ContinualEP(Block):
    """Weights change by pulses during the nudged phase; needs devices that take pulses.

    `flow.phases` does not matter: there is one nudged phase.

    Parameters
    ----------
    rule : {"continual"}
        Names this rule.
    steps : int
        Parts of the nudged phase, each with a change of the weights.

    Examples
    --------
    >>> import neurosim as ns
    >>> memory = ns.Learning(mode="in_memory", pulses="accumulate")
    >>> task, rule = ns.Classify(), ns.ContinualEP(steps=5)
    >>> ns.Experiment(task=task, rule=rule, learning=memory, optimizer="sgd").rule
    ContinualEP(steps=5)
    """

    suits: ClassVar[Mapping[str, Any]] = {"learning.mode": "in_memory", "optimizer": "sgd"}

    rule: Literal["continual"] = "continual"
    steps: Count = 10

    def nudged(self, flow: ChipFlow) -> ChipFlow:
        """See `NudgedLaw.nudged`: there is one nudged phase."""
        return flow.model_copy(update={"phases": "one-sided"})

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """See `RuleLaw.estimate`: what it adds up to where no weight changes."""
        return self.learn(chip, batch, flow, held, calibration, lambda part, step: None)

    def learn(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
        change: Change,
    ) -> Estimate:
        """See `ContinualLaw.learn`."""
        sheet, x_t = chip.data_sheet, batch.targets
        check_flow(self.nudged(flow), sheet)
        anchor, free, velocity = free_phase(chip, x_t, flow, calibration, held)
        gain: _Gain = _Read(chip, free)
        if sheet.has_correlator:
            gain = _Summed(chip, len(x_t))
        nudging(chip, Anchored(x_t, anchor, batch.wanted), flow, calibration, held)(+1)
        total, lost = Weights.zeros(sheet.layers), 0
        for step in range(self.steps):
            gain.begin()
            chip.settle(flow.settle_s / self.steps)
            part, missing = gain.end()
            change(part / flow.beta, step)
            total, lost = total + part, max(lost, missing)
        # Instruments look at a free and two nudged phases: the end of the one stands for both.
        outputs = (free, *gain.outputs, *gain.outputs)
        return Presentation(velocity, total, flow.beta, lost, outputs)


class _Gain(Protocol):
    """What a part of the phase adds to the contrast."""

    def begin(self) -> None:
        """Before the part."""

    def end(self) -> tuple[Weights, int]:
        """After it: dE/dW and dE/db less those before, mean over the rows; and rows lost."""

    @property
    def outputs(self) -> tuple[Array, ...]:
        """What was read last, if it leaves the chip."""


class _Read:
    """Outputs are read after each part; with a difference amplifier, what has changed of them."""

    def __init__(self, chip: ChipInterface, free: Array) -> None:
        self._chip, self._free, self._before = chip, free, free
        if chip.data_sheet.has_difference:
            chip.store()

    def begin(self) -> None:
        """See `_Gain.begin`."""

    def end(self) -> tuple[Weights, int]:
        """See `_Gain.end`."""
        chip, sheet = self._chip, self._chip.data_sheet
        if sheet.has_difference:
            now = self._free + chip.read_difference() / sheet.unit_V
        else:
            now = chip.read() / sheet.unit_V
        part = compared(chip, now, self._before)
        self._before = now
        return part

    @property
    def outputs(self) -> tuple[Array, ...]:
        """See `_Gain.outputs`."""
        return (self._before,)


class _Summed:
    """The chip multiplies before and after each part; its sums are read."""

    outputs: tuple[Array, ...] = ()

    def __init__(self, chip: ChipInterface, rows: int) -> None:
        self._chip, self._rows = chip, rows

    def begin(self) -> None:
        """See `_Gain.begin`."""
        self._chip.correlate(+1)

    def end(self) -> tuple[Weights, int]:
        """See `_Gain.end`."""
        self._chip.correlate(-1)
        sums_V2, good = self._chip.read_correlator()
        # Products before less those after, and the energy has each with a minus.
        part = sums_V2 / (max(good, 1) * self._chip.data_sheet.unit_V**2)
        return part, self._rows - good
