r"""What a host finds out about one die before training, by known drives and readings alone.

With all weights at zero a node is a lone resistor to ground, and three ladders tell it apart:

==================== ======================== ====================================================
drive                what is fitted           what it gives
==================== ======================== ====================================================
visible nodes held   reading = offset + a x   offset and gain a of each visible reading
springs k lambda     current = s x            each spring's factor f, where there is an ammeter:
                                              1 / s = 1 / g + 1 / (f k lambda), a line in 1 / k
bias of hidden nodes reading, a cubic in bias offset and gain of each hidden node
==================== ======================== ====================================================

The last is at zero weights as well as these can be programmed: stray couplings are part of it.

What each is good for:

* The displacement is a small difference of two voltages: an offset of 1 % of a unit is an error of
  alpha lambda 1 % in the velocity. `Calibration.displacement` takes offset and gain out.
* A chip that learns a displacement and runs free by a current needs each spring's K = f lambda:
  the target of pixel i is displaced by u_t / (alpha K_i), and the velocity is alpha K_i times
  the displacement. That f is the same at every k is assumed.
* The contrast takes the readings as they are. An amplifier's offset and gain are part of the output
  that drives the couplings, so v_i v_j is the exact derivative for the die as it is; to take
  them out would make it wrong.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface
from neurosim.errors import ConvergenceError, DataError
from neurosim.host.settings import ChipFlow, FlowSettings
from neurosim.network import Weights
from neurosim.streams import Streams

__all__ = ["Calibration", "calibrate"]

Array = NDArray[np.float64]

# The starting noise of a sample: hardly any of it lies beyond three standard deviations.
_SPAN = 3.0
_BIAS_SPAN, _BIAS_LEVELS, _BIAS_ROWS = 0.5, 15, 32
# Springs of k lambda: many slopes, so that steps of DAC and ammeter do not coincide in all.
_SPRINGS = np.geomspace(1 / 8, 1, 6)


@dataclass(frozen=True)
class Calibration:
    """What was found, in the host's units (volts over the data sheet's unit).

    Attributes
    ----------
    offset : ndarray, shape (n_nodes,)
        Reading of a node at zero drive.
    gain : ndarray, shape (n_nodes,)
        Of a visible node, reading over voltage. Of a hidden one, its reading's slope by its bias at
        zero bias, over the mean of all hidden nodes.
    stiffness : ndarray, shape (n_visible,)
        Conductance of each spring over the one that was asked for; 1 where there is no ammeter.
    reach : ndarray, shape (n_visible,)
        Largest voltage, of those tried up to 3 units, that the reading still follows.
    """

    offset: Array
    gain: Array
    stiffness: Array
    reach: Array

    def __post_init__(self) -> None:
        for value in asdict(self).values():
            value.setflags(write=False)

    def voltage(self, reading: Array) -> Array:
        """Voltages of the visible nodes, (rows, n_visible), from their readings."""
        n = reading.shape[1]
        return (reading - self.offset[:n]) / self.gain[:n]

    def displacement(self, reading: Array, anchor: Array) -> Array:
        """How far each visible node, (rows, n_visible), stands from its spring's anchor."""
        return self.voltage(reading) - anchor

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return asdict(self)

    def summary(self) -> dict[str, float]:
        """Root mean squares of offsets, spreads of gains and springs, and the smallest reach."""
        n = len(self.stiffness)
        return {
            "offset_visible": float(np.sqrt(np.mean(self.offset[:n] ** 2))),
            "offset_hidden": float(np.sqrt(np.mean(self.offset[n:] ** 2))),
            "gain_spread_visible": float(self.gain[:n].std()),
            "gain_spread_hidden": float(self.gain[n:].std()),
            "stiffness_spread": float(self.stiffness.std()),
            "reach": float(self.reach.min()),
        }


def calibrate(
    chip: ChipInterface, flow: FlowSettings, *, rows: int = 1024, seed: int = 0
) -> Calibration:
    """Measure a chip; its weights are lost.

    Parameters
    ----------
    chip : ChipInterface
    flow : FlowSettings
        Its stiffness and settling time.
    rows : int
        Voltages that each visible node is given in each step. All nodes climb at once, each in an
        order of its own, so that what strays from one to another averages out.
    seed : int
        Of these orders.

    Raises
    ------
    ConvergenceError
        Too few rows settle.
    DataError
        The hidden nodes do not follow their biases.
    """
    flow, sheet = flow.on(chip.data_sheet), chip.data_sheet
    layers, rng = sheet.layers, Streams(seed).generator("calibration")
    chip.program(Weights.zeros(layers))
    steps = np.tile(np.linspace(-_SPAN, _SPAN, rows)[:, None], (1, layers.n_visible))
    held = _held(chip, flow, rng.permuted(steps, axis=0))
    stiffness = np.ones(layers.n_visible)
    if sheet.has_current_sense:
        stiffness = _stiffness(chip, flow, rng.permuted(steps, axis=0))
    offset, gain = _hidden(chip, flow, rng)
    return Calibration(
        np.concatenate([held.at_zero, offset]),
        np.concatenate([held.slope, gain]),
        stiffness,
        held.reach,
    )


class _Line(NamedTuple):
    """Straight lines through many points, one a column.

    `scatter` is that of the points about it, over the size of what the line explains; `reach` is
    how far out points lie on it.
    """

    slope: Array
    at_zero: Array
    scatter: Array
    reach: Array


