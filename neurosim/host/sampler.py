r"""Three ways to draw a sample from a trained chip, x from N(0, 1) at t = 0 to t_end.

============== ===================================================================================
spring         as in training: a spring at x, all nodes settle from h = 0, v is the displacement;
               the host takes Euler steps of dt
gradient       x is clamped, the hidden nodes settle, and the current that the clamp delivers is
               the energy's gradient: v = -alpha I / (g unit); the host takes Euler steps of dt
free-running   the visible nodes are released on large capacitors C_x and the chip draws the sample
               alone: dx/dt = v, since C_x dx/ds = -g dE/dx; t = 1 takes alpha C_x / g seconds
============== ===================================================================================
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.errors import DataError
from neurosim.host.calibration import Calibration
from neurosim.host.experiment import FlowSettings, SamplingSettings
from neurosim.host.phases import free_phase

__all__ = ["draw_samples", "run_free", "sample_time_s", "settle_clamped"]

Array = NDArray[np.float64]


def sample_time_s(sheet: DataSheet, flow: FlowSettings, sampling: SamplingSettings) -> float:
    """Settling time that one sample takes."""
    flow = flow.on(sheet)
    assert flow.settle_tau is not None
    settle_s = flow.settle_tau * sheet.tau_s
    if sampling.mode == "free-running":
        return settle_s + sampling.t_end * flow.alpha * sheet.release_tau_s
    return settle_s * max(1, round(sampling.t_end / sampling.dt))


def draw_samples(
    chip: ChipInterface,
    x_0: Array,
    flow: FlowSettings,
    sampling: SamplingSettings,
    progress: Callable[[int, int], None] | None = None,
    calibration: Calibration | None = None,
) -> Array:
    """Carry x_0 (rows, n_visible) along the chip's flow to `sampling.t_end`.

    Parameters
    ----------
    chip : ChipInterface
        Programmed with trained weights.
    x_0 : ndarray, shape (rows, n_visible)
        Draws of a standard normal.
    flow : FlowSettings
        Its stiffness, alpha and settling time.
    sampling : SamplingSettings
    progress : callable, optional
        Called with the steps done and their total, in the host-stepped modes.
    calibration : Calibration, optional
        Corrects the velocities of mode spring and what mode free-running reads at the end.

    Returns
    -------
    x : ndarray, shape (rows, n_visible)
        Not clipped to the images' range; NaN in rows that failed.

    Raises
    ------
    DataError
        `gradient` is asked of a chip that has no current sense.
    """
    sheet, flow = chip.data_sheet, flow.on(chip.data_sheet)
    if sampling.mode == "gradient" and not sheet.has_current_sense:
        raise DataError(
            f"Sampling in mode gradient needs a chip with a current sense, but {sheet.name} has "
            "none; use mode spring or free-running."
        )
    if sampling.mode == "free-running":
        return _free_running(chip, x_0, flow, sampling, calibration)
    n_steps = max(1, round(sampling.t_end / sampling.dt))
    x, dt = x_0.copy(), sampling.t_end / n_steps
    for k in range(n_steps):
        if sampling.mode == "spring":
            velocity = free_phase(chip, x, flow, calibration)[2]
        else:
            velocity = _clamp_velocity(chip, x, flow)
        x += dt * velocity
        if progress is not None:
            progress(k + 1, n_steps)
    return x


def settle_clamped(chip: ChipInterface, x: Array, flow: FlowSettings) -> DataSheet:
    """Hold x rigidly while the hidden nodes settle from zero."""
    sheet = chip.data_sheet
    assert flow.settle_tau is not None
    chip.precharge(x * sheet.unit_V)
    chip.clamp(x * sheet.unit_V)
    chip.settle(flow.settle_tau * sheet.tau_s)
    return sheet


def _clamp_velocity(chip: ChipInterface, x: Array, flow: FlowSettings) -> Array:
    sheet = settle_clamped(chip, x, flow)
    return -flow.alpha * chip.sense() / (sheet.unit_S * sheet.unit_V)


def run_free(chip: ChipInterface, x_0: Array, flow: FlowSettings, t_end: float) -> DataSheet:
    """Release the visible nodes at x_0, and let the chip run to generation time `t_end`."""
    sheet = settle_clamped(chip, x_0, flow)
    chip.release()
    chip.settle(t_end * flow.alpha * sheet.release_tau_s)
    return sheet


def _free_running(
    chip: ChipInterface,
    x_0: Array,
    flow: FlowSettings,
    sampling: SamplingSettings,
    calibration: Calibration | None,
) -> Array:
    sheet = run_free(chip, x_0, flow, sampling.t_end)
    x = chip.read_visible() / sheet.unit_V
    return x if calibration is None else calibration.voltage(x)
