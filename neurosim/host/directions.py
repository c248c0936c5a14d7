r"""How nodes act on each other differently both ways: told by the law, or measured on the die.

A nudged node responds through its Jacobian J where the gradient asks for the transpose of it. What
the host must add, in its unit of current, is

.. math:: I = - (J - J^T)\,\delta u

about the rest, whatever J is (arXiv 2602.03670, 2026). What it can know of J - J^T:

============ ===================================== =============================================
it is        from                                  of
============ ===================================== =============================================
told         the law, the weights, and each row's  phases whose interaction is not odd
             phases at rest: no measurement
measured     responses to small currents: K - K^T  devices of their own for either direction
             of the die, one for all rows
============ ===================================== =============================================

The measured one goes by outputs in place of voltages: with the weight w of a node's sum the
Jacobian is :math:`J = w K y' + \text{diag}`, :math:`m w = y'`, and a current that joins the sums is
weighed by w as these are: what has to be made up for is :math:`(K - K^T) \delta y`, whatever law,
slope, metric and load a node has (Laborieux and Zenke; Farinha et al. 2020). A small current into
node j moves the outputs at rest by column j of S, of both signs; in units of g,

.. math:: S^{-1} = D' - K, \qquad K - K^T = S^{-T} - S^{-1}

with D' diagonal whatever the state is. It takes two rows for each node, at every estimate, for
weights have changed since the last one. Nominal conductances are no substitute there: the host
writes both directions alike, so that their difference is zero.

Of phases nominal weights are good enough: what they are wrong by makes the remedy as much too large
or small, and no more. Currents then tune natural frequencies. Where oscillators have devices of
their own for either direction as well, these are not made up for; where nothing else is, it is
refused.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import (
    ChipInterface,
    DataSheet,
    DifferentialCosine,
    Directed,
    HalfSquaredDifference,
)
from neurosim.errors import ConvergenceError, DataError
from neurosim.host.readings import Plain, Reading, reading_of
from neurosim.host.settings import ChipFlow
from neurosim.network import Weights

__all__ = ["Directions", "directions_of", "one_way"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Directions(Protocol):
    """What a host knows of J - J^T; states are readings over the unit, (rows, n_nodes)."""

    @property
    def differ(self) -> bool:
        """Whether there is anything to make up for."""

    def now(self, free: Array) -> Array:
        """The state as it is read, after the free one that was read before."""

    def asked(self, rest: Array, now: Array) -> Array:
        """Currents that a state asks for beside `rest`, (rows, n)."""

    def reading(self, rest: Array) -> Reading:
        """How both nudged phases are compared."""


def directions_of(
    chip: ChipInterface, flow: ChipFlow, x_t: Array, held: Mask | None, small: float
) -> Directions:
    """What is told, where the law says it, or else measured now.

    Parameters
    ----------
    chip, flow, held, small
        See `one_way`.
    x_t : ndarray, shape (rows, n_sources)
        What will be presented.

    Raises
    ------
    ConvergenceError, DataError
        See `one_way`; or a node that moves has no injector; or nobody knows the weights; or nodes
        are graded oscillators, or have amplifiers between their layers.
    """
    law = chip.data_sheet.contrast
    if isinstance(law, Directed):
        return _Told(chip, law, x_t.shape[1], held)
    if isinstance(law, DifferentialCosine):
        raise DataError(
            "The rule asymmetric must know what couplings do to each of their ends, but of the "
            f"graded oscillators of {chip.data_sheet.name} nothing says it; take the rule gradep."
        )
    if isinstance(law, HalfSquaredDifference) and law.gain != 1:
        raise DataError(
            "The rule asymmetric needs injectors at every node that is not held, but amplifiers "
            f"between layers, as {chip.data_sheet.name} has, allow them at the last layer alone; "
            "take the rule gradep."
        )
    return _Measured(chip, flow, x_t[0], held, small)


class _Told:
    """Of phases that the host reads, and weights that it has written."""

    def __init__(self, chip: ChipInterface, law: Directed, n: int, held: Mask | None) -> None:
        sheet = chip.data_sheet
        self._chip, self._law = chip, law
        self._nodes = sheet.layers.nodes_of(sheet.injector_layers)
        self._moves = np.ones(sheet.layers.n_nodes, dtype=bool)
        if held is not None:
            layers = (0,) if n == sheet.layers.n_visible else sheet.source_layers
            self._moves[sheet.layers.nodes_of(layers)[held]] = False
        self.differ = not law.alike
        self._weights = Weights.zeros(sheet.layers)
        if not self.differ:
            if sheet.has_separate_directions:
                raise DataError(
                    "The rule asymmetric makes up for an interaction of oscillators that is not "
                    f"odd, but that of {sheet.name} is, and its two devices a coupling are not "
                    "made up for; take the rule gradep, or coupling.directions shared."
                )
            return
        without = self._moves.copy()
        without[self._nodes] = False
        if without.any():
            depth = range(len(sheet.layers.sizes))
            there = [k for k in depth if self._moves[sheet.layers.nodes(k)].any()]
            lacking = [str(k) for k in there if without[sheet.layers.nodes(k)].any()]
            raise DataError(
                "The rule asymmetric must tune every oscillator that no source holds, but on "
                f"{sheet.name} those of layer {' and '.join(lacking)} have no injectors; state "
                f"injectors with layers: {there} in the profile, or take the rule gradep."
            )
        told = chip.told_weights()
        if told is None:
            raise DataError(
                "The rule asymmetric must know the weights that the host has written, but pulses "
                f"have changed those of {sheet.name}; take learning.mode shadow, or the rule "
                "gradep."
            )
        self._weights = told

    def now(self, free: Array) -> Array:
        """See `Directions.now`; what is held stays."""
        return np.where(self._moves, self._chip.read() / self._chip.data_sheet.unit_V, free)

    def asked(self, rest: Array, now: Array) -> Array:
        """See `Directions.asked`."""
        turned = self._law.apart(rest, now, self._weights, self._chip.data_sheet.layers)
        return np.asarray(-np.nan_to_num(turned)[:, self._nodes])

    def reading(self, rest: Array) -> Reading:
        """See `Directions.reading`: all that a coupling does, odd and even."""
        del rest
        layers = self._chip.data_sheet.layers
        return Plain(self._chip, lambda high, low: self._law.gained(high, low, layers))


class _Measured:
    """Of the die's own devices."""

    differ = True

    def __init__(
        self, chip: ChipInterface, flow: ChipFlow, x_t: Array, held: Mask | None, small: float
    ) -> None:
        self._chip, self._nodes = chip, _nodes(chip.data_sheet)
        self._apart = one_way(chip, flow, x_t, held, small)

    def now(self, free: Array) -> Array:
        """See `Directions.now`; by its difference from a state that is stored, if that is read."""
        chip, unit_V = self._chip, self._chip.data_sheet.unit_V
        if chip.data_sheet.has_difference:
            return free + chip.read_difference() / unit_V
        return chip.read() / unit_V

    def asked(self, rest: Array, now: Array) -> Array:
        """See `Directions.asked`."""
        away = (now - rest)[:, self._nodes]
        return np.asarray(-np.nan_to_num(away) @ self._apart.T)

    def reading(self, rest: Array) -> Reading:
        """See `Directions.reading`."""
        return reading_of(self._chip, rest)


