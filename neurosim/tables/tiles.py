"""Layers on crossbar tiles of a given size: which cell of which tile holds which weight.

The lines of a coupling matrix W<k> are its rows, the nodes of layer k + 1, and its columns, those
of layer k, and one more column to the reference rail for the biases of layer k + 1. W0 has one more
row too, for the biases of layer 0. Each matrix is cut into as few tiles as hold it, as equal as
possible; each tile connects its own lines, so that in each a logical line may lie on any physical
one. Faulty cells are avoided by that freedom, and by spare lines.

.. code-block:: text

    address = (tile * rows + physical row) * columns + physical column
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError
from neurosim.network import Layers
from neurosim.tables.faulty import avoiding
from neurosim.tables.layout import shapes
from neurosim.tables.table import WeightTable, layers_of

__all__ = ["Tile", "Tiling", "tiled"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_LINES = ("rows", "columns", "row_lines", "column_lines")


@dataclass(frozen=True)
class Tile:
    """One crossbar: the logical lines of a matrix that it holds, and the physical line of each.

    Attributes
    ----------
    block : str
        Its matrix, W<k>.
    rows, columns : ndarray of int
        Logical lines; the one after the last node is that of biases.
    row_lines, column_lines : ndarray of int
        Physical lines, one for each logical one.
    """

    block: str
    rows: Index
    columns: Index
    row_lines: Index
    column_lines: Index


@dataclass(frozen=True)
class Tiling:
    """All tiles of a network.

    Attributes
    ----------
    size : tuple of int
        Physical rows and columns of a tile.
    tiles : tuple of Tile
    """

    size: tuple[int, int]
    tiles: tuple[Tile, ...]

    @property
    def n_cells(self) -> int:
        """Cells of all tiles."""
        return len(self.tiles) * self.size[0] * self.size[1]

    def addresses(self, layers: Layers) -> dict[str, Index]:
        """Address of the cell of every coupling and bias, by block.

        Raises
        ------
        DataError
            A tile holds what is no line of the network, or two lines in one place.
        """
        sizes, (rows, columns) = layers.sizes, self.size
        grids = {
            f"W{k}": np.full((sizes[k + 1] + 1, sizes[k] + 1), -1) for k in range(len(sizes) - 1)
        }
        for k, tile in enumerate(self.tiles):
            shape = grids[tile.block].shape if tile.block in grids else (0, 0)
            if not (
                _are_lines(tile.rows, tile.row_lines, shape[0], rows)
                and _are_lines(tile.columns, tile.column_lines, shape[1], columns)
            ):
                raise DataError(
                    f"Tile {k} of a tiling of {rows} x {columns} must hold lines of the network, "
                    "each in a place of its own, but does not; export the table again."
                )
            lines = k * rows + tile.row_lines[:, None]
            grids[tile.block][np.ix_(tile.rows, tile.columns)] = lines * columns + tile.column_lines
        out: dict[str, Index] = {name: grid[:-1, :-1] for name, grid in grids.items()}
        out["b0"] = grids["W0"][-1, :-1]
        return out | {f"b{k}": grids[f"W{k - 1}"][:-1, -1] for k in range(1, len(sizes))}

    def as_json(self) -> dict[str, Any]:
        """For the data sheet."""
        tiles = [
            {"block": tile.block} | {key: getattr(tile, key).tolist() for key in _LINES}
            for tile in self.tiles
        ]
        return {
            "size": list(self.size),
            "address": "(tile * rows + physical row) * columns + physical column",
            "tiles": tiles,
        }

    @classmethod
    def from_json(cls, tree: dict[str, Any]) -> Tiling:
        """What `as_json` gave.

        Raises
        ------
        DataError
            It is something else.
        """
        try:
            rows, columns = (int(number) for number in tree["size"])
            tiles = tuple(
                Tile(str(tile["block"]), *(np.array(tile[key], dtype=np.intp) for key in _LINES))
                for tile in tree["tiles"]
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            raise DataError(
                "The tiling of a data sheet must say the size and the lines of each tile, but does "
                "not; export the table again."
            ) from None
        return cls((rows, columns), tiles)


def _are_lines(logical: Index, physical: Index, n_logical: int, n_physical: int) -> bool:
    """Whether each logical line has one physical line, and no two the same."""
    return logical.shape == physical.shape and all(
        lines.ndim == 1
        and len(np.unique(lines)) == len(lines)
        and bool(np.all((lines >= 0) & (lines < n)))
        for lines, n in ((logical, n_logical), (physical, n_physical))
    )


def _matrices(table: WeightTable, layers: Layers) -> dict[str, Array]:
    """Each coupling matrix with its lines of biases, as weights."""
    weight = {name: columns["weight"] for name, columns in table.blocks.items()}
    out = {}
    for k in range(len(layers.sizes) - 1):
        matrix = np.zeros((layers.sizes[k + 1] + (k == 0), layers.sizes[k] + 1))
        matrix[: layers.sizes[k + 1], :-1] = weight[f"W{k}"]
        matrix[: layers.sizes[k + 1], -1] = weight[f"b{k + 1}"]
        if k == 0:
            matrix[-1, :-1] = weight["b0"]
        out[f"W{k}"] = matrix
    return out


def _cut(n_lines: int, room: int) -> list[Index]:
    """Lines in as few parts as have room, as equal as possible."""
    return np.array_split(np.arange(n_lines), -(-n_lines // room))


def tiled(
    table: WeightTable,
    size: tuple[int, int],
    spare: tuple[int, int] = (0, 0),
    faults: dict[int, Array] | None = None,
) -> tuple[WeightTable, dict[str, Any]]:
    """The table with the address of every cell, and what the tiling costs.

    Parameters
    ----------
    table : WeightTable
    size : tuple of int
        Physical rows and columns of a tile.
    spare : tuple of int
        Rows and columns of it that only take the place of faulty ones.
    faults : dict, optional
        Of each tile that has faulty cells, the weights that these have whatever is written, NaN
        where a cell is good.

    Returns
    -------
    table : WeightTable
        With the column `address`, and the tiling in its data sheet.
    facts : dict
        Number of tiles, share of their cells that hold a weight, faulty cells that do (with a
        wrong weight), and by how much weight these are wrong in all.

    Raises
    ------
    DataError
        A tile has no line left, or a fault lies in no tile.
    """
    room = size[0] - spare[0], size[1] - spare[1]
    if min(room) < 1 or min(spare) < 0:
        raise DataError(
            "A tile must keep at least one row and column beside the spare ones, but has "
            f"{size[0]} x {size[1]} with {spare[0]} and {spare[1]} of them; choose a larger tile."
        )
    layers, faults = layers_of(table.sheet), faults or {}
    tiles: list[Tile] = []
    lost: list[float] = []
    for block, matrix in _matrices(table, layers).items():
        for rows, columns in itertools.product(*map(_cut, matrix.shape, room)):
            weight, stuck = matrix[np.ix_(rows, columns)], faults.get(len(tiles))
            lines = np.arange(len(rows)), np.arange(len(columns))
            if stuck is not None:
                lines = avoiding(weight, stuck, *lines)
                wrong = np.abs(weight - stuck[np.ix_(*lines)])
                lost += wrong[wrong > 0].tolist()
            tiles.append(Tile(block, rows, columns, *lines))
    beyond = [k for k in faults if k >= len(tiles)]
    if beyond:
        raise DataError(
            f"Faulty cells must lie in the {len(tiles)} tiles that the network needs, but some lie "
            f"in tile {beyond[0]}; count tiles from 0."
        )
    tiling = Tiling(size, tuple(tiles))
    address = tiling.addresses(layers)
    blocks = {name: table.blocks[name] | {"address": address[name]} for name in shapes(layers)}
    facts = {
        "tiles": len(tiles),
        "filled": table.size / tiling.n_cells,
        "faulty_cells_used": len(lost),
        "weight_lost": float(np.sum(lost)),
    }
    return WeightTable(table.sheet | {"tiling": tiling.as_json()}, blocks), facts
