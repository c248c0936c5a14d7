r"""The free phase: what a chip's springs say of the velocity at the points that it is shown.

The spring holds the visible nodes at x_t; the displacement that it allows is the velocity,

.. math:: v = \alpha \lambda (x^* - x_t).

Springs of oscillators are injections: with :math:`\delta = x^* - x_t` the velocity is
:math:`\alpha\lambda \sin\delta`, or whatever such a spring delivers by the law's interaction.

A chip with an ammeter measures it as the current that the spring carries, v = -alpha I / (g unit):
the displacement is small beside x, so a difference of two voltages loses most of the ADC's bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.errors import DataError
from neurosim.host.calibration import Calibration
from neurosim.host.settings import FlowSettings

__all__ = ["decide", "flow_loss", "free_phase", "precharge", "scale_of"]

Array = NDArray[np.float64]


def free_phase(
    chip: ChipInterface,
    x_t: Array,
    flow: FlowSettings,
    calibration: Calibration | None = None,
    held: NDArray[np.bool_] | None = None,
) -> tuple[Array, Array, Array]:
    """Settle under the spring from x_t, all other nodes from where `flow.hidden_start` says.

    A `calibration` corrects the velocity that is taken from readings; the outputs stay as read.
    The nodes of a mask `held`, (n,), stand rigidly at x_t; their velocity means nothing. The n
    columns are the visible nodes, or all that have sources.

    Returns
    -------
    anchor : ndarray, shape (rows, n)
        x_t as the DAC's codes have it.
    outputs : ndarray, shape (rows, n_nodes)
    velocity : ndarray, shape (rows, n)
    """
    sheet, flow = chip.data_sheet, flow.on(chip.data_sheet)
    anchor = _begin(chip, x_t, flow, held)
    chip.settle(flow.settle_s)
    outputs = chip.read() / sheet.unit_V
    x = outputs[:, _driven_nodes(sheet, x_t.shape[1])]
    return anchor, outputs, _velocity(chip, (x, anchor), flow, calibration, held)


def decide(
    chip: ChipInterface,
    x_t: Array,
    flow: FlowSettings,
    calibration: Calibration | None = None,
    held: NDArray[np.bool_] | None = None,
) -> Array:
    """Velocity (rows, n) of a free phase; nothing is read but what it takes. See `free_phase`."""
    sheet, flow = chip.data_sheet, flow.on(chip.data_sheet)
    anchor = _begin(chip, x_t, flow, held)
    chip.settle(flow.settle_s)
    layers = (0,) if x_t.shape[1] == sheet.layers.n_visible else sheet.source_layers
    x = anchor if sheet.has_current_sense else chip.read(layers) / sheet.unit_V
    return _velocity(chip, (x, anchor), flow, calibration, held)


def _begin(
    chip: ChipInterface, x_t: Array, flow: FlowSettings, held: NDArray[np.bool_] | None
) -> Array:
    """Charge nodes with sources to x_t and hold them there; x_t as the DAC's codes have it."""
    sheet, target_V = chip.data_sheet, x_t * chip.data_sheet.unit_V
    precharge(chip, target_V, flow)
    return chip.drive(target_V, flow.stiffness * sheet.unit_S, held) / sheet.unit_V


def precharge(chip: ChipInterface, target_V: Array, flow: FlowSettings) -> None:
    """Charge nodes with sources, the others where `flow.hidden_start` says.

    Raises
    ------
    DataError
        A chip of one's own discharges them always.
    """
    if flow.hidden_start == "zero":
        chip.precharge(target_V)
        return
    try:
        chip.precharge(target_V, flow.hidden_start)
    except TypeError as error:
        if "positional argument" not in str(error):
            raise
        raise DataError(
            f"FlowSettings.hidden_start must be zero on {chip.data_sheet.name}, whose precharge "
            "takes no `others`; leave it out."
        ) from None


def _velocity(
    chip: ChipInterface,
    places: tuple[Array, Array],
    flow: FlowSettings,
    calibration: Calibration | None,
    held: NDArray[np.bool_] | None,
) -> Array:
    """What the ammeter says, or without one what a spring of alpha lambda makes of x - anchor.

    What holds a node rigidly says nothing of a velocity, however large it is: it is not measured.
    """
    sheet, (x, anchor) = chip.data_sheet, places
    if sheet.has_current_sense:
        current_A = chip.sense() if held is None else chip.sense(~held)
        return -flow.alpha * current_A / (sheet.unit_S * sheet.unit_V)
    away = x - anchor if calibration is None else calibration.displacement(x, anchor)
    nodes = np.arange(sheet.layers.n_nodes)[_driven_nodes(sheet, x.shape[1])]
    pull = sheet.contrast.pull(away, nodes < sheet.layers.n_visible)
    return scale_of(flow, calibration) * pull


def _driven_nodes(sheet: DataSheet, n: int) -> slice | NDArray[np.intp]:
    """Which nodes n columns of targets drive: the visible ones, or all that have sources."""
    if n == sheet.layers.n_visible:
        return sheet.layers.visible
    return sheet.layers.nodes_of(sheet.source_layers)


def scale_of(flow: FlowSettings, calibration: Calibration | None) -> float | Array:
    """Velocity over displacement, alpha lambda; calibrated, one for each visible node."""
    scale = flow.alpha * flow.stiffness
    return scale if calibration is None else scale * calibration.stiffness


def flow_loss(velocity: Array, u_t: Array, t: Array) -> tuple[float, tuple[float, ...]]:
    """Mean over rows and pixels of (v - u_t)^2, in total and over the rows of each fifth of t.

    Rows in which the chip failed (NaN) are in no mean; a fifth without rows is NaN.
    """
    loss = np.mean((velocity - u_t) ** 2, axis=1)
    good, fifth = np.isfinite(loss), np.minimum((t * 5).astype(int), 4)

    def mean(mask: NDArray[np.bool_]) -> float:
        return float(loss[mask].mean()) if mask.any() else float("nan")

    return mean(good), tuple(mean(good & (fifth == k)) for k in range(5))
