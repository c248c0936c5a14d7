"""Tables of numbers in CSV: a line of names, then a row of numbers each."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError
from neurosim.safe_text import counted

__all__ = ["read_table"]

Array = NDArray[np.float64]


def read_table(path: Path) -> tuple[Array, tuple[str, ...]]:
    """Numbers of a table, (rows, columns), and the names of its columns.

    Raises
    ------
    DataError
        It has no line of names, no name of its own for each column, no rows, rows of another
        length, or what is no finite number.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            lines = [line for line in csv.reader(stream) if line]
        except csv.Error as error:
            raise _wrong(path, f"cannot be read ({error})") from None
    if len(lines) < 2 or not any(_number(cell) is None for cell in lines[0]):
        raise _wrong(path, "has no line of names with rows below it")
    names = tuple(name.strip() for name in lines[0])
    for name in names:
        if not name or names.count(name) > 1:
            raise _wrong(path, "has a column without a name" if not name else f"has {name!r} twice")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        values = [_number(cell) for cell in line]
        if len(values) != len(lines[0]):
            raise _wrong(path, f"has {counted(len(values), 'value')} in row {number}")
        bad = [cell for cell, value in zip(line, values, strict=True) if value is None]
        if bad:
            raise _wrong(path, f"has {bad[0]!r} in row {number}")
        rows.append(values)
    return np.array(rows, dtype=np.float64), names


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _wrong(path: Path, what: str) -> DataError:
    return DataError(
        f"dataset {path} must be a line of different names and rows of as many finite numbers, but "
        f"{what}; "
        "mend the table."
    )