def _nodes(sheet: DataSheet) -> NDArray[np.intp]:
    """Nodes with injectors, in the order of their columns: all but the visible ones.

    Raises
    ------
    DataError
        A layer of others has none.
    """
    hidden = tuple(range(1, len(sheet.layers.sizes)))
    for layer in hidden:
        sheet.injected_columns(layer)
    if 0 in sheet.injector_layers:
        raise DataError(
            "Directions are measured of nodes that are not held, but injectors.layers has 0 too; "
            f"state injectors on the layers {', '.join(map(str, hidden))} alone."
        )
    return sheet.layers.nodes_of(sheet.injector_layers)


def one_way(
    chip: ChipInterface,
    flow: ChipFlow,
    x_t: Array,
    held: NDArray[np.bool_] | None,
    small: float,
) -> Array:
    """Measured K - K^T in units of g, of the nodes with injectors, (n, n).

    Parameters
    ----------
    chip : ChipInterface
    flow : ChipFlow
        Stiffness and settling time, as in a free phase.
    x_t : ndarray, shape (n_sources,)
        Where sources stand meanwhile: at an input from which nodes come to rest.
    held : ndarray of bool, shape (n_sources,), or None
        Nodes that stand rigidly.
    small : float
        Current of each node, over that which moves an uncoupled one by 1.

    Raises
    ------
    ConvergenceError
        A row diverges, or a node does not respond.
    """
    sheet = chip.data_sheet
    nodes, n = _nodes(sheet), sheet.n_injectors
    target_V = np.tile(x_t * sheet.unit_V, (2 * n, 1))
    current_A = small * sheet.unit_S * sheet.unit_V * np.vstack([np.eye(n), -np.eye(n)])
    chip.precharge(target_V)
    chip.drive(target_V, flow.stiffness * sheet.unit_S, held)
    chip.settle(flow.settle_s)
    if sheet.has_difference:
        chip.store()
    used_A = chip.inject(current_A)
    chip.settle(flow.settle_s)
    v = (chip.read_difference() if sheet.has_difference else chip.read())[:, nodes] / sheet.unit_V
    moved, by = v[:n] - v[n:], np.diag(used_A[:n]) - np.diag(used_A[n:])
    response = (moved / (by[:, None] / (sheet.unit_S * sheet.unit_V))).T
    if not np.isfinite(response).all() or np.linalg.matrix_rank(response) < n:
        raise ConvergenceError(
            "Directions can be measured where every node responds to its current, but one does "
            "not; raise `small` of the rule, or lower the tolerances."
        )
    return _difference(response, _coupled(sheet, nodes))


def _coupled(sheet: DataSheet, nodes: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which of these nodes are coupled, (n, n)."""
    layers = sheet.layers
    wired = np.zeros((layers.n_nodes, layers.n_nodes), dtype=bool)
    wired[layers.odd, layers.even] = layers.present
    return np.asarray((wired | wired.T)[np.ix_(nodes, nodes)])


def _difference(response: Array, coupled: NDArray[np.bool_]) -> Array:
    """K - K^T of D - K, the inverse of a response, where nodes are coupled; D is diagonal.

    A column of it, times the response, is a unit vector, and so is a row: with few numbers that are
    not zero in each, both are overdetermined, and noise of reading is averaged in their fits.
    """
    n = len(response)
    inverse = np.zeros((2, n, n))
    for j, unit in enumerate(np.eye(n)):
        at = np.flatnonzero(coupled[j] | (unit > 0))
        inverse[0, at, j] = np.linalg.lstsq(response[:, at], unit, rcond=None)[0]
        inverse[1, j, at] = np.linalg.lstsq(response[at].T, unit, rcond=None)[0]
    mean = inverse.mean(axis=0)
    return np.asarray(mean.T - mean)
