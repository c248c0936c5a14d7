r"""What a host can find out about its chip by itself, and a chip whose readings it corrects.

Two measurements, through the calls of a host alone:

1. All weights at full scale, the visible nodes clamped at levels v of both signs: each visible
   reading is :math:`o_i + a_i v`, a straight line of the levels; each hidden amplifier is driven
   to both ends of its range, +-1 unit, whose readings give its o_i and a_i.
2. All weights zero, the springs driven to levels V: a node stands at
   :math:`V K_i / (K_i + g_i)`, whose slope gives the stiffness K_i / g_i that the node really has,
   and with it the velocity of a displacement (a chip with an ammeter does not need it).

What a visible buffer adds cannot be told from what its converter adds; both are taken off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.host.experiment import FlowSettings
from neurosim.topology import Weights

__all__ = ["CalibratedChip", "Calibration", "calibrate"]

Array = NDArray[np.float64]

# Levels in units: within the range of converters that hold 3.2 units.
_LEAST, _MOST = 0.5, 3.0
_SETTLE_TAU = 30.0


@dataclass(frozen=True)
class Calibration:
    """What was measured.

    Attributes
    ----------
    offset_V : ndarray, shape (n_nodes,)
        Reading of an output of 0 V.
    gain : ndarray, shape (n_nodes,)
        Reading over output.
    spring : ndarray, shape (n_visible,)
        Stiffness of each spring, in units of its node's leak, over the nominal one.
    """

    offset_V: Array
    gain: Array
    spring: Array

    def state(self) -> dict[str, Any]:
        """As a checkpoint keeps it."""
        return {"offset_V": self.offset_V, "gain": self.gain, "spring": self.spring}


def calibrate(chip: ChipInterface, flow: FlowSettings, rows: int = 256) -> Calibration:
    """Measure a chip; its weights are lost.

    Parameters
    ----------
    chip : ChipInterface
    flow : FlowSettings
        Its stiffness is that of the springs that are measured.
    rows : int
        Presentations of each measurement: noise falls as one over their root.
    """
    sheet = chip.data_sheet
    layers, unit_V = sheet.layers, sheet.unit_V
    full = np.where(layers.present, sheet.full_scale, 0.0)
    chip.program(Weights(full, np.zeros(layers.n_nodes)))
    levels = unit_V * np.linspace(_LEAST, _MOST, max(rows // 2, 2))
    target_V = np.repeat(np.concatenate([levels, -levels])[:, None], layers.n_visible, axis=1)
    chip.precharge(target_V)
    codes_V = chip.clamp(target_V)
    chip.settle(_SETTLE_TAU * sheet.tau_s)
    read_V = chip.read()
    offset_V, gain = np.zeros(layers.n_nodes), np.ones(layers.n_nodes)
    if sheet.saturates:
        up, down = read_V[: len(levels)].mean(axis=0), read_V[len(levels) :].mean(axis=0)
        offset_V, gain = (up + down) / 2, (up - down) / (2 * unit_V)
    visible = layers.visible
    offset_V[visible], gain[visible] = _line(codes_V, read_V[:, visible])

    chip.program(Weights(np.zeros_like(full), np.zeros(layers.n_nodes)))
    chip.precharge(target_V)
    codes_V = chip.drive(target_V, flow.stiffness * sheet.unit_S)
    chip.settle(_SETTLE_TAU * sheet.tau_s)
    stands_V = (chip.read_visible() - offset_V[visible]) / gain[visible]
    _, slope = _line(codes_V, stands_V)
    return Calibration(offset_V, gain, slope / (1 - slope) / flow.stiffness)


def _line(x: Array, y: Array) -> tuple[Array, Array]:
    """Intercept and slope of each column by least squares."""
    middle, mean = x.mean(axis=0), y.mean(axis=0)
    slope = np.sum((x - middle) * (y - mean), axis=0) / np.sum((x - middle) ** 2, axis=0)
    return mean - slope * middle, slope


class CalibratedChip:
    """A chip with corrected readings; all other calls are passed on.

    Parameters
    ----------
    chip : ChipInterface
    calibration : Calibration
    """

    def __init__(self, chip: ChipInterface, calibration: Calibration) -> None:
        self._chip, self.calibration = chip, calibration

    @property
    def data_sheet(self) -> DataSheet:
        """Of the chip, with the stiffness that its springs really have."""
        return replace(self._chip.data_sheet, spring_factor=self.calibration.spring)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chip, name)

    def read(self) -> Array:
        """Readings less their offsets, over their gains."""
        return (self._chip.read() - self.calibration.offset_V) / self.calibration.gain

    def read_visible(self) -> Array:
        """The same of the visible nodes."""
        visible = self._chip.data_sheet.layers.visible
        offset_V, gain = self.calibration.offset_V[visible], self.calibration.gain[visible]
        return (self._chip.read_visible() - offset_V) / gain

    def read_difference(self) -> Array:
        """Differences over their gains; offsets are in none."""
        return self._chip.read_difference() / self.calibration.gain
