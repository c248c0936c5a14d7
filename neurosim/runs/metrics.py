"""The metrics table of a run: one row an update, in order, all of them whole."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import RunError
from neurosim.frames import Columns
from neurosim.outputs import write_text

__all__ = ["BY_T", "cut_metrics", "read_metrics"]

Array = NDArray[np.float64]

# NaN where an update had no row in a fifth of t; a task without a time has none of them.
BY_T = tuple(f"flow_loss_{k}" for k in range(5))
# Losses beyond it have no mean and no picture.
_MOST = 1e150


def read_metrics(path: Path) -> Columns:
    """Columns of the table; a last line that is still being written is left out.

    Raises
    ------
    RunError
        There is no table, or it has other things in it.
    """
    if not os.path.lexists(path):
        raise RunError(f"{path} must exist, but does not; train first.")
    columns = _columns(path, _lines(path))
    if not columns:
        raise RunError(f"{path} must hold at least one update, but holds none; train first.")
    return Columns(columns)


def cut_metrics(path: Path, n_updates: int) -> None:
    """Drop the rows after update `n_updates`: they will be computed again.

    Raises
    ------
    RunError
        Rows up to there are missing, or are no numbers.
    """
    kept = _lines(path)[: n_updates + 1] if os.path.lexists(path) else []
    n_kept = max(len(kept) - 1, 0)
    if n_kept < n_updates:
        raise RunError(
            f"{path} must hold updates 1 to {n_updates} of the checkpoint, but ends at {n_kept}; "
            "restore it, or train again into a new folder."
        )
    _columns(path, kept if n_updates else [])
    if kept:
        write_text(path, "".join(kept))


def _lines(path: Path) -> list[str]:
    """Whole lines of the table."""
    try:
        lines = path.read_text("utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise RunError(f"{path} must be a table, but is not ({reason}).") from None
    return [line for line in lines if line.endswith("\n")]


def _columns(path: Path, lines: list[str]) -> dict[str, Array]:
    """Numbers of each column, checked."""
    if not lines:
        return {}
    try:
        rows = list(csv.DictReader(io.StringIO("".join(lines)), strict=True))
        names = rows[0].keys() if rows else ()
        columns = {name: np.array([float(row[name]) for row in rows]) for name in names}
        if rows:
            _check(columns)
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        reason = f" ({error.args[1]})" if isinstance(error, _WrongError) else ""
        raise RunError(
            f"{path} must be a table of numbers, but is not{reason}; restore it from a copy, or "
            "train again into a new folder."
        ) from None
    return columns


class _WrongError(ValueError):
    """What is wrong with a column."""


def _check(columns: dict[str, Array]) -> None:
    """Updates from 1 on, with losses that are numbers."""
    by_t = BY_T if any(name in columns for name in BY_T) else ()
    missing = [name for name in ("update", "flow_loss", *by_t) if name not in columns]
    if missing:
        raise _WrongError("lacks", f"it has no column {missing[0]}")
    n = len(columns["update"])
    if not np.array_equal(columns["update"], np.arange(1, n + 1)):
        raise _WrongError("order", f"its updates are not 1 to {n} in order")
    for name in ("flow_loss", *by_t):
        good = np.abs(columns[name]) <= _MOST
        bad = ~good & ~(np.isnan(columns[name]) & (name in BY_T))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise _WrongError("loss", f"{name} of update {row + 1} is {columns[name][row]:g}")
