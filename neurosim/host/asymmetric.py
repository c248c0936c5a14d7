r"""Equilibrium propagation where couplings differ by direction: measured and made up for.

With couplings K that are not symmetric, nudged nodes respond through K where the gradient asks for
the transpose of it. The host adds, in the nudged phases, currents

.. math:: I = -A\,\delta y, \qquad A = K - K^T, \quad \delta y = y - y^*

of the outputs y as they run and y* of the free phase (Laborieux and Zenke; Farinha et al. 2020).

Why these, and under which law: with p the adjoint, :math:`J^T p = m f`, and w the weight of a
node's sum, the Jacobian by the nodes' voltages is :math:`J = w K y' + \text{diag}`, with
:math:`m w = y'`. The gradient is the contrast of a response :math:`\delta u = p / m`, of which the
equation reads :math:`K^T \delta y + D \delta u = f / w` with a diagonal D. The injected currents
join the sums of the couplings and are weighed by w as these are: what they have to make up for is
:math:`(K - K^T) \delta y`, whatever law, slope, metric and load a node has.

The host knows what its nodes do at rest: it reads them, sets the currents, waits, and does so
again, in a counted number of rounds. If each round were set by the last reading alone, an error
would be multiplied by :math:`-S A` a round, S the response of the outputs to currents, and grow
where this has an eigenvalue beyond 1, as with strong weights under the gradient law. So each round
takes the combination of all rounds so far that leaves least of :math:`I + A \delta y` (Anderson
1965): these are the iterates of a Krylov method, which converge all the same.

The difference is measured through the interface. A small current into node j moves the outputs at
rest by column j of S, of both signs; in units of g,

.. math:: S^{-1} = D' - K, \qquad K - K^T = S^{-T} - S^{-1}

with D' diagonal whatever the state is. It takes two rows for each node, at every estimate, for
weights have changed since the last one. K is as good as responses are read: with difference
amplifiers they are read as such. Cosine to the exact gradient on an ideal chip of 64-20-10 nodes
whose devices stray by 20 %, 16 digits, beta 0.1, four rounds, random weights; without the remedy it
is 0.97 (0.92 of the gradient law at 8 bits, plain):

======================================= ===== ======= ======= ======
reads of the ADC                        exact 12 bit  10 bit  8 bit
======================================= ===== ======= ======= ======
hopfield, plain, +-1.3 units            1.000 1.000   0.995   0.951
hopfield, differences times 10          1.000 1.000   1.000   0.999
gradient, plain, +-4 units              1.000 0.75    0.61    none
gradient, differences times 10          1.000 0.995   0.989   0.925
======================================= ===== ======= ======= ======

A SiLU of slope 0.5 answers a current with a quarter of what a tanh does, and its slope vanishes at
some state: where nodes hardly respond, the remedy is worse than nothing. Raise `small` then.

Nominal conductances are no substitute: the host writes both directions alike, so that their
difference is zero, and the currents with it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface, DataSheet
from neurosim.errors import ConvergenceError, DataError
from neurosim.host.calibration import Calibration
from neurosim.host.free import free_phase
from neurosim.host.gradep import Estimate, Shown
from neurosim.host.phases import Anchored, Measured, contrasted, nudging
from neurosim.host.settings import ChipFlow, Count, Positive

__all__ = ["AsymmetricEP", "one_way"]

Array = NDArray[np.float64]

_ALIKE = 1e-4  # two rounds that differ by less, over what each has changed, are one


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
    rounds: Count = 6
    small: Positive = 0.1

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

        unit_A = sheet.unit_S * sheet.unit_V

        def lead(sign: int) -> None:
            nudge(sign)
            rounds = _Rounds()
            used = np.zeros((len(x_t), sheet.n_injectors))
            for _ in range(self.rounds):
                chip.settle(flow.settle_s)
                if sheet.has_difference:  # from the free state, which `contrasted` has stored
                    away = chip.read_difference()[:, nodes] / sheet.unit_V
                else:
                    away = chip.read()[:, nodes] / sheet.unit_V - free[:, nodes]
                current = rounds.next(used, -np.nan_to_num(away) @ apart.T)
                used = chip.inject(current * unit_A) / unit_A

        return contrasted(chip, x_t, flow, held, Measured(free, velocity), lead)


class _Rounds:
    """Anderson mixing of currents I (rows, n) that should be what they lead to, g(I)."""

    def __init__(self) -> None:
        self._tried: list[tuple[Array, Array]] = []

    def next(self, used: Array, asked: Array) -> Array:
        """Currents to set after `used` have led to `asked`, each row by its own rounds."""
        left = asked - used
        found = asked.copy()
        if self._tried:
            steps = np.stack([left - before for _, before in self._tried], axis=-1)
            outcomes = np.stack([asked - before for before, _ in self._tried], axis=-1)
            size = np.linalg.norm(steps, axis=1, keepdims=True)
            size[size == 0] = 1.0
            share = np.linalg.pinv(steps / size, rcond=_ALIKE) @ left[..., None]
            found -= ((outcomes / size) @ share)[..., 0]
        self._tried.append((asked, left))
        return found
