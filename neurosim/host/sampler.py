r"""Three ways to draw a sample from a trained chip, x from N(0, 1) at t = 0 to t_end.

============== ===================================================================================
spring         as in training: a spring at x, all nodes settle from h = 0, v is the displacement;
               the host takes Euler steps of dt
gradient       x is clamped, the hidden nodes settle, and the current that the clamp delivers is
               the energy's gradient: v = -alpha I / (g unit); the host takes Euler steps of dt
free-running   the visible nodes are released on large capacitors C_x and the chip draws the sample
               alone: dx/dt = v, since C_x dx/ds = -g dE/dx; t = 1 takes alpha C_x / g seconds
============== ===================================================================================

In all three some visible nodes may be held on a path of their own while the others flow: a class on
label nodes, or the known part of an image (see `Held`). The couplings work both ways, so that the
same weights serve any choice of nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.errors import DataError
from neurosim.host.calibration import Calibration
from neurosim.host.free import free_phase, precharge
from neurosim.host.settings import FlowSettings, SamplingSettings

__all__ = [
    "Held",
    "check_mode",
    "draw_samples",
    "run_free",
    "sample_settle_time_s",
    "settle_clamped",
]

Array = NDArray[np.float64]
# Called with x where samples are on their way.
Along = Callable[[Array], None]

# Points of a free run's path at which it is read.
_READS = 60


@dataclass(frozen=True)
class Held:
    r"""Visible nodes that the host holds while the others flow.

    .. math:: x(t) = (1 - \min(t, 1))\, x_0 + \min(t, 1)\, x_1

    Where x_0 is given as x_1 at these nodes, they stand still.

    Parameters
    ----------
    nodes : ndarray of bool, shape (n_visible,)
    x_1 : ndarray, shape (rows, n_visible)
        Where the paths end at t = 1; of the other nodes it means nothing.
    segments : int
        How often a free-running chip is given the path anew, at the middle of each part of its
        time. In the other modes the host follows it at every step.
    """

    nodes: NDArray[np.bool_]
    x_1: Array
    segments: int = 1

    def put(self, x: Array, x_0: Array, t: float) -> Array:
        """`x` with these nodes where their paths are at `t`."""
        along = min(t, 1.0)
        return np.where(self.nodes, (1 - along) * x_0 + along * self.x_1, x)


def sample_settle_time_s(sheet: DataSheet, flow: FlowSettings, sampling: SamplingSettings) -> float:
    """Settling time that one sample takes."""
    flow = flow.on(sheet)
    settle_s = flow.settle_s
    if sampling.mode == "free-running":
        return settle_s + sampling.t_end * flow.alpha * sheet.release_tau_s
    return settle_s * max(1, round(sampling.t_end / sampling.dt))


def check_mode(sheet: DataSheet, mode: str | None) -> None:
    """Refuse a way of sampling that a chip has no parts for.

    Raises
    ------
    DataError
        `gradient` is asked of a chip that has no current sense.
    """
    if mode == "gradient" and not sheet.has_current_sense:
        wrong = (
            f"Sampling in mode gradient needs a chip with a current sense, but {sheet.name} has "
            "none; "
        )
        raise DataError(
            f"{wrong}use mode spring or free-running.",
            in_file=f"{wrong}write sampling.mode as spring or free-running, or give the profile a "
            "current_sense.",
        )


def draw_samples(
    chip: ChipInterface,
    x_0: Array,
    flow: FlowSettings,
    sampling: SamplingSettings,
    progress: Callable[[int, int], None] | None = None,
    calibration: Calibration | None = None,
    held: Held | None = None,
    along: Along | None = None,
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
    held : Held, optional
        Nodes that do not flow.
    along : callable, optional
        Called with x, (rows, n_visible), at t = 0 and on the way: before each of the host's steps;
        of a free run as read at even times.

    Returns
    -------
    x : ndarray, shape (rows, n_visible)
        Not clipped to the images' range; NaN in rows that failed.

    Raises
    ------
    DataError
        `gradient` is asked of a chip that has no current sense.
    """
    sheet, flow = chip.data_sheet, _started(flow, sampling).on(chip.data_sheet)
    check_mode(sheet, sampling.mode)
    if sampling.mode == "free-running":
        return _free_running(chip, x_0, flow, sampling, calibration, held, along)
    n_steps = max(1, round(sampling.t_end / sampling.dt))
    x, dt = x_0.copy(), sampling.t_end / n_steps
    for k in range(n_steps):
        if k == 1 and sampling.hidden_start == "kept":
            flow = flow.model_copy(update={"hidden_start": "kept"})
        if along is not None:
            along(x.copy())
        if sampling.mode == "spring":
            nodes = None if held is None else held.nodes
            velocity = free_phase(chip, x, flow, calibration, nodes)[2]
        else:
            velocity = _clamp_velocity(chip, x, flow)
        x += dt * velocity
        if held is not None:
            x = held.put(x, x_0, (k + 1) * dt)
        if progress is not None:
            progress(k + 1, n_steps)
    return x


def _started(flow: FlowSettings, sampling: SamplingSettings) -> FlowSettings:
    """Where hidden nodes begin the first step."""
    if sampling.hidden_start is None:
        return flow
    first = "zero" if sampling.hidden_start == "kept" else sampling.hidden_start
    return flow.model_copy(update={"hidden_start": first})


def settle_clamped(chip: ChipInterface, x: Array, flow: FlowSettings) -> DataSheet:
    """Hold x rigidly while the hidden nodes settle from where `flow.hidden_start` says."""
    sheet = chip.data_sheet
    precharge(chip, x * sheet.unit_V, flow)
    chip.clamp(x * sheet.unit_V)
    chip.settle(flow.on(sheet).settle_s)
    return sheet


def _clamp_velocity(chip: ChipInterface, x: Array, flow: FlowSettings) -> Array:
    sheet = settle_clamped(chip, x, flow)
    return -flow.alpha * chip.sense() / (sheet.unit_S * sheet.unit_V)


def run_free(
    chip: ChipInterface,
    x_0: Array,
    flow: FlowSettings,
    t_end: float,
    held: Held | None = None,
    along: Along | None = None,
) -> DataSheet:
    """Release the visible nodes at x_0, and let the chip run to generation time `t_end`."""
    sheet = settle_clamped(chip, x_0, flow)
    segments = 1 if held is None else held.segments
    pieces = 1 if along is None else -(-_READS // segments)
    piece_s = t_end * flow.alpha * sheet.release_tau_s / (segments * pieces)
    for k in range(segments):
        if held is None:
            chip.release()
        else:
            x = held.put(x_0, x_0, (k + 0.5) / segments * t_end)
            chip.clamp(x * sheet.unit_V, held.nodes)
        for _ in range(pieces):
            if along is not None:
                along(chip.read_visible() / sheet.unit_V)
            chip.settle(piece_s)
    return sheet


def _free_running(
    chip: ChipInterface,
    x_0: Array,
    flow: FlowSettings,
    sampling: SamplingSettings,
    calibration: Calibration | None,
    held: Held | None,
    along: Along | None,
) -> Array:
    def corrected(x: Array) -> Array:
        return x if calibration is None else calibration.voltage(x)

    see = None if along is None else lambda x: along(corrected(x))
    sheet = run_free(chip, x_0, flow, sampling.t_end, held, see)
    x = corrected(chip.read_visible() / sheet.unit_V)
    return x if held is None else np.where(np.isnan(x), x, held.put(x, x_0, sampling.t_end))
