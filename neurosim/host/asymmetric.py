r"""Equilibrium propagation where couplings differ by direction: measured and made up for.

With couplings K that are not symmetric, nudged nodes respond through K where the gradient asks for
the transpose of it. The host adds, in the nudged phases, currents

.. math:: I = -(K - K^T)(v - v^*)

of the outputs v as they run and v* of the free phase (Laborieux and Zenke; Farinha et al. 2020).
It knows what its nodes do at rest: it reads them, sets the currents, waits, and does so again, in a
counted number of rounds, each of which leaves a share of about the mismatch.

The difference is measured through the interface. A small current into node j moves the outputs at
rest by column j of S, of both signs; in units of g,

.. math:: S^{-1} = D - K, \qquad K - K^T = S^{-T} - S^{-1}

with D diagonal whatever the state is. It takes two rows for each node, at every estimate, for
weights have changed since the last one.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.errors import ConvergenceError, DataError
from neurosim.host.calibration import Calibration
from neurosim.host.gradep import Estimate, Shown
from neurosim.host.phases import Anchored, Measured, contrasted, free_phase, nudging
from neurosim.host.settings import ChipFlow, Count, Positive

__all__ = ["AsymmetricEP", "one_way"]

Array = NDArray[np.float64]


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
    used_A = chip.inject(current_A)
    chip.settle(flow.settle_s)
    v = chip.read()[:, nodes] / sheet.unit_V
    moved, by = v[:n] - v[n:], np.diag(used_A[:n]) - np.diag(used_A[n:])
    response = (moved / (by[:, None] / (sheet.unit_S * sheet.unit_V))).T
    if not np.isfinite(response).all() or np.linalg.matrix_rank(response) < n:
        raise ConvergenceError(
            "Directions can be measured where every node responds to its current, but one does "
            "not; raise `small` of the rule, or lower the tolerances."
        )
    inverse = np.linalg.inv(response)
    return np.asarray(inverse.T - inverse)


class AsymmetricEP(Block):
    """GradEP that makes up for couplings that differ by direction.

    The chip needs injectors on all layers but the first.

    Parameters
    ----------
    rule : {"asymmetric"}
        Names this rule.
    rounds : int
        How often the currents are set in each nudged phase.
    small : float
        See `one_way`.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Classify(), rule=ns.AsymmetricEP(rounds=3)).rule
    AsymmetricEP(rounds=3)
    """

    rule: Literal["asymmetric"] = "asymmetric"
    rounds: Count = 4
    small: Positive = 0.05

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """See `RuleLaw.estimate`."""
        x_t, sheet = batch.targets, chip.data_sheet
        nodes, apart = _nodes(sheet), one_way(chip, flow, x_t[0], held, self.small)
        anchor, free, velocity = free_phase(chip, x_t, flow, calibration, held)
        nudge = nudging(chip, Anchored(x_t, anchor, batch.wanted), flow, calibration, held)

        def lead(sign: int) -> None:
            nudge(sign)
            for _ in range(self.rounds):
                chip.settle(flow.settle_s)
                away = (chip.read()[:, nodes] / sheet.unit_V) - free[:, nodes]
                current = -np.nan_to_num(away) @ apart.T
                chip.inject(current * sheet.unit_S * sheet.unit_V)

        return contrasted(chip, x_t, flow, held, Measured(free, velocity), lead)
