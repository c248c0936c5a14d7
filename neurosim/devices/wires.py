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

Heat, the charge of drivers and the conductances' noise are taken from the effective conductances
alone, which leaves out what flows from row to row through the columns. Beside the whole ladder
they are too small: of 128 x 64 cells of `rram_cmo_hfox` heat is 0.93 of it at 1 Ohm a segment and
0.74 at 5 Ohm, of `cmos_rc_6bit` 0.98 at 5 Ohm; the noise of the last column 0.97, 0.89 and 0.99.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.linalg import solve_banded

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
        Cells of the largest array; a node takes two rows, one for each rail, so that rows are even.
        A larger matrix is of several arrays, each with drivers and virtual grounds of its own,
        whose currents add. Where a pattern has no coupling the cell is there and does not conduct,
        and a little current goes round it.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Wires(segment_Ohm="2 Ohm").segment_Ohm
    2.0
    """

    segment_Ohm: PositiveOhm
    rows: Annotated[int, Field(ge=2, multiple_of=2)] = 256
    columns: Annotated[int, Field(ge=1)] = 256

    def pairs_S(self, plus_S: Array, minus_S: Array) -> tuple[Array, Array]:
        """Effective conductances of pairs, a row a driven node, a column a driving one."""
        n_driven, n_driving = plus_S.shape
        rails = np.empty((2 * n_driving, n_driven))
        rails[0::2], rails[1::2] = plus_S.T, minus_S.T
        left = np.empty_like(rails)
        high, wide = self.rows, self.columns
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
    if not cells_S.any():
        return np.zeros_like(cells_S)
    if cells_S.shape[0] < cells_S.shape[1]:
        # Reciprocity: driven at the columns' ends and held at the rows', it is its mirror image.
        return _behind(cells_S[::-1, ::-1].T, 1 / segment_Ohm)[::-1, ::-1].T
    return _behind(cells_S, 1 / segment_Ohm)


def _behind(cells_S: Array, unit: float) -> Array:
    """Rows are eliminated one after another, from the columns' open ends on.

    A row without its driver is :math:`r_i = (g T_r + D_i)^{-1} D_i c_i`; what is left is a chain of
    dense blocks, :math:`M_i c_i = g (c_{i-1} + c_{i+1}) + s_i`, of which one is factored a row.
    """
    n_rows, n_columns = cells_S.shape
    each, place = np.eye(n_columns), np.arange(n_columns)
    # Laplacian of a row, held one segment before its first cell: three diagonals.
    row = np.full((3, n_columns), [[-unit], [2 * unit], [-unit]])
    row[1, -1] = unit
    along = row[1].copy()
    # Sources of the rows so far, as they act on the columns of the latest one.
    sources, above = np.zeros((n_columns, n_rows)), np.zeros_like(each)
    for i, row_S in enumerate(cells_S):
        row[1] = along + row_S
        inverse = solve_banded((1, 1), row, each)
        sources[:, :i] = unit * (above @ sources[:, :i])
        sources[:, i] = unit * row_S * inverse[:, 0]
        block = -row_S[:, None] * inverse * row_S - unit**2 * above
        block[place, place] += row_S + (2 * unit if i else unit)
        above = np.linalg.inv(block)
    found: Array = unit * (above @ sources).T
    return found
