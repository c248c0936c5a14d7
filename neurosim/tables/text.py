"""CSV, one row a coupling or bias, and JSON, one array a block and column; nothing is rounded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.errors import DataError
from neurosim.network import Layers
from neurosim.tables.layout import shapes
from neurosim.tables.table import COLUMNS, Array, WeightTable, layers_of

__all__ = ["read_csv", "read_json", "write_csv", "write_json"]

PLACE = ("kind", "layer", "row", "column", "from_node", "to_node")


def _places(layers: Layers) -> Iterator[tuple[str, int, list[Any]]]:
    """Block, flat index and first cells of each row of the CSV table."""
    names = layers.names()
    for block, shape in shapes(layers).items():
        for flat, (i, *j) in enumerate(np.ndindex(*shape)):
            place = [block[0], int(block[1:]), i, *(j or [""])]
            yield block, flat, [*place, *_nodes(names, block, i, *j)]


def _nodes(names: Sequence[str], block: str, i: int, j: int | None = None) -> tuple[str, str]:
    """The node that a coupling or bias comes from, and the one that it goes to."""
    k = int(block[1:])
    if j is None:
        return "reference", f"{names[k]}[{i}]"
    return f"{names[k]}[{j}]", f"{names[k + 1]}[{i}]"


def _cells(values: Array) -> list[str]:
    return [repr(v) if isinstance(v, float) else str(v) for v in values.ravel().tolist()]


def _cells_of(columns: Mapping[str, Array], name: str) -> list[str]:
    """Cells of a column; empty where it is one of nodes and these are couplings."""
    if name in columns:
        return _cells(columns[name])
    return [""] * next(iter(columns.values())).size


def write_csv(table: WeightTable) -> bytes:
    """The blocks row by row: couplings layer by layer, then biases, whose `column` is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [column.name for column in table.columns]
    writer.writerow([*PLACE, *names])
    texts = {
        block: list(zip(*(_cells_of(columns, name) for name in names), strict=True))
        for block, columns in table.blocks.items()
    }
    layers = layers_of(table.sheet)
    writer.writerows([*place, *texts[block][flat]] for block, flat, place in _places(layers))
    return out.getvalue().encode()


def read_csv(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_csv` wrote; columns may come in any order, rows too.

    Raises
    ------
    DataError
        Rows or cells are missing, repeated or no numbers.
    """
    assert sheet is not None
    layers = layers_of(sheet)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"The CSV table must be text in UTF-8, but its byte {error.start} is not; save it as "
            "CSV in UTF-8."
        ) from None
    cells = sum(int(np.prod(shape)) for shape in shapes(layers).values())
    if cells > text.count("\n") + 1:
        raise DataError(
            f"The CSV table must have a row for each of the {cells} couplings and biases of "
            f"{'-'.join(map(str, layers.sizes))}, but has {text.count(chr(10))} lines."
        )
    reader = csv.DictReader(io.StringIO(text), strict=True)
    header = list(reader.fieldnames or ())
    lost = [name for name in ("kind", "layer", "row", "column") if name not in header]
    names = [column.name for column in COLUMNS if column.name in header]
    if lost or not names:
        raise DataError(
            "The CSV table must have the columns kind, layer, row, column and numbers, but has "
            f"{', '.join(header)[:200] or 'none'}; export it again, or save it with commas between "
            "cells and points in numbers."
        )
    both = {column.name for column in COLUMNS if not column.node}
    blocks = {
        block: {name: np.full(shape, np.nan) for name in names if block[0] == "b" or name in both}
        for block, shape in shapes(layers).items()
    }
    seen = {block: np.zeros(shape, dtype=bool) for block, shape in shapes(layers).items()}
    nodes = layers.names()
    for row in reader:
        if not any(cell for cell in row.values() if isinstance(cell, str)):
            continue  # as spreadsheets leave below a table
        block, place = _place_of(row, seen, reader.line_num)
        for name, values in blocks[block].items():
            values[place] = _number(row[name], name, reader.line_num)
        _check_nodes(row, _nodes(nodes, block, *place), reader.line_num)
        seen[block][place] = True
    for block, filled in seen.items():
        if not filled.all():
            first = ", ".join(map(str, np.argwhere(~filled)[0]))
            raise DataError(
                f"The CSV table must have a row for each of the {filled.size} cells of {block}, "
                f"but {np.count_nonzero(~filled)} are missing, the first is {block}[{first}]."
            )
    return WeightTable(sheet, blocks)


def _place_of(
    row: dict[str, str], seen: dict[str, Array], line: int
) -> tuple[str, tuple[int, ...]]:
    """Block and index of one row, which must be new."""
    name = f"{row['kind']}{row['layer']}"
    try:
        if name not in seen:
            raise ValueError
        place = tuple(int(row[key]) for key in ("row", "column")[: seen[name].ndim])
        if min(place) < 0 or seen[name][place]:
            raise ValueError
    except (TypeError, ValueError, IndexError):
        shown = ", ".join(f"{key} {row[key]!r}" for key in ("kind", "layer", "row", "column"))
        raise DataError(
            f"Line {line} of the CSV table must be a cell of the network that no line before it "
            f"has, but is {shown}."
        ) from None
    return name, place


def _check_nodes(row: dict[str, str], nodes: tuple[str, str], line: int) -> None:
    """The nodes that a row names, if it does, are those of its cell."""
    for column, node in zip(("from_node", "to_node"), nodes, strict=True):
        if row.get(column, node) != node:
            raise DataError(
                f"Line {line} of the CSV table must have {node} as {column}, but has "
                f"{row[column]!r}."
            )


def _number(text: str | None, name: str, line: int) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise DataError(
            f"Line {line} of the CSV table must have a number as {name}, but has {text!r}."
        ) from None


def write_json(table: WeightTable) -> bytes:
    """``{"sheet": {...}, "blocks": {"W0": {"weight": [[...]]}}}``; floats keep all bits."""
    blocks = {
        block: {name: values.tolist() for name, values in columns.items()}
        for block, columns in table.blocks.items()
    }
    sheet = json.dumps(table.sheet, indent=1)
    return f'{{"sheet": {sheet},\n"blocks": {json.dumps(blocks)}}}\n'.encode()


def read_json(data: bytes, sheet: dict[str, Any] | None) -> WeightTable:
    """What `write_json` wrote; the file has its own sheet.

    Raises
    ------
    DataError
        It has no sheet and blocks, or a block is no array of numbers.
    """
    tree, known = json.loads(data), {column.name for column in COLUMNS}
    try:
        blocks = {
            block: {
                name: np.array(values, dtype=np.float64)
                for name, values in columns.items()
                if name in known
            }
            for block, columns in tree["blocks"].items()
        }
        sheet = tree["sheet"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"The JSON table must hold a sheet and blocks of arrays of numbers, but does not "
            f"({error}); export it again."
        ) from None
    return WeightTable(sheet, blocks)