def _held(chip: ChipInterface, flow: ChipFlow, ladder: Array) -> _Line:
    """Readings of the visible nodes over the voltages at which they are held."""
    sheet = chip.data_sheet
    chip.precharge(ladder * sheet.unit_V)
    anchor = chip.clamp(ladder * sheet.unit_V) / sheet.unit_V
    chip.settle(flow.settle_s)
    return _line(anchor, chip.read_visible() / sheet.unit_V)


def _stiffness(chip: ChipInterface, flow: ChipFlow, ladder: Array) -> Array:
    r"""Factor f of each spring, the inverse slope of 1 / s over 1 / (k lambda).

    Two things make it unsure. The scatter r of the points leaves s unsure by r / sqrt(rows). And
    what a node sends to its neighbours comes back the less, the softer their springs are: with
    effective conductances g_ij between nodes, 1 / f is found too large by about
    :math:`\sum_j g_{ij} g_{ji} / g_{ii}^2`. Springs are right on average, so that a mean away from
    1 shows it. Where the two together are above half of what is found, springs count as nominal.
    """
    sheet, rows = chip.data_sheet, len(ladder)
    target_V, lines = ladder * sheet.unit_V, []
    for share in _SPRINGS:
        chip.precharge(target_V)
        spring_S = share * flow.stiffness * sheet.unit_S
        anchor = chip.drive(target_V, spring_S) / sheet.unit_V
        chip.settle(flow.settle_s)
        lines.append(_line(anchor, chip.sense() / (sheet.unit_S * sheet.unit_V)))
    nominal = 1 / (_SPRINGS * flow.stiffness)
    found = np.array([1 / line.slope for line in lines])
    scatter = np.array([line.scatter for line in lines])
    softness = np.polynomial.polynomial.polyfit(nominal, found, 1)[1]
    noise = np.mean((scatter * found) ** 2) / rows / np.sum((nominal - nominal.mean()) ** 2)
    strayed = (softness.mean() - 1) ** 2
    if noise + strayed > np.mean((softness - 1) ** 2) / 4 or not (softness > 0).all():
        return np.ones_like(softness)
    return np.asarray(1 / softness)


def _hidden(chip: ChipInterface, flow: ChipFlow, rng: np.random.Generator) -> tuple[Array, Array]:
    """Reading at zero drive of each hidden node, and its slope over the mean one."""
    sheet = chip.data_sheet
    layers, span = sheet.layers, min(_BIAS_SPAN, sheet.full_scale)
    levels = np.linspace(-span, span, _BIAS_LEVELS)
    n_hidden = layers.n_nodes - layers.n_visible
    order = rng.permuted(np.tile(np.arange(_BIAS_LEVELS)[:, None], (1, n_hidden)), axis=0)
    found = np.empty((_BIAS_LEVELS, n_hidden))
    rest_V = np.zeros((_BIAS_ROWS, layers.n_visible))
    for step in order:
        bias = np.zeros(layers.n_nodes)
        bias[layers.hidden] = levels[step]
        chip.program(Weights(np.zeros((layers.n_odd, layers.n_even)), bias))
        chip.precharge(rest_V)
        chip.clamp(rest_V)
        chip.settle(flow.settle_s)
        outputs = chip.read()[:, layers.hidden] / sheet.unit_V
        outputs = outputs[np.isfinite(outputs).all(axis=1)]
        if not len(outputs):
            raise ConvergenceError(
                "Calibration needs rows that settle, but with a bias alone none does; lower the "
                "tolerances."
            )
        found[step, np.arange(n_hidden)] = outputs.mean(axis=0)
    at_zero, slope, _, _ = np.polynomial.polynomial.polyfit(levels, found, 3)
    if not slope.mean() > 0:
        raise DataError(
            "Calibration needs hidden nodes that follow their bias, but on average these do not; "
            "leave calibration out."
        )
    return at_zero, slope / slope.mean()


def _line(x: Array, y: Array) -> _Line:
    """Fit y over x within one unit, then over all points that follow that line."""
    slope, at_zero, sigma = _least_squares(x, y, (np.abs(x) <= 1) & np.isfinite(y))
    follows = np.abs(y - at_zero - slope * x) <= 5 * sigma + 1e-9
    slope, at_zero, sigma = _least_squares(x, y, follows)
    size = np.abs(slope) * np.sqrt(np.mean(x**2, axis=0))
    return _Line(slope, at_zero, sigma / size, np.max(np.where(follows, np.abs(x), 0.0), axis=0))


def _least_squares(x: Array, y: Array, used: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Slope, value at zero and scatter of each column."""
    n = used.sum(axis=0)
    if n.min() < 3:
        raise ConvergenceError(
            f"Calibration needs at least 3 rows that settle, but has {n.min()}; lower the "
            "tolerances or ask for more rows."
        )
    mean_x, mean_y = (np.where(used, z, 0.0).sum(axis=0) / n for z in (x, y))
    dx, dy = np.where(used, x - mean_x, 0.0), np.where(used, y - mean_y, 0.0)
    slope = np.sum(dx * dy, axis=0) / np.sum(dx**2, axis=0)
    sigma = np.sqrt(np.sum((dy - slope * dx) ** 2, axis=0) / (n - 2))
    return slope, mean_y - slope * mean_x, sigma
