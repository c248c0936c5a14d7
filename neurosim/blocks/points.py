"""Points that a bench has measured: two columns of a table, in place of a list in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from neurosim.blocks.lab_table import Column, LabTable, in_base, read_table
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.words import Reading
from neurosim.errors import DataError

__all__ = ["in_place_of", "in_place_of_table", "read_points"]


def read_points(path: Path, units: tuple[str, str]) -> tuple[tuple[float, float], ...]:
    """Points of a table of two columns, with a header or without.

    A header may carry a unit, as in ``u (mV)``; without one the numbers are in `units`.

    Parameters
    ----------
    path : Path
    units : (str, str)
        SI units of both, such as ("V", "A").

    Returns
    -------
    points : tuple of (float, float)

    Raises
    ------
    DataError
        The file cannot be read, has other than two columns, a cell is no number in its unit, or
        the first column does not rise from row to row.
    """
    table = read_table(path, headed=False)
    if len(table.headers) != 2:
        raise DataError(
            f"{path} must have two columns, separated by commas, semicolons or tabs, in {units[0]} "
            f"and {units[1]}, but has {len(table.headers)}."
        )
    own = [_unit(table, k, units[k]) for k in (0, 1)]
    found: list[tuple[float, float]] = []
    for row in table.rows:
        x, y = (table.number(row, k, f"column {k + 1}", own[k], units[k]) for k in (0, 1))
        if found and x <= found[-1][0]:
            raise table.wrong(
                row, f"column 1 must rise from row to row, but {x:g} follows {found[-1][0]:g}; "
                "sort the rows, and take the mean of those of one input"
            )  # fmt: skip
        found.append((x, y))
    return tuple(found)


def _unit(table: LabTable, place: int, base: str) -> str | None:
    """The unit of a header, if it has one."""
    unit = Column.of(table.headers[place]).unit
    if unit is None:
        return None
    try:
        in_base(f"1 {unit}", base)
    except ValueError:
        raise DataError(
            f"{table.path} must have column {place + 1} in {base}, but its header is "
            f"{table.headers[place]!r}."
        ) from None
    return unit


def in_place_of_table(
    tree: Any, field: str, units: tuple[str, str], least: int, info: ValidationInfo
) -> dict[str, Any] | Any:
    """Fields of a block, with the points of its `table`, at `least` so many, as `field`.

    A table's path is relative to the file that names it, in Python to the working directory.

    Raises
    ------
    BlockError
        The table cannot be read or has too few rows, or both or none are stated.
    """
    if isinstance(tree, Mapping) and tree.get("table") is None and field not in tree:
        text = "missing; they must be stated, or a `table` of them"
        raise BlockError([((field,), text)])

    def read(path: Path) -> tuple[Any]:
        points = read_points(path, units)
        if len(points) < least:
            text = f"must have at least {least} rows of numbers, but has {len(points)}"
            raise DataError(f"{path} {text}.")
        return (points,)

    return in_place_of(tree, (field,), read, info)


def in_place_of(
    tree: Any, fields: Sequence[str], read: Callable[[Path], Sequence[Any]], info: ValidationInfo
) -> dict[str, Any] | Any:
    """Fields of a block, with what `read` makes of its `table` as these fields, in their order.

    A table's path is relative to the file that names it, in Python to the working directory.

    Raises
    ------
    BlockError
        The table cannot be read, or a field is stated beside it.
    """
    if not isinstance(tree, Mapping):
        return tree
    if tree.get("table") is None:
        return tree
    others = {name: value for name, value in tree.items() if name != "table"}
    stated = [field for field in fields if others.get(field)]
    if stated:
        text = "must be left out where a table is named, but is stated"
        raise BlockError([((field,), text) for field in stated])
    if not isinstance(tree["table"], str | Path):
        raise BlockError([(("table",), "must be the path of a table")])
    folder = info.context.folder if isinstance(info.context, Reading) else None
    try:
        found = read((folder or Path()) / tree["table"])
    except DataError as error:
        raise BlockError([(("table",), str(error).rstrip("."))]) from None
    return others | dict(zip(fields, found, strict=True))
