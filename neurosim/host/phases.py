r"""One presentation of a batch: the free phase and two nudged ones, by local measurements only.

In the free phase the spring holds the visible nodes at x_t, and the displacement that it allows is
the velocity, see `neurosim.host.free`.

The cost :math:`C = \tfrac12 |\alpha\lambda(x - x_t) - u_t|^2` is itself a spring of stiffness
:math:`(\alpha\lambda)^2` to :math:`x_t + u_t / (\alpha\lambda)`. With
k = beta (alpha lambda)^2, the spring and a nudge of +-beta merge into one spring,

.. math::
    \lambda_\pm = \lambda \pm k, \qquad
    x_\pm = x_t \pm \frac{k}{\lambda \pm k} \frac{u_t}{\alpha \lambda}.

Springs of oscillators are injections: with :math:`\delta = x^* - x_t` a nudge is of the cost
:math:`(\alpha\lambda)^2 (1 - \cos\delta) - \alpha\lambda\,u_t \sin\delta`, to which the one above
tends for small delta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.errors import DataError
from neurosim.host.calibration import Calibration
from neurosim.host.free import free_phase, precharge, scale_of
from neurosim.host.readings import Reading, reading_of
from neurosim.host.settings import ChipFlow, FlowSettings
from neurosim.network import Weights

__all__ = [
    "Anchored",
    "Measured",
    "Presentation",
    "check_flow",
    "contrasted",
    "go_back",
    "nudging",
    "present",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Presentation:
    """What the host has measured, in its own units (volts over the data sheet's unit).

    Attributes
    ----------
    velocity : ndarray, shape (rows, n)
        Of the free phase: alpha lambda displacement, or -alpha times the spring's current.
    contrast : Weights
        dE/dW and dE/db of the phase with +beta less those of the other one, mean over rows.
    distance : float
        Of both nudges: 2 beta, or beta where the other phase has none.
    rows_lost : int
        Rows of which a phase failed; they are in no mean.
    outputs : tuple of ndarray, shape (rows, n_nodes)
        What was read, for instruments: of the free phase, and of both others where they left the
        chip.
    """

    velocity: Array
    contrast: Weights
    distance: float
    rows_lost: int
    outputs: tuple[Array, ...] = ()

    @property
    def gradient(self) -> Weights:
        """Estimate of the cost's gradient."""
        return self.contrast / self.distance


def present(
    chip: ChipInterface,
    x_t: Array,
    u_t: Array,
    flow: FlowSettings,
    calibration: Calibration | None = None,
    held: NDArray[np.bool_] | None = None,
) -> Presentation:
    """Free phase, then each nudged phase from the free state; see `neurosim.host.readings`.

    Parameters
    ----------
    chip : ChipInterface
    x_t, u_t : ndarray, shape (rows, n)
        Where the springs and what is held stand, and the velocity that the chip should learn
        there: of the visible nodes, or of all that have sources.
    flow : FlowSettings
    calibration : Calibration, optional
        Displaces each nudge's target by u_t over what its own spring makes of a displacement.
    held : ndarray of bool, shape (n,), optional
        Nodes that stand rigidly at x_t in every phase, such as those of a class: the others are
        learned with them given.

    Raises
    ------
    DataError
        The negative nudge is stiffer than the spring.
    """
    flow = flow.on(chip.data_sheet)
    check_flow(flow, chip.data_sheet)
    anchor, free, velocity = free_phase(chip, x_t, flow, calibration, held)
    lead = nudging(chip, Anchored(x_t, anchor, u_t), flow, calibration, held)
    return contrasted(chip, x_t, flow, held, Measured(free, velocity), lead)


class Anchored(NamedTuple):
    """What is presented, (rows, n): where sources stand, as the DAC has it, velocity wanted."""

    x_t: Array
    anchor: Array
    u_t: Array


def nudging(
    chip: ChipInterface,
    batch: Anchored,
    flow: ChipFlow,
    calibration: Calibration | None,
    held: NDArray[np.bool_] | None,
) -> Callable[[int], None]:
    """What sets a phase's springs, merged with a nudge of its sign; see the module."""
    nudge = flow.beta * (flow.alpha * flow.stiffness) ** 2
    scale, sheet = scale_of(flow, calibration), chip.data_sheet

    def lead(sign: int) -> None:
        stiffness = flow.stiffness + sign * nudge
        target = batch.anchor + sign * nudge / stiffness * batch.u_t / scale
        target = target if held is None else np.where(held, batch.x_t, target)
        chip.drive(target * sheet.unit_V, stiffness * sheet.unit_S, held)

    return lead


class Measured(NamedTuple):
    """What is known of a free phase: outputs (rows, n_nodes) and velocity (rows, n)."""

    outputs: Array
    velocity: Array


def contrasted(
    chip: ChipInterface,
    x_t: Array,
    flow: ChipFlow,
    held: NDArray[np.bool_] | None,
    free: Measured,
    lead: Callable[[int], None],
    reading: Reading | None = None,
) -> Presentation:
    """Two phases from the free state that the chip stands in, and what differs.

    Parameters
    ----------
    chip : ChipInterface
    x_t, held
        See `present`; where there is no hold, the free phase is repeated before the second one.
    flow : ChipFlow
    free : Measured
    lead : callable
        Sets the sources of a phase: +1, then -1; or 0, which is free, where `flow` is one-sided.
    reading : Reading, optional
        How both phases are compared; by default what the data sheet offers.
    """
    sheet = chip.data_sheet
    if sheet.has_hold:
        chip.store()
    reading = reading_of(chip, free.outputs) if reading is None else reading

    def led(sign: int, order: int) -> None:
        lead(sign)
        chip.settle(flow.settle_s)
        reading.take(order)

    led(+1, +1)
    go_back(chip, x_t, flow, held)
    # What still moves after the free phase is common to both states that are compared: without it
    # a one-sided difference would grow as 1 / beta.
    sign = 0 if flow.one_sided else -1
    led(sign, -1)
    contrast, lost = reading.contrast()
    distance = (1 - sign) * flow.beta
    outputs = (free.outputs, *reading.outputs)
    return Presentation(free.velocity, contrast, distance, lost, outputs)


def go_back(
    chip: ChipInterface, x_t: Array, flow: ChipFlow, held: NDArray[np.bool_] | None
) -> None:
    """To the free state: as it is stored, or by the free phase once more."""
    if chip.data_sheet.has_hold:
        chip.recall()
        return
    target_V, unit_S = x_t * chip.data_sheet.unit_V, chip.data_sheet.unit_S
    precharge(chip, target_V, flow)
    chip.drive(target_V, flow.stiffness * unit_S, held)
    chip.settle(flow.settle_s)


def check_flow(flow: ChipFlow, sheet: DataSheet) -> None:
    """Refuse settings that a chip of this data sheet cannot carry out.

    Raises
    ------
    DataError
        The negative nudge is stiffer than the spring, or the positive one than the chip's stiffest;
        hidden nodes start at random, and no hold brings them back to the free state.
    """
    if flow.hidden_start == "random" and not sheet.has_hold:
        raise DataError(
            f"FlowSettings.hidden_start must be zero on {sheet.name}, which has no hold: its free "
            "phase is repeated between nudged ones and must come out as it was, but is random; "
            "leave it out, or give the profile a hold."
        )
    scale = flow.alpha * flow.stiffness
    nudge = flow.beta * scale**2
    if not flow.one_sided and nudge >= flow.stiffness:
        raise DataError(
            f"FlowSettings.beta must be below stiffness / (alpha stiffness)^2 = "
            f"{flow.stiffness / scale**2:.3g}, but is {flow.beta:g}; the spring of the negative "
            "phase would not be positive."
        )
    stiffest_S = (flow.stiffness + nudge) * sheet.unit_S
    if sheet.max_spring_S is not None and stiffest_S > sheet.max_spring_S:
        raise DataError(
            f"The spring with its nudge must be at most spring.max_S = {sheet.max_spring_S:g} S of "
            f"{sheet.name}, but is {stiffest_S:g} S; lower flow.stiffness or beta."
        )
