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

Drivers feed each other too, from row to row through the columns. Of a passive network between
ports at voltages e the currents into it are Y e, the heat is :math:`e^T Y e`, and a port that is
held has the noise of its own element of Y, :math:`4 k T\,Y_{jj}` (Nyquist). What of it two columns
have in common, :math:`4 k T\,Y_{jk}`, is left out.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.linalg import solve_banded

from neurosim.blocks.block import Sourced
from neurosim.blocks.quantities import PositiveOhm

__all__ = ["Behind", "Ladder", "Wires", "ladder"]

Array = NDArray[np.float64]


class Wires(Sourced):
    """Resistance of the wires of crossbars.

    Parameters
    ----------
    segment_Ohm : float
        Resistance of a row or a column from one cell to the next.
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

    def behind(self, plus_S: Array, minus_S: Array) -> Behind:
        """Pairs as nodes see them behind wires, a row a driven node, a column a driving one."""
        n_driven, n_driving = plus_S.shape
        rails = np.empty((2 * n_driving, n_driven))
        rails[0::2], rails[1::2] = plus_S.T, minus_S.T
        left = np.empty_like(rails)
        rows_S, columns_S = np.zeros((2 * n_driving,) * 2), np.zeros((n_driven, n_driven))
        for top in range(0, 2 * n_driving, self.rows):
            down = slice(top, top + self.rows)
            for start in range(0, n_driven, self.columns):
                along = slice(start, start + self.columns)
                array = ladder(rails[down, along], self.segment_Ohm)
                left[down, along] = array.across_S
                rows_S[down, down] += array.rows_S
                columns_S[along, along] += array.columns_S
        # The second rail of a node is driven at the negative voltage, and by its driver.
        driven = rows_S[:, 0::2] - rows_S[:, 1::2]
        return Behind(
            left[0::2].T.copy(),
            left[1::2].T.copy(),
            np.stack([driven[0::2], -driven[1::2]]),
            columns_S,
        )


class Behind(NamedTuple):
    """A matrix of pairs behind wires, as its nodes see it.

    Attributes
    ----------
    plus_S, minus_S : ndarray, shape (n_driven, n_driving)
        Effective conductances.
    rails_S : ndarray, shape (2, n_driving, n_driving)
        Current out of the drivers of the rails +v and -v of each driving node, the latter's
        reversed, for 1 V at each.
    columns_S : ndarray, shape (n_driven, n_driven)
        Current into each column from its own end for 1 V at each one's, the rails at 0 V.
    """

    plus_S: Array
    minus_S: Array
    rails_S: Array
    columns_S: Array


class Ladder(NamedTuple):
    """An array between its ports: drivers at its first column, virtual grounds at its last row.

    Attributes
    ----------
    across_S : ndarray, shape (rows, columns)
        Current out of each column for 1 V at each row.
    rows_S : ndarray, shape (rows, rows)
        Current into each row for 1 V at each, columns at 0 V.
    columns_S : ndarray, shape (columns, columns)
        The same of columns, rows at 0 V.
    """

    across_S: Array
    rows_S: Array
    columns_S: Array


def ladder(cells_S: Array, segment_Ohm: float) -> Ladder:
    """What an array of cells, (rows, columns), is behind wires of so much from cell to cell."""
    if not cells_S.any():
        rows, columns = cells_S.shape
        nothing = np.zeros_like(cells_S), np.zeros((rows, rows)), np.zeros((columns, columns))
        return Ladder(*nothing)
    if cells_S.shape[0] < cells_S.shape[1]:
        # Reciprocity: driven at the columns' ends and held at the rows', it is its mirror image.
        across, rows, columns = _behind(cells_S[::-1, ::-1].T, 1 / segment_Ohm)
        return Ladder(across[::-1, ::-1].T, columns[::-1, ::-1], rows[::-1, ::-1])
    return Ladder(*_behind(cells_S, 1 / segment_Ohm))


def _behind(cells_S: Array, unit: float) -> tuple[Array, Array, Array]:
    r"""Rows are added one after another, from the columns' open ends on; their nodes drop out.

    With c the voltages of the columns below the latest row, and e those of the drivers so far, the
    currents into the array are :math:`A c - B e` and :math:`Y e - B^T c`. A segment more of each
    column leaves, with :math:`M = (A + g)^{-1}`, :math:`A \to g - g^2 M`, :math:`B \to g M B`
    and :math:`Y \to Y - B^T M B`. A row :math:`r = R (D c + g e_1 e)`, with
    :math:`R = (g T_r + D)^{-1}`, adds :math:`D - D R D` to A, :math:`g D R e_1` to B and
    :math:`g - g^2 R_{11}` to Y.
    """
    n_rows, n_columns = cells_S.shape
    each, place = np.eye(n_columns), np.arange(n_columns)
    # Laplacian of a row, held one segment before its first cell: three diagonals.
    row = np.full((3, n_columns), [[-unit], [2 * unit], [-unit]])
    row[1, -1] = unit
    along = row[1].copy()
    own: Array = np.zeros_like(each)
    sources = np.zeros((n_columns, n_rows))
    drivers = np.zeros((n_rows, n_rows))
    for i, row_S in enumerate(cells_S):
        row[1] = along + row_S
        inverse = solve_banded((1, 1), row, each)
        own -= row_S[:, None] * inverse * row_S
        own[place, place] += row_S
        sources[:, i] = unit * row_S * inverse[:, 0]
        drivers[i, i] = unit - unit**2 * inverse[0, 0]
        some = sources[:, : i + 1]
        own[place, place] += unit
        own = np.asarray(np.linalg.inv(own))
        reached = own @ some
        drivers[: i + 1, : i + 1] -= some.T @ reached
        np.multiply(reached, unit, out=some)
        own *= -(unit**2)
        own[place, place] += unit
    return sources.T, drivers, own
