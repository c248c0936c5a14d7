"""How fast a settled network comes back: the slowest of its modes, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip import Chip

__all__ = ["slowest_modes_tau"]

Array = NDArray[np.float64]


def slowest_modes_tau(chip: Chip) -> Array:
    r"""Time constants of the slowest hidden mode, visible nodes held, at each row's state.

    With the currents I into the nodes, a small change obeys :math:`C \dot d = J d`,
    :math:`J = \partial I / \partial u`, and the slowest mode of the hidden block decays with
    :math:`-1 / \max \operatorname{Re} \lambda(C^{-1} J)`. Infinite where a state is not stable.

    Amplifiers are taken to follow at once, whatever their bandwidth.

    Parameters
    ----------
    chip : Chip
        At rest, as after a free phase.

    Returns
    -------
    ndarray, shape (rows,)
        In units of C / g.
    """
    system, sheet = chip.system(), chip.data_sheet
    circuit, n = system.circuit, sheet.layers.n_nodes
    hidden = np.ones(n, dtype=bool)
    hidden[sheet.layers.visible] = False
    push = np.eye(n)[hidden]
    found = []
    for u_V in chip.u_V:
        change_A = circuit.jacobian_vector_A(u_V[None], push)
        rates = (change_A / circuit.capacitance_F)[:, hidden].T
        found.append(np.linalg.eigvals(rates).real.max())
    with np.errstate(divide="ignore"):
        slowest = -1 / np.array(found) / sheet.tau_s
    return np.where(slowest > 0, slowest, np.inf)
