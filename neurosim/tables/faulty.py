"""Faulty cells of crossbar tiles: read from a file, and avoided by what lies on which line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from neurosim.errors import DataError
from neurosim.files import read_rows

__all__ = ["avoiding", "read_faults"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_ROUNDS = 20


def read_faults(path: Path, size: tuple[int, int]) -> dict[int, Array]:
    """Faulty cells from a CSV file with the columns tile, row, column and, if known, weight.

    All count from 0; a cell whose weight is not given is taken to hold 0, as an open one does.

    Raises
    ------
    DataError
        The file cannot be read, or a line is no cell of a tile.
    """
    faults: dict[int, Array] = {}
    for line, cell in read_rows(path, ["tile", "row", "column"]):
        try:
            tile, row, column = (int(cell[name]) for name in ("tile", "row", "column"))
            weight = float(cell.get("weight") or 0)
            if min(tile, row, column) < 0 or not np.isfinite(weight):
                raise ValueError
            faults.setdefault(tile, np.full(size, np.nan))[row, column] = weight
        except (KeyError, TypeError, ValueError, IndexError):
            raise DataError(
                f"Line {line} of {path} must be a cell of a tile of {size[0]} x "
                f"{size[1]} as tile, row, column and perhaps weight, but is {list(cell.values())}."
            ) from None
    return faults


def avoiding(
    weight: Array, stuck: Array, row_lines: Index, column_lines: Index
) -> tuple[Index, Index]:
    """Lines that lose as little weight as possible to faulty cells.

    Rows and columns in turn, each an assignment problem solved exactly, until the loss stays.

    Parameters
    ----------
    weight : ndarray, shape (rows, columns)
        To be held.
    stuck : ndarray, shape (physical rows, physical columns)
        Weight that a faulty cell has, NaN for a good one.
    row_lines, column_lines : ndarray of int
        Where to begin.
    """

    def loss(rows: Array, lines: Array) -> Array:
        """Sum over a line's cells of |weight - stuck|, (logical, physical)."""
        bad = np.isfinite(lines)
        held = np.where(bad, lines, 0.0)
        return np.stack([np.sum(bad * np.abs(row - held), axis=1) for row in rows])

    best = np.inf
    for _ in range(_ROUNDS):
        row_lines = _assign(loss(weight, stuck[:, column_lines]))
        cost = loss(weight.T, stuck[row_lines].T)
        column_lines = _assign(cost)
        found = float(cost[np.arange(len(column_lines)), column_lines].sum())
        if found >= best or found == 0:
            break
        best = found
    return row_lines, column_lines


def _assign(cost: Array) -> Index:
    """Physical line of each logical one, of least cost; the first ones where all cost the same."""
    tiny = 1e-9 * np.arange(cost.shape[1]) / cost.shape[1]
    lines: Index = linear_sum_assignment(cost + tiny * max(float(cost.max(initial=0.0)), 1.0))[1]
    return lines
