r"""Wires of a crossbar: the conductances that are left between its drivers and its virtual grounds.

The rails +v and -v of a driving node are two neighbouring rows, a driven node is a column. Each
cell joins its row to its column; from cell to cell, from a row's driver to its first cell and from
a column's last cell to its virtual ground there is one segment of wire. With the conductances g of
a segment and G of the cells, Kirchhoff's law is

.. math:: (g T_r + D)\, r - D\, c = g\, e_v, \qquad (g T_c + D)\, c - D\, r = 0

for the voltages r and c of rows and columns at every cell, D the diagonal of all G, T the
Laplacian of each wire with its fixed end, and e_v the drivers' voltages at the first cells. The
current into a column is linear in the drivers' voltages: its coefficients are the effective
conductances. They are reciprocal, so that devices which serve both directions do so behind wires
too, the column driven and the currents of the two rows subtracted.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse.linalg import splu

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import PositiveOhm

__all__ = ["Wires", "effective_S"]

Array = NDArray[np.float64]


class Wires(Sourced):
    """Resistance of the wires of crossbars.

    Parameters
    ----------
    segment_Ohm : float
        Of a row or a column from one cell to the next.
    rows, columns : int
        Cells of the largest array; a node takes two rows, one for each rail. A larger matrix is of
        several arrays, each with drivers and virtual grounds of its own, whose currents add.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Wires(segment_Ohm="2 Ohm").segment_Ohm
    2.0
    """

    segment_Ohm: PositiveOhm
    rows: Annotated[int, Field(ge=2)] = 256
    columns: Annotated[int, Field(ge=1)] = 256

    def pairs_S(self, plus_S: Array, minus_S: Array) -> tuple[Array, Array]:
        """Effective conductances of pairs, a row a driven node, a column a driving one."""
        n_driven, n_driving = plus_S.shape
        rails = np.empty((2 * n_driving, n_driven))
        rails[0::2], rails[1::2] = plus_S.T, minus_S.T
        left = np.empty_like(rails)
        high, wide = 2 * (self.rows // 2), self.columns
        for top in range(0, 2 * n_driving, high):
            for start in range(0, n_driven, wide):
                part = np.s_[top : top + high, start : start + wide]
                left[part] = effective_S(rails[part], self.segment_Ohm)
        return left[0::2].T.copy(), left[1::2].T.copy()


def effective_S(cells_S: Array, segment_Ohm: float) -> Array:
    """Current into each column, at 0 V, for 1 V at each row [S].

    Parameters
    ----------
    cells_S : ndarray, shape (rows, columns)
        Drivers are at the first column, virtual grounds at the last row.
    segment_Ohm : float

    Returns
    -------
    ndarray, shape (rows, columns)
    """
    n_rows, n_columns = cells_S.shape
    if not cells_S.any():
        return np.zeros_like(cells_S)
    unit = 1 / segment_Ohm
    cells = sp.diags_array(cells_S.ravel())
    along_rows = sp.kron(sp.eye_array(n_rows), _wire(n_columns))
    # The end that is held is the last cell of a column.
    along_columns = sp.kron(_wire(n_rows)[::-1, ::-1], sp.eye_array(n_columns))
    system = sp.block_array(
        [[unit * along_rows + cells, -cells], [-cells, unit * along_columns + cells]], format="csc"
    )
    solved = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    # Reciprocity: what a source at a column's end does at the first cell of each row.
    ends = np.zeros((system.shape[0], n_columns))
    last = cells_S.size + (n_rows - 1) * n_columns
    ends[last + np.arange(n_columns), np.arange(n_columns)] = unit
    first_cells = np.arange(n_rows) * n_columns
    found: Array = unit * solved.solve(ends)[first_cells]
    return np.maximum(found, 0.0)


def _wire(n: int) -> sp.csr_array:
    """Laplacian of a chain of n cells that is held one segment before the first."""
    diagonal = np.full(n, 2.0)
    diagonal[-1] = 1.0
    off = -np.ones(n - 1)
    return sp.csr_array(sp.diags_array([off, diagonal, off], offsets=[-1, 0, 1]))
